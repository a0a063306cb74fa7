//! The group's `parcels[]` with `events[]`; or one parcel of GLS Netherlands with `scans[]`, whose times are local.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Reference, ReferenceKind, Report, When};
use crate::time::{Zone, read};
use crate::tree::{at, text};

const HOME: &str = "Europe/Berlin";
const HOME_NL: &str = "Europe/Amsterdam";

const ERRORS: ErrorRules = ErrorRules {
    at: &[
        ("errors", "errorCode", "errorMessage"),
        ("", "errorCode", "errorMessage"),
        ("", "error", "error_description"),
    ],
    codes: &[
        ("E_400*", ErrorKind::Refused),
        ("E_401*", ErrorKind::Unauthorised),
        ("E_403*", ErrorKind::Unauthorised),
        ("E_404*", ErrorKind::NotFound),
        ("E_429*", ErrorKind::RateLimited),
        ("E_5*", ErrorKind::CarrierFault),
        ("invalid_client", ErrorKind::Unauthorised),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| at(tree, "parcels").is_array() || at(tree, "scans").is_array())?;
    let mut parsed = Parsed::default();
    if at(&tree, "scans").is_array() {
        match text(&tree, "parcelNo") {
            Some(number) => {
                let report = netherlands(&tree, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("parcelNo", "is required")),
        }
        return Ok(parsed);
    }
    for parcel in parsed.objects(&tree, "parcels") {
        let number = text(parcel, "requested").or_else(|| text(parcel, "unitno"));
        if let Some(code) = text(parcel, "errorCode") {
            let words = text(parcel, "errorMessage").unwrap_or_default();
            let kind = ERRORS.kind(Some(&code)).unwrap_or(ErrorKind::Refused);
            parsed.problem(number, kind.error(Some(code), words));
            continue;
        }
        match number {
            Some(number) => {
                let report = group(parcel, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("parcels.requested", "is required")),
        }
    }
    Ok(parsed)
}

fn group(parcel: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "gls", number);
    let unit = text(parcel, "unitno").filter(|unit| unit != number);
    report.references.extend(unit.map(|unit| Reference::new(ReferenceKind::Alias, unit)));
    for event in parsed.objects(parcel, "events").into_iter().rev() {
        let place = PlaceParts::read(event, "city", "", "country").place();
        let time = text(event, "eventDateTime");
        let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), HOME)));
        let when = note_time(parsed, number, "events.eventDateTime", time.as_deref(), when);
        let code = text(event, "code");
        let keys: Vec<&str> = code.as_deref().into_iter().collect();
        let scan = Scan { keys: &keys, code: code.clone(), text: text(event, "description"), when, place };
        report.events.extend(scan.event(CODES, "events", number, parsed));
    }
    let status = text(parcel, "status");
    let key = status.as_deref().map(|status| format!("status/{status}")).unwrap_or_default();
    report.summary = summary(CODES, &[&key], status, None);
    report
}

fn netherlands(parcel: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "gls", number);
    let zone = Zone::of(None, HOME_NL);
    for scan in parsed.objects(parcel, "scans") {
        let time = text(scan, "dateTime");
        let when = time.as_deref().map_or(When::Undated, |time| read(time, &zone));
        let when = note_time(parsed, number, "scans.dateTime", time.as_deref(), when);
        let code = text(scan, "state").map(|state| format!("state/{state}"));
        let keys: Vec<&str> = code.as_deref().into_iter().collect();
        let scan = Scan { keys: &keys, code: code.clone(), text: text(scan, "eventReasonDescr"), when, place: None };
        report.events.extend(scan.event(CODES, "scans", number, parsed));
    }
    let state = text(parcel, "state").map(|state| format!("state/{state}"));
    let keys: Vec<&str> = state.as_deref().into_iter().collect();
    report.summary = summary(CODES, &keys, state.clone(), text(parcel, "parcels.0.lastStatus"));
    let time = |path: &str| text(parcel, path).map(|time| read(&time, &zone));
    let until = time("deliveryStatus.etaTimestampMax").unwrap_or(When::Undated);
    report.estimates.extend(delivery("gls", Basis::Estimated, time("deliveryStatus.etaTimestampMin"), until, None));
    report
}
