//! `data.tracking`, `data.trackings[]`, or `msg` of a webhook; `checkpoints[]` oldest first. A checkpoint's time carries an
//! offset only where AfterShip knows one.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, point, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Proof, Report, ReportedEvent, When};
use crate::time::{Zone, read};
use crate::tree::{first_text, list, text};

const HOME: &str = "UTC";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("meta", "code", "message")],
    codes: &[
        ("401", ErrorKind::Unauthorised),
        ("402", ErrorKind::Unauthorised),
        ("403", ErrorKind::Unauthorised),
        ("404", ErrorKind::NotFound),
        ("4004", ErrorKind::NotFound),
        ("429", ErrorKind::RateLimited),
        ("4*", ErrorKind::Refused),
        ("5*", ErrorKind::CarrierFault),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| !trackings(tree).is_empty())?;
    let mut parsed = Parsed::default();
    for tracking in trackings(&tree) {
        match text(tracking, "tracking_number") {
            Some(number) => {
                let report = report(tracking, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("tracking_number", "is required")),
        }
    }
    Ok(parsed)
}

fn trackings(tree: &Value) -> Vec<&Value> {
    let paths = ["data.tracking", "data.trackings", "msg", "data"];
    let found = paths
        .into_iter()
        .map(|path| list(tree, path))
        .find(|found| found.iter().any(|one| text(one, "tracking_number").is_some()));
    found.unwrap_or_default()
}

fn report(tracking: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Aggregator, "aftership", number);
    report.carrier = text(tracking, "slug");
    report.service = text(tracking, "shipment_type");
    let mut checkpoints = parsed.objects(tracking, "checkpoints");
    // The endpoint of the last checkpoint gives that one alone.
    checkpoints.extend(parsed.objects(tracking, "checkpoint"));
    for checkpoint in checkpoints {
        report.events.extend(event(checkpoint, number, parsed));
    }
    let (code, finer) = (text(tracking, "tag"), text(tracking, "subtag"));
    let keys: Vec<&str> = [finer.as_deref(), code.as_deref()].into_iter().flatten().collect();
    report.summary = summary(CODES, &keys, finer.clone().or_else(|| code.clone()), text(tracking, "subtag_message"));
    let zone = Zone::of(None, HOME);
    let carrier = report.carrier.clone().unwrap_or_else(|| "aftership".to_owned());
    let expected = [
        (
            &["courier_estimated_delivery_date.estimated_delivery_date", "expected_delivery"][..],
            carrier.as_str(),
            Basis::Estimated,
        ),
        (&["aftership_estimated_delivery_date.estimated_delivery_date"][..], "aftership", Basis::Estimated),
        (&["order_promised_delivery_date"][..], "shipper", Basis::Planned),
    ];
    for (paths, said_by, basis) in expected {
        let until = first_text(tracking, paths).map_or(When::Undated, |time| read(&time, &zone));
        report.estimates.extend(delivery(said_by, basis, None, until, None));
    }
    report.proof = Proof { signed_by: text(tracking, "signed_by"), ..Proof::default() }.given();
    report
}

fn event(checkpoint: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts {
        name: text(checkpoint, "location"),
        city: text(checkpoint, "city"),
        state: text(checkpoint, "state"),
        country: first_text(checkpoint, &["country_region", "country_iso3", "country_region_iso3", "country_name"]),
        point: point(checkpoint, "coordinate.latitude", "coordinate.longitude")
            .or_else(|| point(checkpoint, "coordinates.1", "coordinates.0")),
    };
    let place = place.place();
    let time = text(checkpoint, "checkpoint_time");
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), HOME)));
    let when = note_time(parsed, number, "checkpoints.checkpoint_time", time.as_deref(), when);
    let (code, finer) = (text(checkpoint, "tag"), text(checkpoint, "subtag"));
    let keys: Vec<&str> = [finer.as_deref(), code.as_deref()].into_iter().flatten().collect();
    let kept = finer.clone().or_else(|| code.clone());
    let scan =
        Scan { keys: &keys, code: kept, text: first_text(checkpoint, &["message", "subtag_message"]), when, place };
    let mut event = scan.event(CODES, "checkpoints", number, parsed)?;
    event.carrier = text(checkpoint, "slug");
    Some(event)
}
