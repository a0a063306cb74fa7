//! The shapes of zones: polygons with holes, several polygons, circles, corridors. A shape that exists has passed every check and
//! is prepared for fast questions.
//!
//! Edges are straight lines on the map (longitude and latitude), as RFC 7946 has it. A point exactly on an edge may count
//! as inside or outside, but of two polygons that share the edge only one claims it.

mod circle;
mod corridor;
mod crossing;
mod cut;
mod feature;
mod line;
mod near;
mod parse;
mod polygon;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use tracklane_core::Invalid;
use tracklane_core::position::Point;

use crate::distance::normalise_lon;

pub use circle::Circle;
pub use corridor::Corridor;
pub use feature::Sizes;
pub use parse::{MAX_HOLES, MAX_POSITIONS};
pub use polygon::Polygon;

/// A checked shape.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One polygon, perhaps with holes.
    Polygon(Polygon),
    /// Several polygons: a point in any of them is inside. They may overlap.
    MultiPolygon(Vec<Polygon>),
    /// All points within a distance of a centre.
    Circle(Circle),
    /// All points within half of a width of a line.
    Corridor(Corridor),
}

impl Shape {
    /// Reads and checks a zone's geometry: a GeoJSON `Polygon` or `MultiPolygon`, or a `Point` with `radius_m`.
    ///
    /// Rings may run either way round. They must be closed, must not cross or touch themselves, and must enclose an area;
    /// holes must lie in the outer ring. What crosses the antimeridian comes as a `MultiPolygon` that is cut there.
    ///
    /// # Errors
    /// The broken rules, with pointers into `/geometry` and `/radius_m`.
    pub fn parse(geometry: &Value, radius_m: Option<f64>) -> Result<Self, Invalid> {
        parse::shape(geometry, radius_m)
    }

    /// The polygons; none for a circle or a corridor.
    pub fn polygons(&self) -> &[Polygon] {
        match self {
            Self::Polygon(polygon) => std::slice::from_ref(polygon),
            Self::MultiPolygon(polygons) => polygons,
            Self::Circle(_) | Self::Corridor(_) => &[],
        }
    }

    /// True when `point` is inside.
    pub fn contains(&self, point: Point) -> bool {
        match self {
            Self::Circle(circle) => circle.signed_distance_m(point) <= 0.0,
            Self::Corridor(corridor) => corridor.signed_distance_m(point) <= 0.0,
            _ => {
                let point = Point { lon: normalise_lon(point.lon), ..point };
                self.polygons().iter().any(|polygon| polygon.contains(point))
            }
        }
    }

    /// The distance from `point` to the nearest edge, in metres; negative inside. Exact enough (0.1 %) within some tens of
    /// kilometres of the edge; the sign is always that of [`Shape::contains`]. Where a shape is cut at the antimeridian,
    /// the cut counts as an edge; inside of parts that overlap, the edge of one of them counts.
    pub fn signed_distance_m(&self, point: Point) -> f64 {
        match self {
            Self::Circle(circle) => circle.signed_distance_m(point),
            Self::Corridor(corridor) => corridor.signed_distance_m(point),
            _ => {
                let point = Point { lon: normalise_lon(point.lon), ..point };
                let nearer = |best: f64, polygon: &Polygon| {
                    let may_be = polygon.least_distance_m(point) <= best;
                    if may_be { best.min(polygon.signed_distance_m(point)) } else { best }
                };
                self.polygons().iter().fold(f64::INFINITY, nearer)
            }
        }
    }

    /// How far from its edge its middle may be, in metres: a radius, half a width, or half of the shorter side of the box
    /// around the largest polygon.
    pub fn half_width_m(&self) -> f64 {
        match self {
            Self::Circle(circle) => circle.radius_m(),
            Self::Corridor(corridor) => corridor.width_m() / 2.0,
            _ => self.polygons().iter().map(Polygon::half_width_m).fold(0.0, f64::max),
        }
    }

    /// Boxes that together hold the shape: one for each polygon, two for a circle that crosses the antimeridian, some for a
    /// corridor.
    pub fn bboxes(&self) -> Vec<Bbox> {
        match self {
            Self::Circle(circle) => circle.bboxes(),
            Self::Corridor(corridor) => corridor.bboxes(),
            _ => self.polygons().iter().map(Polygon::bbox).collect(),
        }
    }

    /// A point to put a label on: the centre of a circle, a middle point of a corridor, or of the box around the polygon with the most corners.
    pub fn center(&self) -> Point {
        match self {
            Self::Circle(circle) => circle.center(),
            Self::Corridor(corridor) => corridor.points()[corridor.points().len() / 2],
            _ => {
                let main = self.polygons().iter().max_by_key(|polygon| polygon.edge_count());
                main.map_or(Point { lat: 0.0, lon: 0.0 }, |polygon| polygon.bbox().center())
            }
        }
    }

    /// The geometry as GeoJSON, rings by the right-hand rule, and the radius of a circle. [`Shape::parse`] reads it back,
    /// but for a corridor, whose width is not in it: [`Shape::to_feature`] has everything.
    pub fn to_geojson(&self) -> (Value, Option<f64>) {
        match self {
            Self::Circle(circle) => {
                let Point { lat, lon } = circle.center();
                (json!({ "type": "Point", "coordinates": [lon, lat] }), Some(circle.radius_m()))
            }
            Self::Corridor(corridor) => {
                let coordinates: Value = corridor.points().iter().map(|point| json!([point.lon, point.lat])).collect();
                (json!({ "type": "LineString", "coordinates": coordinates }), None)
            }
            Self::Polygon(polygon) => (json!({ "type": "Polygon", "coordinates": polygon.coordinates() }), None),
            Self::MultiPolygon(polygons) => {
                let coordinates: Value = polygons.iter().map(Polygon::coordinates).collect();
                (json!({ "type": "MultiPolygon", "coordinates": coordinates }), None)
            }
        }
    }
}

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

impl Bbox {
    /// The box around points; an inside-out one without points.
    pub fn around(points: &[Point]) -> Self {
        let empty = Self { west: f64::INFINITY, south: f64::INFINITY, east: -f64::INFINITY, north: -f64::INFINITY };
        points.iter().fold(empty, |bbox, point| Self {
            west: bbox.west.min(point.lon),
            south: bbox.south.min(point.lat),
            east: bbox.east.max(point.lon),
            north: bbox.north.max(point.lat),
        })
    }

    /// True when `point` is in it, edges included.
    pub fn contains(&self, point: Point) -> bool {
        (self.west..=self.east).contains(&point.lon) && (self.south..=self.north).contains(&point.lat)
    }

    /// The middle.
    pub fn center(&self) -> Point {
        Point { lat: f64::midpoint(self.south, self.north), lon: f64::midpoint(self.west, self.east) }
    }
}
