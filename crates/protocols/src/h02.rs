//! H02 trackers over TCP and UDP: lines of text, and a binary form of fixes.
//!
//! ```text
//! *HQ,<id>,V1,<hhmmss>,A,<ddmm.mmmm>,N,<dddmm.mmmm>,E,<knots>,<course>,<ddmmyy>,<status>#
//! $ id 5, hhmmss 3, ddmmyy 3, latitude 4, battery 1, longitude 4.5, flags 0.5, speed and course 3, status 4; decimal digits
//! ```

use bytes::{Bytes, BytesMut};
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Point, Report};

use crate::DecodeError;
use crate::read::KNOT_MPS;
use crate::reader::{Reader, hex};
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

/// The length of a binary fix, in bytes. Some models add more, which is passed over.
const BINARY: usize = 32;

/// Takes one frame from a connection. What stands between frames is dropped.
///
/// # Errors
/// None: there is always a next mark to look for.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    text::cut(buffer, |byte| matches!(byte, b'*' | b'$'), end)
}

/// Where a frame ends; 0 when none begins here.
fn end(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'*', rest @ ..] => rest.iter().position(|byte| *byte == b'#').map(|end| end + 2),
        // The mark of the binary form may stand anywhere in what is passed over: digits and a time must follow it.
        [b'$', digits @ ..] => {
            let digits = &digits[..digits.len().min(11)];
            let within = |index: usize, range: std::ops::RangeInclusive<u8>| {
                digits.get(index).is_none_or(|pair| range.contains(pair))
            };
            let fits = digits.iter().all(|byte| byte >> 4 <= 9 && byte & 0xF <= 9)
                && within(5, 0x00..=0x23)
                && within(6, 0x00..=0x59)
                && within(7, 0x00..=0x59)
                && within(8, 0x01..=0x31)
                && within(9, 0x01..=0x12);
            if fits { (bytes.len() >= BINARY).then_some(BINARY) } else { Some(0) }
        }
        _ => None,
    }
}

/// Reads one frame.
pub fn decode(frame: &[u8], session: &mut Session) -> Decoded {
    if frame.first() == Some(&b'$') {
        let report = binary(frame);
        if let Ok(report) = &report {
            session.device.clone_from(&report.device);
        }
        return text::answered(report, String::new());
    }
    let text = String::from_utf8_lossy(frame);
    let Some(inner) = text.strip_prefix('*').and_then(|text| text.strip_suffix('#')) else {
        return Decoded::error(DecodeError::field("frame", "must stand between * and #"));
    };
    let fields = Fields::new(inner);
    let device = fields.get(1);
    if !text::is_identity(device) {
        return Decoded::error(DecodeError::field("id", "must be letters or digits"));
    }
    session.device = device.to_owned();
    let reply = match fields.get(2) {
        "HTBT" => format!("*{},{device},HTBT#", fields.get(0)),
        kind @ ("V1" | "NBR" | "LINK") => {
            let now = text::civil(session.received_at).strftime("%Y%m%d%H%M%S").to_string();
            format!("*{},{device},V4,{kind},{now}#", fields.get(0))
        }
        _ => String::new(),
    };
    text::answered(message(&fields, device), reply)
}

fn message(fields: &Fields<'_>, device: &str) -> Result<Report, DecodeError> {
    let kind = fields.get(2);
    // A fix can stand anywhere; its hemispheres tell.
    let north = (5..fields.len())
        .find(|index| matches!(fields.get(*index), "N" | "S") && matches!(fields.get(index + 2), "E" | "W"));
    if let Some(north) = north {
        return located(fields, north, device);
    }
    let mut attributes = Attributes::new();
    let mut keep = |name: &str, index: usize| {
        if let Some(number) = fields.number(index) {
            attributes.insert(name.to_owned(), json!(number));
        }
    };
    let (kind, time) = match kind {
        "HTBT" => {
            keep("battery_percent", 3);
            ("heartbeat", None)
        }
        "LINK" => {
            keep("gsm_signal", 4);
            keep("satellites", 5);
            keep("battery_percent", 6);
            keep("steps", 7);
            ("link", time(fields.get(9), fields.get(3)))
        }
        "NBR" => {
            attributes.insert("network".to_owned(), fields.rest(4).into());
            (
                "network",
                time(fields.before_last(1), fields.get(3)).or_else(|| time(fields.before_last(2), fields.get(3))),
            )
        }
        "V3" => {
            attributes.insert("network".to_owned(), fields.rest(4).into());
            ("network", time(fields.before_last(1), fields.get(3)))
        }
        "SMS" => {
            attributes.insert("result".to_owned(), fields.rest(3).into());
            ("result", None)
        }
        _ => {
            attributes.insert("message_kind".to_owned(), kind.into());
            attributes.insert("payload".to_owned(), fields.rest(3).into());
            ("message", None)
        }
    };
    Ok(text::report(device, kind, time, None, attributes))
}

fn time(date: &str, clock: &str) -> Option<Timestamp> {
    text::utc(text::day_first(date)?.to_datetime(text::clock(clock)?))
}

/// Reads the fix around the hemisphere of its latitude.
fn located(fields: &Fields<'_>, north: usize, device: &str) -> Result<Report, DecodeError> {
    let mut attributes = Attributes::new();
    let time = time(fields.get(north + 5), fields.get(north - 3));
    if let Ok(status) = u32::from_str_radix(fields.get(north + 6), 16) {
        put_status(&mut attributes, status);
    }
    let (lat, lon) = (fields.get(north - 1), fields.get(north + 1));
    if lat.is_empty() && lon.is_empty() {
        return Ok(text::report(device, "no_fix", time, None, attributes));
    }
    let point = Point {
        lat: text::degrees("latitude", lat, fields.get(north))?,
        lon: text::degrees("longitude", lon, fields.get(north + 2))?,
    };
    let speed = fields.number(north + 3).map(|knots| knots * KNOT_MPS);
    let valid = fields.get(north - 2) == "A";
    if !valid && point.lat == 0.0 && point.lon == 0.0 {
        return Ok(text::report(device, "no_fix", time, None, attributes));
    }
    let fix = text::fix(point, speed, fields.number(north + 4), None, valid)?;
    Ok(text::report(device, "position", time, Some(fix), attributes))
}

/// Bits that are clear raise an alarm.
fn put_status(attributes: &mut Attributes, status: u32) {
    attributes.insert("status".to_owned(), status.into());
    attributes.insert("ignition".to_owned(), (status & 1 << 10 != 0).into());
    let alarms = [(0, "vibration"), (1, "sos"), (18, "sos"), (2, "overspeed"), (19, "power_cut")];
    if let Some((_, alarm)) = alarms.iter().find(|(bit, _)| status & 1 << bit == 0) {
        attributes.insert("alarm".to_owned(), (*alarm).into());
    }
}

fn binary(frame: &[u8]) -> Result<Report, DecodeError> {
    let mut reader = Reader::new(frame);
    reader.u8("mark")?;
    let device = hex(reader.bytes("id", 5)?);
    let (clock, date) = (hex(reader.bytes("time", 3)?), hex(reader.bytes("date", 3)?));
    let lat = hex(reader.bytes("latitude", 4)?);
    let battery = reader.u8("battery")?;
    let lon = hex(reader.bytes("longitude", 5)?);
    let flags = u8::from_str_radix(&lon[9..], 16).unwrap_or_default();
    let motion = hex(reader.bytes("speed and course", 3)?);
    let mut attributes = Attributes::new();
    put_status(&mut attributes, reader.u32("status")?);
    // Steps up to six, then percent; zero is unknown.
    let percent = match battery {
        1..=3 => Some((battery - 1) * 10),
        4..=6 => Some((battery - 1) * 20),
        7..=100 => Some(battery),
        _ => None,
    };
    if let Some(percent) = percent {
        attributes.insert("battery_percent".to_owned(), percent.into());
    }
    let minutes = |digits: &str, width: usize| format!("{}.{}", &digits[..width + 2], &digits[width + 2..]);
    let point = Point {
        lat: text::degrees("latitude", &minutes(&lat, 2), if flags & 4 == 0 { "S" } else { "N" })?,
        lon: text::degrees("longitude", &minutes(&lon[..9], 3), if flags & 8 == 0 { "W" } else { "E" })?,
    };
    let time = time(&date, &clock).ok_or_else(|| DecodeError::field("date", "must be a date and a time"))?;
    let valid = flags & 2 != 0;
    if !valid && point.lat == 0.0 && point.lon == 0.0 {
        return Ok(text::report(&device, "no_fix", Some(time), None, attributes));
    }
    let speed = text::number(&motion[..3]).map(|knots| knots * KNOT_MPS);
    let fix = text::fix(point, speed, text::number(&motion[3..]), None, valid)?;
    Ok(text::report(&device, "position", Some(time), Some(fix), attributes))
}

/// Reads one datagram.
pub fn datagram(bytes: &[u8], session: &mut Session) -> Decoded {
    // A binary fix with more behind it has a datagram for itself.
    match bytes {
        [b'$', ..] if bytes.len() >= BINARY => decode(bytes, session),
        _ => frames(bytes, session, frame, decode),
    }
}

/// Reads frames from a line of text or hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    text_line(line, "", datagram)
}

/// Writes a report with a fix as `V1`. Courses are rounded to degrees, times to seconds. None without a fix or a time, and
/// for an identity that is not of letters and digits.
pub fn encode(report: &Report) -> Option<Vec<u8>> {
    let (time, fix) = (text::civil(report.time?), report.fix.as_ref()?);
    if !text::is_identity(&report.device) || !(2000..2100).contains(&time.year()) {
        return None;
    }
    let (lat, north) = text::write_degrees(fix.point.lat, 2, ['N', 'S']);
    let (lon, east) = text::write_degrees(fix.point.lon, 3, ['E', 'W']);
    let valid = if fix.valid { 'A' } else { 'V' };
    let knots = f64::from(fix.speed_mps.unwrap_or(0.0)) / KNOT_MPS;
    let course = fix.course_deg.unwrap_or(0.0).round() as u16 % 360;
    let off = report.attributes.get("ignition").is_some_and(|on| *on == false);
    let status = if off { 0xFFFF_FBFFu32 } else { 0xFFFF_FFFF };
    let (clock, date) = (time.strftime("%H%M%S"), time.strftime("%d%m%y"));
    let device = &report.device;
    Some(
        format!("*HQ,{device},V1,{clock},{valid},{lat},{north},{lon},{east},{knots:.4},{course},{date},{status:08X}#")
            .into_bytes(),
    )
}
