//! The shapes of zones: polygons with holes, several polygons, circles. A shape that exists has passed every check and
//! is prepared for fast questions.
//!
//! Edges are straight lines on the map (longitude and latitude), as RFC 7946 has it. A point exactly on an edge may count
//! as inside or outside, but of two shapes that share the edge only one claims it.

use serde_json::Value;
use tracklane_core::Invalid;
use tracklane_core::position::Point;

/// A box on the map, in degrees, `west <= east` and `south <= north`. It never crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bbox {
    /// Lowest longitude.
    pub west: f64,
    /// Lowest latitude.
    pub south: f64,
    /// Highest longitude.
    pub east: f64,
    /// Highest latitude.
    pub north: f64,
}

/// A checked shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One polygon, perhaps with holes.
    Polygon(Polygon),
    /// Several polygons: a point in any of them is inside.
    MultiPolygon(Vec<Polygon>),
    /// All points within a distance of the centre.
    Circle(Circle),
}

/// A polygon with holes.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {}

/// A circle on the sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {}

impl Circle {
    /// The circle of `radius_m` metres (1 to 1,000,000) around `center`.
    ///
    /// # Errors
    /// Names the coordinate or the radius that is out of range (`/geometry/coordinates/0`, `/radius_m`).
    pub fn new(_center: Point, _radius_m: f64) -> Result<Self, Invalid> {
        todo!()
    }
}

impl Shape {
    /// Reads and checks a zone's geometry: a GeoJSON `Polygon` or `MultiPolygon`, or a `Point` with `radius_m`.
    ///
    /// # Errors
    /// Every broken rule, with pointers into `/geometry` and `/radius_m`.
    pub fn parse(_geometry: &Value, _radius_m: Option<f64>) -> Result<Self, Invalid> {
        todo!()
    }

    /// True when `point` is inside.
    pub fn contains(&self, _point: Point) -> bool {
        todo!()
    }

    /// The distance from `point` to the nearest edge, in metres; negative inside.
    pub fn signed_distance_m(&self, _point: Point) -> f64 {
        todo!()
    }

    /// Boxes that together hold the shape; several when it has several parts or crosses the antimeridian.
    pub fn bboxes(&self) -> Vec<Bbox> {
        todo!()
    }

    /// A point to put a label on: the centre of a circle, of the (largest) polygon's box otherwise.
    pub fn center(&self) -> Point {
        todo!()
    }

    /// The geometry as GeoJSON, rings by the right-hand rule, and the radius of a circle. [`Shape::parse`] reads it back.
    pub fn to_geojson(&self) -> (Value, Option<f64>) {
        todo!()
    }
}
