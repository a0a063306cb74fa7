//! What is written is read again as it was meant, whatever the facts.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tracklane_carriers::documents::export::{Fact, Facts, WriteError, Written};
use tracklane_carriers::documents::{Document, Options, Partner, Verdict, dcsa, edifact, epcis, read, x12};
use tracklane_carriers::report::{Expected, Reference, ReferenceKind};
use tracklane_core::lifecycle::{FactKind, Place, Reason, Status};
use tracklane_core::position::Point;
use tracklane_core::time::TzConfidence;

fn at() -> jiff::civil::DateTime {
    "2026-03-02T12:00".parse().expect("a time")
}

fn pair(id: &str) -> (String, String) {
    ("ZZ".to_owned(), id.to_owned())
}

type Write = fn(&Facts) -> Result<Written, WriteError>;

/// Every format: its name, how it is written, whether its texts keep an offset, seconds and decimals of a second.
const WRITERS: &[(&str, Write)] = &[
    ("x12", |facts| {
        let envelope = x12::Envelope { sender: pair("US"), receiver: pair("THEM"), control: 7, at: at(), test: false };
        x12::write(facts, &envelope)
    }),
    ("edifact_iftsta", |facts| {
        let party = |id: &str| (id.to_owned(), "ZZ".to_owned());
        let envelope =
            edifact::Envelope { sender: party("US"), receiver: party("THEM"), control: 7, at: at(), test: true };
        edifact::write(facts, &envelope)
    }),
    ("epcis", |facts| epcis::write(facts, &epcis::Envelope { at: "2026-03-02T12:00:00Z".parse().expect("a time") })),
    ("dcsa", |facts| dcsa::write(facts, &dcsa::Envelope { at: "2026-03-02T12:00:00Z".parse().expect("a time") })),
];

fn fact() -> impl Strategy<Value = Fact> {
    let status = proptest::sample::select(Status::ALL);
    let sub = 0..8_usize;
    let reason = proptest::option::of(proptest::sample::select(Reason::ALL));
    let offset = proptest::sample::select(vec![
        None,
        Some(0),
        Some(3600),
        Some(-21_600),
        Some(19_800),
        Some(-12_600),
        Some(46_800),
    ]);
    let sure = proptest::sample::select(vec![TzConfidence::Exact, TzConfidence::FromPlace, TzConfidence::Assumed]);
    let place = proptest::option::of((
        "[A-Z]{2,12}",
        proptest::option::of("[A-Z]{2}"),
        proptest::option::of("[A-Z]{2}"),
        any::<bool>(),
    ));
    let text = proptest::option::of("[ -~äöüß?+:'*~>]{0,40}");
    let time = 1_000_000_000_i64..2_000_000_000;
    (status, sub, reason, offset, sure, place, text, time, any::<bool>()).prop_map(
        |(status, sub, reason, offset_seconds, tz_confidence, place, text, time, delayed)| {
            // The zone of a local time follows from the place, where there is one.
            let place = place.filter(|_| tz_confidence != TzConfidence::Assumed);
            let place = place.map(|(city, state, country, point)| Place {
                city: Some(city),
                state,
                country,
                point: point.then_some(Point { lat: 51.5, lon: -0.25 }),
                ..Place::default()
            });
            Fact {
                id: time.to_string(),
                kind: FactKind::Scan,
                retracts: None,
                status: Some(status),
                substatus: status.substatuses().get(sub).map(|sub| (*sub).to_owned()),
                reason,
                delayed,
                text,
                at: Timestamp::from_second(time).expect("a time"),
                offset_seconds,
                tz_confidence,
                place,
            }
        },
    )
}

fn facts() -> impl Strategy<Value = Facts> {
    let reference = proptest::sample::select(vec![
        ReferenceKind::PurchaseOrder,
        ReferenceKind::BillOfLading,
        ReferenceKind::Booking,
    ]);
    let references = proptest::collection::vec(
        (reference, "[A-Z0-9]{3,12}").prop_map(|(kind, value)| Reference::new(kind, value)),
        0..3,
    );
    let number =
        prop_oneof!["[A-Z0-9][A-Z0-9-]{2,18}", Just("040123450000001112".to_owned()), Just("MSKU1234565".to_owned())];
    (
        number,
        "[A-Z]{2,4}",
        references,
        proptest::collection::vec(fact(), 1..8),
        proptest::option::of(1_900_000_000_i64..2_000_000_000),
    )
        .prop_map(|(number, carrier, references, events, expected)| Facts {
            number,
            carrier,
            references,
            events,
            expected: expected.map(|second| Timestamp::from_second(second).expect("a time")),
        })
}

fn reread(format: &str, text: &str) -> Document {
    let partner = Partner::default();
    let document = read(text.as_bytes(), Options { partner: &partner, explain: true });
    assert_eq!(document.format, format);
    document
}

/// When a fact is read to have happened. A time that is only assumed to have an offset is written as the local time that it
/// is, where the format has local times; nobody knows more of it when it is read.
fn instant(format: &str, fact: &Fact) -> Timestamp {
    let local = fact.tz_confidence == TzConfidence::Assumed && matches!(format, "x12" | "edifact_iftsta");
    let seconds = if local { fact.offset_seconds.unwrap_or(0) } else { 0 };
    fact.at + SignedDuration::from_secs(i64::from(seconds))
}

fn check(format: &str, facts: &Facts, written: &Written) {
    let document = reread(format, &written.text);
    for message in &document.messages {
        assert_ne!(message.verdict, Verdict::Rejected, "{format}: {:#?}\n{}", document.issues, written.text);
    }
    let left_out = |fact: &Fact| written.left_out.iter().any(|line| line.starts_with(&format!("{} ", fact.id)));
    let mut told: Vec<(Timestamp, Option<Status>)> =
        facts.events.iter().filter(|fact| !left_out(fact)).map(|fact| (instant(format, fact), fact.status)).collect();
    let events = document.reports.iter().flat_map(|report| &report.events);
    let mut found: Vec<_> = events.map(|event| (event.when.instant().expect("a time"), event.status)).collect();
    told.sort();
    found.sort();
    assert_eq!(found, told, "{format}\n{}", written.text);
    if let Some(expected) = facts.expected.filter(|_| format != "epcis") {
        let estimates: Vec<_> = document.reports.iter().flat_map(|report| &report.estimates).collect();
        assert!(
            estimates
                .iter()
                .any(|estimate| estimate.of == Expected::Delivery && estimate.until.instant() == Some(expected)),
            "{format}"
        );
    }
    let known = |report: &tracklane_carriers::report::Report| {
        report.number == facts.number || report.references.iter().any(|reference| reference.value == facts.number)
    };
    assert!(document.reports.iter().any(known), "{format}\n{}", written.text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(facts in facts()) {
        for (format, write) in WRITERS {
            match write(&facts) {
                Ok(written) => check(format, &facts, &written),
                Err(WriteError::Field { field, .. }) => assert_eq!(field, "events", "{format}"),
            }
        }
    }
}

fn one(status: Status, sub: Option<&str>) -> Fact {
    Fact {
        id: status.to_string(),
        kind: FactKind::Scan,
        retracts: None,
        status: Some(status),
        substatus: sub.map(str::to_owned),
        reason: None,
        delayed: false,
        text: None,
        at: "2026-03-01T09:00:00Z".parse().expect("a time"),
        offset_seconds: Some(3600),
        tz_confidence: TzConfidence::Exact,
        place: None,
    }
}

#[test]
fn the_statuses_that_a_format_can_tell() {
    let told = |write: &Write| {
        let can = |status: &&Status| {
            let facts = Facts {
                number: "N1".to_owned(),
                carrier: "ACME".to_owned(),
                events: vec![one(**status, None)],
                ..Facts::default()
            };
            write(&facts).is_ok()
        };
        Status::ALL.iter().filter(|status| !can(status)).map(|status| status.as_str()).collect::<Vec<_>>().join(" ")
    };
    let missing: Vec<_> = WRITERS.iter().map(|(format, write)| format!("{format} lacks {}", told(write))).collect();
    assert_eq!(
        missing,
        [
            "x12 lacks created returning failed expired unknown",
            "edifact_iftsta lacks created assigned returning expired unknown",
            "epcis lacks ",
            "dcsa lacks created assigned out_for_delivery available_for_pickup attempt_failed exception returning returned cancelled failed expired unknown",
        ]
    );
}

#[test]
fn what_was_taken_back_is_not_told_or_taken_back_again() {
    let mut retraction = one(Status::Delivered, None);
    (retraction.kind, retraction.status, retraction.id) = (FactKind::Retraction, None, "r".to_owned());
    retraction.retracts = Some("delivered".to_owned());
    let events = vec![one(Status::InTransit, None), one(Status::Delivered, None), retraction];
    let facts = Facts { number: "N1".to_owned(), carrier: "ACME".to_owned(), events, ..Facts::default() };
    for (format, write) in WRITERS {
        let written = write(&facts).expect(format);
        let document = reread(format, &written.text);
        let statuses: Vec<_> = document.reports[0].events.iter().map(|event| (event.kind, event.status)).collect();
        let moved = (FactKind::Scan, Some(Status::InTransit));
        if *format == "epcis" {
            let back =
                document.reports[0].events.iter().find(|event| event.kind == FactKind::Retraction).expect("taken back");
            let taken =
                document.reports[0].events.iter().find(|event| event.status == Some(Status::Delivered)).expect("told");
            assert_eq!(back.retracts, taken.source_id);
            assert_eq!(written.left_out, Vec::<String>::new());
        } else {
            assert_eq!(statuses, [moved], "{format}");
            assert_eq!(written.left_out.len(), 2, "{format}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    for number in ["", " N1", "A*B~", "0123456789012345678901234567890123456789"] {
        let facts = Facts {
            number: number.to_owned(),
            carrier: "ACME".to_owned(),
            events: vec![one(Status::Delivered, None)],
            ..Facts::default()
        };
        let error = WRITERS[0].1(&facts).expect_err(number);
        assert!(error.to_string().starts_with("number must have 1 to 30 characters"), "{error}");
    }
}
