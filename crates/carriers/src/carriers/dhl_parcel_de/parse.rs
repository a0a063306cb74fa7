//! Elements that are all called `data`: the list, in it shipments, in each an event list, in it events; everything stands in
//! attributes.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Proof, Reference, ReferenceKind, Report, ReportedEvent, When};
use crate::time::{Zone, by_format};
use crate::tree::{at, text};

const HOME: &str = "Europe/Berlin";
const TIME: &str = "%d.%m.%Y %H:%M";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("data", "@code", "@error"), ("", "status", "detail")],
    codes: &[
        ("100", ErrorKind::NotFound),
        ("5", ErrorKind::Unauthorised),
        ("6", ErrorKind::Unauthorised),
        ("401", ErrorKind::Unauthorised),
        ("429", ErrorKind::RateLimited),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| !at(tree, "data.data").is_null())?;
    let mut parsed = Parsed::default();
    for shipment in parsed.objects(&tree, "data.data") {
        let number = text(shipment, "@searched-piece-code").or_else(|| text(shipment, "@piece-code"));
        let Some(number) = number else {
            parsed.problem(None, CarrierError::unreadable("data.data.@piece-code", "is required"));
            continue;
        };
        if let Some(code) = text(shipment, "@error-status").filter(|code| code != "0") {
            let words = text(shipment, "@status").unwrap_or_default();
            parsed.problem(Some(number), ErrorKind::NotFound.error(Some(code), words));
            continue;
        }
        let report = report(shipment, &number, &mut parsed);
        parsed.reports.push(report);
    }
    Ok(parsed)
}

fn report(shipment: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "dhl_parcel_de", number);
    report.service = text(shipment, "@product-name");
    let others = [
        ("@piece-code", ReferenceKind::Alias),
        ("@leitcode", ReferenceKind::Alias),
        ("@airway-bill-number", ReferenceKind::HandOver),
        ("@piece-customer-reference", ReferenceKind::Shipper),
        ("@shipment-customer-reference", ReferenceKind::Shipper),
    ];
    for (path, kind) in others {
        let value = text(shipment, path).filter(|value| value != number);
        report.references.extend(value.map(|value| Reference::new(kind, value)));
    }
    for list in parsed.objects(shipment, "data") {
        for event in parsed.objects(list, "data") {
            report.events.extend(self::event(event, number, parsed));
        }
    }
    let (code, ice) = (text(shipment, "@standard-event-code"), text(shipment, "@ice"));
    let ice = ice.map(|ice| format!("ice/{ice}"));
    let keys: Vec<&str> = [code.as_deref(), ice.as_deref()].into_iter().flatten().collect();
    report.summary = summary(CODES, &keys, code.clone().or_else(|| ice.clone()), text(shipment, "@status"));
    // Who took it is told with the delivery alone.
    let delivered = text(shipment, "@delivery-event-flag").is_some_and(|flag| flag == "1");
    let signed_by =
        text(shipment, "@pan-recipient-name").or_else(|| text(shipment, "@recipient-name")).filter(|_| delivered);
    report.proof =
        Proof { signed_by, left_at: text(shipment, "@recipient-id-text").filter(|_| delivered), files: Vec::new() }
            .given();
    report
}

fn event(event: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts::read(event, "@event-location", "", "@event-country").place();
    let time = text(event, "@event-timestamp");
    let zone = Zone::of(place.as_ref(), HOME);
    let when = time.as_deref().map_or(When::Undated, |time| by_format(time, TIME, &zone));
    let when = note_time(parsed, number, "piece-event.event-timestamp", time.as_deref(), when);
    let (code, ice) = (text(event, "@standard-event-code"), text(event, "@ice"));
    let ice = ice.map(|ice| format!("ice/{ice}"));
    let keys: Vec<&str> = [code.as_deref(), ice.as_deref()].into_iter().flatten().collect();
    let words = text(event, "@event-status").or_else(|| text(event, "@event-text"));
    let scan = Scan { keys: &keys, code: code.clone().or_else(|| ice.clone()), text: words, when, place };
    scan.event(CODES, "piece-event", number, parsed)
}
