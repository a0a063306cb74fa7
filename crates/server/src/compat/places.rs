//! Addresses as one line, and coordinates by their long names.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::model::{Address, DeviceLatest, Location, LocationType};
use tracklane_core::position::Point;
use tracklane_engine::records::NewLocation;

/// Coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// Latitude in degrees, -90 to 90; `lat` is a synonym.
    #[serde(alias = "lat")]
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: f64,
    /// Longitude in degrees, -180 to 180; `lng` and `lon` are synonyms.
    #[serde(alias = "lng", alias = "lon")]
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: f64,
}

impl From<Point> for Coordinates {
    fn from(point: Point) -> Self {
        Self { latitude: point.lat, longitude: point.lon }
    }
}

impl From<Coordinates> for Point {
    fn from(coordinates: Coordinates) -> Self {
        Self { lat: coordinates.latitude, lon: coordinates.longitude }
    }
}

/// Where somebody was, and when.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Whereabouts {
    /// Latitude in degrees.
    pub latitude: f64,
    /// Longitude in degrees.
    pub longitude: f64,
    /// Speed in metres per second.
    pub speed: Option<f32>,
    /// Course in degrees clockwise from north.
    pub heading: Option<f32>,
    /// When.
    pub timestamp: Timestamp,
}

impl From<&DeviceLatest> for Whereabouts {
    fn from(latest: &DeviceLatest) -> Self {
        Self {
            latitude: latest.point.lat,
            longitude: latest.point.lon,
            speed: latest.speed_mps,
            heading: latest.course_deg,
            timestamp: latest.fix_time,
        }
    }
}

/// The location that an address and coordinates describe; none when neither is given. Without an address it is called
/// `otherwise`.
pub fn location(address: Option<String>, point: Option<Coordinates>, otherwise: &str) -> Option<NewLocation> {
    if address.is_none() && point.is_none() {
        return None;
    }
    let name = address.as_deref().unwrap_or(otherwise).chars().take(200).collect();
    Some(NewLocation {
        reference: None,
        name,
        location_type: LocationType::Address,
        address: Address { line1: address, point: point.map(Point::from), ..Address::default() },
        time_zone: None,
        radius_m: None,
    })
}

/// The address of a location as one line: its parts, or its name when it has none.
pub fn line(location: &Location) -> String {
    let Address { line1, line2, postal_code, city, state, country, .. } = &location.address;
    let parts: Vec<_> =
        [line1, line2, postal_code, city, state, country].into_iter().flatten().map(String::as_str).collect();
    if parts.is_empty() { location.name.clone() } else { parts.join(", ") }
}

/// The point of a location.
pub fn point(location: &Location) -> Option<Coordinates> {
    location.address.point.map(Coordinates::from)
}
