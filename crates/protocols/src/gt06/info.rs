//! Messages about the device, and those it passes on for others.

use serde_json::Value;
use tracklane_core::position::Fix;

use super::{Message, location};
use crate::DecodeError;
use crate::read::{KMH_MPS, RawFix, text_time};
use crate::reader::{Reader, hex, printable, text_or_hex};
use crate::stream::Session;

/// Kind 15: the answer to a command.
pub(super) fn string(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("result");
    let length = reader.u8("length")?;
    if length >= 4 {
        reader.u32("server flag")?;
        let text = reader.bytes("result", usize::from(length) - 4)?;
        message.set("result", text_or_hex(text));
    }
    Ok(message)
}

/// Long kind 21: the answer to a command, in ASCII or UTF-16. It may be a position in words.
pub(super) fn long_string(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    reader.u32("server flag")?;
    let wide = reader.u8("encoding")? != 1;
    let text = if wide {
        let units = reader.rest().chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        text_or_hex(reader.rest())
    };
    let mut message = Message::of_kind("result");
    if let Some(rest) = text.strip_prefix("Current position!") {
        place_in_words(&mut message, rest)?;
    } else {
        message.set("result", text);
    }
    Ok(message)
}

/// `Lat:N54.739332,Lon:E25.273720,Course:126.53,Speed:0.0000,DateTime:2017-05-26 10:27:47`, the speed in km/h.
fn place_in_words(message: &mut Message, words: &str) -> Result<(), DecodeError> {
    let field = |name: &str| {
        let mut fields = words.split(',').filter_map(|field| field.split_once(':'));
        let found = fields.find(|(known, _)| *known == name).map(|(_, value)| value);
        found.ok_or_else(|| DecodeError::required(name))
    };
    let number = |name: &str, text: &str| {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| DecodeError::field(name, "must be a number"))
    };
    let degrees = |name: &'static str, negative: char| {
        let text = field(name)?;
        let value = number(name, text.trim_start_matches(|c: char| c.is_ascii_alphabetic()))?;
        Ok((name.to_owned(), if text.starts_with(negative) { -value } else { value }))
    };
    let fix: Fix = RawFix {
        lat: degrees("Lat", 'S')?,
        lon: degrees("Lon", 'W')?,
        altitude_m: ("Altitude".to_owned(), None),
        speed_mps: ("Speed".to_owned(), Some(number("Speed", field("Speed")?)? * KMH_MPS)),
        course_deg: ("Course".to_owned(), Some(number("Course", field("Course")?)?)),
        accuracy_m: ("Accuracy".to_owned(), None),
        valid: true,
    }
    .read()?;
    let date: Vec<_> = field("DateTime")?.split_ascii_whitespace().collect();
    let date = date.join(" ");
    message.time = Some(text_time("DateTime", &date)?);
    message.fix = Some(fix);
    Ok(())
}

/// Long kind 94, by its second kind.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("status");
    let kind = reader.u8("information kind")?;
    match kind {
        0x00 => message.measure("external_voltage_v", reader.u16("voltage")?, 100.0),
        0x04 => message.set("result", text_or_hex(reader.rest())),
        0x05 => {
            if reader.len() > 6 {
                reader.bytes("date", 6)?;
            }
            let flags = reader.u8("inputs")?;
            message.set("door", flags & 0x01 != 0);
            message.set("input_1", flags & 0x04 != 0);
        }
        0x0A => {
            message.set("imei", &super::identity(reader)?[..]);
            message.set("imsi", hex(reader.bytes("imsi", 8)?).trim_matches(['0', 'f']));
            message.set("iccid", hex(reader.bytes("iccid", 10)?).replace('f', ""));
        }
        0x0B if reader.len() == 1 => {
            let technology = reader.u8("network")?;
            message.set("network", if technology == 1 { Value::from("4g") } else { technology.into() });
        }
        0x0B => message.measure("external_voltage_v", reader.u16("voltage")?, 100.0),
        0x0D => fuel(&mut message, reader.rest()),
        0x1B => match reader.rest() {
            // A card: two bytes before, four of number, check sum and end mark.
            [2, _, card @ .., _, 3] if card.len() == 4 => message.set("driver", hex(card)),
            text => message.set("serial_data", text_or_hex(text)),
        },
        0x1E => {
            message.measure("temperature_1_c", reader.u32("temperature")?.cast_signed(), 10.0);
            message.measure("humidity_percent", reader.u32("humidity")?, 10.0);
        }
        _ => message.set("payload", hex(reader.rest())),
    }
    message.set("information_kind", hex(&[kind]));
    Ok(message)
}

/// `!AIOIL,02,002.720,029.500,524J,0100,003.400,0,00,93`: the third is the temperature, the sixth the fuel.
fn fuel(message: &mut Message, bytes: &[u8]) {
    let start = bytes.iter().position(|byte| *byte == b'!').unwrap_or(0);
    let Some(text) = printable(&bytes[start..]) else {
        message.set("payload", hex(bytes));
        return;
    };
    let mut fields = text.split(',');
    let number = |field: Option<&str>| field?.parse::<f64>().ok().filter(|number| number.is_finite());
    let (temperature, level) = (number(fields.nth(3)), number(fields.nth(2)));
    message.set("serial_data", text);
    for (name, value) in [("temperature_1_c", temperature), ("fuel_level", level)] {
        if let Some(value) = value {
            message.set(name, value);
        }
    }
}

/// Long kind 9B: what a device on the serial port says.
pub(super) fn serial(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("serial");
    message.set("port_kind", reader.u8("port kind")?);
    if !reader.is_empty() {
        message.set("serial_data", text_or_hex(reader.rest()));
    }
    Ok(message)
}

/// Long kind 8C: the state of the vehicle as pairs of text.
pub(super) fn vehicle(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("vehicle");
    message.time = location::time(reader, session)?;
    message.set("ignition", reader.u8("ignition")? > 0);
    let end = reader.rest().iter().position(|byte| !byte.is_ascii_graphic()).unwrap_or(reader.len());
    message.set("vehicle_data", text_or_hex(&reader.rest()[..end]));
    Ok(message)
}
