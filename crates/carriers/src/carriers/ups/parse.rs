//! `trackResponse.shipment[].package[]`: scans newest first, dates apart from times, the offset apart from both. And Track
//! Alert, which pushes one scan at a time, without an offset.

use serde_json::Value;
use tracklane_core::lifecycle::{Place, SourceKind};

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Proof, ProofContent, ProofFile, ProofKind, Reference, ReferenceKind, Report, When};
use crate::time::{Zone, joined, offset};
use crate::tree::{at, text};

const HOME: &str = "America/New_York";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("response.errors", "code", "message"), ("trackResponse.shipment.0.warnings", "code", "message")],
    codes: &[
        ("250001", ErrorKind::Unauthorised),
        ("250002", ErrorKind::Unauthorised),
        ("250003", ErrorKind::Unauthorised),
        ("250009", ErrorKind::Unauthorised),
        ("10429", ErrorKind::RateLimited),
        ("TW0001", ErrorKind::NotFound),
        ("151018", ErrorKind::NotFound),
        ("151044", ErrorKind::NotFound),
        ("TV1002", ErrorKind::Refused),
        ("190100", ErrorKind::CarrierFault),
        ("190102", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let holds = |tree: &Value| !at(tree, "trackResponse.shipment").is_null() || at(tree, "activityStatus").is_object();
    let tree = open(answer, &ERRORS, holds)?;
    let mut parsed = Parsed::default();
    if at(&tree, "activityStatus").is_object() {
        alert(&tree, &mut parsed);
        return Ok(parsed);
    }
    for shipment in parsed.objects(&tree, "trackResponse.shipment") {
        let inquiry = text(shipment, "inquiryNumber");
        for package in parsed.objects(shipment, "package") {
            // Without a number of its own the package is the one that was asked for.
            match text(package, "trackingNumber").or_else(|| inquiry.clone()) {
                Some(number) => {
                    let report = report(package, &number, inquiry.as_deref(), &mut parsed);
                    parsed.reports.push(report);
                }
                None => parsed.problem(None, CarrierError::unreadable("package.trackingNumber", "is required")),
            }
        }
        for warning in parsed.objects(shipment, "warnings") {
            let code = text(warning, "code");
            let words = text(warning, "message").unwrap_or_default();
            let kind = ERRORS.kind(code.as_deref()).unwrap_or(ErrorKind::Refused);
            parsed.problem(inquiry.clone(), kind.error(code, words));
        }
    }
    Ok(parsed)
}

/// Track Alert: one scan, and the scheduled delivery.
fn alert(alert: &Value, parsed: &mut Parsed) {
    let Some(number) = text(alert, "trackingNumber") else {
        parsed.problem(None, CarrierError::unreadable("trackingNumber", "is required"));
        return;
    };
    let mut report = Report::new(SourceKind::Carrier, "ups", number.clone());
    let place = PlaceParts::read(at(alert, "activityLocation"), "city", "stateProvince", "country").place();
    let zone = Zone::of(place.as_ref(), HOME);
    let date = text(alert, "localActivityDate");
    let when = joined(date.as_deref(), text(alert, "localActivityTime").as_deref(), &zone);
    let when = note_time(parsed, &number, "localActivityDate", date.as_deref(), when);
    let status = at(alert, "activityStatus");
    let (kind, code) = (text(status, "type"), text(status, "code"));
    let keys = keys(kind.as_deref(), code.as_deref(), text(status, "descriptionCode").as_deref());
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let words = text(status, "description");
    let scan = Scan { keys: &keys, code: code_kept(kind.as_deref(), code), text: words, when, place };
    report.events.extend(scan.event(CODES, "activityStatus", &number, parsed));
    let scheduled = joined(text(alert, "scheduledDeliveryDate").as_deref(), None, &Zone::of(None, HOME));
    report.estimates.extend(delivery("ups", Basis::Planned, None, scheduled, None));
    parsed.reports.push(report);
}

fn report(package: &Value, number: &str, inquiry: Option<&str>, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "ups", number);
    report.service = text(package, "service.description");
    if let Some(shipment) = inquiry.filter(|inquiry| *inquiry != number) {
        report.references.push(Reference::new(ReferenceKind::Shipment, shipment));
    }
    for other in parsed.objects(package, "alternateTrackingNumber") {
        let Some(value) = text(other, "number") else { continue };
        let qualifier = text(other, "type");
        // USPS_PIC is the number under which the post goes on.
        let to_post = qualifier.as_deref().is_some_and(|kind| kind.starts_with("USPS"));
        let kind = if to_post { ReferenceKind::HandOver } else { ReferenceKind::Alias };
        let carrier = to_post.then(|| "usps".to_owned());
        report.references.push(Reference { kind, value, qualifier, carrier });
    }
    for own in parsed.objects(package, "referenceNumber") {
        let Some(value) = text(own, "number") else { continue };
        let reference = Reference::new(ReferenceKind::Shipper, value);
        report.references.push(Reference { qualifier: text(own, "type"), ..reference });
    }
    for activity in parsed.objects(package, "activity").into_iter().rev() {
        let place = place(at(activity, "location.address"));
        let when = when(activity, place.as_ref(), number, parsed);
        let (kind, code, status_code) = status_keys(at(activity, "status"));
        let keys = keys(kind.as_deref(), code.as_deref(), status_code.as_deref());
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let words = text(activity, "status.description");
        let scan =
            Scan { keys: &keys, code: code_kept(kind.as_deref(), code.or(status_code)), text: words, when, place };
        report.events.extend(scan.event(CODES, "package.activity", number, parsed));
    }
    let (kind, code, status_code) = status_keys(at(package, "currentStatus"));
    let keys = keys(kind.as_deref(), code.as_deref(), status_code.as_deref());
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let words = text(package, "currentStatus.description");
    report.summary = summary(CODES, &keys, code_kept(kind.as_deref(), code.or(status_code)), words);
    estimates(package, &mut report, parsed);
    report.proof = proof(package);
    report
}

/// Type, code and status code; the type is written with blanks at times.
fn status_keys(status: &Value) -> (Option<String>, Option<String>, Option<String>) {
    (text(status, "type"), text(status, "code"), text(status, "statusCode"))
}

fn keys(kind: Option<&str>, code: Option<&str>, status_code: Option<&str>) -> Vec<String> {
    let pair = kind.zip(code).map(|(kind, code)| format!("{kind}/{code}"));
    // Some answers have the status code where others have the code of two letters.
    let digits = code.filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()));
    let single = [status_code, digits, kind].into_iter().flatten().map(str::to_owned);
    pair.into_iter().chain(single).collect()
}

fn code_kept(kind: Option<&str>, code: Option<String>) -> Option<String> {
    match (kind, code) {
        (Some(kind), Some(code)) => Some(format!("{kind}/{code}")),
        (Some(kind), None) => Some(kind.to_owned()),
        (None, code) => code,
    }
}

fn place(address: &Value) -> Option<Place> {
    let country = if at(address, "countryCode").is_null() { "country" } else { "countryCode" };
    PlaceParts::read(address, "city", "stateProvince", country).place()
}

fn when(activity: &Value, place: Option<&Place>, number: &str, parsed: &mut Parsed) -> When {
    let stated = text(activity, "gmtOffset").as_deref().and_then(offset);
    let zone = stated.map_or_else(|| Zone::of(place, HOME), Zone::stated);
    let (date, time) = (text(activity, "date"), text(activity, "time"));
    let when = joined(date.as_deref(), time.as_deref(), &zone);
    note_time(parsed, number, "package.activity.date", date.as_deref(), when)
}

/// The date is one of several by type: scheduled, rescheduled, delivered. The time is a window, or the end of the day.
fn estimates(package: &Value, report: &mut Report, parsed: &mut Parsed) {
    let destination = parsed
        .objects(package, "packageAddress")
        .into_iter()
        .find(|address| text(address, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("DESTINATION")));
    let zone = Zone::of(destination.and_then(|address| place(at(address, "address"))).as_ref(), HOME);
    let time = |path: &str| text(package, path).filter(|time| time.len() == 6);
    for entry in parsed.objects(package, "deliveryDate") {
        let kind = text(entry, "type");
        let basis = match kind.as_deref() {
            Some("SDD") => Basis::Planned,
            Some("RDD") => Basis::Estimated,
            _ => continue,
        };
        let date = text(entry, "date");
        let window = text(package, "deliveryTime.type").is_some_and(|kind| kind != "DEL");
        let end = time("deliveryTime.endTime").filter(|_| window);
        let start = time("deliveryTime.startTime").filter(|_| window);
        let until = joined(date.as_deref(), end.as_deref(), &zone);
        let from = start.map(|start| joined(date.as_deref(), Some(&start), &zone));
        report.estimates.extend(delivery("ups", basis, from, until, kind.as_deref()));
    }
}

fn proof(package: &Value) -> Option<Proof> {
    let mut files = Vec::new();
    let given = [
        ("deliveryInformation.signature.image", ProofKind::Signature),
        ("deliveryInformation.deliveryPhoto.photo", ProofKind::Photo),
        ("deliveryInformation.pod.content", ProofKind::Document),
    ];
    for (path, kind) in given {
        // Not through `text`, which cuts what is long.
        if let Some(content) = at(package, path).as_str().filter(|content| !content.is_empty()) {
            files.push(ProofFile { kind, content: ProofContent::Base64(content.to_owned()) });
        }
    }
    let signed_by = text(package, "deliveryInformation.receivedBy");
    Proof { signed_by, left_at: text(package, "deliveryInformation.location"), files }.given()
}
