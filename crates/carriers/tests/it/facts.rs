//! Reports as facts: what the fold makes of them.

use jiff::Timestamp;
use tracklane_carriers::Answer;
use tracklane_carriers::carriers::Registry;
use tracklane_carriers::report::Report;
use tracklane_carriers::samples;
use tracklane_core::id::{Id, ShipmentId, TrackingEventId};
use tracklane_core::lifecycle::{FactKind, FoldRules, SourceKind, Status, TrackingEvent, fold};

use crate::corpus_answers;

/// The facts of a report that was received at one instant.
fn facts(report: &Report) -> Vec<TrackingEvent> {
    let received_at: Timestamp = "2030-01-01T00:00:00Z".parse().expect("a time");
    let fact = |(place, event): (usize, &tracklane_carriers::report::ReportedEvent)| {
        let stamp = event.when.stamp(received_at);
        let id = uuid::Uuid::from_u128(place as u128 + 1);
        TrackingEvent {
            id: TrackingEventId::from_uuid(id),
            shipment_id: ShipmentId::from_uuid(uuid::Uuid::from_u128(1)),
            leg_id: None,
            package_id: None,
            kind: event.kind,
            status: event.status,
            substatus: event.substatus.clone(),
            reason: event.reason,
            delayed: event.delayed,
            raw_code: event.raw_code.clone(),
            raw_text: event.raw_text.clone(),
            occurred_at: stamp.occurred_at,
            offset_seconds: stamp.offset_seconds,
            tz_confidence: stamp.tz_confidence,
            received_at,
            source: report.source,
            source_name: Some(report.source_name.clone()),
            source_trust: SourceKind::default_trust(report.source),
            seq: i64::try_from(place + 1).expect("few"),
            actor: None,
            place: event.place.clone(),
            retracts: None,
            copies: 1,
        }
    };
    report.events.iter().enumerate().map(fact).collect()
}

/// Reports of our own samples, and of the corpus where it is.
fn reports() -> Vec<Report> {
    let own = samples::all().into_iter().filter_map(|sample| {
        let answer =
            Answer { status: sample.status, content_type: None, retry_after: None, body: sample.body.as_bytes() };
        Registry::built_in().find(sample.carrier).expect("a carrier").parse(&answer).ok()
    });
    let corpus = corpus_answers::cases().into_iter();
    let corpus = corpus.filter_map(|case| corpus_answers::parse(case.carrier, case.body.as_bytes()).ok());
    own.chain(corpus).flat_map(|parsed| parsed.reports).collect()
}

#[test]
fn the_fold_takes_a_report_as_the_report_takes_itself() {
    let mut count = 0;
    for report in reports().iter().filter(|report| !report.events.is_empty()) {
        count += 1;
        let facts = facts(report);
        let state = fold(&facts, FoldRules::default());
        let scans = || report.events.iter().filter(|event| event.kind == FactKind::Scan);
        let said: Vec<Status> = scans().filter_map(|event| event.status).collect();
        assert!(said.is_empty() || said.contains(&state.status), "{}: {} of {said:?}", report.number, state.status);
        // What ends the way ends it for both, and what nobody knows decides nothing where something is known.
        let known = said.iter().any(|status| *status != Status::Unknown);
        assert_eq!(state.status == Status::Unknown, !known && !said.is_empty(), "{}: {said:?}", report.number);
        if report.status().is_some_and(Status::is_terminal) {
            assert_eq!(Some(state.status), report.status(), "{report:#?}");
        }
        assert!(!state.delayed || report.events.iter().any(|event| event.delayed), "{}", report.number);
        // The same answer read again adds nothing but what has no time.
        let again = self::facts(report);
        assert!(facts.iter().zip(&again).all(|(one, other)| one.is_duplicate_of(other)), "{}", report.number);
    }
    println!("{count} reports folded");
}
