//! Which column or property is which field of a fix.

use super::Draft;
use super::time::Times;

/// A field of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// When it was taken.
    Time,
    /// Latitude, in degrees.
    Lat,
    /// Longitude, in degrees.
    Lon,
    /// Height, in metres.
    Altitude,
    /// Speed, in the unit of [`Fields::speed_unit_mps`].
    Speed,
    /// Course, in degrees.
    Course,
    /// Radius of 68 % confidence, in metres.
    Accuracy,
    /// The device.
    Device,
}

/// The fields, each with its name on the command line and the names that it goes by when nothing is said. Names are compared
/// without regard to case.
pub const FIELDS: [(Field, &str, &[&str]); 8] = [
    (Field::Time, "time", &["fix_time", "time", "timestamp", "datetime", "date_time", "fixtime", "gps_time", "ts"]),
    (Field::Lat, "lat", &["lat", "latitude", "y"]),
    (Field::Lon, "lon", &["lon", "lng", "long", "longitude", "x"]),
    (Field::Altitude, "altitude", &["altitude_m", "altitude", "alt", "ele", "elevation"]),
    (Field::Speed, "speed", &["speed_mps", "speed"]),
    (Field::Course, "course", &["course_deg", "course", "bearing", "heading"]),
    (Field::Accuracy, "accuracy", &["accuracy_m", "accuracy", "horizontal_accuracy"]),
    (Field::Device, "device", &[]),
];

impl Field {
    /// The field with this name on the command line.
    pub fn parse(name: &str) -> Option<Self> {
        FIELDS.iter().find(|(_, known, _)| *known == name).map(|(field, _, _)| *field)
    }
}

/// How columns and properties are read.
#[derive(Debug, Clone)]
pub struct Fields {
    /// Names that were said, instead of those that are known.
    pub named: Vec<(Field, String)>,
    /// How times are written.
    pub times: Times,
    /// True when numbers have a comma before their fraction.
    pub decimal_comma: bool,
    /// One unit of speed, in metres per second.
    pub speed_unit_mps: f64,
    /// True when whatever is no field is kept as an attribute.
    pub attributes: bool,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            named: Vec::new(),
            times: Times::default(),
            decimal_comma: false,
            speed_unit_mps: 1.0,
            attributes: false,
        }
    }
}

impl Fields {
    /// The name that was said for a field.
    pub(super) fn said(&self, field: Field) -> Option<&str> {
        self.named.iter().find(|(named, _)| *named == field).map(|(_, name)| name.as_str())
    }

    /// Which field has this name; a name that was said goes before one that is known.
    pub(super) fn of_name(&self, name: &str) -> Option<Field> {
        if let Some((field, _)) = self.named.iter().find(|(_, said)| said.eq_ignore_ascii_case(name)) {
            return Some(*field);
        }
        let known = FIELDS.iter().find(|(_, _, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
        known.map(|(field, _, _)| *field).filter(|field| self.said(*field).is_none())
    }

    /// Notes what a field says. Empty is not said.
    pub(super) fn note(&self, draft: &mut Draft, device: &mut Option<String>, field: Field, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let owned;
        let number = if self.decimal_comma && text.contains(',') {
            owned = text.replace(',', ".");
            &owned
        } else {
            text
        };
        match field {
            Field::Time => match self.times.read(text) {
                Ok(time) => draft.time = Some(time),
                Err(rule) => draft.invalid.add("/fix_time", format!("{rule} (it is {:?})", super::shown(text))),
            },
            Field::Lat => draft.lat = draft.number("lat", number),
            Field::Lon => draft.lon = draft.number("lon", number),
            Field::Altitude => draft.altitude_m = draft.number("altitude_m", number),
            Field::Speed => draft.speed_mps = draft.number("speed_mps", number).map(|n| n * self.speed_unit_mps),
            Field::Course => draft.course_deg = draft.number("course_deg", number),
            Field::Accuracy => draft.accuracy_m = draft.number("accuracy_m", number),
            Field::Device => *device = Some(text.to_owned()),
        }
    }
}
