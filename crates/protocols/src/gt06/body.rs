//! What stands in a message, by its kind.

use serde_json::Value;

use super::envelope::Envelope;
use super::location::{self, CELL, CellShape, Parts, WHOLE, WIDE_CELL, cell, gps};
use super::{Message, identity, info, kind, modules, network};
use crate::DecodeError;
use crate::reader::{Reader, hex};
use crate::stream::Session;

/// Reads the body of any message but a login.
pub(super) fn read(envelope: &Envelope<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut reader = Reader::new(envelope.body);
    if envelope.long {
        return read_long(envelope, &mut reader, session);
    }
    match envelope.kind {
        kind::SHORT_HEARTBEAT => Ok(Message::of_kind("heartbeat")),
        kind::STATUS => status(&mut reader),
        0x23 => heartbeat(&mut reader),
        kind::TIME => Ok(Message::of_kind("time_request")),
        kind::ADDRESS => Ok(Message::of_kind("address_request")),
        kind::WIFI | kind::WIFI_2 if envelope.serial.is_none() => network::wifi(&mut reader, envelope.stated, session),
        0xF3 => network::wifi_only(&mut reader, session),
        kind::LOCATION => first_location(envelope.stated, &mut reader, session),
        kind::LOCATION_2 | 0x2D | 0x37 => second_location(envelope, &mut reader, session),
        kind::ALARM | 0x26 | 0x27 | 0x32 => alarm_location(envelope, &mut reader, session),
        kind::WIFI => card_location(&mut reader, session),
        kind::GPS | 0x1A | 0x1E => located(&mut reader, session, None),
        0x11 => located(&mut reader, session, Some(CellShape { wide_network: true, area: 2, cell: 4 })),
        0x19 if envelope.stated < 0x17 => cell_status(&mut reader, CELL),
        0x31 => altitude_location(&mut reader, session),
        0x34 => x1_location(&mut reader, session),
        0x61 => identity_card(&mut reader, session),
        0xA0 => wide_location(&mut reader, session),
        // The same kind carries seven wide cells and access points, or a fix.
        0xA2 if reader.len() < 91 => located(&mut reader, session, Some(WIDE_CELL)),
        0x18 | 0x24 | 0x28 | 0x2C | 0x2E | 0x33 | 0xA1 | 0xA2 => network::cells(envelope, &mut reader, session),
        0xA3 | 0xA4 if reader.len() >= 34 => fence_location(&mut reader, session),
        0xA5 => cell_status(&mut reader, WIDE_CELL),
        0x15 => info::string(&mut reader),
        0x94 => {
            let mut message = Message::of_kind("status");
            message.measure("external_voltage_v", reader.u16("voltage")?, 100.0);
            Ok(message)
        }
        0x95 => event_location(&mut reader, session),
        _ => Ok(unknown(envelope)),
    }
}

fn read_long(envelope: &Envelope<'_>, reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    match envelope.kind {
        0x21 => info::long_string(reader),
        0x32 | 0x33 => network::parts(envelope.kind == 0x33, reader, session),
        0x38 => located(reader, session, None),
        0x70 => modules::read(reader),
        0x8C => info::vehicle(reader, session),
        0x94 => info::read(reader),
        0x9B => info::serial(reader),
        _ => Ok(unknown(envelope)),
    }
}

/// A message that we know nothing of is kept as it is.
pub(super) fn unknown(envelope: &Envelope<'_>) -> Message {
    let mut message = Message::of_kind("message");
    message.set("message_kind", hex(&[envelope.kind]));
    message.set("payload", hex(envelope.body));
    message
}

fn located(reader: &mut Reader<'_>, session: &Session, shape: Option<CellShape>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("no_fix");
    gps(&mut message, reader, session, WHOLE)?;
    if let Some(shape) = shape {
        cell(&mut message, reader, shape)?;
    }
    Ok(message)
}

/// Some models put their identity before the date. Then no month stands where a month would.
fn leading_identity(message: &mut Message, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    if reader.len() >= 34 && !matches!(reader.rest(), [_, 1..=12, ..] | [0, 0, 0, ..]) {
        message.device = Some(identity(reader)?);
    }
    Ok(())
}

/// Kind 12. What follows the cell goes by the length.
fn first_location(stated: usize, reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("no_fix");
    if reader.is_empty() {
        return Ok(Message::of_kind("heartbeat"));
    }
    leading_identity(&mut message, reader)?;
    gps(&mut message, reader, session, WHOLE)?;
    cell(&mut message, reader, CELL)?;
    match stated {
        0x21 => {
            let inputs = reader.u16("inputs")?;
            message.set("ignition", inputs & 0x8000 != 0);
            message.set("input_2", inputs & 0x4000 != 0);
        }
        0x24 => voltage_status(&mut message, reader)?,
        0x2B => {
            voltage_status(&mut message, reader)?;
            raise(&mut message, reader.u8("alarm")?);
            message.set("fuel", reader.u16("fuel")?);
            let raw = reader.u8("temperature")?;
            let degrees = i32::from(raw & 0x7F);
            message.set("temperature_1_c", if raw & 0x80 == 0 { degrees } else { -degrees });
            message.set("odometer_m", u64::from(reader.u32("odometer")?) * 10);
        }
        0x71.. => {
            message.set("odometer_m", reader.u32("odometer")?);
            let length = reader.u8("card length")?;
            if let Some(card) = crate::reader::printable(reader.bytes("card", length.into())?).filter(|c| !c.is_empty())
            {
                message.set("driver_license", card);
            }
        }
        _ => odometer_at_the_end(&mut message, reader)?,
    }
    Ok(message)
}

/// Kind 22 and its relatives: ignition, why the fix is sent, and whether it was kept back.
fn second_location(
    envelope: &Envelope<'_>,
    reader: &mut Reader<'_>,
    session: &Session,
) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("no_fix");
    // One model sends its identity, two dates and the state of the vehicle.
    if envelope.stated == 0x3C {
        reader.u8("header")?;
        message.device = Some(identity(reader)?);
        message.time = location::time(reader, session)?;
        reader.bytes("date", 6)?;
        location::fix(&mut message, reader, WHOLE)?;
        reader.bytes("cell", 10)?;
        message.measure("external_voltage_v", reader.u16("power")?, 100.0);
        message.measure("battery_voltage_v", reader.u8("battery")?, 10.0);
        reader.bytes("network", 7)?;
        message.set("engine_hours_s", u64::from(reader.u16("hours")?) * 60);
        return Ok(message);
    }
    gps(&mut message, reader, session, WHOLE)?;
    cell(&mut message, reader, CELL)?;
    reason(&mut message, reader)?;
    if envelope.kind != 0x37 {
        odometer_at_the_end(&mut message, reader)?;
    } else if reader.len() >= 3 {
        let module = reader.u16("module")?;
        let length = reader.u8("module length")?;
        let mut value = Reader::new(reader.bytes("module", length.into())?);
        match module {
            0x27 => message.measure("external_voltage_v", value.u16("power")?, 100.0),
            0x2E => message.set("odometer_m", value.u32("odometer")?),
            _ => {}
        }
    }
    Ok(message)
}

fn reason(message: &mut Message, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    if reader.len() >= 3 {
        message.set("ignition", reader.u8("ignition")? > 0);
        message.set("event", reader.u8("reason")?);
        message.set("archived", reader.u8("archived")? > 0);
    }
    Ok(())
}

fn odometer_at_the_end(message: &mut Message, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    if reader.len() == 4 {
        message.set("odometer_m", reader.u32("odometer")?);
    }
    Ok(())
}

/// Kinds 16, 26, 27 and 32: a fix, a cell after its length, the device's state and an alarm.
fn alarm_location(envelope: &Envelope<'_>, reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("no_fix");
    gps(&mut message, reader, session, WHOLE)?;
    if envelope.kind == kind::ALARM && envelope.stated == 0x24 {
        cell(&mut message, reader, CELL)?;
        voltage_status(&mut message, reader)?;
        return Ok(message);
    }
    reader.u8("cell length")?;
    // The cell may have a fourth byte, which shows in what is left.
    let long_cell = envelope.kind == kind::ALARM && reader.len() == 14;
    cell(&mut message, reader, CellShape { cell: if long_cell { 4 } else { 3 }, ..CELL })?;
    state_and_alarm(&mut message, reader)?;
    match envelope.kind {
        0x27 if reader.len() >= 2 => {
            reader.u8("language")?;
            message.set("geofence", reader.u8("geofence")?);
        }
        kind::ALARM if reader.len() == 9 => {
            reader.u8("language")?;
            message.set("driver", hex(reader.rest()));
        }
        _ => {}
    }
    Ok(message)
}

/// Kinds A3 and A4: as the alarms, with a wide cell.
fn fence_location(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("no_fix");
    gps(&mut message, reader, session, WHOLE)?;
    reader.u8("cell length")?;
    cell(&mut message, reader, WIDE_CELL)?;
    state_and_alarm(&mut message, reader)?;
    if reader.len() >= 2 {
        reader.u8("language")?;
        message.set("geofence", reader.u8("geofence")?);
    }
    Ok(message)
}

fn cell_status(reader: &mut Reader<'_>, shape: CellShape) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("status");
    // Kind 19 states the length of its cell when there is room for it.
    if shape == CELL && reader.len() == 14 {
        reader.u8("cell length")?;
    }
    cell(&mut message, reader, shape)?;
    state_and_alarm(&mut message, reader)?;
    Ok(message)
}

/// Kind A0: a fix, a wide cell, and why the fix is sent.
fn wide_location(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = located(reader, session, Some(WIDE_CELL))?;
    reason(&mut message, reader)?;
    odometer_at_the_end(&mut message, reader)?;
    Ok(message)
}

/// Kind 17 of models that read cards.
fn card_location(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = located(reader, session, Some(CELL))?;
    if reader.len() >= 8 {
        message.set("driver", hex(reader.bytes("card", 8)?));
    }
    Ok(message)
}

/// Kind 61: the identity, a fix and a card.
fn identity_card(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("no_fix");
    message.device = Some(identity(reader)?);
    gps(&mut message, reader, session, WHOLE)?;
    if let Some((_, card)) = reader.rest().split_last_chunk::<4>() {
        message.set("driver", u32::from_be_bytes(*card).to_string());
    }
    Ok(message)
}

/// Kind 31: the altitude stands at the very end.
fn altitude_location(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = located(reader, session, Some(CELL))?;
    if let (Some(fix), Some((_, altitude))) = (&mut message.fix, reader.rest().split_last_chunk::<2>()) {
        fix.altitude_m = Some(f32::from(i16::from_be_bytes(*altitude)));
    }
    Ok(message)
}

/// Kind 34: odometer, card, voltages and inputs.
fn x1_location(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    reader.u32("flags")?;
    let mut message = Message::of_kind("no_fix");
    gps(&mut message, reader, session, WHOLE)?;
    reader.u16("terminal")?;
    message.set("odometer_m", reader.u32("odometer")?);
    cell(&mut message, reader, CellShape { wide_network: false, area: 2, cell: 4 })?;
    let driver = reader.u32("driver")?;
    if driver != 0 {
        message.set("driver", driver.to_string());
    }
    message.measure("battery_voltage_v", reader.u16("battery")?, 100.0);
    message.measure("external_voltage_v", reader.u16("power")?, 100.0);
    let ports = reader.u32("ports")?;
    message.set("inputs", reader.u8("inputs")?);
    message.set("outputs", reader.u8("outputs")?);
    for number in 1..=(ports >> 20) & 0xF {
        message.measure(&format!("analog_{number}_v"), reader.u16("analog input")?, 100.0);
    }
    Ok(message)
}

/// Kind 95: an event of a camera, with or without a fix.
fn event_location(reader: &mut Reader<'_>, session: &Session) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("alarm");
    if reader.rest().starts_with(&[0xFF, 0xFF]) {
        reader.bytes("header", 3)?;
        gps(&mut message, reader, session, Parts { satellites: true, speed: false })?;
        reader.bytes("header", 4)?;
        message.set("event", reader.u8("event")?);
        return Ok(message);
    }
    let has_fix = reader.len() > 7;
    if has_fix {
        gps(&mut message, reader, session, Parts { satellites: false, speed: false })?;
    } else {
        message.time = location::time(reader, session)?;
    }
    let alarm = match reader.u8("alarm")? {
        0x01 if has_fix => "sos",
        0x80 => "vibration",
        0x87 => "overspeed",
        0x90 => "hard_acceleration",
        0x91 => "hard_braking",
        0x92 => "hard_cornering",
        0x93 => "accident",
        _ => "general",
    };
    message.set("alarm", alarm);
    Ok(message)
}

/// Kind 13, in its short form or with satellites, battery and temperature.
fn status(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("heartbeat");
    if !matches!(reader.len(), 14 | 16) {
        state_and_alarm(&mut message, reader)?;
        return Ok(message);
    }
    let has_temperature = reader.len() == 16;
    reader.bytes("status", 3)?;
    raise(&mut message, reader.u8("alarm")?);
    reader.u8("language")?;
    message.set("battery_percent", reader.u8("battery")?);
    reader.u8("mode")?;
    message.measure("external_voltage_v", reader.u16("voltage")?, 100.0);
    reader.bytes("working time", 5)?;
    if has_temperature {
        let raw = reader.u16("temperature")?;
        let tenths = i32::from(raw & 0x7FFF);
        message.measure("temperature_1_c", if raw & 0x8000 == 0 { -tenths } else { tenths }, 10.0);
    }
    Ok(message)
}

/// Kind 23.
fn heartbeat(reader: &mut Reader<'_>) -> Result<Message, DecodeError> {
    let mut message = Message::of_kind("heartbeat");
    let state = reader.u8("status")?;
    message.set("armed", state & 0x01 != 0);
    message.set("ignition", state & 0x02 != 0);
    message.set("charging", state & 0x04 != 0);
    if reader.len() >= 2 {
        message.measure("battery_voltage_v", reader.u16("battery")?, 100.0);
    }
    if !reader.is_empty() {
        message.set("gsm_signal", reader.u8("signal")?);
    }
    Ok(message)
}

/// The state of the device in one byte, which may raise an alarm of its own.
fn state(message: &mut Message, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let state = reader.u8("status")?;
    message.set("status", state);
    message.set("ignition", state & 0x02 != 0);
    message.set("charging", state & 0x04 != 0);
    message.set("blocked", state & 0x80 != 0);
    let alarm = match (state >> 3) & 0x7 {
        1 => "vibration",
        2 => "power_cut",
        3 => "low_battery",
        4 => "sos",
        6 => "geofence",
        7 => "removing",
        _ => return Ok(()),
    };
    message.set("alarm", alarm);
    Ok(())
}

/// State, battery, signal and alarm. The battery comes in six steps, or in percent.
fn state_and_alarm(message: &mut Message, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    state(message, reader)?;
    let battery = reader.u8("battery")?;
    let percent = if battery <= 6 { u16::from(battery) * 100 / 6 } else { battery.into() };
    if percent <= 100 {
        message.set("battery_percent", percent);
    }
    message.set("gsm_signal", reader.u8("signal")?);
    if !reader.is_empty() {
        raise(message, reader.u8("alarm")?);
    }
    Ok(())
}

/// State, voltage and signal.
fn voltage_status(message: &mut Message, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    state(message, reader)?;
    message.measure("external_voltage_v", reader.u16("power")?, 100.0);
    message.set("gsm_signal", reader.u8("signal")?);
    Ok(())
}

/// The alarms that a byte can raise.
const ALARMS: &[(u8, &str)] = &[
    (0x01, "sos"),
    (0x02, "power_cut"),
    (0x03, "vibration"),
    (0x04, "geofence_enter"),
    (0x05, "geofence_exit"),
    (0x06, "overspeed"),
    (0x09, "vibration"),
    (0x0E, "low_battery"),
    (0x0F, "low_battery"),
    (0x11, "power_off"),
    (0x13, "tampering"),
    (0x14, "door"),
    (0x19, "low_battery"),
    (0x23, "fall_down"),
    (0x25, "tampering"),
    (0x29, "hard_acceleration"),
    (0x2A, "hard_cornering"),
    (0x2B, "hard_cornering"),
    (0x2C, "accident"),
    (0x30, "hard_braking"),
];

/// An alarm byte says more than the state does.
fn raise(message: &mut Message, alarm: u8) {
    if let Some((_, alarm)) = ALARMS.iter().find(|(byte, _)| *byte == alarm) {
        message.attributes.insert("alarm".to_owned(), Value::from(*alarm));
    }
}
