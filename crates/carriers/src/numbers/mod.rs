//! Tracking numbers: whose they may be. Detection never guesses one answer; it gives every format that fits, how sure it
//! is and why, and it says which formats refuse the number and by which check.

mod check;
mod couriers;
mod formats;
mod lookups;
mod shape;

use std::sync::LazyLock;

use serde::Serialize;

pub use check::Algorithm;
pub use couriers::{COURIERS, Courier, ExtraKey, Need, courier};
pub use formats::{FORMATS, Format, NumberKind, format};
pub(crate) use lookups::is_country;
use shape::{Mismatch, Parts, Shape};

/// The longest text that is looked at, in characters. The longest barcode of a format has 39.
pub const MAX_LENGTH: usize = 64;

/// How much "none of these" weighs beside the formats' own weights.
const NONE_WEIGHT: f64 = 20.0;

/// How many characters that stand for themselves make a refused number a near miss.
const NEAR_MISS: usize = 2;

/// What is known about a number without asking anybody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detection {
    /// The number as it was looked at: upper case, without blanks, dashes, dots and brackets.
    pub number: String,
    /// Whose it may be, likeliest first.
    pub candidates: Vec<Candidate>,
    /// Formats that it looks like, but whose check it breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
}

/// A format that fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The courier's id.
    pub courier: &'static str,
    /// The courier's name.
    pub name: &'static str,
    /// The format's id.
    pub format: &'static str,
    /// What the number names.
    pub kind: NumberKind,
    /// The number to ask the courier with.
    pub ask: String,
    /// How likely it is among everything that such a text could be, in percent, 0 to 100.
    pub confidence: u8,
    /// Why: each thing that speaks for it.
    pub why: Vec<String>,
    /// What the courier wants to know besides.
    #[serde(skip_serializing_if = "<[Need]>::is_empty")]
    pub needs: &'static [Need],
}

/// A format that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The courier's id.
    pub courier: &'static str,
    /// The format's id.
    pub format: &'static str,
    /// The kind of check that failed.
    pub check: FailedCheck,
    /// The rule that the number breaks.
    pub rule: String,
}

/// The kind of check that a number breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedCheck {
    /// Length or characters.
    Shape,
    /// The check digit.
    CheckDigit,
    /// No such country.
    Country,
}

/// Whose number this may be.
pub fn detect(number: &str) -> Detection {
    let number = normalise(number);
    let mut found = Vec::new();
    let mut refused = Vec::new();
    for (format, shapes) in PARSED.iter() {
        match read(format, shapes, &number) {
            Ok(fit) => found.push(fit),
            Err(failure) if failure.is_near() => refused.push(failure.refusal()),
            Err(_) => {}
        }
    }
    let total: f64 = NONE_WEIGHT + found.iter().map(|fit| fit.weight).sum::<f64>();
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.candidate.format.cmp(b.candidate.format)));
    let candidates = found.into_iter().map(|fit| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the total, 0 to 100")]
        let confidence = (fit.weight / total * 100.0).round() as u8;
        Candidate { confidence: confidence.clamp(1, 99), ..fit.candidate }
    });
    Detection { candidates: candidates.collect(), number, refused }
}

/// Whether this number is one of the format; if not, by which check.
///
/// # Errors
/// The check that it breaks.
pub fn verify(format: &'static Format, number: &str) -> Result<(), Refusal> {
    let shapes: Vec<_> = format.shapes.iter().copied().filter_map(Shape::parse).collect();
    read(format, &shapes, &normalise(number)).map(|_| ()).map_err(Failure::refusal)
}

/// Upper case, without blanks, dashes, dots and the brackets that GS1 puts round its identifiers; no more than [`MAX_LENGTH`] characters are looked at (one more is kept,
/// so that a longer text fits no format).
fn normalise(number: &str) -> String {
    let kept = number
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')' | '\u{ad}' | '\u{2010}'..='\u{2015}'));
    kept.take(MAX_LENGTH + 1).map(|c| c.to_ascii_uppercase()).collect()
}

struct Fit {
    candidate: Candidate,
    weight: f64,
}

/// Why a number is none of a format.
enum Failure {
    /// It has the shape, and breaks a check.
    Check(Refusal),
    /// It has no shape of the format; where it leaves the closest.
    Shape(&'static Format, Option<Mismatch>),
}

impl Failure {
    /// Whether the number looks like one of the format all the same.
    fn is_near(&self) -> bool {
        match self {
            Self::Check(_) => true,
            Self::Shape(_, closest) => closest.as_ref().is_some_and(|closest| closest.fixed >= NEAR_MISS),
        }
    }

    fn refusal(self) -> Refusal {
        match self {
            Self::Check(refusal) => refusal,
            Self::Shape(Format { courier, id, .. }, closest) => {
                let rule = closest.map(|closest| closest.rule()).unwrap_or_default();
                Refusal { courier, format: id, check: FailedCheck::Shape, rule }
            }
        }
    }
}

static PARSED: LazyLock<Vec<(&'static Format, Vec<Shape>)>> = LazyLock::new(|| {
    let shapes = |format: &'static Format| format.shapes.iter().copied().filter_map(Shape::parse).collect();
    FORMATS.iter().map(|format| (format, shapes(format))).collect()
});

fn read(format: &'static Format, shapes: &[Shape], number: &str) -> Result<Fit, Failure> {
    let mut refusal = None;
    let mut closest: Option<Mismatch> = None;
    for shape in shapes {
        match shape.read(number) {
            Ok(parts) => match fit(format, &parts, number) {
                Ok(fit) => return Ok(fit),
                Err(broken) => refusal = Some(broken),
            },
            Err(mismatch) => {
                if closest.as_ref().is_none_or(|best| mismatch.agreed > best.agreed) {
                    closest = Some(mismatch);
                }
            }
        }
    }
    Err(refusal.map_or_else(|| Failure::Shape(format, closest), Failure::Check))
}

fn fit(format: &'static Format, parts: &Parts, number: &str) -> Result<Fit, Refusal> {
    let refuse = |check, rule| Refusal { courier: format.courier, format: format.id, check, rule };
    let mut why = vec![format!("looks like {}", format.name)];
    let mut weight = f64::from(format.weight) * parts.gain;
    let mut courier_id = format.courier;
    if let Some(check) = format.check {
        let payload = format!("{}{}", check.before, parts.join(check.over));
        let given = parts.get("check").unwrap_or_default();
        let expected = check.by.expected(&payload).map(String::from).unwrap_or_default();
        if given != expected {
            let rule = format!("the check digit must be {expected}, not {given} ({})", check.by.name());
            return Err(refuse(FailedCheck::CheckDigit, rule));
        }
        why.push(format!("the check digit {given} is right ({})", check.by.name()));
        weight *= given.chars().next().map_or(1.0, shape::choices);
    }
    if let Some(country) = parts.get("country") {
        if !is_country(country) {
            return Err(refuse(FailedCheck::Country, format!("there is no country {country}")));
        }
        courier_id = lookups::postal_operator(country);
        why.push(format!("issued in {country}"));
        weight *= lookups::COUNTRY_GAIN;
    }
    if let Some(name) = parts.get("service").and_then(|code| lookups::service(format.id, code)) {
        why.push(format!("service {name}"));
        weight *= 2.0;
    }
    if let Some(name) = parts.get("airline").and_then(lookups::airline) {
        why.push(format!("airline {name}"));
        weight *= 5.0;
    }
    if let Some(name) = parts.get("scac").and_then(lookups::freight_carrier) {
        why.push(format!("carrier {name}"));
        weight *= 1000.0;
    }
    let courier = courier(courier_id);
    let candidate = Candidate {
        courier: courier_id,
        name: courier.map_or(courier_id, |courier| courier.name),
        format: format.id,
        kind: format.kind,
        ask: if format.ask.is_empty() { number.to_owned() } else { parts.join(format.ask) },
        confidence: 0,
        why,
        needs: courier.map_or(&[], |courier| courier.needs),
    };
    Ok(Fit { candidate, weight })
}

#[cfg(test)]
mod tests;
