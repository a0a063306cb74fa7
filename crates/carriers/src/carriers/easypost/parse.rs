//! A tracker; a list of trackers; or an event whose result is a tracker. `tracking_details[]` are oldest first. Where the
//! place of a scan is not known, EasyPost writes UTC without knowing, so a time at no place is an assumption.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, doubtful, midnight_is_a_day, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Proof, Reference, ReferenceKind, Report, ReportedEvent, When};
use crate::time::{Zone, read};
use crate::tree::{at, list, text};

const ERRORS: ErrorRules = ErrorRules {
    at: &[("error", "code", "message")],
    codes: &[
        ("APIKEY.*", ErrorKind::Unauthorised),
        ("TRACKER.NOT_FOUND", ErrorKind::NotFound),
        ("NOT_FOUND", ErrorKind::NotFound),
        ("RATE_LIMITED", ErrorKind::RateLimited),
        ("TOO_MANY_REQUESTS", ErrorKind::RateLimited),
        ("INTERNAL_SERVER_ERROR", ErrorKind::CarrierFault),
        ("TRACKER.CREATE.ERROR", ErrorKind::Refused),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| !trackers(tree).is_empty())?;
    let mut parsed = Parsed::default();
    for tracker in trackers(&tree) {
        match text(tracker, "tracking_code") {
            Some(number) => {
                let report = report(tracker, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("tracking_code", "is required")),
        }
    }
    Ok(parsed)
}

fn trackers(tree: &Value) -> Vec<&Value> {
    let is_tracker = |value: &&Value| {
        text(value, "object").is_some_and(|kind| kind == "Tracker") || !at(value, "tracking_code").is_null()
    };
    let mut found = list(tree, "");
    found.extend(list(tree, "trackers"));
    found.extend(list(tree, "result"));
    found.into_iter().filter(is_tracker).collect()
}

fn report(tracker: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Aggregator, "easypost", number);
    report.carrier = text(tracker, "carrier");
    report.service = text(tracker, "carrier_detail.service");
    if let Some(other) = text(tracker, "carrier_detail.alternate_identifier").filter(|other| other != number) {
        report.references.push(Reference::new(ReferenceKind::HandOver, other));
    }
    for detail in parsed.objects(tracker, "tracking_details") {
        report.events.extend(event(detail, number, parsed));
    }
    let (code, detail) = (text(tracker, "status"), text(tracker, "status_detail"));
    let exact = code.as_deref().zip(detail.as_deref()).map(|(code, detail)| format!("{code}/{detail}"));
    let keys: Vec<&str> = [exact.as_deref(), code.as_deref()].into_iter().flatten().collect();
    report.summary = summary(CODES, &keys, exact.clone().or_else(|| code.clone()), None);
    let until = text(tracker, "est_delivery_date").map_or(When::Undated, |time| read(&time, &Zone::of(None, "UTC")));
    let said_by = report.carrier.clone().unwrap_or_else(|| "easypost".to_owned());
    report.estimates.extend(delivery(&said_by, Basis::Estimated, None, midnight_is_a_day(until), None));
    report.proof = Proof { signed_by: text(tracker, "signed_by"), ..Proof::default() }.given();
    report
}

fn event(detail: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts::read(at(detail, "tracking_location"), "city", "state", "country").place();
    let time = text(detail, "datetime");
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), "UTC")));
    let when = if place.is_none() { doubtful(when) } else { when };
    let when = note_time(parsed, number, "tracking_details.datetime", time.as_deref(), when);
    let (code, finer) = (text(detail, "status"), text(detail, "status_detail"));
    let exact = code.as_deref().zip(finer.as_deref()).map(|(code, finer)| format!("{code}/{finer}"));
    let keys: Vec<&str> = [exact.as_deref(), code.as_deref()].into_iter().flatten().collect();
    let kept = text(detail, "carrier_code").or_else(|| exact.clone()).or_else(|| code.clone());
    let scan = Scan { keys: &keys, code: kept, text: text(detail, "message"), when, place };
    scan.event(CODES, "tracking_details", number, parsed)
}
