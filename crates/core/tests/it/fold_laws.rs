//! Laws of the fold, for any facts.

use proptest::prelude::*;
use tracklane_core::lifecycle::{FactKind, Reason, SourceKind, Status, TrackingEvent};
use tracklane_core::time::TzConfidence;

use super::facts::{Change, id, minute, scan, state};

fn any_status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL)
}

/// Few values of each kind, so that ties, copies and contradictions are frequent.
fn any_fact() -> impl Strategy<Value = TrackingEvent> {
    let kind = prop_oneof![
        12 => Just(FactKind::Scan),
        1 => Just(FactKind::Correction),
        1 => Just(FactKind::Retraction),
        1 => Just(FactKind::Note),
    ];
    let source = prop::sample::select(&[SourceKind::Carrier, SourceKind::Driver, SourceKind::Aggregator][..]);
    let details =
        (prop::option::of("[ab]"), prop::option::of(prop::sample::select(&[Reason::NoAttempt, Reason::Weather][..])));
    // Twelve hours in half-hours: the grace window of six hours is passed now and then.
    (kind, 0i64..24, any_status(), source, details, prop::bool::weighted(0.1), prop::bool::weighted(0.1), 1i64..12)
        .prop_map(|(kind, half_hour, status, source, (substatus, reason), delayed, undated, other)| {
            scan(0, half_hour * 30, status).by(source).change(|fact| {
                fact.kind = kind;
                fact.status = Some(status).filter(|_| matches!(kind, FactKind::Scan | FactKind::Correction));
                (fact.substatus, fact.reason, fact.delayed) = (substatus, reason, delayed);
                fact.tz_confidence = if undated { TzConfidence::Unknown } else { TzConfidence::Exact };
                fact.retracts = Some(id(other)).filter(|_| kind == FactKind::Retraction);
            })
        })
}

fn any_facts() -> impl Strategy<Value = Vec<TrackingEvent>> {
    prop::collection::vec(any_fact(), 0..14).prop_map(|mut facts| {
        (1..).zip(&mut facts).for_each(|(number, fact)| (fact.id, fact.seq) = (id(number), number));
        facts
    })
}

/// The same facts in the order in which they arrive now.
fn arriving(facts: &[TrackingEvent]) -> Vec<TrackingEvent> {
    let renumber = |(number, fact): (i64, &TrackingEvent)| {
        fact.clone().change(|fact| (fact.seq, fact.received_at) = (number, minute(5000 + number)))
    };
    (1..).zip(facts).map(renumber).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_order_of_arrival_does_not_matter(
        (facts, shuffled) in any_facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle())),
    ) {
        let (one, other) = (state(&facts), state(&arriving(&shuffled)));
        prop_assert!(one.says_the_same(&other), "{one:#?}\n{other:#?}");
        prop_assert_eq!(one.timeline.len(), other.timeline.len());
    }

    #[test]
    fn copies_change_nothing(facts in any_facts(), copied in prop::collection::vec(any::<prop::sample::Index>(), 1..5)) {
        if facts.is_empty() {
            return Ok(());
        }
        let mut with_copies = facts.clone();
        for (number, index) in (100..).zip(copied) {
            let original = &facts[index.index(facts.len())];
            let copy = original.clone().change(|fact| (fact.id, fact.seq) = (id(number), number));
            // An act is no copy of another; the very same one may come in twice.
            with_copies.push(if copy.is_duplicate_of(original) { copy } else { original.clone() });
        }
        let (once, more) = (state(&facts), state(&with_copies));
        prop_assert!(once.says_the_same(&more), "{once:#?}\n{more:#?}");
    }

    /// Without returns, whose second leg runs through the lower ranks again.
    #[test]
    fn a_late_fact_of_lower_rank_never_moves_the_status(
        facts in any_facts(), late in any_fact(), status in any::<prop::sample::Index>(), before in 1i64..600,
    ) {
        let returns = |fact: &TrackingEvent| matches!(fact.status, Some(Status::Returning | Status::Returned));
        let facts: Vec<_> = facts.into_iter().filter(|fact| !returns(fact) && fact.kind == FactKind::Scan).collect();
        let now = state(&facts);
        let (Some(since), Some(rank)) = (now.since, now.status.rank()) else { return Ok(()) };
        let lower: Vec<_> = Status::ALL.iter().copied().filter(|status| status.rank().is_some_and(|it| it < rank)).collect();
        if now.return_leg || lower.is_empty() {
            return Ok(());
        }
        let late = late.change(|fact| {
            (fact.id, fact.seq, fact.kind, fact.tz_confidence) = (id(99), 99, FactKind::Scan, TzConfidence::Exact);
            fact.status = Some(lower[status.index(lower.len())]);
            fact.occurred_at = minute((since.as_second() - minute(0).as_second()) / 60 - before);
        });
        let mut with_late = facts;
        with_late.push(late);
        let then = state(&with_late);
        prop_assert_eq!((then.status, then.since), (now.status, now.since), "{:#?}", with_late);
    }

    #[test]
    fn a_correction_at_the_end_decides(facts in any_facts(), status in any_status()) {
        let mut corrected = facts;
        corrected.push(scan(99, 24 * 30, status).correction());
        let state = state(&corrected);
        prop_assert_eq!(state.status, status);
        prop_assert_eq!(state.timeline.last().map(|(event, _)| *event), Some(id(99)), "it is a fact like any other");
        let flags = state.timeline.last().map(|(_, flags)| *flags).unwrap_or_default();
        prop_assert!(!flags.out_of_order && !flags.late_event);
    }

    #[test]
    fn taking_a_fact_back_is_as_if_it_had_not_been(facts in any_facts(), taken in any::<prop::sample::Index>()) {
        let scans: Vec<_> = facts.into_iter().filter(|fact| fact.kind == FactKind::Scan).collect();
        if scans.is_empty() {
            return Ok(());
        }
        let gone = scans[taken.index(scans.len())].clone();
        let mut taken_back = scans.clone();
        taken_back.push(super::facts::retraction(99, 24 * 30, 0).change(|fact| fact.retracts = Some(gone.id)));
        let without: Vec<_> =
            scans.into_iter().filter(|fact| fact.id != gone.id && !fact.is_duplicate_of(&gone)).collect();
        let (one, other) = (state(&taken_back), state(&without));
        prop_assert!(one.says_the_same(&other), "{one:#?}\n{other:#?}");
    }

    #[test]
    fn first_entries_and_timeline_are_complete(facts in any_facts()) {
        let state = state(&facts);
        prop_assert_eq!(state.timeline.len(), facts.len());
        prop_assert!(state.since.is_none() || state.entries.iter().any(|entry| entry.status == state.status));
        for (number, entry) in state.entries.iter().enumerate() {
            prop_assert!(state.entries[..number].iter().all(|before| before.status != entry.status && before.at <= entry.at));
        }
    }
}
