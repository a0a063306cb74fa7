//! One object, or a list of them: `trackingEvents[]` newest first.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Report, ReportedEvent, When};
use crate::time::{Zone, offset, read};
use crate::tree::{at, first_text, list, text};

const HOME: &str = "America/New_York";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("error.errors", "code", "detail"), ("error", "code", "message"), ("", "error", "error_description")],
    codes: &[
        ("invalid_client", ErrorKind::Unauthorised),
        ("invalid_token", ErrorKind::Unauthorised),
        ("401", ErrorKind::Unauthorised),
        ("403", ErrorKind::Unauthorised),
        ("404", ErrorKind::NotFound),
        ("429", ErrorKind::RateLimited),
        ("-2147219283", ErrorKind::NotFound),
        ("-2147219302", ErrorKind::NotFound),
        ("150001", ErrorKind::NotFound),
        ("500", ErrorKind::CarrierFault),
        ("503", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let holds = |tree: &Value| list(tree, "").iter().any(|piece| text(piece, "trackingNumber").is_some());
    let tree = open(answer, &ERRORS, holds)?;
    let mut parsed = Parsed::default();
    for piece in parsed.objects(&tree, "") {
        match text(piece, "trackingNumber") {
            Some(number) => {
                let report = report(piece, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("trackingNumber", "is required")),
        }
    }
    Ok(parsed)
}

fn report(piece: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "usps", number);
    report.service = text(piece, "mailClass");
    for event in parsed.objects(piece, "trackingEvents").into_iter().rev() {
        report.events.extend(self::event(event, number, parsed));
    }
    let category = text(piece, "statusCategory");
    let key = category.as_deref().map(|category| format!("category/{category}")).unwrap_or_default();
    report.summary = summary(CODES, &[&key], category, first_text(piece, &["status", "statusSummary"]));
    let zone = Zone::of(
        PlaceParts { country: Some("US".to_owned()), state: text(piece, "destinationState"), ..PlaceParts::default() }
            .place()
            .as_ref(),
        HOME,
    );
    let day = |paths: &[&str]| first_text(piece, paths).map_or(When::Undated, |text| read(&text, &zone));
    for (paths, basis) in [
        (&["guaranteedDeliveryDate", "guaranteedDeliveryTimeStamp"][..], Basis::Planned),
        (&["predictedDeliveryDate", "expectedDeliveryTimeStamp", "expectedDeliveryDate"][..], Basis::Estimated),
    ] {
        report.estimates.extend(delivery("usps", basis, None, day(paths), None));
    }
    report
}

fn event(event: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let mut parts = PlaceParts::read(event, "eventCity", "eventState", "eventCountry");
    // Domestic scans leave the country out.
    if parts.country.is_none() && (parts.state.is_some() || !at(event, "eventZIP").is_null()) {
        parts.country = Some("US".to_owned());
    }
    let place = parts.place();
    let stated = text(event, "GMTOffset").as_deref().and_then(offset);
    let zone = stated.map_or_else(|| Zone::of(place.as_ref(), HOME), Zone::stated);
    let time = first_text(event, &["eventTimestamp", "GMTTimestamp"]);
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &zone));
    let when = note_time(parsed, number, "trackingEvents.eventTimestamp", time.as_deref(), when);
    let code = text(event, "eventCode");
    let keys: Vec<&str> = code.as_deref().into_iter().collect();
    let scan = Scan { keys: &keys, code: code.clone(), text: text(event, "eventType"), when, place };
    scan.event(CODES, "trackingEvents", number, parsed)
}
