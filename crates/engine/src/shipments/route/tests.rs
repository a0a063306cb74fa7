use proptest::prelude::*;
use tracklane_core::id::{Id, LegId, ShipmentId, TenantId, TrackingEventId};
use tracklane_core::lifecycle::{FoldRules, SourceKind, fold};
use tracklane_core::model::LegMode;
use tracklane_core::time::TzConfidence;
use uuid::Uuid;

use super::*;

fn id<I: Id>(number: u128) -> I {
    I::from_uuid(Uuid::from_u128(number))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn leg(number: i32, is_return: bool) -> Leg {
    Leg {
        id: id(number as u128),
        tenant_id: id::<TenantId>(1),
        shipment_id: id::<ShipmentId>(1),
        position: number,
        mode: LegMode::Fleet,
        state: LegState::Planned,
        is_return,
        origin_id: None,
        destination_id: None,
        driver_id: None,
        carrier: None,
        tracking_number: None,
        driver_since: None,
        started_at: None,
        ended_at: None,
        created_at: at(0),
        version: 1,
    }
}

fn fact(seq: i64, kind: FactKind, status: Status, substatus: Option<&str>, leg: Option<LegId>) -> TrackingEvent {
    TrackingEvent {
        id: id::<TrackingEventId>(u128::try_from(seq).unwrap()),
        shipment_id: id(1),
        leg_id: leg,
        package_id: None,
        kind,
        status: Some(status),
        substatus: substatus.map(str::to_owned),
        reason: None,
        delayed: false,
        raw_code: None,
        raw_text: None,
        occurred_at: at(seq * 60),
        offset_seconds: None,
        tz_confidence: TzConfidence::Exact,
        received_at: at(seq * 60),
        source: SourceKind::Operator,
        source_name: None,
        source_trust: 80,
        seq,
        actor: None,
        place: None,
        retracts: None,
        copies: 1,
    }
}

/// Takes facts one by one, as the service does.
fn run(legs: &mut [Leg], facts: &[TrackingEvent]) {
    for count in 1..=facts.len() {
        let state = fold(&facts[..count], FoldRules::default());
        settle(legs, &state, &facts[count - 1..count], at(0));
    }
}

fn states(legs: &[Leg]) -> Vec<LegState> {
    legs.iter().map(|leg| leg.state).collect()
}

#[test]
fn a_leg_is_handed_over_where_it_ends() {
    let mut legs = [leg(1, false), leg(2, false)];
    let first = legs[0].id;
    let facts = [
        fact(1, FactKind::Scan, Status::PickedUp, None, None),
        fact(2, FactKind::Scan, Status::InTransit, Some("departed_facility"), Some(first)),
        fact(3, FactKind::Scan, Status::InTransit, Some("arrived_facility"), Some(first)),
    ];
    run(&mut legs, &facts[..2]);
    assert_eq!(states(&legs), [LegState::Active, LegState::Planned]);
    run(&mut legs, &facts);
    assert_eq!(states(&legs), [LegState::Done, LegState::Active]);
    assert_eq!((legs[0].started_at, legs[0].ended_at), (Some(at(60)), Some(at(180))));
    let delivered = fact(4, FactKind::Scan, Status::Delivered, None, None);
    run(&mut legs, &[facts.as_slice(), &[delivered]].concat());
    assert_eq!(states(&legs), [LegState::Done, LegState::Done]);
}

#[test]
fn what_will_not_happen_is_cancelled_and_comes_back_with_a_correction() {
    let mut legs = [leg(1, false), leg(2, false)];
    let mut facts = vec![fact(1, FactKind::Scan, Status::Cancelled, None, None)];
    run(&mut legs, &facts);
    assert_eq!(states(&legs), [LegState::Cancelled, LegState::Cancelled]);
    facts.push(fact(2, FactKind::Correction, Status::Created, None, None));
    run(&mut legs, &facts);
    assert_eq!(states(&legs), [LegState::Active, LegState::Planned]);
}

proptest! {
    #[test]
    fn while_it_runs_one_leg_does(
        steps in prop::collection::vec((0..Status::ALL.len(), any::<bool>(), 0..3_u8), 1..12),
        returns in any::<bool>(),
    ) {
        let mut legs = vec![leg(1, false), leg(2, false), leg(3, false)];
        if returns {
            legs.push(leg(4, true));
        }
        let words = [None, Some("arrived_facility"), Some("transferred_carrier")];
        let mut facts = Vec::new();
        for (index, (status, correction, word)) in steps.into_iter().enumerate() {
            let kind = if correction { FactKind::Correction } else { FactKind::Scan };
            let present = active(&legs).map(|leg| leg.id);
            let seq = i64::try_from(index).unwrap() + 1;
            facts.push(fact(seq, kind, Status::ALL[status], words[usize::from(word)], present));
            let state = fold(&facts, FoldRules::default());
            settle(&mut legs, &state, &facts[index..], at(0));
            let running = legs.iter().filter(|leg| leg.state == LegState::Active).count();
            prop_assert_eq!(running, usize::from(!state.status.is_terminal()), "{:?} {:?}", state.status, states(&legs));
            prop_assert!(legs.iter().all(|leg| (leg.state == LegState::Done) == leg.ended_at.is_some()));
        }
    }
}
