//! Times, fixes and cells, as most messages hold them.

use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::position::Report;

use super::Message;
use crate::DecodeError;
use crate::read::{KMH_MPS, RawFix};
use crate::reader::Reader;
use crate::stream::Session;

/// Coordinates come in steps of 1/1,800,000 degree: minutes in steps of 1/30,000.
const STEPS: f64 = 1_800_000.0;

/// Which parts of a fix are there.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) satellites: bool,
    pub(super) speed: bool,
}

/// All of them.
pub(super) const WHOLE: Parts = Parts { satellites: true, speed: true };

/// Reads a time by the device's clock. All zero is no time.
pub(super) fn time(reader: &mut Reader<'_>, session: &Session) -> Result<Option<Timestamp>, DecodeError> {
    let bytes = reader.bytes("date", 6)?;
    clock(bytes, session)
}

/// Reads a time of which each byte is two decimal digits.
pub(super) fn decimal_time(reader: &mut Reader<'_>, session: &Session) -> Result<Option<Timestamp>, DecodeError> {
    let digits: Vec<u8> = reader.bytes("date", 6)?.iter().map(|byte| (byte >> 4) * 10 + (byte & 0xF)).collect();
    clock(&digits, session)
}

fn clock(bytes: &[u8], session: &Session) -> Result<Option<Timestamp>, DecodeError> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let small = |index: usize| bytes.get(index).copied().and_then(|byte| i8::try_from(byte).ok());
    let local = || {
        let (year, month, day) = (small(0)?, small(1)?, small(2)?);
        DateTime::new(2000 + i16::from(year), month, day, small(3)?, small(4)?, small(5)?, 0).ok()
    };
    let utc = |local: DateTime| {
        let utc = local.checked_sub(i64::from(session.clock_offset_seconds).seconds()).ok()?;
        Some(utc.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let rule = || DecodeError::field("date", format!("must be a date and a time, and is {bytes:02x?}"));
    local().and_then(utc).map(Some).ok_or_else(rule)
}

/// Writes a time in UTC as six bytes; the years are those from 2000 on.
pub(super) fn write_time(time: Timestamp) -> [u8; 6] {
    let utc = time.to_zoned(TimeZone::UTC).datetime();
    let year = u8::try_from(utc.year() - 2000).unwrap_or(0);
    let [month, day] = [utc.month(), utc.day()].map(i8::cast_unsigned);
    let [hour, minute, second] = [utc.hour(), utc.minute(), utc.second()].map(i8::cast_unsigned);
    [year, month, day, hour, minute, second]
}

/// Reads a time and the fix after it.
pub(super) fn gps(
    message: &mut Message,
    reader: &mut Reader<'_>,
    session: &Session,
    parts: Parts,
) -> Result<(), DecodeError> {
    message.time = time(reader, session)?;
    fix(message, reader, parts)
}

/// Reads a fix. Coordinates of zero that the device does not vouch for are none.
pub(super) fn fix(message: &mut Message, reader: &mut Reader<'_>, parts: Parts) -> Result<(), DecodeError> {
    if parts.satellites {
        message.set("satellites", reader.u8("satellites")? & 0xF);
    }
    place(message, reader, None, parts.speed)
}

/// Reads coordinates, perhaps the speed, and the flags.
pub(super) fn place(
    message: &mut Message,
    reader: &mut Reader<'_>,
    altitude_m: Option<f64>,
    has_speed: bool,
) -> Result<(), DecodeError> {
    let (lat, lon) = (f64::from(reader.u32("latitude")?) / STEPS, f64::from(reader.u32("longitude")?) / STEPS);
    let speed = if has_speed { Some(f64::from(reader.u8("speed")?) * KMH_MPS) } else { None };
    let flags = reader.u16("flags")?;
    let bit = |number: u16| flags & (1 << number) != 0;
    if bit(14) {
        message.set("ignition", bit(15));
    }
    let valid = bit(12);
    let sees_none = message.attributes.get("satellites").is_some_and(|satellites| *satellites == 0);
    if lat == 0.0 && lon == 0.0 && (!valid || sees_none) {
        message.kind = "no_fix";
        return Ok(());
    }
    let raw = RawFix {
        lat: ("latitude".to_owned(), if bit(10) { lat } else { -lat }),
        lon: ("longitude".to_owned(), if bit(11) { -lon } else { lon }),
        altitude_m: ("altitude".to_owned(), altitude_m),
        speed_mps: ("speed".to_owned(), speed),
        course_deg: ("course".to_owned(), Some(f64::from(flags & 0x3FF)).filter(|degrees| *degrees <= 360.0)),
        accuracy_m: ("accuracy".to_owned(), None),
        valid,
    };
    message.fix = Some(raw.read()?);
    Ok(())
}

/// Writes the body of a location (22).
pub(super) fn write(report: &Report) -> Option<Vec<u8>> {
    let (time, fix) = (report.time?, report.fix.as_ref()?);
    let year = time.to_zoned(TimeZone::UTC).year();
    if !(2000..=2127).contains(&year) {
        return None;
    }
    let attribute = |name: &str| report.attributes.get(name);
    let mut body = write_time(time).to_vec();
    let satellites = attribute("satellites").and_then(Value::as_u64).unwrap_or(8).min(15) as u8;
    body.push(0xC0 | satellites);
    let steps = |degrees: f64| ((degrees.abs() * STEPS).round() as u32).to_be_bytes();
    body.extend([steps(fix.point.lat), steps(fix.point.lon)].concat());
    // Casts from floating point saturate.
    body.push((f64::from(fix.speed_mps.unwrap_or(0.0)) / KMH_MPS).round() as u8);
    let ignition = attribute("ignition").and_then(Value::as_bool);
    let flags = [
        (10, fix.point.lat >= 0.0),
        (11, fix.point.lon < 0.0),
        (12, fix.valid),
        (14, ignition.is_some()),
        (15, ignition == Some(true)),
    ];
    let course = fix.course_deg.unwrap_or(0.0).round() as u16 % 360;
    let flags = flags.iter().filter(|(_, set)| *set).fold(course, |flags, (bit, _)| flags | 1 << bit);
    body.extend(flags.to_be_bytes());
    // No cell; ignition; why: by time; sent at once.
    body.extend([0; 8]);
    body.extend([u8::from(ignition == Some(true)), 0, 0]);
    Some(body)
}

/// How wide the numbers of a cell are.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct CellShape {
    pub(super) wide_network: bool,
    pub(super) area: usize,
    pub(super) cell: usize,
}

/// Two and three bytes, as in second generation networks.
pub(super) const CELL: CellShape = CellShape { wide_network: false, area: 2, cell: 3 };

/// Four and eight bytes, as in fourth generation networks.
pub(super) const WIDE_CELL: CellShape = CellShape { wide_network: false, area: 4, cell: 8 };

/// Reads the country and network of cells. A set bit in the country says that the network has two bytes.
pub(super) fn network(reader: &mut Reader<'_>, shape: CellShape) -> Result<(u16, u64), DecodeError> {
    let country = reader.u16("mcc")?;
    let wide = shape.wide_network || country & 0x8000 != 0;
    Ok((country & 0x7FFF, reader.uint("mnc", if wide { 2 } else { 1 })?))
}

/// Reads a cell and keeps it, unless it is all zero.
pub(super) fn cell(message: &mut Message, reader: &mut Reader<'_>, shape: CellShape) -> Result<(), DecodeError> {
    let (country, network) = network(reader, shape)?;
    let (area, cell) = (reader.uint("lac", shape.area)?, reader.uint("cell", shape.cell)?);
    if area != 0 || cell != 0 {
        message.set("cells", json!([{ "mcc": country, "mnc": network, "lac": area, "cid": cell }]));
    }
    Ok(())
}
