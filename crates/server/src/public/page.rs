//! The page itself: rendered here, complete without a script.

use std::sync::OnceLock;

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use jiff::tz::{Offset, TimeZone};
use minijinja::{Environment, Value, context};
use serde::Serialize;
use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Status;

use super::view::{PublicPosition, PublicStep, PublicTracking};
use super::words::{self, LABELS};
use crate::problem::{Problem, Result};

const DAY_AND_TIME: &str = "%-d %b %Y, %H:%M";
const TIME: &str = "%H:%M";

fn templates() -> Result<&'static Environment<'static>> {
    static TEMPLATES: OnceLock<Result<Environment<'static>, String>> = OnceLock::new();
    let templates = TEMPLATES.get_or_init(|| {
        let mut templates = Environment::new();
        for (name, text) in
            [("tracking.html", include_str!("tracking.html")), ("not_found.html", include_str!("not_found.html"))]
        {
            templates.add_template(name, text).map_err(|error| error.to_string())?;
        }
        Ok(templates)
    });
    templates.as_ref().map_err(|error| Problem::internal(error.clone()))
}

fn page(name: &str, values: Value) -> Result<Html<String>> {
    let rendered = templates()?.get_template(name).and_then(|template| template.render(values));
    rendered.map(Html).map_err(|error| Problem::internal(error.to_string()))
}

/// Whatever can be serialised, as templates read it.
fn value(thing: &impl Serialize) -> Result<Value> {
    let value = serde_json::to_value(thing).and_then(serde_json::from_value);
    value.map_err(|error| Problem::internal(error.to_string()))
}

/// A step of the timeline as the page says it.
#[derive(Serialize)]
struct Step<'a> {
    status: Option<&'static str>,
    text: &'static str,
    instant: String,
    when: String,
    doubt: Option<&'static str>,
    place: Option<&'a str>,
}

impl<'a> Step<'a> {
    /// Its time is told in `zone`; without one, by the clock of its source.
    fn new(step: &'a PublicStep, zone: Option<&TimeZone>) -> Self {
        let at = step.occurred_at;
        Self {
            status: step.status.map(Status::as_str),
            text: step.text,
            instant: at.to_string(),
            when: zone.map_or_else(|| at_offset(at, step.offset_seconds.unwrap_or(0)), |zone| in_zone(at, zone)),
            doubt: words::doubt(step.tz_confidence),
            place: step.place.as_deref(),
        }
    }
}

/// The page of a shipment.
///
/// # Errors
/// When the template is broken.
pub fn render(view: &PublicTracking) -> Result<Html<String>> {
    let known = view.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    let steps: Vec<_> = view.timeline.iter().map(|step| Step::new(step, known.as_ref())).collect();
    let zones = zones(known.as_ref());
    let zone = known.unwrap_or(TimeZone::UTC);
    let values = context! {
        words => value(&LABELS)?,
        tenant_name => view.tenant_name.as_str(),
        reference => view.reference.as_deref(),
        status => view.status.as_str(),
        status_text => view.status_text,
        recipient => view.recipient_first_name.as_deref(),
        promise => promise(view, &zone),
        position => view.position.as_ref().map(|position| seen(position, &zone)),
        updated => in_zone(view.updated_at, &zone),
        steps => value(&steps)?,
        zones => zones,
        data => Value::from_safe_string(data_block(view)?),
    };
    page("tracking.html", values)
}

/// The page of a link that leads nowhere, whatever the reason.
///
/// # Errors
/// When the template is broken.
pub fn not_found() -> Result<Response> {
    Ok((StatusCode::NOT_FOUND, page("not_found.html", context! { words => value(&LABELS)? })?).into_response())
}

/// JSON that cannot end the element it stands in.
fn data_block(view: &PublicTracking) -> Result<String> {
    let json = serde_json::to_string(view).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"))
}

/// When it is promised, or when it was delivered.
fn promise(view: &PublicTracking, zone: &TimeZone) -> Option<String> {
    if let Some(at) = view.delivered_at {
        return Some(format!("{} {}", LABELS.delivered, in_zone(at, zone)));
    }
    let window = match (view.eta_from, view.eta_to) {
        (None, None) => return None,
        (Some(from), None) => format!("{} {}", LABELS.from, in_zone(from, zone)),
        (None, Some(to)) => format!("{} {}", LABELS.by, in_zone(to, zone)),
        (Some(from), Some(to)) => {
            let (first, last) = (from.to_zoned(zone.clone()), to.to_zoned(zone.clone()));
            let end = if first.date() == last.date() { TIME } else { DAY_AND_TIME };
            let name = offset_name(last.offset());
            format!("{} – {} {name}", first.strftime(DAY_AND_TIME), last.strftime(end))
        }
    };
    Some(format!("{} {window}", LABELS.expected))
}

/// In which zone the times of the page are: that of the destination, or of each step's own source.
fn zones(destination: Option<&TimeZone>) -> String {
    match destination.and_then(TimeZone::iana_name) {
        Some(name) => format!("{} {}.", LABELS.zone_of_destination, name.replace('_', " ")),
        None => LABELS.zone_of_source.to_owned(),
    }
}

/// Where and when it was seen last, for whoever has no map.
fn seen(position: &PublicPosition, zone: &TimeZone) -> String {
    let PublicPosition { lat, lon, fix_time, .. } = position;
    format!("{} {lat:.4}, {lon:.4} ({})", LABELS.position, in_zone(*fix_time, zone))
}

fn in_zone(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    format!("{} {}", local.strftime(DAY_AND_TIME), offset_name(local.offset()))
}

fn at_offset(at: Timestamp, seconds: i32) -> String {
    in_zone(at, &Offset::from_seconds(seconds).unwrap_or(Offset::UTC).to_time_zone())
}

/// `UTC`, `UTC+02:00`.
fn offset_name(offset: Offset) -> String {
    let minutes = offset.seconds() / 60;
    if minutes == 0 {
        return "UTC".to_owned();
    }
    let sign = if minutes < 0 { '−' } else { '+' };
    format!("UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_whose_times_it_tells() {
        assert_eq!(zones(None), LABELS.zone_of_source);
        let there = TimeZone::get("America/St_Johns").expect("a zone");
        assert_eq!(zones(Some(&there)), "All times are those of the destination, America/St Johns.");
    }

    #[test]
    fn local_times_say_their_offset() {
        let at: Timestamp = "2026-01-05T23:30:00Z".parse().expect("a time");
        assert_eq!(at_offset(at, 0), "5 Jan 2026, 23:30 UTC");
        assert_eq!(at_offset(at, 3_600), "6 Jan 2026, 00:30 UTC+01:00");
        assert_eq!(at_offset(at, -12_600), "5 Jan 2026, 20:00 UTC−03:30");
        assert_eq!(at_offset(at, i32::MAX), "5 Jan 2026, 23:30 UTC");
    }
}
