//! `tracking_results[]`: an article with its events, or a consignment whose items have them. Places are `SUBURB STATE`.

use serde_json::Value;
use tracklane_core::lifecycle::{Place, SourceKind};

use super::status::CODES;
use crate::answer::{Answer, ErrorRules, Parsed, open};
use crate::carriers::parts::{PlaceParts, Scan, note_time, summary};
use crate::error::{CarrierError, ErrorKind};
use crate::report::{Reference, ReferenceKind, Report, ReportedEvent, When};
use crate::time::{Zone, read};
use crate::tree::{at, text};

const HOME: &str = "Australia/Sydney";
const STATES: [&str; 8] = ["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"];

const ERRORS: ErrorRules = ErrorRules {
    at: &[("errors", "code", "message"), ("errors", "code", "name")],
    codes: &[
        ("ESB-10001", ErrorKind::NotFound),
        ("ESB-10002", ErrorKind::NotFound),
        ("ESB-20010", ErrorKind::CarrierFault),
        ("ESB-20050", ErrorKind::CarrierFault),
        ("API_001", ErrorKind::Unauthorised),
        ("51101", ErrorKind::Refused),
        ("51102", ErrorKind::RateLimited),
    ],
};

pub(super) fn parse(answer: &Answer<'_>) -> Result<Parsed, CarrierError> {
    let tree = open(answer, &ERRORS, |tree| at(tree, "tracking_results").is_array())?;
    let mut parsed = Parsed::default();
    for result in parsed.objects(&tree, "tracking_results") {
        let number = text(result, "tracking_id");
        for error in parsed.objects(result, "errors") {
            let code = text(error, "code");
            let words = text(error, "name").or_else(|| text(error, "message")).unwrap_or_default();
            let kind = ERRORS.kind(code.as_deref()).unwrap_or(ErrorKind::Refused);
            parsed.problem(number.clone(), kind.error(code, words));
        }
        if at(result, "errors").is_array() && at(result, "trackable_items").is_null() {
            continue;
        }
        match number {
            Some(number) => {
                let report = report(result, &number, &mut parsed);
                parsed.reports.push(report);
            }
            None => parsed.problem(None, CarrierError::unreadable("tracking_results.tracking_id", "is required")),
        }
    }
    Ok(parsed)
}

fn report(result: &Value, number: &str, parsed: &mut Parsed) -> Report {
    let mut report = Report::new(SourceKind::Carrier, "australia_post", number);
    let mut status = text(result, "status");
    let mut articles = Vec::new();
    for item in parsed.objects(result, "trackable_items") {
        articles.push(item);
        articles.extend(parsed.objects(item, "items"));
    }
    let several = articles.iter().filter(|article| at(article, "events").is_array()).count() > 1;
    for article in articles {
        status = status.or_else(|| text(article, "status"));
        report.service = report.service.take().or_else(|| text(article, "product_type"));
        let own = text(article, "article_id").filter(|own| own != number);
        report.references.extend(own.clone().map(|own| Reference::new(ReferenceKind::Package, own)));
        for event in parsed.objects(article, "events").into_iter().rev() {
            let event = self::event(event, number, parsed);
            report
                .events
                .extend(event.map(|event| ReportedEvent { package: own.clone().filter(|_| several), ..event }));
        }
    }
    let key = status.as_deref().map(|status| format!("status/{status}")).unwrap_or_default();
    report.summary = summary(CODES, &[&key], None, status);
    report
}

fn event(event: &Value, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
    let place = text(event, "location").and_then(place);
    let time = text(event, "date");
    let when = time.as_deref().map_or(When::Undated, |time| read(time, &Zone::of(place.as_ref(), HOME)));
    let when = note_time(parsed, number, "events.date", time.as_deref(), when);
    let words = text(event, "description");
    let whole = words.clone().unwrap_or_default();
    let keys = [whole.as_str(), before(&whole, " in "), before(&whole, " - ")];
    Scan { keys: &keys, code: None, text: words, when, place }.event(CODES, "events", number, parsed)
}

fn before<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or(text, |(start, _)| start)
}

fn place(location: String) -> Option<Place> {
    match location.rsplit_once(' ').filter(|(_, state)| STATES.contains(state)) {
        Some((suburb, state)) => PlaceParts {
            city: Some(suburb.to_owned()),
            state: Some(state.to_owned()),
            country: Some("AU".to_owned()),
            ..PlaceParts::default()
        },
        None => PlaceParts { name: Some(location), ..PlaceParts::default() },
    }
    .place()
}
