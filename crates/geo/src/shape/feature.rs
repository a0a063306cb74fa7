//! Shapes with all that belongs to them: geometry and sizes, also as a GeoJSON `Feature`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracklane_core::Invalid;

use super::{Shape, parse};

/// What a geometry alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Sizes {
    /// The radius of a circle, in metres, 1 to 1,000,000; none for everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius_m: Option<f64>,
    /// The width of a corridor in all, in metres, 1 to 100,000; none for everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_m: Option<f64>,
}

impl Shape {
    /// Reads and checks a zone's geometry like [`Shape::parse`], and also a `LineString` with `width_m`: a corridor.
    ///
    /// # Errors
    /// The broken rules, with pointers into `/geometry`, `/radius_m` and `/width_m`.
    pub fn read(geometry: &Value, sizes: Sizes) -> Result<Self, Invalid> {
        let Sizes { radius_m, width_m } = sizes;
        if geometry.get("type").and_then(Value::as_str) == Some("LineString") {
            if radius_m.is_some() {
                return Err(Invalid::one("/radius_m", "must be left out unless the geometry is a Point"));
            }
            return parse::corridor(geometry.get("coordinates").unwrap_or(&Value::Null), width_m);
        }
        if width_m.is_some() {
            return Err(Invalid::one("/width_m", "must be left out unless the geometry is a LineString"));
        }
        Self::parse(geometry, radius_m)
    }

    /// The radius or the width.
    pub fn sizes(&self) -> Sizes {
        match self {
            Self::Circle(circle) => Sizes { radius_m: Some(circle.radius_m()), width_m: None },
            Self::Corridor(corridor) => Sizes { radius_m: None, width_m: Some(corridor.width_m()) },
            Self::Polygon(_) | Self::MultiPolygon(_) => Sizes::default(),
        }
    }

    /// The shape as a GeoJSON `Feature`, with `radius_m` or `width_m` among its properties.
    pub fn to_feature(&self) -> Value {
        json!({ "type": "Feature", "geometry": self.to_geojson().0, "properties": self.sizes() })
    }

    /// Reads and checks a GeoJSON `Feature` of [`Shape::to_feature`]. Other properties do not matter.
    ///
    /// # Errors
    /// As [`Shape::read`] has it; also when `radius_m` or `width_m` is no number.
    pub fn from_feature(feature: &Value) -> Result<Self, Invalid> {
        let properties = feature.get("properties").filter(|value| !value.is_null());
        let mut invalid = Invalid::default();
        let mut size = |name: &str| match properties.and_then(|properties| properties.get(name)) {
            None | Some(Value::Null) => None,
            Some(value) => {
                invalid.require(value.is_number(), &format!("/{name}"), "must be a number of metres");
                value.as_f64()
            }
        };
        let sizes = Sizes { radius_m: size("radius_m"), width_m: size("width_m") };
        invalid.into_result()?;
        Self::read(feature.get("geometry").unwrap_or(&Value::Null), sizes)
    }
}
