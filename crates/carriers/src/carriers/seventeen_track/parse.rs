//! `data.accepted[].track_info`, or `data.track_info` of a webhook: providers with their events, newest first. A provider
//! beside the first is a second carrier of the same number.

use serde_json::Value;
use tracklane_core::lifecycle::SourceKind;

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, delivery, note_time, point, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Basis, Report, ReportedEvent, When};
use crate::time::{Zone, joined, offset, read};
use crate::tree::{at, first_text, list, text};

const HOME: &str = "UTC";

const ERRORS: ErrorRules = ErrorRules {
    at: &[("data.errors", "code", "message"), ("", "code", "message"), ("", "Code", "Message")],
    codes: &[
        ("-18010001", ErrorKind::Unauthorised),
        ("-18010002", ErrorKind::Unauthorised),
        ("-18010003", ErrorKind::CarrierFault),
        ("-18010004", ErrorKind::Unauthorised),
        ("-18019902", ErrorKind::NotFound),
        ("-18019903", ErrorKind::NotFound),
        ("-18019909", ErrorKind::NotFound),
        ("-18019908", ErrorKind::RateLimited),
        ("-6", ErrorKind::Unauthorised),
        ("429", ErrorKind::RateLimited),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let holds = |tree: &Value| {
        !list(tree, "data.accepted").is_empty()
            || !list(tree, "data.rejected").is_empty()
            || at(tree, "data.track_info").is_object()
    };
    let tree = open(answer, &ERRORS, holds)?;
    let mut parsed = Parsed::default();
    let mut items = parsed.objects(&tree, "data.accepted");
    if at(&tree, "data.track_info").is_object() {
        items.push(at(&tree, "data"));
    }
    for item in items {
        match text(item, "number") {
            Some(number) => {
                let report = report(item, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("data.accepted.number", "is required")),
        }
    }
    for rejected in parsed.objects(&tree, "data.rejected") {
        let code = text(rejected, "error.code");
        let words = text(rejected, "error.message").unwrap_or_default();
        let kind = ERRORS.kind(code.as_deref()).unwrap_or(ErrorKind::Refused);
        parsed.problem(text(rejected, "number"), kind.error(code, words));
    }
    Ok(parsed)
}

fn report(item: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Aggregator, "seventeen_track", number);
    let info = at(item, "track_info");
    for provider in parsed.objects(info, "tracking.providers") {
        let name = first_text(provider, &["provider.alias", "provider.name", "provider.key"]);
        report.carrier = report.carrier.take().or_else(|| name.clone());
        report.service = report.service.take().or_else(|| text(provider, "service_type"));
        for event in parsed.objects(provider, "events").into_iter().rev() {
            report.events.extend(self::event(event, name.as_deref(), number, parsed));
        }
    }
    let (code, finer) = (text(info, "latest_status.status"), text(info, "latest_status.sub_status"));
    let keys: Vec<&str> = [finer.as_deref(), code.as_deref()].into_iter().flatten().collect();
    report.summary = summary(CODES, &keys, finer.clone().or_else(|| code.clone()), None);
    let zone = Zone::of(None, HOME);
    let time = |path: &str| text(info, path).map(|time| read(&time, &zone));
    let path = "time_metrics.estimated_delivery_date";
    let until = time(&format!("{path}.to")).unwrap_or(When::Undated);
    // The source says whether the carrier or 17TRACK expects it.
    let said_by = match text(info, &format!("{path}.source")).as_deref() {
        Some("Official") => report.carrier.clone().unwrap_or_else(|| "carrier".to_owned()),
        _ => "seventeen_track".to_owned(),
    };
    report.estimates.extend(delivery(&said_by, Basis::Estimated, time(&format!("{path}.from")), until, None));
    report
}

fn event(event: &Value, provider: Option<&str>, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = PlaceParts {
        name: text(event, "location"),
        city: text(event, "address.city"),
        state: text(event, "address.state"),
        country: text(event, "address.country"),
        point: point(event, "address.coordinates.latitude", "address.coordinates.longitude"),
    };
    let place = place.place();
    let zone = Zone::of(place.as_ref(), HOME);
    let raw = at(event, "time_raw");
    let stated = text(raw, "timezone").as_deref().and_then(offset).map(Zone::stated);
    let date = first_text(event, &["time_iso", "time_raw.date"]);
    let when = match text(event, "time_iso") {
        Some(time) => read(&time, &zone),
        // Without a time of its own the raw one holds, perhaps a date alone.
        None => joined(text(raw, "date").as_deref(), text(raw, "time").as_deref(), &stated.unwrap_or(zone)),
    };
    let when = note_time(parsed, number, "events.time_iso", date.as_deref(), when);
    let (stage, finer) = (text(event, "stage"), text(event, "sub_status"));
    let keys: Vec<&str> = [finer.as_deref(), stage.as_deref()].into_iter().flatten().collect();
    let kept = finer.clone().or_else(|| stage.clone());
    let scan = Scan { keys: &keys, code: kept, text: text(event, "description"), when, place };
    let mut event = scan.event(CODES, "events", number, parsed)?;
    event.carrier = provider.map(str::to_owned);
    Some(event)
}
