//! Records: the fix and the elements of one moment, in codecs 8, 8 Extended and 16.

use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::{Attributes, Report};

use super::elements;
use crate::DecodeError;
use crate::read::{KMH_MPS, RawFix, put};
use crate::reader::Reader;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Codec 8: element numbers up to 255.
    Eight,
    /// Codec 8 Extended: element numbers up to 65535, and elements of any length.
    EightExtended,
    /// Codec 16: element numbers up to 65535, and why a record was made.
    Sixteen,
}

impl Codec {
    pub(super) fn of(byte: u8) -> Option<Self> {
        [Self::Eight, Self::EightExtended, Self::Sixteen].into_iter().find(|codec| codec.byte() == byte)
    }

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Eight => 0x08,
            Self::EightExtended => 0x8E,
            Self::Sixteen => 0x10,
        }
    }

    /// The size of an element's number in bytes.
    fn id_width(self) -> usize {
        if self == Self::Eight { 1 } else { 2 }
    }

    /// The size of a number of elements in bytes.
    fn count_width(self) -> usize {
        if self == Self::EightExtended { 2 } else { 1 }
    }
}

/// Reads one record, perhaps with a group of elements of sixteen bytes. The outer error means that the bytes after it cannot be read either, the inner that this record
/// cannot be kept.
pub(super) fn read(
    reader: &mut Reader<'_>,
    codec: Codec,
    has_wide: bool,
    device: &str,
) -> Result<Result<Report, DecodeError>, DecodeError> {
    let mut attributes = Attributes::new();
    let milliseconds = reader.u64("timestamp")?;
    attributes.insert("priority".to_owned(), reader.u8("priority")?.into());
    let (lon, lat) = (reader.i32("longitude")?, reader.i32("latitude")?);
    let (altitude, course) = (reader.i16("altitude")?, reader.u16("angle")?);
    let satellites = reader.u8("satellites")?;
    let speed = reader.u16("speed")?;
    attributes.insert("satellites".to_owned(), satellites.into());
    read_elements(reader, codec, has_wide, &mut attributes)?;

    let time = i64::try_from(milliseconds).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
    let fix = if satellites == 0 && lat == 0 && lon == 0 {
        None
    } else {
        let fix = RawFix {
            lat: ("latitude".to_owned(), f64::from(lat) / 1e7),
            lon: ("longitude".to_owned(), f64::from(lon) / 1e7),
            altitude_m: ("altitude".to_owned(), Some(f64::from(altitude))),
            speed_mps: ("speed".to_owned(), Some(f64::from(speed) * KMH_MPS)),
            // Some models write an angle of 65535 when they know none.
            course_deg: ("angle".to_owned(), Some(f64::from(course)).filter(|degrees| *degrees <= 360.0)),
            accuracy_m: ("accuracy".to_owned(), None),
            valid: satellites != 0,
        };
        match fix.read() {
            Ok(fix) => Some(fix),
            Err(error) => return Ok(Err(error)),
        }
    };
    let kind = if fix.is_some() { "position" } else { "no_fix" }.to_owned();
    Ok(match time {
        Some(_) => Ok(Report { device: device.to_owned(), kind, time, fix, attributes }),
        None => Err(DecodeError::field("timestamp", "must be a time in milliseconds since 1970")),
    })
}

fn read_elements(
    reader: &mut Reader<'_>,
    codec: Codec,
    has_wide: bool,
    attributes: &mut Attributes,
) -> Result<(), DecodeError> {
    let event = reader.uint("event", codec.id_width())?;
    if event != 0 {
        attributes.insert("event".to_owned(), event.into());
    }
    if codec == Codec::Sixteen {
        attributes.insert("generation".to_owned(), reader.u8("generation type")?.into());
    }
    // The total is not needed, and not always right.
    reader.uint("element count", codec.count_width())?;
    for width in [1, 2, 4, 8] {
        let count = reader.uint("element count", codec.count_width())?;
        for _ in 0..count {
            let id = reader.uint("element", codec.id_width())? as u16;
            let value = reader.uint("element", width)?;
            elements::read(attributes, id, width, value);
        }
    }
    if has_wide {
        for _ in 0..reader.uint("element count", codec.count_width())? {
            let id = reader.uint("element", codec.id_width())? as u16;
            elements::read_long(attributes, id, reader.bytes("element", 16)?);
        }
    }
    if codec == Codec::EightExtended {
        let count = reader.u16("element count")?;
        for _ in 0..count {
            let (id, length) = (reader.u16("element")?, reader.u16("element length")?);
            elements::read_long(attributes, id, reader.bytes("element", length.into())?);
        }
    }
    Ok(())
}

/// Writes one record behind what is there. None when the report has no time from 1970 on, or has more elements than the
/// codec can count; then some of it may have been written.
pub(super) fn write(report: &Report, codec: Codec, bytes: &mut Vec<u8>) -> Option<()> {
    let milliseconds = u64::try_from(report.time?.as_millisecond()).ok()?;
    bytes.extend(milliseconds.to_be_bytes());
    let count_of = |name: &str| report.attributes.get(name).and_then(serde_json::Value::as_u64);
    bytes.push(count_of("priority").unwrap_or(0).try_into().ok()?);
    // Casts from floating point saturate, so nothing here can wrap.
    match &report.fix {
        Some(fix) => {
            let degrees = |value: f64| ((value * 1e7).round() as i32).to_be_bytes();
            bytes.extend(degrees(fix.point.lon));
            bytes.extend(degrees(fix.point.lat));
            bytes.extend((fix.altitude_m.unwrap_or(0.0).round() as i16).to_be_bytes());
            bytes.extend((fix.course_deg.unwrap_or(0.0).round() as u16 % 360).to_be_bytes());
            let satellites = count_of("satellites").unwrap_or(8).clamp(1, 255) as u8;
            bytes.push(if fix.valid { satellites } else { 0 });
            let kmh = f64::from(fix.speed_mps.unwrap_or(0.0)) / KMH_MPS;
            bytes.extend((kmh.round() as u16).to_be_bytes());
        }
        None => bytes.extend([0; 15]),
    }
    let mut written: Vec<_> =
        report.attributes.iter().filter_map(|(name, value)| elements::write(name, value)).collect();
    written.retain(|(id, ..)| codec != Codec::Eight || *id <= 0xFF);
    let id = |bytes: &mut Vec<u8>, id: u16| bytes.extend(&id.to_be_bytes()[2 - codec.id_width()..]);
    let count = |bytes: &mut Vec<u8>, count: usize| {
        let count = u16::try_from(count).ok().filter(|count| codec.count_width() == 2 || *count <= 0xFF)?;
        bytes.extend(&count.to_be_bytes()[2 - codec.count_width()..]);
        Some(())
    };
    let event = count_of("event").and_then(|event| u16::try_from(event).ok()).unwrap_or(0);
    id(bytes, if codec == Codec::Eight && event > 0xFF { 0 } else { event });
    if codec == Codec::Sixteen {
        bytes.push(count_of("generation").unwrap_or(0).try_into().ok()?);
    }
    count(bytes, written.len())?;
    for size in [1, 2, 4, 8] {
        let of_size = || written.iter().filter(|(_, width, _)| *width == size);
        count(bytes, of_size().count())?;
        for (number, width, value) in of_size() {
            id(bytes, *number);
            bytes.extend(&value.to_be_bytes()[8 - width..]);
        }
    }
    if codec == Codec::EightExtended {
        count(bytes, 0)?;
    }
    Some(())
}

/// Reads one message of the serial codecs 12, 13 and 14: the answer to a command, or what an attached device says.
pub(super) fn read_message(reader: &mut Reader<'_>, codec: u8, device: &str) -> Result<Report, DecodeError> {
    let mut attributes = Attributes::new();
    let kind = reader.u8("type")?;
    let length = reader.u32("length")?;
    let mut message = Reader::new(reader.bytes("message", length as usize)?);
    let time = match codec {
        // Newer models write milliseconds, of which the upper half is small.
        13 if matches!(message.rest(), [0, 0, ..]) && message.len() >= 8 => {
            let milliseconds = i64::try_from(message.u64("timestamp")?).map_err(|_| out_of_time())?;
            Some(Timestamp::from_millisecond(milliseconds).map_err(|_| out_of_time())?)
        }
        13 => Some(Timestamp::from_second(message.u32("timestamp")?.into()).map_err(|_| out_of_time())?),
        14 => {
            put(&mut attributes, "imei", crate::reader::hex(message.bytes("imei", 8)?))?;
            None
        }
        _ => None,
    };
    put(&mut attributes, "message_type", json!(kind))?;
    let text = crate::reader::text_or_hex(message.rest());
    // A card reader on the serial port: GTSL|version|..|..|card|..
    if let Some(driver) = text.strip_prefix("GTSL|").and_then(|fields| fields.split('|').nth(3)) {
        put(&mut attributes, "driver", driver)?;
    }
    put(&mut attributes, "result", text)?;
    Ok(Report { device: device.to_owned(), kind: "message".to_owned(), time, fix: None, attributes })
}

fn out_of_time() -> DecodeError {
    DecodeError::field("timestamp", "must be a time")
}
