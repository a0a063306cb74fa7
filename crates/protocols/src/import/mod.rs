//! Positions out of files: GPX, GeoJSON and CSV. Bytes in, rows out, one after the other: a file of any size takes the memory
//! of its largest record, and records have limits.
//!
//! - [`gpx`]: GPX 1.1 (and 1.0) track, route and way points;
//! - [`geojson`]: features with times in their properties (RFC 7946);
//! - [`csv`]: tables with named columns (RFC 4180, and what spreadsheets make of it).
//!
//! What is wrong with a row stands in the row and stops no other. Only a file that cannot be read any further ends with an
//! error; what was read before it stands.

pub mod csv;
pub mod fields;
pub mod geojson;
pub mod gpx;
mod input;
pub mod time;

use std::io;
use std::ops::ControlFlow;

use tracklane_core::position::{Attributes, EARLIEST_FIX_SECONDS, Fix, Point};
use tracklane_core::{Invalid, Timestamp};

/// One row of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line on which it ends, from 1.
    pub line: u64,
    /// The device that the row names, if it names one.
    pub device: Option<String>,
    /// What it says, or which rules it breaks, with the names of the API.
    pub reading: Result<Reading, Invalid>,
}

/// One fix out of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// When it was taken.
    pub time: Timestamp,
    /// The fix.
    pub fix: Fix,
    /// Everything else.
    pub attributes: Attributes,
}

/// Why a file cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The bytes do not come.
    #[error("failed to read: {0}")]
    Io(#[source] io::Error),
    /// It is not what the format says.
    #[error("line {line}: {detail}")]
    Syntax {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        detail: String,
    },
    /// A column that is needed is not there.
    #[error("column {wanted:?} is missing; there are {known}")]
    Column {
        /// The name that was looked for.
        wanted: String,
        /// The names there are.
        known: String,
    },
}

/// Who takes rows; [`ControlFlow::Break`] ends the reading.
pub type Sink<'a> = dyn FnMut(Row) -> ControlFlow<()> + 'a;

/// The most entries beside the fix that are kept of a row; the server takes 50.
const MAX_ATTRIBUTES: usize = 40;

/// A fix as text, field by field, while its record is read.
#[derive(Debug, Default)]
struct Draft {
    time: Option<Timestamp>,
    lat: Option<f64>,
    lon: Option<f64>,
    altitude_m: Option<f64>,
    speed_mps: Option<f64>,
    course_deg: Option<f64>,
    accuracy_m: Option<f64>,
    attributes: Attributes,
    invalid: Invalid,
}

impl Draft {
    /// Notes a number; NaN, infinities and what is none are noted as a broken rule at `/field`.
    fn number(&mut self, field: &str, text: &str) -> Option<f64> {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            self.invalid.add(&format!("/{field}"), format!("must be a finite number, not {:?}", shown(text)));
        }
        number
    }

    /// Notes an attribute: a number where it is one.
    fn attribute(&mut self, name: &str, text: &str) {
        if text.is_empty() || self.attributes.len() >= MAX_ATTRIBUTES {
            return;
        }
        let number = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        let value = number.map_or_else(|| text.into(), serde_json::Value::Number);
        self.attributes.insert(name.to_owned(), value);
    }

    /// The reading, with every rule checked that needs no server.
    fn finish(mut self) -> Result<Reading, Invalid> {
        let invalid = &mut self.invalid;
        let has = |invalid: &Invalid, field: &str| invalid.0.iter().any(|error| error.pointer == format!("#/{field}"));
        for (field, missing) in
            [("fix_time", self.time.is_none()), ("lat", self.lat.is_none()), ("lon", self.lon.is_none())]
        {
            if missing && !has(invalid, field) {
                invalid.add(&format!("/{field}"), "is required");
            }
        }
        let early = self.time.is_some_and(|time| time.as_second() < EARLIEST_FIX_SECONDS);
        invalid.require(!early, "/fix_time", "must not lie before 2000-01-01");
        let mut within = |value: Option<f64>, low: f64, high: f64, field: &str, unit: &str| {
            let holds = value.is_none_or(|value| (low..=high).contains(&value));
            invalid.require(holds, &format!("/{field}"), format!("must be from {low} to {high} {unit}"));
        };
        within(self.lat, -90.0, 90.0, "lat", "degrees");
        within(self.lon, -180.0, 180.0, "lon", "degrees");
        within(self.altitude_m, -12_000.0, 100_000.0, "altitude_m", "metres");
        within(self.speed_mps, 0.0, 500.0, "speed_mps", "metres per second");
        within(self.course_deg, 0.0, 360.0, "course_deg", "degrees");
        within(self.accuracy_m, 0.0, 1_000_000.0, "accuracy_m", "metres");
        let (Some(time), Some(lat), Some(lon), true) = (self.time, self.lat, self.lon, self.invalid.0.is_empty())
        else {
            return Err(self.invalid);
        };
        let single = |value: Option<f64>| value.map(|value| value as f32);
        let fix = Fix {
            point: Point { lat, lon },
            altitude_m: single(self.altitude_m),
            speed_mps: single(self.speed_mps),
            course_deg: single(self.course_deg),
            accuracy_m: single(self.accuracy_m),
            valid: true,
        };
        Ok(Reading { time, fix, attributes: self.attributes })
    }
}

/// A text as it may stand in a message: cut short.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push_str("..");
    }
    shown
}

/// Which format a file has, by its name and its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// GPX.
    Gpx,
    /// GeoJSON.
    GeoJson,
    /// A table.
    Csv,
}

impl Format {
    /// Guesses by how the name ends, or else by how the file begins.
    pub fn guess(name: &str, first: &[u8]) -> Self {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".gpx") {
            return Self::Gpx;
        }
        if name.ends_with(".geojson") || name.ends_with(".json") {
            return Self::GeoJson;
        }
        if name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".txt") {
            return Self::Csv;
        }
        match first.strip_prefix(input::BOM).unwrap_or(first).trim_ascii_start().first() {
            Some(b'<') => Self::Gpx,
            Some(b'{' | b'[') => Self::GeoJson,
            _ => Self::Csv,
        }
    }
}
