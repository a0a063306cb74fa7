//! Long kind 70: a message of modules, each with a number and a length.

use serde_json::json;
use tracklane_core::Timestamp;

use super::{Message, identity, location};
use crate::DecodeError;
use crate::reader::{Reader, hex};

/// Reads all modules; unknown ones are passed over.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("status");
    while !reader.is_empty() {
        let (number, length) = (reader.u16("module")?, reader.u16("module length")?);
        let mut module = Reader::new(reader.bytes("module", length.into())?);
        read_module(&mut message, number, &mut module)?;
    }
    Ok(message)
}

fn read_module(message: &mut Message, number: u16, module: &mut Reader<'_>) -> Result<(), DecodeError> {
    match number {
        0x01 => message.device = Some(identity(module)?),
        0x03 => message.set("iccid", hex(module.bytes("iccid", 10)?)),
        0x09 => message.set("satellites", module.u8("satellites")?),
        0x0A => message.set("satellites_visible", module.u8("satellites")?),
        0x11 => {
            let (country, network) = (module.u16("mcc")?, module.u16("mnc")?);
            let (area, cell) = (module.u16("lac")?, module.uint("cell", 3)?);
            if cell != 0 {
                let signal = module.u8("signal")?;
                let cell = json!({ "mcc": country, "mnc": network, "lac": area, "cid": cell, "signal": signal });
                message.set("cells", vec![cell]);
            }
        }
        0x18 => message.measure("battery_voltage_v", module.u16("battery")?, 100.0),
        0x28 => message.measure("hdop", module.u8("hdop")?, 10.0),
        0x29 => message.set("index", module.u32("index")?),
        0x2A => {
            let inputs = module.u8("inputs")?;
            message.set("door", inputs & 0x0F > 0);
            message.set("tamper", inputs & 0xF0 > 0);
        }
        0x2B => {
            let event = module.u8("event")?;
            message.set("event", event);
            match event {
                0x11 => message.set("alarm", "low_battery"),
                0x12 => message.set("alarm", "low_power"),
                0x13 => message.set("alarm", "power_cut"),
                0x14 => message.set("alarm", "removing"),
                _ => {}
            }
        }
        0x2E => message.set("odometer_m", module.u32("odometer")?.swap_bytes()),
        0x33 => {
            let seconds = module.u32("time")?;
            let rule = || DecodeError::field("time", "must be a time");
            message.time = Some(Timestamp::from_second(seconds.into()).map_err(|_| rule())?);
            message.set("satellites", module.u8("satellites")?);
            let altitude = module.i16("altitude")?;
            location::place(message, module, Some(altitude.into()), true)?;
        }
        0x34 => message.set("event", module.u8("event")?),
        _ => {}
    }
    Ok(())
}
