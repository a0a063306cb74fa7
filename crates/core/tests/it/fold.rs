//! The rules of the fold, one example each.

use tracklane_core::lifecycle::Status::{
    Assigned, AttemptFailed, AvailableForPickup, Cancelled, Created, Delivered, Exception, Expired, Failed, InTransit,
    OnHold, OutForDelivery, PickedUp, Returned, Returning, Unknown,
};
use tracklane_core::lifecycle::{FoldRules, Reason, ShipmentState, SourceKind, Status, TrackingEvent, fold};

use super::facts::{Change, id, minute, note, retraction, scan, state};

/// Scans ten minutes apart, in the order given; the status at the end.
#[track_caller]
fn check(statuses: &[Status], expected: Status) -> ShipmentState {
    let facts: Vec<_> = (1..).zip(statuses).map(|(number, status)| scan(number, number * 10, *status)).collect();
    let state = state(&facts);
    assert_eq!(state.status, expected, "{statuses:?}");
    state
}

fn out_of_order(state: &ShipmentState) -> Vec<i64> {
    flagged(state, |flags| flags.out_of_order)
}

fn flagged(state: &ShipmentState, wanted: impl Fn(&tracklane_core::lifecycle::EventFlags) -> bool) -> Vec<i64> {
    let numbers = state.timeline.iter().filter(|(_, flags)| wanted(flags)).map(|(event, _)| *event);
    numbers.map(|event| (1..100).find(|number| id(*number) == event).expect("a small id")).collect()
}

#[test]
fn nothing_folds_to_created() {
    let state = state(&[]);
    assert_eq!((state.status, state.since, state.decided_by), (Created, None, None));
    assert!(state.timeline.is_empty() && state.entries.is_empty());
}

#[test]
fn the_way_of_a_parcel() {
    let state = check(&[Created, Assigned, PickedUp, InTransit, OutForDelivery, Delivered], Delivered);
    assert_eq!((state.since, state.decided_by), (Some(minute(60)), Some(id(6))));
    assert_eq!((state.picked_up_at, state.delivered_at), (Some(minute(30)), Some(minute(60))));
    assert_eq!(state.entries.len(), 6);
    assert!(out_of_order(&state).is_empty());
}

#[test]
fn forward_steps_may_skip_and_backward_steps_need_the_table() {
    check(&[Created, Delivered], Delivered);
    check(&[Created, OutForDelivery], OutForDelivery);
    check(&[OutForDelivery, InTransit], InTransit);
    check(&[Assigned, Created], Created);
    check(&[AttemptFailed, OutForDelivery], OutForDelivery);
    check(&[AvailableForPickup, OutForDelivery], OutForDelivery);
    assert_eq!(out_of_order(&check(&[OutForDelivery, PickedUp], OutForDelivery)), [2]);
    assert_eq!(out_of_order(&check(&[InTransit, Assigned, Created], InTransit)), [2, 3]);
    assert_eq!(out_of_order(&check(&[AvailableForPickup, InTransit], AvailableForPickup)), [2]);
    assert_eq!(out_of_order(&check(&[Returning, OutForDelivery], Returning)), [2]);
}

#[test]
fn a_late_fact_mends_the_timeline_and_not_the_status() {
    let facts = [scan(1, 0, Created), scan(2, 50, OutForDelivery), scan(3, 20, PickedUp), scan(4, 30, InTransit)];
    let state = state(&facts);
    assert_eq!((state.status, state.since), (OutForDelivery, Some(minute(50))));
    assert_eq!(state.picked_up_at, Some(minute(20)));
    let order: Vec<_> = state.timeline.iter().map(|(event, _)| *event).collect();
    assert_eq!(order, [id(1), id(3), id(4), id(2)]);
    assert_eq!(flagged(&state, |flags| flags.late_event), [3, 4]);
}

#[test]
fn a_terminal_status_locks() {
    for terminal in [Delivered, Returned, Cancelled, Failed] {
        for later in Status::ALL.iter().copied().filter(|status| *status != terminal) {
            let opens = terminal == Delivered && matches!(later, Returning | Returned);
            if opens {
                continue;
            }
            let state = check(&[InTransit, terminal, later], terminal);
            // What we cannot map contradicts nothing.
            assert_eq!(out_of_order(&state), if later == Unknown { vec![] } else { vec![3] }, "{terminal} {later}");
        }
    }
}

#[test]
fn a_repeated_delivery_keeps_its_time_and_only_adds() {
    let facts = [
        scan(1, 10, Delivered),
        scan(2, 20, Delivered).substatus("signed").reason(Reason::NoTime),
        scan(3, 30, Delivered).substatus("photo"),
    ];
    let state = state(&facts);
    assert_eq!((state.since, state.delivered_at, state.decided_by), (Some(minute(10)), Some(minute(10)), Some(id(1))));
    assert_eq!((state.substatus.as_deref(), state.reason), (Some("signed"), Some(Reason::NoTime)));
}

#[test]
fn a_pick_up_opens_a_return_leg_only_after_the_grace_window() {
    let facts = |after: i64| [scan(1, 10, Delivered), scan(2, 10 + after, PickedUp)];
    assert_eq!(out_of_order(&state(&facts(360))), [2], "six hours are still grace");
    let back = state(&facts(361));
    assert_eq!((back.status, back.return_leg), (PickedUp, true));
    assert_eq!(back.delivered_at, Some(minute(10)), "it was delivered all the same");
    let none = fold(&facts(1), FoldRules { grace_seconds: 0 });
    assert!(none.return_leg);
}

#[test]
fn an_explicit_return_opens_a_return_leg_at_any_time() {
    let state = check(&[InTransit, Delivered, Returning, InTransit, OutForDelivery, Returned], Returned);
    assert!(state.return_leg);
    assert_eq!(state.delivered_at, Some(minute(20)));
    assert!(out_of_order(&state).is_empty(), "a return leg runs through the same statuses");
    assert_eq!(out_of_order(&check(&[Delivered, Returned, InTransit], Returned)), [3]);
    // Without a delivery it is no leg of its own.
    assert!(!check(&[OutForDelivery, Returning], Returning).return_leg);
}

#[test]
fn a_hold_remembers_what_was_before() {
    let held = check(&[OutForDelivery, OnHold], OnHold);
    assert_eq!(held.before_hold, Some(OutForDelivery));
    assert_eq!(check(&[InTransit, OnHold, Exception, OnHold], OnHold).before_hold, Some(InTransit));
    let released = check(&[OutForDelivery, OnHold, OutForDelivery], OutForDelivery);
    assert_eq!(released.before_hold, None);
    assert_eq!(out_of_order(&check(&[OutForDelivery, OnHold, InTransit], OnHold)), [3]);
    check(&[InTransit, OnHold, OutForDelivery], OutForDelivery);
    check(&[InTransit, Exception, PickedUp], PickedUp);
}

#[test]
fn unknown_never_advances_and_any_scan_reopens_the_soft_ones() {
    check(&[Unknown], Unknown);
    check(&[Unknown, Created], Created);
    let state = check(&[InTransit, Unknown], InTransit);
    assert_eq!(state.since, Some(minute(10)));
    assert!(out_of_order(&state).is_empty());
    check(&[InTransit, Expired, PickedUp], PickedUp);
    assert_eq!(out_of_order(&check(&[Delivered, Expired], Delivered)), [2]);
}

#[test]
fn attempts_count_unless_nobody_came() {
    let facts = [
        scan(1, 10, AttemptFailed).reason(Reason::RecipientUnavailable),
        scan(2, 20, AttemptFailed).reason(Reason::NoAttempt),
        scan(3, 30, OutForDelivery),
        scan(4, 40, AttemptFailed),
        scan(5, 50, AttemptFailed),
    ];
    assert_eq!(state(&facts).attempts, 3);
    assert_eq!(state(&facts[..2]).status, AttemptFailed, "claimed, and shown as claimed");
}

#[test]
fn delayed_is_a_flag_until_it_ends() {
    let late = |fact: TrackingEvent| state(&[scan(1, 10, InTransit), fact]);
    assert!(late(scan(2, 20, InTransit).delayed()).delayed);
    assert!(late(note(2, 20).delayed()).delayed);
    assert!(late(scan(2, 20, Unknown).delayed()).delayed, "an unmapped code may still say that it is late");
    assert!(!late(scan(2, 20, Delivered).delayed()).delayed);
    assert!(state(&[scan(1, 10, InTransit).delayed(), scan(2, 20, OutForDelivery)]).delayed);
}

#[test]
fn ties_go_to_confidence_then_trust_then_rank() {
    let tie = |a: TrackingEvent, b: TrackingEvent| state(&[a, b]).status;
    let (driver, carrier) = (SourceKind::Driver, SourceKind::Carrier);
    // Out for delivery and back at the hub are legal both ways: the later one of the timeline stands.
    assert_eq!(tie(scan(1, 5, InTransit).by(driver), scan(2, 5, OutForDelivery).by(carrier)), InTransit);
    assert_eq!(tie(scan(1, 5, InTransit).by(carrier), scan(2, 5, OutForDelivery).by(driver)), OutForDelivery);
    assert_eq!(tie(scan(2, 5, InTransit), scan(1, 5, OutForDelivery)), OutForDelivery);
    let (loaded, near) =
        (scan(2, 5, OutForDelivery).substatus("on_vehicle"), scan(1, 5, OutForDelivery).substatus("arriving"));
    assert_eq!(state(&[loaded, near]).substatus.as_deref(), Some("arriving"), "in the order of the list");
}

#[test]
fn an_undated_fact_never_wins_a_tie() {
    let dated = scan(1, 5, InTransit);
    for claim in [Delivered, OutForDelivery, PickedUp] {
        let state = state(&[dated.clone(), scan(2, 5, claim).undated().by(SourceKind::Operator)]);
        assert_eq!((state.status, out_of_order(&state)), (InTransit, vec![2]), "{claim}");
    }
    let gone = [dated, scan(2, 5, OutForDelivery).undated(), retraction(3, 9, 1)];
    assert_eq!(state(&gone).status, OutForDelivery, "a fact that was taken back is no rival");
    let alone = [scan(1, 5, InTransit).undated(), scan(2, 5, OutForDelivery).undated()];
    assert_eq!(state(&alone).status, OutForDelivery);
}

#[test]
fn an_undated_fact_makes_no_other_late() {
    let state = state(&[scan(1, 90, InTransit).undated(), scan(2, 10, PickedUp), scan(3, 5, Created)]);
    assert_eq!(flagged(&state, |flags| flags.late_event), [3]);
}

#[test]
fn a_correction_reopens_and_is_a_fact_itself() {
    let facts = [scan(1, 10, InTransit), scan(2, 20, Delivered), scan(3, 30, OutForDelivery).correction()];
    let reopened = state(&facts);
    assert_eq!((reopened.status, reopened.delivered_at), (OutForDelivery, None));
    assert_eq!(reopened.decided_by, Some(id(3)));
    assert_eq!(reopened.timeline.len(), 3);
    let mut later = facts.to_vec();
    later.push(scan(4, 40, Delivered));
    let delivered = state(&later);
    assert_eq!((delivered.status, delivered.delivered_at), (Delivered, Some(minute(40))));
    let first: Vec<_> = delivered.entries.iter().filter(|entry| entry.status == Delivered).map(|e| e.at).collect();
    assert_eq!(first, [minute(20)], "entered for the first time before");
}

#[test]
fn a_correction_has_the_last_word_of_its_instant() {
    let trusted = scan(1, 20, Delivered).change(|fact| fact.source_trust = 100);
    assert_eq!(state(&[trusted, scan(2, 20, InTransit).correction()]).status, InTransit);
    let twice = [scan(2, 20, InTransit).correction(), scan(3, 20, PickedUp).correction()];
    assert_eq!(state(&twice).status, PickedUp, "the one made later");
}

#[test]
fn a_correction_undoes_what_it_contradicts() {
    let back = |status| {
        state(&[
            scan(1, 10, PickedUp),
            scan(2, 20, Delivered),
            scan(3, 30, Returning),
            scan(4, 40, status).correction(),
        ])
    };
    let delivered = back(Delivered);
    assert_eq!((delivered.return_leg, delivered.delivered_at), (false, Some(minute(20))));
    let held = back(OnHold);
    assert_eq!((held.return_leg, held.delivered_at), (true, Some(minute(20))), "a hold may be on either way");
    let lost = state(&[scan(1, 10, PickedUp), scan(2, 20, Delivered), scan(3, 30, Failed).correction()]);
    assert_eq!((lost.status, lost.delivered_at), (Failed, None));
    let unassigned = back(Assigned);
    assert_eq!((unassigned.picked_up_at, unassigned.delivered_at, unassigned.return_leg), (None, None, false));
    // Of a terminal status it mends the details, and the time stays.
    let signed = [scan(1, 10, Delivered).substatus("photo"), scan(2, 20, Delivered).substatus("signed").correction()];
    assert_eq!((state(&signed).substatus.as_deref(), state(&signed).since), (Some("signed"), Some(minute(10))));
}

#[test]
fn a_retraction_makes_a_fact_unheard() {
    let facts = [scan(1, 10, InTransit), scan(2, 20, Delivered), retraction(3, 30, 2)];
    let state = state(&facts);
    assert_eq!((state.status, state.since, state.delivered_at), (InTransit, Some(minute(10)), None));
    assert_eq!(flagged(&state, |flags| flags.retracted), [2]);
    assert!(out_of_order(&state).is_empty());
}

#[test]
fn a_retraction_takes_back_every_copy() {
    let copies = [scan(1, 10, InTransit), scan(2, 20, Delivered), scan(4, 20, Delivered), scan(5, 30, OutForDelivery)];
    for named in [2, 4] {
        let mut facts = copies.to_vec();
        facts.push(retraction(3, 30, named));
        let state = state(&facts);
        assert_eq!(state.status, OutForDelivery);
        assert_eq!(flagged(&state, |flags| flags.retracted), [2, 4]);
    }
}

#[test]
fn what_takes_back_can_be_taken_back_unless_it_is_a_retraction() {
    let delivered = scan(1, 10, Delivered);
    let correction = scan(2, 20, InTransit).correction().taking_back(1);
    assert_eq!(state(&[delivered.clone(), correction.clone()]).delivered_at, None);
    let undone = state(&[delivered.clone(), correction.clone(), retraction(3, 30, 2)]);
    assert_eq!((undone.status, undone.delivered_at), (Delivered, Some(minute(10))), "heard again");
    let by_correction = scan(3, 30, Delivered).correction().taking_back(2);
    assert_eq!(state(&[delivered.clone(), correction, by_correction]).since, Some(minute(10)));
    let retracted = [delivered, retraction(2, 20, 1), retraction(3, 30, 2)];
    assert_eq!(state(&retracted).status, Created, "a retraction stands");
    let scan_that_names_another = [scan(1, 10, InTransit), scan(2, 20, OutForDelivery).taking_back(1)];
    assert!(flagged(&state(&scan_that_names_another), |flags| flags.retracted).is_empty());
}

#[test]
fn copies_count_once_even_when_others_stand_between() {
    let (here, there) = (scan(1, 10, AttemptFailed).in_city("Porto"), scan(2, 10, AttemptFailed).in_city("Braga"));
    let again = scan(3, 10, AttemptFailed).in_city("Porto");
    assert_eq!(state(&[here, there, again]).attempts, 2);
    // The same scan without a time, polled again hours later.
    let polled = |number, at| scan(number, at, AttemptFailed).undated();
    let facts = [polled(1, 10), scan(2, 20, OutForDelivery), polled(3, 500)];
    let state = state(&facts);
    assert_eq!((state.status, state.attempts), (OutForDelivery, 1));
}

#[test]
fn only_what_says_the_same_is_a_copy() {
    let original = scan(1, 10, InTransit).substatus("missorted").in_city("Porto");
    assert!(original.is_duplicate_of(&scan(2, 10, InTransit).substatus("missorted").in_city("Porto")));
    let other = |change: fn(&mut TrackingEvent)| {
        original.clone().change(|fact| {
            fact.id = id(2);
            change(fact);
        })
    };
    for different in [
        other(|fact| fact.occurred_at = minute(11)),
        other(|fact| fact.status = Some(PickedUp)),
        other(|fact| fact.substatus = None),
        other(|fact| fact.reason = Some(Reason::Missorted)),
        other(|fact| fact.delayed = true),
        other(|fact| fact.raw_code = Some("X4".to_owned())),
        other(|fact| fact.raw_text = Some("arrived".to_owned())),
        other(|fact| fact.place = None),
        other(|fact| fact.source = SourceKind::Driver),
        other(|fact| fact.source_name = Some("ups".to_owned())),
        other(|fact| fact.kind = tracklane_core::lifecycle::FactKind::Note),
    ] {
        assert!(!different.is_duplicate_of(&original), "{different:?}");
        assert!(!original.is_duplicate_of(&different), "{different:?}");
    }
    let correction = scan(1, 10, InTransit).correction();
    assert!(!correction.is_duplicate_of(&correction.clone()), "each is an act of its own");
}
