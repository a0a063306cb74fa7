//! TK103 trackers over TCP and UDP: text in brackets, with or without commas.
//!
//! ```text
//! (<id>BR00<yymmdd>A<ddmm.mmmm>N<dddmm.mmmm>E<km/h><hhmmss><course><status>L<odometer>)
//! (<id>,BP05,<ddmmyy>,A,<ddmm.mmmm>N,<dddmm.mmmm>E,<km/h>,<hhmmss>,<course>)       answer: (<id>AP05)
//! (<id>BP00<...>HSO)                                                               answer: (<id>AP01HSO)
//! ```

use bytes::{Bytes, BytesMut};
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Fix, Point, Report};

use crate::DecodeError;
use crate::read::KMH_MPS;
use crate::stream::{Decoded, Session, Stream, frames, text_line};
use crate::text::{self, Fields, MAX_FRAME};

/// The protocol's functions.
pub const STREAM: Stream = Stream {
    tcp: true,
    udp: true,
    max_frame: MAX_FRAME,
    frame,
    decode,
    datagram,
    login: |_| Some(Vec::new()),
    encode: |report, _| encode(report),
};

/// Takes one message from a connection. What stands between messages is dropped.
///
/// # Errors
/// None: there is always a next mark to look for.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    text::cut(buffer, |byte| byte == b'(', end)
}

/// The end of a message: brackets between dollar signs are text.
fn end(bytes: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'$' => quoted = !quoted,
            b')' if !quoted => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// Alarms by the word of the message.
const ALARMS: &[(&str, &str)] = &[
    ("BO011", "accident"),
    ("BO012", "sos"),
    ("BO013", "vibration"),
    ("BO014", "low_speed"),
    ("BO015", "overspeed"),
    ("BO016", "geofence_exit"),
    ("BQ81,ALARM,1,", "overspeed"),
    ("ZC11", "movement"),
    ("ZC12", "low_battery"),
    ("ZC13", "power_cut"),
    ("ZC17", "removing"),
    ("ZC25", "sos"),
];

/// Reads one message.
pub fn decode(frame: &[u8], session: &mut Session) -> Decoded {
    let text = String::from_utf8_lossy(frame);
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
        return Decoded::error(DecodeError::field("frame", "must stand in brackets"));
    };
    let Some((device, body)) = identity(inner) else {
        return Decoded::error(DecodeError::field("id", "must stand before the word of the message"));
    };
    session.device = device.to_owned();
    let reply = match body.get(..4) {
        Some("BP00") => format!("({device}AP01HSO)"),
        Some("BP05") => format!("({device}AP05)"),
        _ => String::new(),
    };
    text::answered(message(body, device), reply)
}

/// The identity, and the rest from the word of the message on: two letters and two letters or digits.
fn identity(inner: &str) -> Option<(&str, &str)> {
    let is_word = |word: &str| {
        let bytes = word.as_bytes();
        bytes.len() >= 4
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_alphanumeric)
    };
    let with_comma = || inner.split_once(',').filter(|(device, body)| text::is_identity(device) && is_word(body));
    let compact = || {
        // Twelve digits as a rule, eleven at times.
        let mut splits = [12, 11].into_iter().filter_map(|length| inner.split_at_checked(length));
        splits.find(|(device, body)| text::is_identity(device) && is_word(body))
    };
    compact().or_else(with_comma)
}

fn message(body: &str, device: &str) -> Result<Report, DecodeError> {
    let mut attributes = Attributes::new();
    let word = body.get(..4).unwrap_or_default();
    attributes.insert("event".to_owned(), word.into());
    if let Some((_, alarm)) = ALARMS.iter().find(|(start, _)| body.starts_with(start)) {
        attributes.insert("alarm".to_owned(), (*alarm).into());
    }
    let fields = Fields::new(body);
    if matches!(fields.get(2), "A" | "V") && fields.get(1).len() == 6 {
        return with_commas(&fields, device, attributes);
    }
    if let Some(found) = compact(body) {
        let Compact { time, fix, status } = found?;
        if let Some(status) = status {
            attributes.insert("status".to_owned(), status.into());
        }
        let kind = if fix.is_some() { "position" } else { "no_fix" };
        return Ok(text::report(device, kind, time, fix, attributes));
    }
    let rest = body.get(4..).unwrap_or_default();
    let (kind, time) = match word {
        "BP00" => ("heartbeat", None),
        "BV00" => {
            attributes.insert("vin".to_owned(), rest.into());
            ("vehicle", None)
        }
        "ZC20" => {
            let percent = match fields.get(3) {
                "6" => Some(100),
                "5" => Some(80),
                "4" => Some(60),
                "3" => Some(20),
                "2" => Some(10),
                _ => None,
            };
            if let Some(percent) = percent {
                attributes.insert("battery_percent".to_owned(), percent.into());
            }
            if let Some(hundredths) = fields.number(4).filter(|hundredths| *hundredths < 65535.0) {
                attributes.insert("battery_voltage_v".to_owned(), json!(hundredths / 100.0));
            }
            ("status", time(text::day_first(fields.get(1)), fields.get(2)))
        }
        _ => {
            attributes.insert("payload".to_owned(), rest.into());
            ("message", None)
        }
    };
    Ok(text::report(device, kind, time, None, attributes))
}

fn time(date: Option<jiff::civil::Date>, clock: &str) -> Option<Timestamp> {
    text::utc(date?.to_datetime(text::clock(clock)?))
}

/// Splits off the hemisphere behind a coordinate.
fn coordinate(field: &str, text: &str) -> Result<f64, DecodeError> {
    let at = text.len().checked_sub(1).and_then(|at| text.split_at_checked(at));
    let (degrees, hemisphere) = at.ok_or_else(|| DecodeError::required(field))?;
    text::degrees(field, degrees, hemisphere)
}

fn with_commas(fields: &Fields<'_>, device: &str, mut attributes: Attributes) -> Result<Report, DecodeError> {
    let time = time(text::day_first(fields.get(1)), fields.get(6));
    let point = Point { lat: coordinate("latitude", fields.get(3))?, lon: coordinate("longitude", fields.get(4))? };
    let valid = fields.get(2) == "A";
    // In the newer words altitude and satellites follow, in the older ones eight digits of state.
    let newer = matches!(fields.get(0).as_bytes(), [b'D', b'W', ..] | [b'Z', b'C', ..]);
    let altitude = fields.number(8).filter(|_| newer);
    if let Some(satellites) = fields.number(9).filter(|_| newer) {
        attributes.insert("satellites".to_owned(), json!(satellites));
    }
    if !valid && point.lat == 0.0 && point.lon == 0.0 {
        return Ok(text::report(device, "no_fix", time, None, attributes));
    }
    let speed = fields.number(5).map(|kmh| kmh * KMH_MPS);
    let fix = text::fix(point, speed, fields.number(7), altitude, valid)?;
    Ok(text::report(device, "position", time, Some(fix), attributes))
}

struct Compact {
    time: Option<Timestamp>,
    fix: Option<Fix>,
    status: Option<String>,
}

/// Reads a fix without commas, which begins six digits before its validity. None when there is none.
fn compact(body: &str) -> Option<Result<Compact, DecodeError>> {
    let bytes = body.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let at = (10..bytes.len()).find(|at| {
        matches!(bytes[*at], b'A' | b'V')
            && digits(*at - 6..*at)
            && digits(*at + 1..*at + 5)
            && bytes.get(at + 5) == Some(&b'.')
    })?;
    let date = body.get(at - 6..at).and_then(text::year_first);
    Some(compact_fix(body.get(at + 1..).unwrap_or_default(), date, bytes[at] == b'A'))
}

fn compact_fix(rest: &str, date: Option<jiff::civil::Date>, valid: bool) -> Result<Compact, DecodeError> {
    /// Takes text up to a mark and this many characters more.
    fn take<'a>(rest: &mut &'a str, field: &str, mark: &[char], more: usize) -> Result<&'a str, DecodeError> {
        let end = rest.find(mark).map(|at| at + 1 + more);
        let parts = end.and_then(|end| rest.split_at_checked(end));
        let (taken, left) = parts.ok_or_else(|| DecodeError::field(field, "is cut short"))?;
        *rest = left;
        Ok(taken)
    }
    let mut rest = rest;
    let point = Point {
        lat: coordinate("latitude", take(&mut rest, "latitude", &['N', 'S'], 0)?)?,
        lon: coordinate("longitude", take(&mut rest, "longitude", &['E', 'W'], 0)?)?,
    };
    let speed = text::number(take(&mut rest, "speed", &['.'], 1)?).map(|kmh| kmh * KMH_MPS);
    let (clock, after) = rest.split_at_checked(6).ok_or_else(|| DecodeError::field("time", "is cut short"))?;
    rest = after;
    let course = text::number(take(&mut rest, "course", &['.'], 2)?);
    let time = time(date, clock);
    let status = rest.trim_start_matches(',').split_once('L').map(|(status, _)| status.to_owned());
    let fix = if !valid && point.lat == 0.0 && point.lon == 0.0 {
        None
    } else {
        Some(text::fix(point, speed, course, None, valid)?)
    };
    Ok(Compact { time, fix, status })
}

/// Reads one datagram.
pub fn datagram(bytes: &[u8], session: &mut Session) -> Decoded {
    frames(bytes, session, frame, decode)
}

/// Reads messages from a line of text or hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    text_line(line, "", datagram)
}

/// Writes a report with a fix as `BP05` with commas. Courses are rounded to degrees, times to seconds. None without a fix or
/// a time, and for an identity that is not of letters and digits.
pub fn encode(report: &Report) -> Option<Vec<u8>> {
    let (time, fix) = (text::civil(report.time?), report.fix.as_ref()?);
    if !text::is_identity(&report.device) || !(2000..2100).contains(&time.year()) {
        return None;
    }
    let (lat, north) = text::write_degrees(fix.point.lat, 2, ['N', 'S']);
    let (lon, east) = text::write_degrees(fix.point.lon, 3, ['E', 'W']);
    let valid = if fix.valid { 'A' } else { 'V' };
    let kmh = f64::from(fix.speed_mps.unwrap_or(0.0)) / KMH_MPS;
    let course = fix.course_deg.unwrap_or(0.0).round() as u16 % 360;
    let (date, clock) = (time.strftime("%d%m%y"), time.strftime("%H%M%S"));
    let device = &report.device;
    let text = format!("({device},BP05,{date},{valid},{lat}{north},{lon}{east},{kmh:.2},{clock},{course})");
    Some(text.into_bytes())
}
