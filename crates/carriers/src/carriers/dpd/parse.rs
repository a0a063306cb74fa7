//! `trackingresult.statusInfo[]`, also those not reached yet. The place is `City (CC)`, the time `8/17/2021 7:11:26 PM`.

use serde_json::Value;
use tracklane_core::lifecycle::{Place, SourceKind};

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, country, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Report, ReportedEvent, When};
use crate::time::{Zone, by_format, read};
use crate::tree::{at, is_true, text};

const HOME: &str = "Europe/Brussels";
const TIME: &str = "%m/%d/%Y %I:%M:%S %p";
const RESULT: &str = "Envelope.Body.getTrackingDataResponse.trackingresult";

const ERRORS: ErrorRules = ErrorRules {
    at: &[
        ("Envelope.Body.Fault.detail.authenticationFault", "errorCode", "errorMessage"),
        ("Envelope.Body.Fault.detail.faults", "errorCode", "message"),
        ("Envelope.Body.Fault", "faultcode", "faultstring"),
    ],
    codes: &[
        ("DELICOM_ERR_*", ErrorKind::Unauthorised),
        ("LOGIN_*", ErrorKind::Unauthorised),
        ("COMMON_7", ErrorKind::NotFound),
        ("soap:Server", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| at(tree, RESULT).is_object())?;
    let mut parsed = Parsed::default();
    let result = at(&tree, RESULT);
    // The answer does not say whose it is; the caller asked about one parcel.
    let number = text(result, "shipmentInfo.parcelLabelNumber")
        .or_else(|| text(result, "parcelLabelNumber"))
        .unwrap_or_default();
    let mut report = Report::new(SourceKind::Carrier, "dpd", number.clone());
    report.service = text(result, "shipmentInfo.serviceDescription.content.content");
    for info in parsed.objects(result, "statusInfo") {
        if is_true(info, "statusHasBeenReached") {
            report.events.extend(event(info, &number, &mut parsed));
        }
        if is_true(info, "isCurrentStatus") {
            let code = text(info, "status");
            let keys: Vec<&str> = code.as_deref().into_iter().collect();
            report.summary = summary(CODES, &keys, code.clone(), text(info, "label.content"));
        }
    }
    parsed.reports.push(report);
    Ok(parsed)
}

fn event(info: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = place(text(info, "location.content"));
    let time = text(info, "date.content");
    let zone = Zone::of(place.as_ref(), HOME);
    let when = time.as_deref().map_or(When::Undated, |time| match by_format(time, TIME, &zone) {
        When::Undated => read(time, &zone),
        found => found,
    });
    let when = note_time(parsed, number, "statusInfo.date", time.as_deref(), when);
    let code = text(info, "status");
    let keys: Vec<&str> = code.as_deref().into_iter().collect();
    let words = text(info, "description.content.content").or_else(|| text(info, "label.content"));
    Scan { keys: &keys, code: code.clone(), text: words, when, place }.event(CODES, "statusInfo", number, parsed)
}

fn place(text: Option<String>) -> Option<Place> {
    let text = text?;
    let parts = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')).and_then(|(city, code)| {
        Some(PlaceParts {
            city: Some(city.trim().to_owned()),
            country: Some(country(code)?.to_owned()),
            ..PlaceParts::default()
        })
    });
    parts.unwrap_or(PlaceParts { name: Some(text), ..PlaceParts::default() }).place()
}
