//! What all protocols read: times, coordinates, units.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Point};

use crate::DecodeError;

/// Metres per second in one knot.
pub(crate) const KNOT_MPS: f64 = 1852.0 / 3600.0;

/// Metres per second in one kilometre per hour.
pub(crate) const KMH_MPS: f64 = 1.0 / 3.6;

/// The numbers of a fix in SI units, each with the protocol's name of the field. A negative speed, course or accuracy is a
/// device's way to say that it does not know.
pub(crate) struct RawFix {
    pub(crate) lat: (String, f64),
    pub(crate) lon: (String, f64),
    pub(crate) altitude_m: (String, Option<f64>),
    pub(crate) speed_mps: (String, Option<f64>),
    pub(crate) course_deg: (String, Option<f64>),
    pub(crate) accuracy_m: (String, Option<f64>),
    pub(crate) valid: bool,
}

impl RawFix {
    pub(crate) fn read(self) -> Result<Fix, DecodeError> {
        let in_range = |(name, value): (String, f64), limit: f64| {
            let rule = || DecodeError::field(name, format!("must be a number of degrees from -{limit} to {limit}"));
            (-limit..=limit).contains(&value).then_some(value).ok_or_else(rule)
        };
        let point = Point { lat: in_range(self.lat, 90.0)?, lon: in_range(self.lon, 180.0)? };
        let known = |(name, value): (String, Option<f64>)| single((name, value.filter(|value| *value >= 0.0)));
        Ok(Fix {
            point,
            altitude_m: single(self.altitude_m)?,
            speed_mps: known(self.speed_mps)?,
            course_deg: course(self.course_deg)?,
            accuracy_m: known(self.accuracy_m)?,
            valid: self.valid,
        })
    }
}

/// A number in single precision, which holds every quantity of a fix but not every number.
fn single((name, value): (String, Option<f64>)) -> Result<Option<f32>, DecodeError> {
    let Some(value) = value else { return Ok(None) };
    let narrow = value as f32;
    narrow.is_finite().then_some(Some(narrow)).ok_or_else(|| DecodeError::field(name, "is too large"))
}

fn course((name, value): (String, Option<f64>)) -> Result<Option<f32>, DecodeError> {
    let Some(value) = value.filter(|value| *value >= 0.0) else { return Ok(None) };
    if value > 360.0 {
        return Err(DecodeError::field(name, "must be from 0 to 360 degrees"));
    }
    let narrow = value as f32;
    Ok(Some(if narrow >= 360.0 { 0.0 } else { narrow }))
}

/// Unix time: seconds below 2^31, milliseconds from there on.
pub(crate) fn unix_time(name: &str, number: i64) -> Result<Timestamp, DecodeError> {
    let time = match number {
        ..0 => None,
        0..0x8000_0000 => Timestamp::from_second(number).ok(),
        _ => Timestamp::from_millisecond(number).ok(),
    };
    time.ok_or_else(|| DecodeError::field(name, "must be a time after 1970"))
}

/// A time as text: Unix time, or a date and time of day, in UTC unless an offset is stated.
pub(crate) fn text_time(name: &str, text: &str) -> Result<Timestamp, DecodeError> {
    if let Ok(number) = text.parse() {
        return unix_time(name, number);
    }
    let local = || text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(TimeZone::UTC).ok());
    let time = text.parse::<Timestamp>().ok().or_else(|| local().map(|zoned| zoned.timestamp()));
    time.ok_or_else(|| DecodeError::field(name, "must be Unix time, or a date and time as in 2026-03-01T12:00:00Z"))
}

/// Adds an attribute that must not be there yet.
pub(crate) fn put(
    attributes: &mut Attributes,
    name: &str,
    value: impl Into<serde_json::Value>,
) -> Result<(), DecodeError> {
    if attributes.contains_key(name) {
        return Err(DecodeError::Duplicate { field: name.to_owned() });
    }
    attributes.insert(name.to_owned(), value.into());
    Ok(())
}
