//! What devices measure and call, under one name each, whatever protocol they speak. Decoders use these names; whoever sends
//! positions as JSON should. Attributes under other names are kept all the same.

use crate::position::Attributes;

/// An attribute that every device which has it calls the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensor {
    /// The attribute's name. Its end says the unit. Where a device has several, a number follows the thing: `temperature_2_c`.
    pub name: &'static str,
    /// What it says.
    pub what: &'static str,
}

const fn sensor(name: &'static str, what: &'static str) -> Sensor {
    Sensor { name, what }
}

/// The names. Several of one thing are numbered from 1.
pub const SENSORS: &[Sensor] = &[
    sensor(
        "alarm",
        "what the device raises an alarm about: one word of the list of alarms, several separated by commas",
    ),
    sensor("mock", "true when software made the position up"),
    sensor("ignition", "true while the ignition is on"),
    sensor("moving", "true while the device's own sensor says that it moves"),
    sensor("activity", "what the phone thinks its carrier does"),
    sensor("odometer_m", "the way so far, in metres"),
    sensor("trip_odometer_m", "the way of this trip, in metres"),
    sensor("engine_hours_s", "for how long the engine has run, in seconds"),
    sensor("engine_rpm", "revolutions of the engine per minute"),
    sensor("engine_load_percent", "load of the engine, 0 to 100"),
    sensor("throttle_percent", "how far the throttle is open, 0 to 100"),
    sensor("coolant_temperature_c", "temperature of the engine's coolant, in degrees Celsius"),
    sensor("fault_codes", "fault codes of the vehicle, separated by commas"),
    sensor("vin", "vehicle identification number"),
    sensor("fuel_percent", "filling of the tank, 0 to 100"),
    sensor("fuel_l", "filling of the tank, in litres"),
    sensor("battery_percent", "charge of the device's battery, 0 to 100"),
    sensor("battery_voltage_v", "voltage of the device's battery"),
    sensor("battery_current_a", "current into or out of the device's battery"),
    sensor("charging", "true while the battery is charged"),
    sensor("external_voltage_v", "voltage of the vehicle's battery or supply"),
    sensor("temperature_c", "temperature, in degrees Celsius"),
    sensor("humidity_percent", "relative humidity, 0 to 100"),
    sensor("pressure_kpa", "air pressure, in kilopascals"),
    sensor("door_open", "true while the door is open"),
    sensor("armed", "true while the alarm system is armed"),
    sensor("driver", "the key or card of the driver"),
    sensor("input", "true while the digital input is on"),
    sensor("output", "true while the digital output is on"),
    sensor("analog_v", "voltage at the analogue input"),
    sensor("gsm_signal", "strength of the mobile network, as the device scales it"),
    sensor("satellites", "how many satellites the fix used"),
    sensor("hdop", "horizontal dilution of precision"),
    sensor("pdop", "dilution of precision in space"),
];

/// The entry for an attribute; its numbers do not matter: `temperature_2_c` is `temperature_c`.
pub fn of(name: &str) -> Option<&'static Sensor> {
    let is_word = |part: &&str| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = name.split('_').filter(is_word).collect::<Vec<_>>().join("_");
    SENSORS.iter().find(|sensor| sensor.name == plain)
}

/// True when a message measures or raises something, so that it is worth keeping though it says no place.
pub fn any(attributes: &Attributes) -> bool {
    attributes.keys().any(|name| of(name).is_some())
}

/// The words for alarms that decoders use. Devices may have others; those are told as they come.
pub const ALARMS: &[&str] = &[
    "general",
    "sos",
    "power_cut",
    "power_restored",
    "power_on",
    "power_off",
    "low_battery",
    "low_power",
    "vibration",
    "shock",
    "fall_down",
    "tampering",
    "removing",
    "towing",
    "movement",
    "overspeed",
    "low_speed",
    "idle",
    "accident",
    "hard_acceleration",
    "hard_braking",
    "hard_cornering",
    "door",
    "bonnet",
    "foot_brake",
    "temperature",
    "fault",
    "geofence",
    "geofence_enter",
    "geofence_exit",
    "jamming",
];

/// The longest word for an alarm, in characters.
const LONGEST: usize = 40;

/// The alarms that a message raises: words in lower case, each once, eight at most. A device that only says `true` raises
/// `general`.
pub fn alarms(attributes: &Attributes) -> Vec<String> {
    let text = match attributes.get("alarm") {
        Some(serde_json::Value::String(text)) => text.as_str(),
        Some(serde_json::Value::Bool(true)) => "general",
        Some(serde_json::Value::Number(number)) if number.as_f64() == Some(1.0) => "general",
        _ => return Vec::new(),
    };
    let mut words: Vec<String> = Vec::new();
    for word in text.split(',').map(|word| word.trim().to_lowercase()) {
        let fits = !word.is_empty() && word.chars().count() <= LONGEST && !word.contains(char::is_control);
        if fits && words.len() < 8 && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbered_sensors_are_of_one_kind() {
        let kind = |name| of(name).map(|sensor| sensor.name);
        assert_eq!(kind("battery_percent"), Some("battery_percent"));
        assert_eq!(kind("temperature_2_c"), Some("temperature_c"));
        assert_eq!(kind("input_3"), Some("input"));
        assert_eq!((kind("io72"), kind("colour"), kind("")), (None, None, None));
    }

    #[test]
    fn alarms_are_words() {
        let of = |value: serde_json::Value| {
            let mut attributes = Attributes::new();
            attributes.insert("alarm".to_owned(), value);
            alarms(&attributes)
        };
        assert_eq!(of(json!("sos")), ["sos"]);
        assert_eq!(of(json!("SOS, door ,sos,,")), ["sos", "door"]);
        assert_eq!(of(json!(true)), ["general"]);
        assert_eq!(of(json!(1)), ["general"]);
        for silent in [json!(false), json!(0), json!(null), json!(["sos"]), json!("x".repeat(41)), json!("a\u{7}b")] {
            assert_eq!(of(silent), [""; 0]);
        }
        assert_eq!(alarms(&Attributes::new()), [""; 0]);
    }
}
