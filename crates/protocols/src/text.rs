//! What protocols that speak text share: frames between marks, dates, and degrees with minutes.

use bytes::{Buf, Bytes, BytesMut};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Point, Report};

use crate::DecodeError;
use crate::read::RawFix;
use crate::stream::Decoded;

/// The greatest number of bytes in a frame of text.
pub(crate) const MAX_FRAME: usize = 4096;

/// Takes a frame from its first byte, which is one of the starts, to the end that is found for it. Bytes before a start are
/// dropped, and so is what has no end in [`MAX_FRAME`] bytes. An end at 0 means that no frame begins there.
pub(crate) fn cut(
    buffer: &mut BytesMut,
    is_start: fn(u8) -> bool,
    end: fn(&[u8]) -> Option<usize>,
) -> Result<Option<Bytes>, DecodeError> {
    loop {
        let start = buffer.iter().position(|byte| is_start(*byte)).unwrap_or(buffer.len());
        buffer.advance(start);
        match end(&buffer[..buffer.len().min(MAX_FRAME)]) {
            Some(0) => buffer.advance(1),
            Some(end) => return Ok(Some(buffer.split_to(end).freeze())),
            None if buffer.len() < MAX_FRAME => return Ok(None),
            // Half at once, so that no byte is looked at more than a few times.
            None => buffer.advance(MAX_FRAME / 2),
        }
    }
}

/// The fields of a message. What is not there is empty.
pub(crate) struct Fields<'a>(Vec<&'a str>);

impl<'a> Fields<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text.split(',').map(str::trim).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, index: usize) -> &'a str {
        self.0.get(index).copied().unwrap_or_default()
    }

    /// The field so many before the last.
    pub(crate) fn before_last(&self, index: usize) -> &'a str {
        self.0.len().checked_sub(index + 1).map_or("", |index| self.get(index))
    }

    /// All from this one on.
    pub(crate) fn rest(&self, index: usize) -> String {
        self.0.get(index..).unwrap_or_default().join(",")
    }

    /// A number, if that is what the field is.
    pub(crate) fn number(&self, index: usize) -> Option<f64> {
        number(self.get(index))
    }
}

/// A finite number in plain digits, perhaps with a sign or a percent sign.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let digits = text.strip_suffix('%').unwrap_or(text);
    digits.chars().all(plain).then(|| digits.parse::<f64>().ok()).flatten()
}

/// Degrees of `ddmm.mmmm` and a hemisphere, which is south or west when it says so. Some devices write `-dd-mm.mmmm` and the
/// hemisphere all the same.
pub(crate) fn degrees(field: &str, text: &str, hemisphere: &str) -> Result<f64, DecodeError> {
    let rule = || DecodeError::field(field, format!("must be degrees and minutes, and is {text:?}"));
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, minutes) = match unsigned.split_once('-') {
        Some(parts) => parts,
        None => {
            let point = unsigned.find('.').unwrap_or(unsigned.len());
            unsigned.split_at_checked(point.saturating_sub(2)).ok_or_else(rule)?
        }
    };
    let whole = if whole.is_empty() { Some(0.0) } else { number(whole) };
    let minutes = number(minutes).filter(|minutes| (0.0..60.0).contains(minutes));
    let degrees = whole.ok_or_else(rule)? + minutes.ok_or_else(rule)? / 60.0;
    Ok(if matches!(hemisphere, "S" | "W") { -degrees } else { degrees })
}

/// Writes degrees as minutes with so many digits for the degrees, and the hemisphere.
pub(crate) fn write_degrees(degrees: f64, width: usize, hemispheres: [char; 2]) -> (String, char) {
    // Counting in steps of the last digit, no minute can be rounded up to sixty.
    let steps = (degrees.abs() * 600_000.0).round() as u64;
    let (whole, minutes) = (steps / 600_000, steps % 600_000);
    let text = format!("{whole:0width$}{:02}.{:04}", minutes / 10_000, minutes % 10_000);
    (text, hemispheres[usize::from(degrees < 0.0)])
}

/// Two digits each, as numbers.
fn pairs<const N: usize>(text: &str) -> Option<[i8; N]> {
    let bytes = text.as_bytes();
    if bytes.len() < 2 * N || !bytes[..2 * N].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut numbers = [0; N];
    for (number, pair) in numbers.iter_mut().zip(bytes.chunks(2)) {
        *number = ((pair[0] - b'0') * 10 + (pair[1] - b'0')).cast_signed();
    }
    Some(numbers)
}

/// `yymmdd`, in this century.
pub(crate) fn year_first(text: &str) -> Option<Date> {
    let [year, month, day] = pairs(text)?;
    Date::new(2000 + i16::from(year), month, day).ok()
}

/// `ddmmyy`, in this century.
pub(crate) fn day_first(text: &str) -> Option<Date> {
    let [day, month, year] = pairs(text)?;
    Date::new(2000 + i16::from(year), month, day).ok()
}

/// `hhmmss`, and what may follow.
pub(crate) fn clock(text: &str) -> Option<Time> {
    let [hour, minute, second] = pairs(text)?;
    Time::new(hour, minute, second, 0).ok()
}

/// `yyyymmddhhmmss`.
pub(crate) fn long_time(text: &str) -> Option<Timestamp> {
    if text.len() != 14 {
        return None;
    }
    let [century, year, month, day, hour, minute, second] = pairs(text)?;
    let year = i16::from(century) * 100 + i16::from(year);
    utc(DateTime::new(year, month, day, hour, minute, second, 0).ok()?)
}

/// A date and a time in UTC.
pub(crate) fn utc(time: DateTime) -> Option<Timestamp> {
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The time in UTC, as its parts.
pub(crate) fn civil(time: Timestamp) -> DateTime {
    time.to_zoned(TimeZone::UTC).datetime()
}

/// A fix out of numbers with the names that all these protocols give them.
pub(crate) fn fix(
    point: Point,
    speed_mps: Option<f64>,
    course_deg: Option<f64>,
    altitude_m: Option<f64>,
    valid: bool,
) -> Result<Fix, DecodeError> {
    RawFix {
        lat: ("latitude".to_owned(), point.lat),
        lon: ("longitude".to_owned(), point.lon),
        altitude_m: ("altitude".to_owned(), altitude_m),
        speed_mps: ("speed".to_owned(), speed_mps),
        course_deg: ("course".to_owned(), course_deg.filter(|degrees| *degrees <= 360.0)),
        accuracy_m: ("accuracy".to_owned(), None),
        valid,
    }
    .read()
}

/// A report, of kind `position` when it has a fix.
pub(crate) fn report(
    device: &str,
    kind: &str,
    time: Option<Timestamp>,
    fix: Option<Fix>,
    attributes: Attributes,
) -> Report {
    let kind = if fix.is_some() { "position" } else { kind }.to_owned();
    Report { device: device.to_owned(), kind, time, fix, attributes }
}

/// One report, or why there is none, and an answer.
pub(crate) fn answered(report: Result<Report, DecodeError>, reply: String) -> Decoded {
    match report {
        Ok(report) => Decoded { reports: vec![report], reply: reply.into_bytes(), ..Decoded::default() },
        Err(error) => Decoded::error(error),
    }
}

/// Whether an identity can stand between the marks of these protocols.
pub(crate) fn is_identity(text: &str) -> bool {
    !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_and_minutes() {
        let read = |text, hemisphere| degrees("latitude", text, hemisphere).map_err(|error| error.to_string());
        assert_eq!(read("2235.1777", "N"), Ok(22.0 + 35.1777 / 60.0));
        assert_eq!(read("-23-29.0095", "S"), Ok(-(23.0 + 29.0095 / 60.0)));
        assert_eq!(read("45.5", "E"), Ok(45.5 / 60.0));
        assert_eq!(read("2261.0", "N"), Err("latitude must be degrees and minutes, and is \"2261.0\"".to_owned()));
        for text in ["", ".", "é1.2", "1e3", "--", "nan"] {
            assert!(read(text, "N").is_err(), "{text}");
        }
        assert_eq!(write_degrees(-8.999_999_999, 3, ['E', 'W']), ("00900.0000".to_owned(), 'W'));
    }
}
