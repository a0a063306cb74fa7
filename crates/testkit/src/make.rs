//! Things that tests need many of.

use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::position::{Attributes, Fix, Point, Position};

/// A fix at a point, and nothing else said.
pub fn fix(lat: f64, lon: f64) -> Fix {
    Fix {
        point: Point { lat, lon },
        altitude_m: None,
        speed_mps: None,
        course_deg: None,
        accuracy_m: None,
        valid: true,
    }
}

/// A position received when it was taken.
pub fn position(tenant_id: TenantId, device_id: DeviceId, at: Timestamp, lat: f64, lon: f64) -> Position {
    let (fix, attributes) = (fix(lat, lon), Attributes::new());
    Position { tenant_id, device_id, fix_time: at, received_at: at, fix, attributes, mark: None }
}

/// GeoJSON of a square around a point, `half_side` degrees to each side.
pub fn square(lat: f64, lon: f64, half_side: f64) -> Value {
    let (west, east) = (lon - half_side, lon + half_side);
    let (south, north) = (lat - half_side, lat + half_side);
    let ring = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    json!({ "type": "Polygon", "coordinates": [ring] })
}
