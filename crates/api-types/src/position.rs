//! Positions on their way in, and on their way out again.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use tracklane_core::id::DeviceId;
pub use tracklane_core::position::Attributes;
use tracklane_core::position::Mark;
use tracklane_core::{FieldError, Timestamp};

/// One fix. Borrows from the body, so that reading one costs no allocation but for its attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionInput<'a> {
    /// The device: its id (`dev_...`) or its own identifier. Devices and drivers with one device may leave it out.
    #[serde(borrow, default, deserialize_with = "borrowed", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub device: Option<Cow<'a, str>>,
    /// When the fix was taken; from 2000 to five minutes ahead of now.
    pub fix_time: Timestamp,
    /// Latitude in degrees, -90 to 90.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Longitude in degrees, -180 to 180.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
    /// Height in metres, -12,000 to 100,000.
    #[serde(default, deserialize_with = "single", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = -12000, maximum = 100000)]
    pub altitude_m: Option<f32>,
    /// Speed over ground in metres per second, 0 to 500.
    #[serde(default, deserialize_with = "single", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 500)]
    pub speed_mps: Option<f32>,
    /// Course over ground in degrees clockwise from north, 0 to 360.
    #[serde(default, deserialize_with = "single", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 360)]
    pub course_deg: Option<f32>,
    /// Radius of 68 % confidence in metres, 0 to 1,000,000.
    #[serde(default, deserialize_with = "single", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1000000)]
    pub accuracy_m: Option<f32>,
    /// False when the device itself says that the fix is not to be trusted.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub valid: bool,
    /// Everything else the device says: an object, at most 50 entries.
    #[serde(default, deserialize_with = "distinct", skip_serializing_if = "Attributes::is_empty")]
    #[schema(value_type = Object)]
    pub attributes: Attributes,
}

fn yes() -> bool {
    true
}

/// Reads a number or null. One that single precision cannot hold becomes infinite, so that the rule of the field refuses it,
/// and not the reader.
fn single<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(|number| number as f32))
}

/// Reads a text or null, borrowing it when it holds no escapes. (serde by itself borrows `Cow`, but not inside `Option`.)
fn borrowed<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<Cow<'de, str>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(text)))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(text.to_owned())))
        }
        fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(text)))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Text)
}

/// Reads an object and refuses a key given twice, which `serde_json` alone would overwrite in silence.
fn distinct<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Attributes;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Attributes, A::Error> {
            let mut attributes = Attributes::new();
            while let Some((key, value)) = access.next_entry::<String, serde_json::Value>()? {
                if attributes.contains_key(&key) {
                    return Err(A::Error::custom(format!("the key {key:?} is given twice")));
                }
                attributes.insert(key, value);
            }
            Ok(attributes)
        }
    }
    deserializer.deserialize_map(Object)
}

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// Durable, and the newest of its device when it came in.
    Accepted,
    /// A fix with this time was known already; durable, counted once.
    Duplicate,
    /// Durable, but older than what is known of the device: history, not "now".
    Late,
    /// Durable, but not believed: kept in history with a `mark`, and moves nothing.
    Marked,
    /// Not taken; `errors` says why.
    Rejected,
}

/// One row of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RowAnswer {
    /// Its place in the batch, from 0.
    pub row: usize,
    /// What became of it.
    pub outcome: RowOutcome,
    /// Why it is not believed, when it is marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Why it was rejected. Pointers are into the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What became of a batch. One row's bad input never stops another's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PositionsAnswer {
    /// Rows that were taken and are new.
    pub accepted: usize,
    /// Rows that were known already.
    pub duplicates: usize,
    /// Rows that were taken into history only.
    pub late: usize,
    /// Rows that were taken into history with a mark, because they are not believed.
    #[serde(default)]
    pub marked: usize,
    /// Rows that were not taken.
    pub rejected: usize,
    /// Every row that is not simply accepted; with `?rows=all`, every row.
    pub rows: Vec<RowAnswer>,
}

/// GeoJSON (RFC 7946): the positions of one device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeatureCollection {
    /// Always `FeatureCollection`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One `LineString`, or a `Point` per position.
    pub features: Vec<Feature>,
    /// True when there are more positions in the range: ask again from the last time on.
    pub has_more: bool,
}

/// A GeoJSON feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Feature {
    /// Always `Feature`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where; none when there is no position in the range.
    pub geometry: Option<Geometry>,
    /// `device_id`, and `times` for a line or `time`, `speed_mps`, `course_deg`, `accuracy_m`,
    /// `valid`, `mark`, `attributes` for a point.
    #[schema(value_type = Object)]
    pub properties: serde_json::Map<String, serde_json::Value>,
}

/// A GeoJSON geometry. Coordinates are longitude, latitude and, where known, height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type")]
pub enum Geometry {
    /// One position.
    Point {
        /// Longitude, latitude, height.
        coordinates: Vec<f64>,
    },
    /// Two or more positions, oldest first.
    LineString {
        /// Longitude, latitude, height of each.
        coordinates: Vec<Vec<f64>>,
    },
}

/// The `properties` of a line: which device, and when each coordinate was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineProperties {
    /// Which device.
    pub device_id: DeviceId,
    /// When each coordinate was taken.
    pub times: Vec<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_device_name_is_borrowed_and_an_escaped_one_owned() {
        let read = |text| serde_json::from_str::<PositionInput<'_>>(text).map(|p| p.device);
        let plain = r#"{"device":"van-7","fix_time":"2026-01-01T00:00:00Z","lat":1,"lon":2}"#;
        assert!(matches!(read(plain), Ok(Some(Cow::Borrowed("van-7")))));
        let escaped = r#"{"device":"van\u002d7","fix_time":"2026-01-01T00:00:00Z","lat":1,"lon":2}"#;
        assert!(matches!(read(escaped), Ok(Some(Cow::Owned(text))) if text == "van-7"));
        let none = r#"{"device":null,"fix_time":"2026-01-01T00:00:00Z","lat":1,"lon":2}"#;
        assert!(matches!(read(none), Ok(None)));
    }

    #[test]
    fn keys_given_twice_are_refused_at_both_levels() {
        let refused = |text: &str| serde_json::from_str::<PositionInput<'_>>(text).unwrap_err().to_string();
        assert!(
            refused(r#"{"fix_time":"2026-01-01T00:00:00Z","lat":1,"lat":2,"lon":2}"#)
                .starts_with("duplicate field `lat`")
        );
        assert!(
            refused(r#"{"fix_time":"2026-01-01T00:00:00Z","lat":1,"lon":2,"attributes":{"a":1,"a":2}}"#)
                .starts_with("the key \"a\" is given twice")
        );
    }
}
