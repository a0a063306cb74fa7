//! A track, or the `data` of a webhook; `tracking_history[]`. Its times say `Z`, but users found the carrier's local time
//! behind it, so they are read as assumptions.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, doubtful, midnight_is_a_day, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Report, ReportedEvent, When};
use crate::time::{Zone, read};
use crate::tree::{at, text};

const ERRORS: ErrorRules = ErrorRules {
    at: &[("", "code", "detail"), ("", "code", "message"), ("messages", "code", "text")],
    codes: &[
        ("authentication_failed", ErrorKind::Unauthorised),
        ("not_found", ErrorKind::NotFound),
        ("throttled", ErrorKind::RateLimited),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| text(track(tree), "tracking_number").is_some())?;
    let mut parsed = Parsed::default();
    let track = track(&tree);
    let Some(number) = text(track, "tracking_number") else {
        return Err(CarrierError::unreadable("tracking_number", "is required"));
    };
    let mut report = Report::new(SourceKind::Aggregator, "shippo", number.clone());
    report.carrier = text(track, "carrier");
    report.service = text(track, "servicelevel.name");
    for entry in parsed.objects(track, "tracking_history") {
        report.events.extend(event(entry, &number, &mut parsed));
    }
    let status = at(track, "tracking_status");
    if report.events.is_empty() && status.is_object() {
        report.events.extend(event(status, &number, &mut parsed));
    }
    let (code, finer) = (text(status, "status"), text(status, "substatus.code"));
    let keys: Vec<&str> = [finer.as_deref(), code.as_deref()].into_iter().flatten().collect();
    report.summary = summary(CODES, &keys, finer.clone().or_else(|| code.clone()), text(status, "status_details"));
    let said_by = report.carrier.clone().unwrap_or_else(|| "shippo".to_owned());
    for (path, basis) in [("original_eta", Basis::Planned), ("eta", Basis::Estimated)] {
        let until = text(track, path).map_or(When::Undated, |time| read(&time, &Zone::of(None, "UTC")));
        report.estimates.extend(delivery(&said_by, basis, None, doubtful(midnight_is_a_day(until)), None));
    }
    // A number that nobody knows yet has a track all the same, without a status.
    if report.events.is_empty() && code.as_deref().is_none_or(|code| code == "UNKNOWN") {
        parsed.problem(Some(number), CarrierError::NotFound { detail: "the track has no status yet".to_owned() });
        return Ok(parsed);
    }
    parsed.reports.push(report);
    Ok(parsed)
}

fn track(tree: &Value) -> &Value {
    if at(tree, "data").is_object() { at(tree, "data") } else { tree }
}

fn event(entry: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts::read(at(entry, "location"), "city", "state", "country").place();
    let time = text(entry, "status_date");
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), "UTC")));
    let when = note_time(parsed, number, "tracking_history.status_date", time.as_deref(), doubtful(when));
    let (code, finer) = (text(entry, "status"), text(entry, "substatus.code"));
    let keys: Vec<&str> = [finer.as_deref(), code.as_deref()].into_iter().flatten().collect();
    let kept = finer.clone().or_else(|| code.clone());
    let scan = Scan { keys: &keys, code: kept, text: text(entry, "status_details"), when, place };
    scan.event(CODES, "tracking_history", number, parsed)
}
