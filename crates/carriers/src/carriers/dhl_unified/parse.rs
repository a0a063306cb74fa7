//! `shipments[]`: the present status, and events newest first. One number may find shipments of several divisions.

use serde_json::Value;
use tracklane_core::lifecycle::{Place, SourceKind};

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{
    Basis, Proof, ProofContent, ProofFile, ProofKind, Reference, ReferenceKind, Report, ReportedEvent, When,
};
use crate::time::{Zone, read};
use crate::tree::{at, first_text, list, text};

const HOME: &str = "Europe/Berlin";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("", "status", "detail")],
    codes: &[
        ("401", ErrorKind::Unauthorised),
        ("403", ErrorKind::Unauthorised),
        ("404", ErrorKind::NotFound),
        ("429", ErrorKind::RateLimited),
        ("5*", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| at(tree, "shipments").is_array())?;
    let mut parsed = Parsed::default();
    for shipment in parsed.objects(&tree, "shipments") {
        match text(shipment, "id") {
            Some(number) => {
                let report = report(shipment, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("shipments.id", "is required")),
        }
    }
    Ok(parsed)
}

fn report(shipment: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "dhl_unified", number);
    report.carrier = text(shipment, "service").map(|service| format!("dhl {service}"));
    report.service = text(shipment, "details.product.productName");
    for piece in list(shipment, "details.pieceIds").into_iter().filter_map(|piece| text(piece, "")) {
        report.references.push(Reference::new(ReferenceKind::Package, piece));
    }
    for own in parsed.objects(shipment, "details.references") {
        if let Some(value) = text(own, "number") {
            let reference = Reference::new(ReferenceKind::Shipper, value);
            report.references.push(Reference { qualifier: text(own, "type"), ..reference });
        }
    }
    for event in parsed.objects(shipment, "events").into_iter().rev() {
        report.events.extend(self::event(event, number, parsed));
    }
    let status = at(shipment, "status");
    // Some divisions give the present status alone; it is an event then.
    if report.events.is_empty() && status.is_object() {
        report.events.extend(event(status, number, parsed));
    }
    let (detailed, code) = (text(status, "statusDetailed"), text(status, "statusCode"));
    let keys: Vec<&str> = [detailed.as_deref(), code.as_deref()].into_iter().flatten().collect();
    report.summary = summary(CODES, &keys, code.clone(), first_text(status, &["description", "status"]));
    let zone = Zone::of(place(at(shipment, "destination.address")).as_ref(), HOME);
    let time = |path: &str| text(shipment, path).map(|time| read(&time, &zone));
    let frame = time("estimatedDeliveryTimeFrame.estimatedThrough");
    let until = frame.or_else(|| time("estimatedTimeOfDelivery"));
    let from = frame.and_then(|_| time("estimatedDeliveryTimeFrame.estimatedFrom"));
    report.estimates.extend(delivery("dhl_unified", Basis::Estimated, from, until.unwrap_or(When::Undated), None));
    let file = |path: &str, kind| {
        let url = text(shipment, path).filter(|url| url.starts_with("http"));
        url.map(|url| ProofFile { kind, content: ProofContent::Url(url) })
    };
    let files = [
        file("details.proofOfDelivery.signatureUrl", ProofKind::Signature),
        file("details.proofOfDelivery.documentUrl", ProofKind::Document),
    ];
    report.proof = Proof {
        signed_by: first_text(shipment, &["details.proofOfDelivery.signed.name", "details.proofOfDelivery.familyName"]),
        left_at: None,
        files: files.into_iter().flatten().collect(),
    }
    .given();
    report
}

fn event(event: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = place(at(event, "location.address"));
    let time = text(event, "timestamp");
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), HOME)));
    let when = note_time(parsed, number, "events.timestamp", time.as_deref(), when);
    let (detailed, code) = (text(event, "statusDetailed"), text(event, "statusCode"));
    let keys: Vec<&str> = [detailed.as_deref(), code.as_deref()].into_iter().flatten().collect();
    let words = first_text(event, &["description", "status"]);
    Scan { keys: &keys, code: code.clone(), text: words, when, place }.event(CODES, "events", number, parsed)
}

fn place(address: &Value) -> Option<Place> {
    PlaceParts::read(address, "addressLocality", "", "countryCode").place()
}
