//! `tracking-detail` with `significant-events.occurrence`, newest first.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Proof, Reference, ReferenceKind, Report, ReportedEvent, When};
use crate::time::{Zone, joined, north_american, offset, read};
use crate::tree::{at, text};

const HOME: &str = "America/Toronto";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("messages.message", "code", "description"), ("wrapper.messages.message", "code", "description")],
    codes: &[
        ("004", ErrorKind::NotFound),
        ("E002", ErrorKind::Unauthorised),
        ("E004", ErrorKind::Refused),
        ("AA*", ErrorKind::Unauthorised),
        ("Server", ErrorKind::CarrierFault),
    ],
};

/// Where the detail stands: as the service sends it, or in the wrapper that collects several answers.
const PLACES: [&str; 2] = ["tracking-detail", "wrapper.tracking-detail"];

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| PLACES.iter().any(|path| !at(tree, path).is_null()))?;
    let mut parsed = Parsed::default();
    for path in PLACES {
        for detail in parsed.objects(&tree, path) {
            match text(detail, "pin") {
                Some(number) => {
                    let report = report(detail, &number, &mut parsed);
                    parsed.reports.push(report);
                }
                None => parsed.problem(None, CarrierError::unreadable("tracking-detail.pin", "is required")),
            }
        }
    }
    Ok(parsed)
}

fn report(detail: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "canada_post", number);
    report.service = text(detail, "service-name");
    let others = [
        ("customer-ref-1", ReferenceKind::Shipper),
        ("customer-ref-2", ReferenceKind::Shipper),
        ("return-pin", ReferenceKind::Replacement),
        ("original-pin", ReferenceKind::Alias),
    ];
    for (path, kind) in others {
        report.references.extend(text(detail, path).map(|value| Reference::new(kind, value)));
    }
    let mut signed_by = None;
    for event in parsed.objects(detail, "significant-events.occurrence").into_iter().rev() {
        signed_by = text(event, "signatory-name").or(signed_by);
        report.events.extend(self::event(event, number, parsed));
    }
    let day = |path: &str| text(detail, path).map_or(When::Undated, |day| read(&day, &Zone::of(None, HOME)));
    report.estimates.extend(delivery("canada_post", Basis::Planned, None, day("expected-delivery-date"), None));
    let changed = text(detail, "changed-expected-delivery-reason");
    report.estimates.extend(delivery(
        "canada_post",
        Basis::Estimated,
        None,
        day("changed-expected-date"),
        changed.as_deref(),
    ));
    report.proof = Proof { signed_by, ..Proof::default() }.given();
    report
}

fn event(event: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let state = text(event, "event-province");
    let mut parts = PlaceParts::read(event, "event-site", "event-province", "");
    parts.name = text(event, "event-retail-name");
    parts.country = state.as_deref().filter(|state| CANADIAN.contains(state)).map(|_| "CA".to_owned());
    let place = parts.place();
    let stated = text(event, "event-time-zone").and_then(|zone| north_american(&zone).or_else(|| offset(&zone)));
    let zone = stated.map_or_else(|| Zone::of(place.as_ref(), HOME), Zone::stated);
    let date = text(event, "event-date");
    let when = joined(date.as_deref(), text(event, "event-time").as_deref(), &zone);
    let when = note_time(parsed, number, "occurrence.event-date", date.as_deref(), when);
    let code = text(event, "event-identifier");
    let keys: Vec<&str> = code.as_deref().into_iter().collect();
    let scan = Scan { keys: &keys, code: code.clone(), text: text(event, "event-description"), when, place };
    scan.event(CODES, "occurrence", number, parsed)
}

const CANADIAN: [&str; 13] = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];
