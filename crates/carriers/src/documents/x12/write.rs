//! A 214 of a shipment's facts.

use jiff::civil::DateTime;
use tracklane_core::lifecycle::Place;
use tracklane_core::time::TzConfidence;

use super::ack::{Out, clean, fixed};
use super::codes::{QUALIFIERS, REASON, STATUS};
use crate::documents::export::{Fact, Facts, WriteError, Written, told};
use crate::report::Reference;

/// Who sends to whom, and under which number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Qualifier and id of the sender: `ZZ` and up to 15 characters.
    pub sender: (String, String),
    /// Qualifier and id of the receiver.
    pub receiver: (String, String),
    /// Control number, 1 to 999,999,999.
    pub control: u32,
    /// The time of writing, in UTC.
    pub at: DateTime,
    /// A test.
    pub test: bool,
}

/// Longest number and reference (data element 127), in characters.
const MAX_NUMBER: usize = 30;

/// Writes one interchange with one 214 (004010) about the shipment. Each fact has an LX loop of its own. What a 214 has no
/// words for is left out and named: retractions (and what they take back), notes, statuses without a code.
///
/// # Errors
/// A number or carrier that does not fit into a 214, or no fact that a 214 can tell.
pub fn write(facts: &Facts, envelope: &Envelope) -> Result<Written, WriteError> {
    let number = fitting("number", &facts.number, MAX_NUMBER)?;
    let carrier = fitting("carrier", &facts.carrier, 4)?;
    for (field, (qualifier, id)) in [("sender", &envelope.sender), ("receiver", &envelope.receiver)] {
        fitting(field, id, 15)?;
        fitting(field, qualifier, 2)?;
    }
    let mut left_out = Vec::new();
    let told = told(facts, &STATUS, "SD", &mut left_out);
    if told.is_empty() && facts.expected.is_none() {
        return Err(WriteError::field("events", "must have at least one that a 214 has a code for"));
    }
    let mut out = Out { text: String::new(), segments: 0 };
    let control = envelope.control.clamp(1, 999_999_999);
    open(&mut out, envelope, control);
    out.segments = 0;
    out.segment(&["ST", "214", "0001"]);
    out.segment(&["B10", &number, &number, &carrier]);
    for reference in &facts.references {
        if let Some((value, qualifier)) = reference_parts(reference) {
            out.segment(&["L11", &value, qualifier]);
        }
    }
    for (index, (fact, code)) in told.iter().enumerate() {
        out.segment(&["LX", &(index + 1).to_string()]);
        event(&mut out, fact, code);
    }
    if let Some(expected) = facts.expected {
        let at = expected.to_zoned(jiff::tz::TimeZone::UTC);
        let (date, time) = (at.strftime("%Y%m%d").to_string(), at.strftime("%H%M%S").to_string());
        out.segment(&["LX", &(told.len() + 1).to_string()]);
        out.segment(&["AT7", "AG", "NS", "", "", &date, &time, "UT"]);
    }
    let count = (out.segments + 1).to_string();
    out.segment(&["SE", &count, "0001"]);
    out.segment(&["GE", "1", &control.to_string()]);
    out.segment(&["IEA", "1", &format!("{control:09}")]);
    Ok(Written { text: out.text, left_out })
}

fn open(out: &mut Out, envelope: &Envelope, control: u32) {
    let (date, time) = (envelope.at.strftime("%y%m%d").to_string(), envelope.at.strftime("%H%M").to_string());
    let (from, to) = (&envelope.sender, &envelope.receiver);
    out.segment(&[
        "ISA",
        "00",
        &" ".repeat(10),
        "00",
        &" ".repeat(10),
        &fixed(&from.0, 2),
        &fixed(&from.1, 15),
        &fixed(&to.0, 2),
        &fixed(&to.1, 15),
        &date,
        &time,
        "U",
        "00401",
        &format!("{control:09}"),
        "0",
        if envelope.test { "T" } else { "P" },
        ">",
    ]);
    let full = envelope.at.strftime("%Y%m%d").to_string();
    out.segment(&["GS", "QM", from.1.trim(), to.1.trim(), &full, &time, &control.to_string(), "X", "004010"]);
}

fn event(out: &mut Out, fact: &Fact, code: &str) {
    let reason = fact.reason.and_then(|reason| REASON.code_for_reason(reason)).map_or("NS", |code| code.code);
    let (date, time, zone) = clocks(fact);
    out.segment(&["AT7", code, reason, "", "", &date, &time, &zone]);
    if let Some(place) = &fact.place {
        ms1(out, place);
    }
    if let Some(text) = fact.text.as_deref().map(clean) {
        let text = text.trim();
        let cut = |from: usize| text.chars().skip(from).take(30).collect::<String>().trim().to_owned();
        if !text.is_empty() {
            out.segment(&["K1", &cut(0), &cut(30)]);
        }
    }
}

/// Date, time and time code. An offset of whole hours is stated (data element 623: 01 to 12 ahead of UTC, 13 to 24 behind);
/// one that we only assume is local time (LT); any other is turned into UTC.
fn clocks(fact: &Fact) -> (String, String, String) {
    if fact.tz_confidence == TzConfidence::Unknown {
        return Default::default();
    }
    let offset = fact.offset_seconds.unwrap_or(0);
    let hours = offset / 3600;
    let zone = match (fact.tz_confidence, offset) {
        (TzConfidence::Assumed, _) => Some("LT".to_owned()),
        (_, 0) => Some("UT".to_owned()),
        (_, offset) if offset % 3600 != 0 => None,
        _ if (1..=12).contains(&hours) => Some(format!("{hours:02}")),
        _ if (-12..=-1).contains(&hours) => Some(format!("{:02}", 25 + hours)),
        _ => None,
    };
    let local = if zone.is_some() { fact.local() } else { fact.at.to_zoned(jiff::tz::TimeZone::UTC) };
    let time = if local.second() == 0 { local.strftime("%H%M") } else { local.strftime("%H%M%S") };
    (local.strftime("%Y%m%d").to_string(), time.to_string(), zone.unwrap_or_else(|| "UT".to_owned()))
}

fn ms1(out: &mut Out, place: &Place) {
    let text = |value: &Option<String>, most: usize| {
        let cleaned = value.as_deref().map(clean).unwrap_or_default();
        cleaned.trim().chars().take(most).collect::<String>()
    };
    let (city, state, country) = (text(&place.city, 30), text(&place.state, 2), text(&place.country, 3));
    // State and country alone are no place of a 214; the state must be the two letters that it has there.
    let state =
        if place.state.as_deref().is_some_and(|state| state.chars().count() > 2) { String::new() } else { state };
    if !city.is_empty() {
        out.segment(&["MS1", &city, &state, &country]);
    } else if let Some(point) = place.point {
        let (lon, lat) = (degrees(point.lon), degrees(point.lat));
        let (east, north) = (if point.lon < 0.0 { "W" } else { "E" }, if point.lat < 0.0 { "S" } else { "N" });
        out.segment(&["MS1", "", "", "", &lon, &lat, east, north]);
    }
}

/// `DDDMMSS`, to the nearest second of arc.
fn degrees(value: f64) -> String {
    let seconds = (value.abs() * 3600.0).round();
    format!("{:03}{:02}{:02}", (seconds / 3600.0).floor(), (seconds / 60.0).floor() % 60.0, seconds % 60.0)
}

/// Value and qualifier of a reference: its own qualifier where a 214 has it, else the one of its kind.
fn reference_parts(reference: &Reference) -> Option<(String, &'static str)> {
    let value = clean(&reference.value).trim().chars().take(MAX_NUMBER).collect::<String>();
    let own = QUALIFIERS.iter().find(|(code, ..)| reference.qualifier.as_deref() == Some(*code));
    let of_kind = || QUALIFIERS.iter().find(|(_, kind, _)| *kind == reference.kind);
    let (qualifier, ..) = own.or_else(of_kind)?;
    (!value.is_empty()).then_some((value, *qualifier))
}

fn fitting(field: &'static str, value: &str, most: usize) -> Result<String, WriteError> {
    let count = value.chars().count();
    if value.trim() != value || clean(value) != value || !(1..=most).contains(&count) {
        let rule = format!("must have 1 to {most} characters, no blanks around it and none of * ~ > ^");
        return Err(WriteError::field(field, rule));
    }
    Ok(value.to_owned())
}
