//! GPS103 (Coban) trackers over TCP and UDP: lines of text.
//!
//! ```text
//! ##,imei:<imei>,A;                                                     answer: LOAD
//! <imei>;                                                               answer: ON
//! imei:<imei>,tracker,<yymmddhhmmss, local>,,F,<hhmmss, UTC>,A,<ddmm.mmmm>,N,<dddmm.mmmm>,E,<knots>,<course>;
//! ```

use bytes::{Bytes, BytesMut};
use jiff::ToSpan;
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Point, Report};

use crate::DecodeError;
use crate::read::{KMH_MPS, KNOT_MPS};
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
    login: |identity| text::is_identity(identity).then(|| format!("##,imei:{identity},A;").into_bytes()),
    encode: |report, _| encode(report),
};

const ENDS: &[u8] = b";\r\n*";

/// Takes one message from a connection.
///
/// # Errors
/// None: there is always a next end mark to look for.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    let is_start = |byte: u8| !ENDS.contains(&byte) && !byte.is_ascii_whitespace();
    text::cut(buffer, is_start, |bytes| Some(bytes.iter().position(|byte| ENDS.contains(byte))? + 1))
}

/// Words of messages that are alarms, and our names of them.
const ALARMS: &[(&str, &str)] = &[
    ("help me", "sos"),
    ("low battery", "low_battery"),
    ("stockade", "geofence"),
    ("move", "movement"),
    ("speed", "overspeed"),
    ("door alarm", "door"),
    ("ac alarm", "power_cut"),
    ("accident alarm", "accident"),
    ("sensor alarm", "vibration"),
    ("bonnet alarm", "bonnet"),
    ("footbrake alarm", "foot_brake"),
    ("DTC", "fault"),
];

/// Reads one message.
pub fn decode(frame: &[u8], session: &mut Session) -> Decoded {
    let text = String::from_utf8_lossy(frame);
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, ';' | '*'));
    let plain = |device: &str, kind: &str, reply: &str| {
        let report = text::report(device, kind, None, None, Attributes::new());
        text::answered(Ok(report), reply.to_owned())
    };
    // Some devices put their heartbeat before the message.
    let Some((before, after)) = text.split_once("imei:") else {
        if text::is_identity(text) && text.len() >= 10 {
            session.device = text.to_owned();
            return plain(text, "heartbeat", "ON");
        }
        return Decoded::error(DecodeError::required("imei"));
    };
    let fields = Fields::new(after);
    let device = fields.get(0);
    if !text::is_identity(device) {
        return Decoded::error(DecodeError::field("imei", "must be digits"));
    }
    session.device = device.to_owned();
    if before.starts_with("##") {
        return plain(device, "login", "LOAD");
    }
    let reply = if fields.get(1) == "help me" { format!("**,imei:{device},E;") } else { String::new() };
    text::answered(message(&fields, device), reply)
}

fn message(fields: &Fields<'_>, device: &str) -> Result<Report, DecodeError> {
    let word = fields.get(1);
    let mut attributes = Attributes::new();
    attributes.insert("event".to_owned(), word.into());
    if let Some((_, alarm)) = ALARMS.iter().find(|(known, _)| *known == word) {
        attributes.insert("alarm".to_owned(), (*alarm).into());
    }
    match word {
        "acc on" | "acc off" => drop(attributes.insert("ignition".to_owned(), (word == "acc on").into())),
        "rfid" => drop(attributes.insert("driver".to_owned(), fields.get(3).into())),
        _ => {}
    }
    if let Some(degrees) = word.strip_prefix("T:").and_then(text::number) {
        attributes.insert("temperature_1_c".to_owned(), json!(degrees));
    }
    if let Some(percent) = fields.get(3).strip_suffix('%').and_then(text::number) {
        attributes.insert("battery_percent".to_owned(), json!(percent));
    }
    match (word, fields.get(4)) {
        ("OBD", _) => Ok(vehicle(fields, device, attributes)),
        ("vr", _) => Ok(text::report(device, "photo", None, None, Attributes::new())),
        (_, "F") => located(fields, device, attributes),
        (_, "L") => {
            let hexadecimal = |index: usize| u32::from_str_radix(fields.get(index), 16).ok();
            if let (Some(area), Some(cell)) = (hexadecimal(7), hexadecimal(9)) {
                attributes.insert("cells".to_owned(), json!([{ "lac": area, "cid": cell }]));
            }
            Ok(text::report(device, "no_fix", local_time(fields.get(2), None), None, attributes))
        }
        _ if text::day_first(fields.get(6)).is_some() && fields.number(10).is_some() => {
            other_form(fields, device, attributes)
        }
        _ => Ok(text::report(device, "message", None, None, attributes)),
    }
}

/// A time of which the date is local and the time of day UTC. The offset between them is from -12 to 14 hours.
fn local_time(local: &str, clock: Option<&str>) -> Option<Timestamp> {
    let digits: String = local.chars().filter(char::is_ascii_digit).collect();
    let date = text::year_first(&digits)?;
    let time = digits.get(6..).and_then(|time| text::clock(&format!("{time:0<6}")));
    let (Some(time), Some(clock)) = (time, clock.and_then(text::clock)) else {
        // Without a time in UTC there is only the local one, whose offset nobody says.
        return None;
    };
    let ahead = (i32::from(time.hour()) - i32::from(clock.hour())) * 60 + i32::from(time.minute() - clock.minute());
    let days = match ahead {
        ..=-720 => -1,
        841.. => 1,
        _ => 0,
    };
    text::utc(date.checked_add(days.days()).ok()?.to_datetime(clock))
}

fn located(fields: &Fields<'_>, device: &str, mut attributes: Attributes) -> Result<Report, DecodeError> {
    let time = local_time(fields.get(2), Some(fields.get(5)));
    // Some devices write the hemisphere first.
    let first = matches!(fields.get(7), "N" | "S");
    let (at, hemisphere) = if first { (8, 7) } else { (7, 8) };
    let point = Point {
        lat: text::degrees("latitude", fields.get(at), fields.get(hemisphere))?,
        lon: text::degrees("longitude", fields.get(at + 2), fields.get(hemisphere + 2))?,
    };
    let valid = fields.get(6) == "A";
    let rest = [(14, "ignition"), (15, "door")];
    for (index, name) in rest {
        if matches!(fields.get(index), "0" | "1") {
            attributes.insert(name.to_owned(), (fields.get(index) == "1").into());
        }
    }
    for (index, name) in [(16, "fuel_1_percent"), (17, "fuel_2_percent"), (18, "temperature_1_c")] {
        if let Some(number) = fields.number(index) {
            attributes.insert(name.to_owned(), json!(number));
        }
    }
    if !valid && point.lat == 0.0 && point.lon == 0.0 {
        return Ok(text::report(device, "no_fix", time, None, attributes));
    }
    let speed = fields.number(11).map(|knots| knots * KNOT_MPS);
    let fix = text::fix(point, speed, fields.number(12), fields.number(13), valid)?;
    Ok(text::report(device, "position", time, Some(fix), attributes))
}

/// `time,date,signal,fix,latitude,longitude,km/h,course,altitude,hdop,satellites,ignition,charging`, in degrees.
fn other_form(fields: &Fields<'_>, device: &str, mut attributes: Attributes) -> Result<Report, DecodeError> {
    let coordinate = |index: usize, name: &str| fields.number(index).ok_or_else(|| DecodeError::required(name));
    let point = Point { lat: coordinate(9, "latitude")?, lon: coordinate(10, "longitude")? };
    let time = text::day_first(fields.get(6)).zip(text::clock(fields.get(5)));
    let time = time.and_then(|(date, clock)| text::utc(date.to_datetime(clock)));
    for (index, name) in [(7, "gsm_signal"), (14, "hdop"), (15, "satellites")] {
        if let Some(number) = fields.number(index) {
            attributes.insert(name.to_owned(), json!(number));
        }
    }
    let speed = fields.number(11).map(|kmh| kmh * KMH_MPS);
    let fix = text::fix(point, speed, fields.number(12), fields.number(13), fields.get(8) == "1")?;
    Ok(text::report(device, "position", time, Some(fix), attributes))
}

/// What the vehicle says, by the place in the message.
const VEHICLE: &[(usize, &str)] = &[
    (8, "engine_load_percent"),
    (9, "coolant_temperature_c"),
    (10, "throttle_percent"),
    (11, "engine_rpm"),
    (12, "external_voltage_v"),
];

fn vehicle(fields: &Fields<'_>, device: &str, mut attributes: Attributes) -> Report {
    for (index, name) in VEHICLE {
        if let Some(number) = fields.number(*index) {
            attributes.insert((*name).to_owned(), json!(number));
        }
    }
    text::report(device, "vehicle", None, None, attributes)
}

/// Reads one datagram.
pub fn datagram(bytes: &[u8], session: &mut Session) -> Decoded {
    frames(bytes, session, frame, decode)
}

/// Reads messages from a line of text or hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    text_line(line, ";", datagram)
}

/// Writes a report with a fix as `tracker`. Courses are rounded to degrees, times to seconds. None without a fix or a time,
/// and for an identity that is not of letters and digits.
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
    let (local, clock) = (time.strftime("%y%m%d%H%M%S"), time.strftime("%H%M%S"));
    let device = &report.device;
    Some(
        format!("imei:{device},tracker,{local},,F,{clock}.000,{valid},{lat},{north},{lon},{east},{knots:.4},{course};")
            .into_bytes(),
    )
}
