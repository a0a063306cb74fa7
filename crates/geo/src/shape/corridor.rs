//! Corridors: a line with a width.

use tracklane_core::Invalid;
use tracklane_core::position::Point;

use super::line::{self, Line};
use super::{Bbox, Circle, MAX_POSITIONS};
use crate::distance::{DEGREE_M, distance_m, lon_delta};

/// The largest width, in metres.
const MAX_WIDTH_M: f64 = 100_000.0;

/// The longest line, in metres: half around the earth.
const MAX_LENGTH_M: f64 = 20_000_000.0;

/// All points within half of a width of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Corridor {
    points: Vec<Point>,
    width_m: f64,
    line: Line,
}

impl Corridor {
    /// The corridor along `points` (2 to 100,000, each the short way from the one before, together up to 20,000 km), in all
    /// `width_m` metres wide (1 to 100,000).
    ///
    /// # Errors
    /// Names what is out of range (`/geometry/coordinates/0/1`, `/width_m`).
    pub fn new(points: Vec<Point>, width_m: f64) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let at = "/geometry/coordinates";
        let fits = (2..=MAX_POSITIONS).contains(&points.len());
        invalid.require(fits, at, format!("must be an array of 2 to {MAX_POSITIONS} positions"));
        for (number, point) in points.iter().enumerate() {
            super::parse::check_position(&mut invalid, &format!("{at}/{number}"), *point);
            if super::parse::is_full(&invalid) {
                break;
            }
        }
        let fits = (1.0..=MAX_WIDTH_M).contains(&width_m);
        invalid.require(fits, "/width_m", "must be a finite number from 1 to 100000 metres");
        invalid.into_result()?;
        let length_m: f64 = points.windows(2).map(|pair| distance_m(pair[0], pair[1])).sum();
        if length_m > MAX_LENGTH_M {
            return Err(Invalid::one(at, "must be at most 20000 kilometres long"));
        }
        let line = Line::new(edges(&points));
        Ok(Self { points, width_m, line })
    }

    /// The line.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The width in all, in metres.
    pub fn width_m(&self) -> f64 {
        self.width_m
    }

    pub(super) fn signed_distance_m(&self, point: Point) -> f64 {
        self.line.distance_m(point) - self.width_m / 2.0
    }

    /// Boxes around short pieces of it, which together hold it.
    pub(crate) fn bboxes(&self) -> Vec<Bbox> {
        // As short as they are wide, so that the boxes hug the line; but not too many.
        let step = (self.width_m / DEGREE_M).max(self.extent() / 256.0);
        let mut boxes = Vec::new();
        for [a, b] in edges(&self.points) {
            let count = ((b.lon - a.lon).abs().max((b.lat - a.lat).abs()) / step).ceil().clamp(1.0, 1024.0);
            let at = |share: f64| Point {
                lat: a.lat + (b.lat - a.lat) * share,
                lon: crate::distance::normalise_lon(a.lon + (b.lon - a.lon) * share),
            };
            for number in 0..count as u32 {
                let (from, to) = (f64::from(number) / count, (f64::from(number) + 1.0) / count);
                let middle = at(f64::midpoint(from, to));
                // A piece that is straight on the map bulges no further than its ends are away.
                let reach = line::split([at(from), unwrapped(at(from), at(to))])
                    .map(|[_, end]| distance_m(middle, end))
                    .fold(distance_m(middle, at(from)), f64::max);
                boxes.extend(Circle::boxes_around(middle, reach + self.width_m / 2.0));
            }
        }
        boxes
    }

    /// How many degrees it spans, in the direction in which it spans more.
    pub(crate) fn extent(&self) -> f64 {
        let (mut lon, mut low, mut high) = (0.0, 0.0f64, 0.0f64);
        for pair in self.points.windows(2) {
            lon += lon_delta(pair[0].lon, pair[1].lon);
            (low, high) = (low.min(lon), high.max(lon));
        }
        let lats = self.points.iter().map(|point| point.lat);
        let (south, north) = (lats.clone().fold(90.0, f64::min), lats.fold(-90.0, f64::max));
        (high - low).max(north - south).max(self.width_m / DEGREE_M)
    }
}

fn unwrapped(a: Point, b: Point) -> Point {
    Point { lon: a.lon + lon_delta(a.lon, b.lon), ..b }
}

/// The edges of a line, each the short way.
fn edges(points: &[Point]) -> impl Iterator<Item = [Point; 2]> {
    points.windows(2).map(|pair| [pair[0], unwrapped(pair[0], pair[1])])
}
