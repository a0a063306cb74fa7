//! MyDHL: `shipments[]` with `events[]`. XML-PI: `TrackingResponse.AWBInfo` with `ShipmentInfo.ShipmentEvent`. Dates and
//! times stand apart; the place is a service area written as `City - Country` or `CITY-CCC`.

use serde_json::Value;
use tracklane_core::lifecycle::{Place, SourceKind};

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, country, delivery, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Proof, Reference, ReferenceKind, Report, ReportedEvent, When};
use crate::time::{Zone, joined, offset, read};
use crate::tree::{at, first_text, text};

const HOME: &str = "UTC";

const ERRORS: ErrorRules = ErrorRules {
    at: &[
        ("", "status", "detail"),
        ("ShipmentTrackingErrorResponse.Response.Status.Condition", "ConditionCode", "ConditionData"),
        ("TrackingResponse.AWBInfo.Status.Condition", "ConditionCode", "ConditionData"),
    ],
    codes: &[
        ("100", ErrorKind::Unauthorised),
        ("103", ErrorKind::NotFound),
        ("111", ErrorKind::Refused),
        ("401", ErrorKind::Unauthorised),
        ("403", ErrorKind::Unauthorised),
        ("404", ErrorKind::NotFound),
        ("429", ErrorKind::RateLimited),
        ("5*", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let holds = |tree: &Value| !at(tree, "shipments").is_null() || !at(tree, "TrackingResponse.AWBInfo").is_null();
    let tree = open(answer, &ERRORS, holds)?;
    let mut parsed = Parsed::default();
    for shipment in parsed.objects(&tree, "shipments") {
        match text(shipment, "shipmentTrackingNumber") {
            Some(number) => {
                let report = json(shipment, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("shipments.shipmentTrackingNumber", "is required")),
        }
    }
    for info in parsed.objects(&tree, "TrackingResponse.AWBInfo") {
        let number = text(info, "AWBNumber");
        if let Some(code) = text(info, "Status.Condition.ConditionCode") {
            let words = text(info, "Status.Condition.ConditionData").unwrap_or_default();
            let kind = ERRORS.kind(Some(&code)).unwrap_or(ErrorKind::Refused);
            parsed.problem(number, kind.error(Some(code), words));
            continue;
        }
        match number {
            Some(number) => {
                let report = xml(info, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("AWBInfo.AWBNumber", "is required")),
        }
    }
    Ok(parsed)
}

fn json(shipment: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "dhl_express", number);
    report.service = first_text(shipment, &["productCode", "description"]);
    for piece in parsed.objects(shipment, "pieces") {
        report
            .references
            .extend(text(piece, "trackingNumber").map(|piece| Reference::new(ReferenceKind::Package, piece)));
    }
    for own in parsed.objects(shipment, "shipperReferences") {
        report.references.extend(text(own, "value").map(|own| Reference::new(ReferenceKind::Shipper, own)));
    }
    let mut signed_by = None;
    for scan in parsed.objects(shipment, "events") {
        let area = text(scan, "serviceArea.0.description");
        let fields = Fields {
            date: text(scan, "date"),
            time: text(scan, "time"),
            offset: first_text(scan, &["GMTOffset", "gmtOffset"]),
            code: text(scan, "typeCode"),
            words: text(scan, "description"),
        };
        signed_by = text(scan, "signedBy").or(signed_by);
        report.events.extend(event(fields, area, number, parsed));
    }
    let status = text(shipment, "status").filter(|status| !status.eq_ignore_ascii_case("success"));
    report.summary = summary(CODES, &[], None, status);
    let until =
        text(shipment, "estimatedDeliveryDate").map_or(When::Undated, |text| read(&text, &Zone::of(None, HOME)));
    report.estimates.extend(delivery("dhl_express", Basis::Estimated, None, until, None));
    report.proof = Proof { signed_by, ..Proof::default() }.given();
    report
}

fn xml(info: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "dhl_express", number);
    report.service = text(info, "ShipmentInfo.GlobalProductCode");
    for own in parsed.objects(info, "ShipmentInfo.ShipperReference") {
        report.references.extend(text(own, "ReferenceID").map(|own| Reference::new(ReferenceKind::Shipper, own)));
    }
    let mut signed_by = None;
    for scan in parsed.objects(info, "ShipmentInfo.ShipmentEvent") {
        let fields = Fields {
            date: text(scan, "Date"),
            time: text(scan, "Time"),
            offset: text(scan, "GMTOffset"),
            code: text(scan, "ServiceEvent.EventCode"),
            words: text(scan, "ServiceEvent.Description"),
        };
        if fields.code.as_deref() == Some("OK") {
            signed_by = text(scan, "Signatory");
        }
        let area = text(scan, "ServiceArea.Description");
        report.events.extend(event(fields, area, number, parsed));
    }
    let until = text(info, "ShipmentInfo.EstDlvyDate").map_or(When::Undated, |text| read(&text, &Zone::of(None, HOME)));
    report.estimates.extend(delivery("dhl_express", Basis::Estimated, None, until, None));
    report.proof = Proof { signed_by, ..Proof::default() }.given();
    report
}

struct Fields {
    date: Option<String>,
    time: Option<String>,
    offset: Option<String>,
    code: Option<String>,
    words: Option<String>,
}

fn event(fields: Fields, area: Option<String>, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = place(area);
    let stated = fields.offset.as_deref().and_then(offset);
    let zone = stated.map_or_else(|| Zone::of(place.as_ref(), HOME), Zone::stated);
    let when = joined(fields.date.as_deref(), fields.time.as_deref(), &zone);
    let when = note_time(parsed, number, "events.date", fields.date.as_deref(), when);
    let keys: Vec<&str> = fields.code.as_deref().into_iter().collect();
    Scan { keys: &keys, code: fields.code.clone(), text: fields.words, when, place }
        .event(CODES, "events", number, parsed)
}

/// `Barcelona - Spain`, `KINGSTON-JAM`, `SPRINGFIELD GARDENS,NY-USA`.
fn place(area: Option<String>) -> Option<Place> {
    let area = area?;
    let Some((city, last)) = area.rsplit_once('-') else {
        return PlaceParts { name: Some(area), ..PlaceParts::default() }.place();
    };
    let Some(code) = country(last) else { return PlaceParts { name: Some(area), ..PlaceParts::default() }.place() };
    let (city, state) = match city.rsplit_once(',') {
        Some((city, state)) if state.trim().len() == 2 => (city, Some(state.trim().to_owned())),
        _ => (city, None),
    };
    let parts = PlaceParts {
        city: Some(city.trim().to_owned()),
        state,
        country: Some(code.to_owned()),
        ..PlaceParts::default()
    };
    Some(Place { name: Some(area.clone()), ..parts.place()? })
}
