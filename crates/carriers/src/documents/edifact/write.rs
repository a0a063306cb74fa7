//! An IFTSTA of a shipment's facts.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tracklane_core::lifecycle::Place;
use tracklane_core::time::TzConfidence;

use super::codes::{QUALIFIERS, REASON, STATUS};
use crate::documents::export::{Fact, Facts, WriteError, Written, told};
use crate::documents::place;
use crate::report::ReferenceKind;

/// Who sends to whom, and under which number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Id of the sender and its qualifier, which may be empty.
    pub sender: (String, String),
    /// Id of the receiver and its qualifier.
    pub receiver: (String, String),
    /// Number of the interchange.
    pub control: u32,
    /// The time of writing, in UTC.
    pub at: DateTime,
    /// A test.
    pub test: bool,
}

/// Segments as text, with the usual service characters; each on a line of its own.
#[derive(Default)]
pub(super) struct Out {
    pub(super) text: String,
    /// Segments since it was last set to 0.
    pub(super) count: usize,
}

impl Out {
    /// Writes a segment of elements of components, without the empty ones at its end.
    pub(super) fn segment(&mut self, elements: &[Vec<&str>]) {
        let used = elements.iter().rposition(|element| element.iter().any(|part| !part.is_empty()));
        for (index, element) in elements.iter().take(used.map_or(0, |last| last + 1)).enumerate() {
            if index > 0 {
                self.text.push('+');
            }
            let used = element.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
            for (index, part) in element.iter().take(used).enumerate() {
                if index > 0 {
                    self.text.push(':');
                }
                self.text.push_str(&released(part));
            }
        }
        self.text.push_str("'\n");
        self.count += 1;
    }
}

/// Text with its service characters released and without control characters.
fn released(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.trim().chars() {
        if matches!(letter, '?' | '+' | ':' | '\'') {
            out.push('?');
        }
        out.push(if letter.is_control() { ' ' } else { letter });
    }
    out
}

/// Writes one interchange with one IFTSTA (D.00B) about the shipment, in UTF-8 where ASCII does not do. What an IFTSTA has
/// no words for is left out and named: retractions (and what they take back), notes, statuses without a code.
///
/// # Errors
/// A number, carrier or party that does not fit, or no fact that an IFTSTA can tell.
pub fn write(facts: &Facts, envelope: &Envelope) -> Result<Written, WriteError> {
    let number = fitting("number", &facts.number, 1..=35)?;
    let carrier = fitting("carrier", &facts.carrier, 1..=17)?;
    for (field, (id, qualifier)) in [("sender", &envelope.sender), ("receiver", &envelope.receiver)] {
        fitting(field, id, 1..=35)?;
        fitting(field, qualifier, 0..=4)?;
    }
    let mut left_out = Vec::new();
    let told = told(facts, &STATUS, "101", &mut left_out);
    if told.is_empty() {
        return Err(WriteError::field("events", "must have at least one that an IFTSTA has a code for"));
    }
    let mut body = Out::default();
    body.segment(&[vec!["UNH"], vec!["1"], vec!["IFTSTA", "D", "00B", "UN"]]);
    let control = envelope.control.to_string();
    body.segment(&[vec!["BGM"], vec!["23"], vec![&control], vec!["9"]]);
    let made = envelope.at.strftime("%Y%m%d%H%MUTC").to_string();
    body.segment(&[vec!["DTM"], vec!["137", &made, "303"]]);
    body.segment(&[vec!["NAD"], vec!["CA"], vec![carrier, "172"]]);
    body.segment(&[vec!["CNI"], vec!["1"], vec![number]]);
    let last = told.len() - 1;
    for (index, (fact, code)) in told.iter().enumerate() {
        event(&mut body, fact, code);
        for reference in facts.references.iter().filter(|_| index == 0) {
            let own = QUALIFIERS.iter().find(|(code, ..)| reference.qualifier.as_deref() == Some(*code));
            let of_kind = || QUALIFIERS.iter().find(|(_, kind, _)| *kind == reference.kind);
            let Some((qualifier, ..)) = own.or_else(of_kind) else { continue };
            let value: String = reference.value.trim().chars().take(35).collect();
            if !value.is_empty() && reference.kind != ReferenceKind::Equipment {
                body.segment(&[vec!["RFF"], vec![qualifier, &value]]);
            }
        }
        happened(&mut body, fact);
        if let Some(expected) = facts.expected.filter(|_| index == last) {
            let at = expected.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SUTC").to_string();
            body.segment(&[vec!["TDT"], vec!["20"]]);
            body.segment(&[vec!["LOC"], vec!["7"]]);
            body.segment(&[vec!["DTM"], vec!["132", &at, "304"]]);
        }
    }
    let count = (body.count + 1).to_string();
    body.segment(&[vec!["UNT"], vec![&count], vec!["1"]]);
    let mut out = Out::default();
    let (date, time) = (envelope.at.strftime("%y%m%d").to_string(), envelope.at.strftime("%H%M").to_string());
    let (from, to) = (&envelope.sender, &envelope.receiver);
    let parties = [&from.0, &from.1, &to.0, &to.1];
    let ascii = body.text.is_ascii() && parties.iter().all(|party| party.is_ascii());
    let syntax = if ascii { vec!["UNOC", "3"] } else { vec!["UNOW", "4"] };
    let mut header =
        vec![vec!["UNB"], syntax, vec![&from.0, &from.1], vec![&to.0, &to.1], vec![&date, &time], vec![&control]];
    if envelope.test {
        header.extend([vec![], vec![], vec![], vec![], vec![], vec!["1"]]);
    }
    out.segment(&header);
    out.text.push_str(&body.text);
    out.segment(&[vec!["UNZ"], vec!["1"], vec![&control]]);
    Ok(Written { text: out.text, left_out })
}

fn event(out: &mut Out, fact: &Fact, code: &str) {
    let reason = fact.reason.and_then(|reason| REASON.code_for_reason(reason)).map_or("", |code| code.code);
    let words: String = fact.text.as_deref().unwrap_or_default().trim().chars().take(35).collect();
    out.segment(&[vec!["STS"], vec!["1"], vec![code, "", "", &words], vec![reason]]);
}

fn happened(out: &mut Out, fact: &Fact) {
    let (value, format) = match (fact.tz_confidence, fact.local().second()) {
        (TzConfidence::Unknown, _) => (String::new(), ""),
        (TzConfidence::Assumed, 0) => (fact.local().strftime("%Y%m%d%H%M").to_string(), "203"),
        (TzConfidence::Assumed, _) => (fact.local().strftime("%Y%m%d%H%M%S").to_string(), "204"),
        (_, 0) => (fact.local().strftime("%Y%m%d%H%M%z").to_string(), "205"),
        // No format has seconds and an offset.
        _ => (fact.at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SUTC").to_string(), "304"),
    };
    if !value.is_empty() {
        out.segment(&[vec!["DTM"], vec!["334", &value, format]]);
    }
    if let Some(place) = &fact.place {
        location(out, place);
    }
}

fn location(out: &mut Out, place: &Place) {
    let (code, name) = place::locode(place);
    let name: String = name.or(place.city.as_deref()).unwrap_or_default().trim().chars().take(70).collect();
    let state = place.state.as_deref().filter(|state| state.chars().count() <= 25).unwrap_or_default();
    let country = place.country.as_deref().unwrap_or_default();
    let code = code.unwrap_or_default();
    if code.is_empty() && name.is_empty() && country.is_empty() {
        return;
    }
    let list = if code.is_empty() { vec![code, "", "", &name] } else { vec![code, "139", "6", &name] };
    let country = if country.is_empty() { vec![] } else { vec![country, "162"] };
    let state = if state.is_empty() { vec![] } else { vec![state, "163"] };
    out.segment(&[vec!["LOC"], vec!["175"], list, country, state]);
}

fn fitting<'t>(
    field: &'static str,
    value: &'t str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<&'t str, WriteError> {
    if value.trim() != value || value.contains(char::is_control) || !length.contains(&value.chars().count()) {
        let rule = format!(
            "must have {} to {} characters, no control characters and no blanks around it",
            length.start(),
            length.end()
        );
        return Err(WriteError::field(field, rule));
    }
    Ok(value)
}
