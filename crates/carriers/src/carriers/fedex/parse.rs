//! `output.completeTrackResults[].trackResults[]`: one number may stand for several shipments, each with an id of its own.

use serde_json::Value;
use tracklane_core::lifecycle::{FactKind, Place, SourceKind, Status};

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, summary};
use crate::code::look_up;
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Proof, Reference, ReferenceKind, Report, When};
use crate::time::{Zone, read};
use crate::tree::{at, first_text, text};

const HOME: &str = "America/Chicago";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("errors", "code", "message"), ("output.alerts", "code", "message")],
    codes: &[
        ("NOT.AUTHORIZED.ERROR", ErrorKind::Unauthorised),
        ("FORBIDDEN.ERROR", ErrorKind::Unauthorised),
        ("TRACKING.TRACKINGNUMBER.NOTFOUND", ErrorKind::NotFound),
        ("TRACKING.TRACKINGNUMBER.EMPTY", ErrorKind::Refused),
        ("TRACKING.TRACKINGNUMBER.INVALID", ErrorKind::Refused),
        ("RATE.LIMIT.EXCEEDED", ErrorKind::RateLimited),
        ("INTERNAL.SERVER.ERROR", ErrorKind::CarrierFault),
        ("SERVICE.UNAVAILABLE.ERROR", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| !at(tree, "output.completeTrackResults").is_null())?;
    let mut parsed = Parsed::default();
    for complete in parsed.objects(&tree, "output.completeTrackResults") {
        let asked = text(complete, "trackingNumber");
        for result in parsed.objects(complete, "trackResults") {
            let own = text(result, "trackingNumberInfo.trackingNumber");
            let error = at(result, "error");
            if let Some(code) = text(error, "code") {
                let words = text(error, "message").unwrap_or_default();
                let kind = ERRORS.kind(Some(&code)).unwrap_or(ErrorKind::Refused);
                parsed.problem(own.clone().or_else(|| asked.clone()), kind.error(Some(code), words));
            }
            if at(result, "scanEvents").is_null() && at(result, "latestStatusDetail.code").is_null() {
                continue;
            }
            match asked.clone().or(own) {
                Some(number) => {
                    let report = report(result, &number, &mut parsed);
                    parsed.reports.push(report);
                }
                None => parsed.problem(None, CarrierError::unreadable("trackingNumber", "is required")),
            }
        }
    }
    Ok(parsed)
}

fn report(result: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "fedex", number);
    report.service = text(result, "serviceDetail.description");
    if let Some(unique) = text(result, "trackingNumberInfo.trackingNumberUniqueId") {
        // Tells apart shipments of one number that was used again.
        let reference = Reference::new(ReferenceKind::Carrier, unique);
        report.references.push(Reference { qualifier: Some("trackingNumberUniqueId".to_owned()), ..reference });
    }
    for identifier in parsed.objects(result, "additionalTrackingInfo.packageIdentifiers") {
        let qualifier = text(identifier, "type");
        let kind = match qualifier.as_deref() {
            Some("PURCHASE_ORDER") => ReferenceKind::PurchaseOrder,
            Some("BILL_OF_LADING") => ReferenceKind::BillOfLading,
            Some("TRACKING_NUMBER_OR_DOORTAG" | "STANDARD_TRACKING_NUMBER") => ReferenceKind::Alias,
            _ => ReferenceKind::Shipper,
        };
        for value in first_text(identifier, &["value", "values.0"]).into_iter().filter(|value| value != number) {
            report.references.push(Reference { kind, value, qualifier: qualifier.clone(), carrier: None });
        }
    }
    for scan in parsed.objects(result, "scanEvents").into_iter().rev() {
        report.events.extend(event(scan, number, parsed));
    }
    let code = first_text(result, &["latestStatusDetail.code", "latestStatusDetail.derivedCode"]);
    let reason = text(result, "latestStatusDetail.ancillaryDetails.0.reason");
    let exact = code.as_deref().zip(reason.as_deref()).map(|(code, reason)| format!("{code}/{reason}"));
    let keys: Vec<&str> = exact.as_deref().into_iter().chain(code.as_deref()).collect();
    report.summary = summary(CODES, &keys, code.clone(), first_text(result, &["latestStatusDetail.description"]));
    let late = text(result, "latestStatusDetail.delayDetail.status").is_some_and(|status| status == "DELAYED");
    if let (Some(summary), true) = (&mut report.summary, late) {
        summary.delayed = true;
        let kind = text(result, "latestStatusDetail.delayDetail.type").unwrap_or_default();
        summary.reason = summary.reason.or(look_up(CODES, &[&format!("delay/{kind}")]).reason);
    }
    estimates(result, &mut report, parsed);
    report.proof = Proof {
        signed_by: first_text(result, &["deliveryDetails.signedByName", "deliveryDetails.receivedByName"]),
        left_at: text(result, "deliveryDetails.locationDescription"),
        files: Vec::new(),
    }
    .given();
    report
}

fn event(scan: &Value, number: &str, parsed: &mut Parsed) -> Option<crate::report::ReportedEvent> {
    let place = place(at(scan, "scanLocation"));
    let date = text(scan, "date");
    let when = date.as_deref().map_or(When::Undated, |date| read(date, &Zone::of(place.as_ref(), HOME)));
    let when = note_time(parsed, number, "scanEvents.date", date.as_deref(), when);
    let code = text(scan, "eventType");
    let exception = text(scan, "exceptionCode");
    let derived = text(scan, "derivedStatusCode");
    let exact = code.as_deref().zip(exception.as_deref()).map(|(code, exception)| format!("{code}/{exception}"));
    // The derived code says roughly what the event type says exactly; it is asked only when no table has the type.
    let keys: Vec<&str> = [exact.as_deref(), code.as_deref(), derived.as_deref()].into_iter().flatten().collect();
    let words = [text(scan, "eventDescription"), text(scan, "exceptionDescription")];
    let words: Vec<String> = words.into_iter().flatten().collect();
    let text_kept = (!words.is_empty()).then(|| words.join(": "));
    let kept = exact.clone().or_else(|| code.clone());
    let mut event =
        Scan { keys: &keys, code: kept, text: text_kept, when, place }.event(CODES, "scanEvents", number, parsed)?;
    if let Some(kind) = text(scan, "delayDetail.type") {
        let delay = look_up(CODES, &[&format!("delay/{kind}")]);
        event.reason = event.reason.or(delay.reason);
        event.delayed |= delay.delayed;
    }
    Some(event)
}

fn place(address: &Value) -> Option<Place> {
    PlaceParts::read(address, "city", "stateOrProvinceCode", "countryCode").place()
}

fn estimates(result: &Value, report: &mut Report, parsed: &mut Parsed) {
    let zone = Zone::of(place(at(result, "destinationLocation.locationContactAndAddress.address")).as_ref(), HOME);
    let time = |path: &str| text(result, path).map(|text| read(&text, &zone)).filter(|when| *when != When::Undated);
    let delivered =
        report.events.iter().any(|event| event.kind == FactKind::Scan && event.status == Some(Status::Delivered));
    if let Some(until) = time("estimatedDeliveryTimeWindow.window.ends").filter(|_| !delivered) {
        let from = time("estimatedDeliveryTimeWindow.window.begins");
        report.estimates.extend(delivery("fedex", Basis::Estimated, from, until, Some("ESTIMATED_DELIVERY_WINDOW")));
    }
    for entry in parsed.objects(result, "dateAndTimes") {
        let (Some(kind), Some(date)) = (text(entry, "type"), text(entry, "dateTime")) else { continue };
        let basis = match kind.as_str() {
            "ESTIMATED_DELIVERY" => Basis::Estimated,
            "COMMITMENT" => Basis::Planned,
            "APPOINTMENT_DELIVERY" => Basis::Appointment,
            _ => continue,
        };
        report.estimates.extend(delivery("fedex", basis, None, read(&date, &zone), Some(&kind)));
    }
}
