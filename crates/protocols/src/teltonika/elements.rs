//! What the numbered elements of a record mean, as data.

use serde_json::{Number, Value, json};
use tracklane_core::position::Attributes;

use crate::DecodeError;
use crate::reader::{Reader, hex, printable};

/// How the number of an element is to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// One is true, all else false.
    Flag,
    /// A whole number that is not negative.
    Count,
    /// A measurement that is not negative: so many steps of the number are one unit.
    Steps(f64),
    /// A measurement that may be negative.
    SignedSteps(f64),
    /// The number of a key or card, as hex; zero is none.
    Key,
    /// An alarm, by the value of the element.
    Alarm(&'static [(u64, &'static str)]),
}

use Meaning::{Alarm, Count, Flag, Key, SignedSteps, Steps};

/// An element: its number, the name of our attribute, its size in bytes and its meaning.
pub(super) type Element = (u16, &'static str, usize, Meaning);

/// The elements known by name, in the order of their numbers, each number once. The others are kept as `io` and their number.
pub(super) const ELEMENTS: &[Element] = &[
    (1, "input_1", 1, Flag),
    (2, "input_2", 1, Flag),
    (3, "input_3", 1, Flag),
    (4, "input_4", 1, Flag),
    (9, "analog_1_v", 2, Steps(1000.0)),
    (10, "analog_2_v", 2, Steps(1000.0)),
    (16, "odometer_m", 4, Count),
    (17, "axis_x_g", 2, SignedSteps(1000.0)),
    (18, "axis_y_g", 2, SignedSteps(1000.0)),
    (19, "axis_z_g", 2, SignedSteps(1000.0)),
    (21, "gsm_signal", 1, Count),
    (25, "sensor_1_temperature_c", 2, SignedSteps(100.0)),
    (26, "sensor_2_temperature_c", 2, SignedSteps(100.0)),
    (27, "sensor_3_temperature_c", 2, SignedSteps(100.0)),
    (28, "sensor_4_temperature_c", 2, SignedSteps(100.0)),
    (66, "external_voltage_v", 2, Steps(1000.0)),
    (67, "battery_voltage_v", 2, Steps(1000.0)),
    (68, "battery_current_a", 2, Steps(1000.0)),
    (69, "gnss_status", 1, Count),
    (72, "temperature_1_c", 4, SignedSteps(10.0)),
    (73, "temperature_2_c", 4, SignedSteps(10.0)),
    (74, "temperature_3_c", 4, SignedSteps(10.0)),
    (75, "temperature_4_c", 4, SignedSteps(10.0)),
    (78, "driver", 8, Key),
    (80, "data_mode", 1, Count),
    (113, "battery_percent", 1, Count),
    (179, "output_1", 1, Flag),
    (180, "output_2", 1, Flag),
    (181, "pdop", 2, Steps(10.0)),
    (182, "hdop", 2, Steps(10.0)),
    (199, "trip_odometer_m", 4, Count),
    (200, "sleep_mode", 1, Count),
    (205, "cell_id", 2, Count),
    (206, "cell_area", 2, Count),
    (236, "alarm", 1, Alarm(&[(1, "general")])),
    (239, "ignition", 1, Flag),
    (240, "moving", 1, Flag),
    (241, "operator", 4, Count),
    (246, "alarm", 1, Alarm(&[(1, "towing")])),
    (247, "alarm", 1, Alarm(&[(1, "accident"), (2, "accident"), (3, "accident"), (4, "accident"), (5, "accident")])),
    (249, "alarm", 1, Alarm(&[(1, "jamming")])),
    (252, "alarm", 1, Alarm(&[(1, "power_cut")])),
    (253, "alarm", 1, Alarm(&[(1, "hard_acceleration"), (2, "hard_braking"), (3, "hard_cornering")])),
    (10800, "eye_1_temperature_c", 2, SignedSteps(100.0)),
    (10801, "eye_2_temperature_c", 2, SignedSteps(100.0)),
    (10802, "eye_3_temperature_c", 2, SignedSteps(100.0)),
    (10803, "eye_4_temperature_c", 2, SignedSteps(100.0)),
    (10804, "eye_1_humidity_percent", 1, Count),
    (10805, "eye_2_humidity_percent", 1, Count),
    (10806, "eye_3_humidity_percent", 1, Count),
    (10807, "eye_4_humidity_percent", 1, Count),
    (10808, "eye_1_magnet", 1, Flag),
    (10809, "eye_2_magnet", 1, Flag),
    (10810, "eye_3_magnet", 1, Flag),
    (10811, "eye_4_magnet", 1, Flag),
    (10812, "eye_1_moving", 1, Flag),
    (10813, "eye_2_moving", 1, Flag),
    (10814, "eye_3_moving", 1, Flag),
    (10815, "eye_4_moving", 1, Flag),
    (10824, "eye_1_voltage_v", 2, Steps(1000.0)),
    (10825, "eye_2_voltage_v", 2, Steps(1000.0)),
    (10826, "eye_3_voltage_v", 2, Steps(1000.0)),
    (10827, "eye_4_voltage_v", 2, Steps(1000.0)),
];

/// Elements of any length that are text.
const TEXTS: &[(u16, &str)] = &[(256, "vin"), (281, "fault_codes")];

/// Adds an element of a fixed size.
pub(super) fn read(attributes: &mut Attributes, id: u16, width: usize, number: u64) {
    // Models write a quantity in one, two or four bytes; one of eight is another thing.
    let known = ELEMENTS.binary_search_by_key(&id, |(known, ..)| *known).ok().map(|place| &ELEMENTS[place]);
    let Some((_, name, _, meaning)) = known.filter(|(_, _, size, _)| (*size == 8) == (width == 8)) else {
        attributes.insert(format!("io{id}"), number.into());
        return;
    };
    let value = match meaning {
        Flag => json!(number == 1),
        Count => json!(number),
        Steps(per_unit) => measured(number as f64, *per_unit),
        SignedSteps(per_unit) => measured(signed(number, width) as f64, *per_unit),
        Key if number == 0 => return,
        Key => json!(format!("{number:016X}")),
        Alarm(alarms) => {
            let alarm = alarms.iter().find(|(value, _)| *value == number);
            return alarm.into_iter().for_each(|(_, alarm)| raise(attributes, alarm));
        }
    };
    attributes.insert((*name).to_owned(), value);
}

/// Division gives the number one would write: 12345 thousandths are 12.345.
fn measured(steps: f64, per_unit: f64) -> Value {
    Number::from_f64(steps / per_unit).map_or(Value::Null, Value::Number)
}

fn signed(number: u64, width: usize) -> i64 {
    let spare = 64 - 8 * width.clamp(1, 8) as u32;
    ((number << spare) as i64) >> spare
}

/// Several alarms in one message stand side by side.
fn raise(attributes: &mut Attributes, alarm: &str) {
    let all = match attributes.get("alarm").and_then(Value::as_str) {
        Some(before) => format!("{before},{alarm}"),
        None => alarm.to_owned(),
    };
    attributes.insert("alarm".to_owned(), all.into());
}

/// Adds an element of any length.
pub(super) fn read_long(attributes: &mut Attributes, id: u16, bytes: &[u8]) {
    let text = || {
        let (_, name) = TEXTS.iter().find(|(known, _)| *known == id)?;
        Some((*name, json!(printable(bytes)?)))
    };
    let beacons = || {
        let beacons = match id {
            385 => plain_beacons(bytes),
            548 => advanced_beacons(bytes),
            _ => return None,
        };
        Some(("beacons", Value::Array(beacons.ok()?)))
    };
    match text().or_else(beacons) {
        Some((name, value)) => attributes.insert(name.to_owned(), value),
        None => attributes.insert(format!("io{id}"), hex(bytes).into()),
    };
}

/// A list of beacons: flags, an iBeacon or Eddystone identity, and what the flags announce.
fn plain_beacons(bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.u8("part")?;
    let mut beacons = Vec::new();
    while !reader.is_empty() {
        let flags = reader.u8("flags")?;
        let mut beacon = if flags & 0x20 != 0 {
            let uuid = hex(reader.bytes("uuid", 16)?);
            json!({ "uuid": uuid, "major": reader.u16("major")?, "minor": reader.u16("minor")? })
        } else {
            let namespace = hex(reader.bytes("namespace", 10)?);
            json!({ "namespace": namespace, "instance": hex(reader.bytes("instance", 6)?) })
        };
        if flags & 0x01 != 0 {
            beacon["dbm"] = json!(reader.u8("rssi")?.cast_signed());
        }
        if flags & 0x02 != 0 {
            beacon["voltage_v"] = measured(f64::from(reader.u16("battery")?), 1000.0);
        }
        if flags & 0x04 != 0 {
            beacon["temperature_c"] = measured(f64::from(reader.i16("temperature")?), 100.0);
        }
        beacons.push(beacon);
    }
    Ok(beacons)
}

/// A list of beacons, each a list of numbered parameters.
fn advanced_beacons(bytes: &[u8]) -> Result<Vec<Value>, DecodeError> {
    let mut reader = Reader::new(bytes);
    reader.u8("part")?;
    let mut beacons = Vec::new();
    while !reader.is_empty() {
        let length = reader.u8("length")?;
        let mut parameters = Reader::new(reader.bytes("beacon", length.into())?);
        let mut beacon = json!({});
        while !parameters.is_empty() {
            let (id, length) = (parameters.u8("parameter")?, parameters.u8("length")?);
            let value = parameters.bytes("value", length.into())?;
            match (id, value) {
                (0, [rssi]) => beacon["dbm"] = json!(rssi.cast_signed()),
                (1, id) => beacon["id"] = json!(hex(id)),
                // Bit 7 announces a voltage in the second byte, as steps of 10 mV above 2 V.
                (2, [flags, steps]) if flags & 0x80 != 0 => {
                    beacon["voltage_v"] = measured(200.0 + f64::from(*steps), 100.0);
                }
                (id, value) => beacon[format!("parameter_{id}")] = json!(hex(value)),
            }
        }
        beacons.push(beacon);
    }
    Ok(beacons)
}

/// Writes an attribute as an element: its number, size and value. None when no element can say it.
pub(super) fn write(name: &str, value: &Value) -> Option<(u16, usize, u64)> {
    if let Some(id) = name.strip_prefix("io") {
        let (id, number) = (id.parse().ok()?, value.as_u64()?);
        let width = [1, 2, 4].into_iter().find(|width| number >> (8 * width) == 0).unwrap_or(8);
        return Some((id, width, number));
    }
    let said = |(id, known, width, meaning): &Element| {
        if *known != name {
            return None;
        }
        let bits = 8 * *width as u32;
        let whole = |steps: f64| (steps.is_finite() && steps.abs() < 2f64.powi(53)).then(|| steps.round() as i64);
        let number = match meaning {
            Flag => u64::from(value.as_bool()?),
            Count => value.as_u64().or_else(|| whole(value.as_f64()?)?.try_into().ok())?,
            Steps(per_unit) => whole(value.as_f64()? * per_unit)?.try_into().ok()?,
            SignedSteps(per_unit) => {
                let steps = whole(value.as_f64()? * per_unit)?;
                let limit = 1i64.checked_shl(bits - 1)?;
                (-limit..limit).contains(&steps).then_some(steps.cast_unsigned() & (u64::MAX >> (64 - bits)))?
            }
            Key => u64::from_str_radix(value.as_str()?, 16).ok()?,
            Alarm(alarms) => alarms.iter().find(|(_, alarm)| value == alarm)?.0,
        };
        (bits == 64 || number >> bits == 0).then_some((*id, *width, number))
    };
    ELEMENTS.iter().find_map(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_in_order_and_each_is_there_once() {
        assert!(ELEMENTS.is_sorted_by(|(one, ..), (next, ..)| one < next));
    }
}
