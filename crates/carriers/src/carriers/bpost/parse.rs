//! `itemTracking` with `stateInfo[]`, oldest first.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time};
use crate::error::CarrierError;
use crate::report::{Basis, Reference, ReferenceKind, Report, ReportedEvent, When};
use crate::time::{Zone, read};
use crate::tree::{at, text};

const HOME: &str = "Europe/Brussels";

const ERRORS: ErrorRules = ErrorRules {
    at: &[
        ("businessException", "code", "message"),
        ("systemException", "code", "message"),
        ("invalidSelection", "code", "error"),
        ("unknownItem", "code", "message"),
    ],
    codes: &[],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let known = |tree: &Value| !at(tree, "itemTracking").is_null() || !at(tree, "systemException").is_null();
    let tree = open(answer, &ERRORS, known)?;
    // A fault of bpost's own, whatever the status of HTTP says.
    if let Some(words) = text(&tree, "systemException.message") {
        return Err(CarrierError::CarrierFault { detail: words });
    }
    let mut parsed = Parsed::default();
    for item in parsed.objects(&tree, "itemTracking") {
        match text(item, "itemCode") {
            Some(number) => {
                let report = report(item, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("itemTracking.itemCode", "is required")),
        }
    }
    Ok(parsed)
}

fn report(item: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "bpost", number);
    report.references.extend(text(item, "customerReference").map(|own| Reference::new(ReferenceKind::Shipper, own)));
    report.references.extend(text(item, "trackingId").map(|own| Reference::new(ReferenceKind::Alias, own)));
    for state in parsed.objects(item, "stateInfo") {
        report.events.extend(event(state, number, parsed));
    }
    let until = text(item, "deliveryTime").map_or(When::Undated, |time| read(&time, &Zone::of(None, HOME)));
    report.estimates.extend(delivery("bpost", Basis::Estimated, None, until, Some("deliveryTime")));
    report
}

fn event(state: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts { name: text(state, "location"), ..PlaceParts::default() }.place();
    let time = text(state, "time");
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), HOME)));
    let when = note_time(parsed, number, "stateInfo.time", time.as_deref(), when);
    let code = text(state, "stateCode");
    let keys: Vec<&str> = code.as_deref().into_iter().collect();
    let scan = Scan { keys: &keys, code: code.clone(), text: text(state, "stateDescription"), when, place };
    scan.event(CODES, "stateInfo", number, parsed)
}
