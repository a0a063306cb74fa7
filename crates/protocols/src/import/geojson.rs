//! GeoJSON (RFC 7946): a collection of features, a feature, or one feature after the other. A `Point` has its time in its
//! properties; a `LineString`, `MultiPoint` or `MultiLineString` has a time for each coordinate, in `coordTimes`, in `times`, or
//! in `coordinateProperties.times`.

use std::fmt;
use std::io::{self, BufRead};
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use tracklane_core::Invalid;

use super::fields::{Field, Fields};
use super::input::{Input, Place};
use super::{Draft, ImportError, Reading, Row, Sink};

/// The most bytes of one feature.
const MAX_RECORD: u64 = 16 << 20;

/// Reads a document.
///
/// # Errors
/// When it is no JSON or no GeoJSON, or the bytes do not come.
pub fn read(input: impl BufRead, fields: &Fields, sink: &mut Sink<'_>) -> Result<(), ImportError> {
    let input = Input::new(input, MAX_RECORD);
    let place = input.place();
    let mut json = serde_json::Deserializer::from_reader(input);
    let mut features = Features { fields, sink, place: place.clone(), ended: false };
    loop {
        let read = Root(&mut features).deserialize(&mut json);
        if features.ended {
            return Ok(());
        }
        read.map_err(|error| refused(&error, &place))?;
        // Whatever stands behind is the next feature.
        if json.end().is_ok() {
            return Ok(());
        }
        place.begin_record();
    }
}

fn refused(error: &serde_json::Error, place: &Place) -> ImportError {
    match error.io_error_kind() {
        Some(kind) if kind != io::ErrorKind::FileTooLarge => ImportError::Io(io::Error::new(kind, error.to_string())),
        _ => ImportError::Syntax { line: place.line(), detail: error.to_string() },
    }
}

/// Who takes features.
struct Features<'a, 'b> {
    fields: &'a Fields,
    sink: &'a mut Sink<'b>,
    place: Place,
    ended: bool,
}

impl Features<'_, '_> {
    /// Hands out the rows of a feature; false when nobody wants more.
    fn take(&mut self, feature: Feature) -> bool {
        let line = self.place.line();
        self.place.begin_record();
        for (device, reading) in rows(feature, self.fields) {
            if (self.sink)(Row { line, device, reading }) == ControlFlow::Break(()) {
                self.ended = true;
                return false;
            }
        }
        true
    }
}

/// A feature as it stands in the file.
#[derive(Default, Deserialize)]
struct Feature {
    #[serde(default)]
    geometry: Option<Geometry>,
    #[serde(default)]
    properties: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Nested,
}

/// Numbers in arrays in arrays.
#[derive(Debug, Clone, PartialEq)]
enum Nested {
    Number(f64),
    List(Vec<Nested>),
    Other,
}

impl Default for Nested {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Nested;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("coordinates")
            }
            fn visit_f64<E>(self, number: f64) -> Result<Nested, E> {
                Ok(Nested::Number(number))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Nested, E> {
                Ok(Nested::Number(number as f64))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Nested, E> {
                Ok(Nested::Number(number as f64))
            }
            fn visit_str<E>(self, _: &str) -> Result<Nested, E> {
                Ok(Nested::Other)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Nested, E> {
                Ok(Nested::Other)
            }
            fn visit_unit<E>(self) -> Result<Nested, E> {
                Ok(Nested::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Nested, A::Error> {
                while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Nested::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Nested, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = access.next_element()? {
                    list.push(item);
                }
                Ok(Nested::List(list))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The outermost object: a collection, of which features are taken as they come, or a feature.
struct Root<'a, 'b, 'c>(&'a mut Features<'b, 'c>);

impl<'de> DeserializeSeed<'de> for Root<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut feature = Feature::default();
        let mut kind = String::new();
        while let Some(key) = access.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = access.next_value()?,
                "features" => access.next_value_seed(Collection(&mut *self.0))?,
                "geometry" => feature.geometry = access.next_value()?,
                "properties" => feature.properties = access.next_value()?,
                _ => {
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        match kind.as_str() {
            "FeatureCollection" => Ok(()),
            "Feature" => {
                self.0.take(feature);
                Ok(())
            }
            other => Err(A::Error::custom(format!("must be a FeatureCollection or a Feature, not {other:?}"))),
        }
    }
}

struct Collection<'a, 'b, 'c>(&'a mut Features<'b, 'c>);

impl<'de> DeserializeSeed<'de> for Collection<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Collection<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(feature) = access.next_element::<Feature>()? {
            if !self.0.take(feature) {
                return Err(A::Error::custom("nobody wants more"));
            }
        }
        Ok(())
    }
}

/// A row as it comes of a feature: its device and what it says.
type Found = (Option<String>, Result<Reading, Invalid>);

/// The rows of a feature; one that says what is wrong with it when it has none.
fn rows(feature: Feature, fields: &Fields) -> Vec<Found> {
    let properties = feature.properties.unwrap_or_default();
    let device = fields.said(Field::Device).and_then(|name| text(properties.get(name)?));
    let refused = |rule: &str| vec![(device.clone(), Err(Invalid::one("", rule)))];
    let Some(Geometry { kind, coordinates }) = feature.geometry else { return refused("has no geometry") };
    let Nested::List(list) = &coordinates else { return refused("must have coordinates in an array") };
    match kind.as_str() {
        "Point" => vec![point(&properties, list, fields)],
        "LineString" | "MultiPoint" => line(&device, list, times(&properties, fields), fields),
        "MultiLineString" => {
            let times = times(&properties, fields).and_then(Value::as_array);
            let lines = list.iter().enumerate().flat_map(|(number, part)| {
                let Nested::List(part) = part else { return refused("must have lines in an array") };
                line(&device, part, times.and_then(|times| times.get(number)), fields)
            });
            lines.collect()
        }
        other => refused(&format!("must be points or lines with times, not {other}")),
    }
}

/// The times of coordinates.
fn times<'a>(properties: &'a Map<String, Value>, fields: &Fields) -> Option<&'a Value> {
    if let Some(said) = fields.said(Field::Time) {
        return properties.get(said);
    }
    let inner = || properties.get("coordinateProperties")?.get("times");
    ["coordTimes", "times"].iter().find_map(|name| properties.get(*name)).or_else(inner)
}

fn point(properties: &Map<String, Value>, position: &[Nested], fields: &Fields) -> Found {
    let mut draft = Draft::default();
    let mut device = None;
    place(&mut draft, position);
    for (name, value) in properties {
        let Some(text) = text(value) else { continue };
        match fields.of_name(name) {
            Some(Field::Lat | Field::Lon) => {}
            Some(field) => fields.note(&mut draft, &mut device, field, &text),
            None if fields.attributes => draft.attribute(name, &text),
            None => {}
        }
    }
    (device, draft.finish())
}

fn line(device: &Option<String>, positions: &[Nested], times: Option<&Value>, fields: &Fields) -> Vec<Found> {
    let refused = |rule: String| vec![(device.clone(), Err(Invalid::one("/fix_time", rule)))];
    let Some(times) = times.and_then(Value::as_array) else {
        return refused("is required: coordTimes, times, or coordinateProperties.times".to_owned());
    };
    if times.len() != positions.len() {
        return refused(format!("must be one for each coordinate: {} for {}", times.len(), positions.len()));
    }
    let row = |(position, time): (&Nested, &Value)| {
        let mut draft = Draft::default();
        match position {
            Nested::List(position) => place(&mut draft, position),
            _ => draft.invalid.add("", "must have coordinates in an array"),
        }
        fields.note(&mut draft, &mut None, Field::Time, &text(time).unwrap_or_default());
        (device.clone(), draft.finish())
    };
    positions.iter().zip(times).map(row).collect()
}

/// Longitude, latitude and, where known, height.
fn place(draft: &mut Draft, position: &[Nested]) {
    let number = |at: usize| match position.get(at) {
        Some(Nested::Number(number)) => Some(*number),
        _ => None,
    };
    (draft.lon, draft.lat, draft.altitude_m) = (number(0), number(1), number(2));
}

/// Text and numbers as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
