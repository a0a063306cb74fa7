//! A rectangle on the map.

use crate::position::Point;

/// A box of longitudes and latitudes, in degrees. Where `west` is greater than `east` it crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundingBox {
    /// Western edge, -180 to 180.
    pub west: f64,
    /// Southern edge, -90 to 90.
    pub south: f64,
    /// Eastern edge, -180 to 180.
    pub east: f64,
    /// Northern edge, -90 to 90.
    pub north: f64,
}

impl BoundingBox {
    /// True when the point lies inside or on the edge.
    pub fn contains(&self, point: Point) -> bool {
        let lat = (self.south..=self.north).contains(&point.lat);
        let lon = if self.west <= self.east {
            (self.west..=self.east).contains(&point.lon)
        } else {
            point.lon >= self.west || point.lon <= self.east
        };
        lat && lon
    }
}
