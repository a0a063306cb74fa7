//! Circles on the sphere.

use tracklane_core::Invalid;
use tracklane_core::position::Point;

use super::Bbox;
use crate::distance::{DEGREE_M, EARTH_RADIUS_M, distance_m, normalise_lon};

/// The largest radius, in metres.
const MAX_RADIUS_M: f64 = 1_000_000.0;

/// All points within a distance of a centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    center: Point,
    radius_m: f64,
}

impl Circle {
    /// The circle of `radius_m` metres (1 to 1,000,000) around `center`.
    ///
    /// # Errors
    /// Names the coordinate or the radius that is out of range (`/geometry/coordinates/0`, `/radius_m`).
    pub fn new(center: Point, radius_m: f64) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        super::parse::check_position(&mut invalid, "/geometry/coordinates", center);
        invalid.require(
            (1.0..=MAX_RADIUS_M).contains(&radius_m),
            "/radius_m",
            "must be a finite number from 1 to 1000000 metres",
        );
        invalid.into_result()?;
        Ok(Self { center, radius_m })
    }

    /// The centre.
    pub fn center(&self) -> Point {
        self.center
    }

    /// The radius, in metres.
    pub fn radius_m(&self) -> f64 {
        self.radius_m
    }

    pub(super) fn signed_distance_m(&self, point: Point) -> f64 {
        distance_m(self.center, point) - self.radius_m
    }

    pub(super) fn bboxes(&self) -> Vec<Bbox> {
        Self::boxes_around(self.center, self.radius_m)
    }

    /// Boxes that hold all points within `radius_m` of `center`.
    pub(super) fn boxes_around(center: Point, radius_m: f64) -> Vec<Bbox> {
        // A little wider than exact, so that rounding never leaves out a point of the circle.
        let lat_reach = radius_m / DEGREE_M * (1.0 + 1e-9) + 1e-9;
        let (south, north) = ((center.lat - lat_reach).max(-90.0), (center.lat + lat_reach).min(90.0));
        if south <= -90.0 || north >= 90.0 {
            return vec![Bbox { west: -180.0, south, east: 180.0, north }];
        }
        let ratio = (radius_m / EARTH_RADIUS_M).sin() / center.lat.to_radians().cos();
        let lon_reach = ratio.min(1.0).asin().to_degrees() * (1.0 + 1e-9) + 1e-9;
        let lon = normalise_lon(center.lon);
        let (west, east) = (lon - lon_reach, lon + lon_reach);
        if west < -180.0 {
            let (left, right) = (Bbox { west: -180.0, south, east, north }, west + 360.0);
            return vec![left, Bbox { west: right, south, east: 180.0, north }];
        }
        if east > 180.0 {
            let (right, left) = (Bbox { west, south, east: 180.0, north }, east - 360.0);
            return vec![right, Bbox { west: -180.0, south, east: left, north }];
        }
        vec![Bbox { west, south, east, north }]
    }
}
