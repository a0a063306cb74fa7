//! Messages that say which cells and access points are near, instead of a fix.

use serde_json::{Value, json};

use super::Message;
use super::envelope::Envelope;
use super::location::{self, CELL, WHOLE, cell};
use crate::DecodeError;
use crate::reader::Reader;
use crate::stream::Session;

/// Kinds 18, 24, 28, 2C, 2E, 33, A1 and A2: up to seven cells of one network, then perhaps access points.
pub(super) fn cells(
    envelope: &Envelope<'_>,
    reader: &mut Reader<'_>,
    session: &Session,
) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("network");
    message.time = location::time(reader, session)?;
    // One model counts its cells, and says the timing advance first.
    let counted = envelope.kind == 0x24 && envelope.stated == 0x31;
    if counted {
        reader.u8("timing advance")?;
    }
    let (country, network) = location::network(reader, CELL)?;
    let count = match envelope.kind {
        _ if counted => reader.u8("cell count")?,
        0x33 => 6,
        _ => 7,
    };
    let wide = matches!(envelope.kind, 0x33 | 0xA1 | 0xA2);
    let (area_width, cell_width) = if wide { (4, 8) } else { (2, 3) };
    let mut cells = Vec::new();
    for _ in 0..count {
        let (area, cell) = (reader.uint("lac", area_width)?, reader.uint("cell", cell_width)?);
        let dbm = -i16::from(reader.u8("signal")?);
        if area != 0 {
            cells.push(json!({ "mcc": country, "mnc": network, "lac": area, "cid": cell, "dbm": dbm }));
        }
    }
    put_list(&mut message, "cells", cells);
    if matches!(envelope.kind, 0x18 | 0x2C | 0x33 | 0xA2) && reader.len() >= 2 {
        reader.u8("timing advance")?;
        let count = reader.u8("access point count")?;
        read_access_points(&mut message, reader, count.into())?;
    }
    Ok(message)
}

fn read_access_points(message: &mut Message, reader: &mut Reader<'_>, count: usize) -> Result<(), DecodeError> {
    let mut points = Vec::new();
    for _ in 0..count {
        let mac = mac(reader.bytes("access point", 6)?);
        points.push(json!({ "mac": mac, "dbm": -i16::from(reader.u8("signal")?) }));
    }
    put_list(message, "wifi", points);
    Ok(())
}

/// Kinds 17 and 69 without an envelope: access points, as many as the length says, then cells.
pub(super) fn wifi(reader: &mut Reader<'_>, count: usize, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("network");
    message.time = location::decimal_time(reader, session)?;
    read_access_points(&mut message, reader, count)?;
    let count = reader.u8("cell count")?;
    let (country, network) = (reader.u16("mcc")?, reader.u8("mnc")?);
    let mut cells = Vec::new();
    for _ in 0..count {
        let (area, cell) = (reader.u16("lac")?, reader.u16("cell")?);
        let signal = reader.u8("signal")?;
        cells.push(json!({ "mcc": country, "mnc": network, "lac": area, "cid": cell, "signal": signal }));
    }
    put_list(&mut message, "cells", cells);
    Ok(message)
}

/// Kind F3: access points.
pub(super) fn wifi_only(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("network");
    message.time = location::time(reader, session)?;
    let count = reader.u8("access point count")?;
    let mut points = Vec::new();
    for _ in 0..count {
        reader.u16("access point")?;
        points.push(json!({ "mac": mac(reader.bytes("access point", 6)?) }));
    }
    put_list(&mut message, "wifi", points);
    Ok(message)
}

/// Long kinds 32 and 33 (an alarm): a fix, a cell, more cells and access points, each after its length and perhaps empty.
pub(super) fn parts(is_alarm: bool, reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("network");
    message.time = location::time(reader, session)?;
    if reader.u8("fix length")? > 0 {
        location::fix(&mut message, reader, WHOLE)?;
    }
    let length = reader.u8("cell length")?;
    if length > 0 {
        let mut part = Reader::new(reader.bytes("cell", length.into())?);
        cell(&mut message, &mut part, CELL)?;
        message.set("gsm_signal", part.u8("signal")?);
    }
    for part in ["cells", "access points"] {
        let length = reader.u8(part)?;
        reader.bytes(part, length.into())?;
    }
    let status = reader.u8("status")?;
    message.set("status", status);
    match status {
        0xA0 | 0xA1 if is_alarm => message.set("armed", status == 0xA0),
        0xA2 | 0xA3 if is_alarm => message.set("alarm", "low_battery"),
        0xA4 if is_alarm => message.set("alarm", "general"),
        0xA5 if is_alarm => message.set("alarm", "door"),
        _ => {}
    }
    Ok(message)
}

fn put_list(message: &mut Message, name: &str, list: Vec<Value>) {
    if !list.is_empty() {
        message.set(name, list);
    }
}

fn mac(bytes: &[u8]) -> String {
    let parts: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(":")
}
