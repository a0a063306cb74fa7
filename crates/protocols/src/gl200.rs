//! Queclink trackers (GL200 and relatives) in their text form, over TCP and UDP.
//!
//! ```text
//! +RESP:GTFRI,<version>,<imei>,<name>,...,<hdop>,<km/h>,<course>,<altitude>,<lon>,<lat>,<yyyymmddhhmmss>,<mcc>,<mnc>,
//!     <lac>,<cell>,...,<sent>,<count>$                                             answer: +SACK:<count>$
//! ```
//!
//! `+BUFF` is a report kept back. Where what stands depends on kind and model; a fix is found by its two coordinates and the
//! date behind them, which are the same everywhere.

use bytes::{Bytes, BytesMut};
use serde_json::json;
use tracklane_core::position::{Attributes, Point, Report};

use crate::DecodeError;
use crate::read::KMH_MPS;
use crate::stream::{Decoded, Session, Stream, frames, text_line};
use crate::text::{self, Fields, MAX_FRAME};

/// The protocol's functions.
pub const STREAM: Stream =
    Stream { tcp: true, udp: true, max_frame: MAX_FRAME, frame, decode, datagram, login: |_| Some(Vec::new()), encode };

/// Takes one message from a connection. What stands between messages is dropped.
///
/// # Errors
/// None: there is always a next mark to look for.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    let end = |bytes: &[u8]| Some(bytes.iter().position(|byte| matches!(byte, b'$' | 0))? + 1);
    text::cut(buffer, |byte| byte == b'+', end)
}

/// Alarms by the kind of message.
const ALARMS: &[(&str, &str)] = &[
    ("GTSOS", "sos"),
    ("GTSPD", "overspeed"),
    ("GTTOW", "towing"),
    ("GTIDL", "idle"),
    ("GTPNA", "power_on"),
    ("GTPFA", "power_off"),
    ("GTEPN", "power_restored"),
    ("GTMPN", "power_restored"),
    ("GTEPF", "power_cut"),
    ("GTMPF", "power_cut"),
    ("GTBPL", "low_battery"),
    ("GTTEM", "temperature"),
    ("GTJDR", "jamming"),
    ("GTJDS", "jamming"),
    ("GTGIN", "geofence_enter"),
    ("GTGOT", "geofence_exit"),
];

/// The first digits of the versions of devices for persons and things, whose reports end with the battery.
const HANDHELD: &[&str] = &["02", "11", "1A", "21", "2C", "42"];

/// Reads one message.
pub fn decode(frame: &[u8], session: &mut Session) -> Decoded {
    let text = String::from_utf8_lossy(frame);
    let text = text.trim_end_matches(['$', '\0']);
    let Some((class, body)) = text.strip_prefix('+').and_then(|text| text.split_once(':')) else {
        return Decoded::error(DecodeError::field("message", "must begin with +RESP:, +BUFF: or +ACK:"));
    };
    if !matches!(class, "RESP" | "BUFF" | "ACK") {
        return Decoded::error(DecodeError::field("message", format!("must be RESP, BUFF or ACK, and is {class:?}")));
    }
    let fields = Fields::new(body);
    let (kind, version, device) = (fields.get(0), fields.get(1), fields.get(2));
    if !text::is_identity(device) || !kind.starts_with("GT") {
        return Decoded::error(DecodeError::field("imei", "must be letters or digits behind kind and version"));
    }
    session.device = device.to_owned();
    let count = fields.before_last(0);
    let reply = match (class, kind) {
        _ if u16::from_str_radix(count, 16).is_err() => String::new(),
        ("ACK", "GTHBD") => format!("+SACK:GTHBD,{version},{count}$"),
        ("ACK", _) => String::new(),
        _ => format!("+SACK:{count}$"),
    };
    match reports(&fields, class, device) {
        Ok(reports) => Decoded { reports, reply: reply.into_bytes(), ..Decoded::default() },
        Err(error) => Decoded::error(error),
    }
}

fn reports(fields: &Fields<'_>, class: &str, device: &str) -> Result<Vec<Report>, DecodeError> {
    let places: Vec<usize> = (5..fields.len()).filter(|index| is_place(fields, *index)).collect();
    let mut attributes = attributes(fields, class);
    if places.is_empty() {
        let kind = if class == "ACK" { "acknowledgement" } else { "no_fix" };
        attributes.insert("payload".to_owned(), fields.rest(3).into());
        let time = text::long_time(fields.before_last(1));
        return Ok(vec![text::report(device, kind, time, None, attributes)]);
    }
    places.into_iter().map(|index| located(fields, index, device, attributes.clone())).collect()
}

/// Whether a date stands here, behind two coordinates in degrees.
fn is_place(fields: &Fields<'_>, index: usize) -> bool {
    let is_degrees = |text: &str| {
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        decimals >= 5 && text::number(text).is_some()
    };
    is_degrees(fields.get(index - 2))
        && is_degrees(fields.get(index - 1))
        && text::long_time(fields.get(index)).is_some()
}

fn attributes(fields: &Fields<'_>, class: &str) -> Attributes {
    let mut attributes = Attributes::new();
    let mut put = |name: &str, value: serde_json::Value| drop(attributes.insert(name.to_owned(), value));
    let kind = fields.get(0);
    put("event", kind.to_lowercase().into());
    if class == "BUFF" {
        put("archived", true.into());
    }
    if let Some((_, alarm)) = ALARMS.iter().find(|(known, _)| *known == kind) {
        put("alarm", (*alarm).into());
    }
    match kind {
        "GTIGN" | "GTVGN" => put("ignition", true.into()),
        "GTIGF" | "GTVGF" => put("ignition", false.into()),
        // The last digit of the kind of report says which way.
        "GTHBM" => match fields.get(5).chars().last() {
            Some('0' | '3') => put("alarm", "hard_braking".into()),
            Some('1' | '4') => put("alarm", "hard_acceleration".into()),
            Some('2' | '5') => put("alarm", "hard_cornering".into()),
            _ => {}
        },
        "GTINF" => {
            if fields.get(5).len() >= 18 {
                put("iccid", fields.get(5).into());
            }
            if let Some(signal) = fields.number(6) {
                put("gsm_signal", json!(signal));
            }
            if let Some(millivolts) = fields.number(9).filter(|mv| (5000.0..=60_000.0).contains(mv)) {
                put("external_voltage_v", json!(millivolts / 1000.0));
            }
        }
        "GTFRI" | "GTRTL" | "GTNMR" if HANDHELD.contains(&fields.get(1).get(..2).unwrap_or_default()) => {
            if let Some(percent) = text::number(fields.before_last(2)).filter(|percent| (0.0..=100.0).contains(percent))
            {
                put("battery_percent", json!(percent));
            }
        }
        _ => {}
    }
    attributes
}

/// Reads the fix whose date stands here.
fn located(fields: &Fields<'_>, date: usize, device: &str, mut attributes: Attributes) -> Result<Report, DecodeError> {
    let at = |before: usize| date.checked_sub(before).and_then(|index| fields.number(index));
    let point = Point { lat: at(1).unwrap_or(f64::NAN), lon: at(2).unwrap_or(f64::NAN) };
    // A dilution of zero is how these say that the fix is an old one.
    let hdop = at(6);
    if let Some(hdop) = hdop.filter(|hdop| *hdop > 0.0) {
        attributes.insert("hdop".to_owned(), json!(hdop));
    }
    let hexadecimal = |index: usize| u64::from_str_radix(fields.get(index), 16).ok();
    let cell = (fields.number(date + 1), fields.number(date + 2), hexadecimal(date + 3), hexadecimal(date + 4));
    if let (Some(country), Some(network), Some(area), Some(cell)) = cell {
        let cell = json!({ "mcc": country as u64, "mnc": network as u64, "lac": area, "cid": cell });
        attributes.insert("cells".to_owned(), json!([cell]));
    }
    let fix = text::fix(point, at(5).map(|kmh| kmh * KMH_MPS), at(4), at(3), hdop != Some(0.0))?;
    Ok(text::report(device, "position", text::long_time(fields.get(date)), Some(fix), attributes))
}

/// Reads one datagram.
pub fn datagram(bytes: &[u8], session: &mut Session) -> Decoded {
    frames(bytes, session, frame, decode)
}

/// Reads messages from a line of text or hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    text_line(line, "$", datagram)
}

/// Writes a report with a fix as `GTFRI` with a running number. Courses are rounded to degrees, times to seconds. None
/// without a fix or a time, and for an identity that is not of letters and digits.
pub fn encode(report: &Report, count: u16) -> Option<Vec<u8>> {
    let (time, fix) = (text::civil(report.time?).strftime("%Y%m%d%H%M%S").to_string(), report.fix.as_ref()?);
    if !text::is_identity(&report.device) || time.len() != 14 {
        return None;
    }
    let Point { lat, lon } = fix.point;
    let hdop = u8::from(fix.valid);
    let kmh = fix.speed_mps.map_or_else(String::new, |speed| format!("{:.2}", f64::from(speed) / KMH_MPS));
    let course = fix.course_deg.map_or_else(String::new, |course| format!("{}", course.round() as u16 % 360));
    let altitude = fix.altitude_m.map_or_else(String::new, |altitude| format!("{altitude:.1}"));
    let battery = report.attributes.get("battery_percent").and_then(serde_json::Value::as_f64);
    let battery = battery.map_or_else(String::new, |percent| percent.to_string());
    let place = format!("{hdop},{kmh},{course},{altitude},{lon:.6},{lat:.6},{time}");
    let device = &report.device;
    Some(format!("+RESP:GTFRI,020102,{device},,0,0,1,{place},,,,,,{battery},{time},{count:04X}$").into_bytes())
}
