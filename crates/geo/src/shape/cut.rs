//! Where the straight way between two points cuts the edge of a shape.

use tracklane_core::position::Point;

use super::{Bbox, Polygon, Shape};
use crate::distance::{DEGREE_M, interpolate, lon_delta, normalise_lon};

impl Shape {
    /// Where the way from `from` to `to`, straight on the map, passes between outside and inside: fractions of the way, 0 to
    /// 1, ascending. Of polygons the true intersections with the edges; of circles and corridors exact to a centimetre, but
    /// cuts that only graze the edge may be left out.
    pub fn cuts(&self, from: Point, to: Point) -> Vec<f64> {
        if self.polygons().is_empty() {
            return self.marched(from, to);
        }
        let mut met: Vec<f64> = self.polygons().iter().flat_map(|polygon| polygon.meets(from, to)).collect();
        if met.is_empty() {
            return met;
        }
        met.sort_by(f64::total_cmp);
        met.dedup();
        // An edge that lies within another part, or that the way only touches, is no way in or out: look between them.
        let ends = met.iter().copied().chain([1.0]);
        let starts = [0.0].into_iter().chain(met.iter().copied());
        let between = |(start, end): (f64, f64)| self.contains(interpolate(from, to, f64::midpoint(start, end)));
        let sides: Vec<bool> = starts.zip(ends).map(between).collect();
        met.iter().zip(sides.windows(2)).filter(|(_, pair)| pair[0] != pair[1]).map(|(cut, _)| *cut).collect()
    }

    /// Goes along the way in steps that cannot jump over an edge, because none is nearer than the distance says.
    fn marched(&self, from: Point, to: Point) -> Vec<f64> {
        let metres_per_way = way_m(from, to) * 1.01;
        if metres_per_way <= 0.0 {
            return Vec::new();
        }
        let beyond = |at: f64| self.signed_distance_m(interpolate(from, to, at));
        let least = (0.05 / metres_per_way).max(1.0 / 4096.0);
        let mut cuts = Vec::new();
        let (mut at, mut here) = (0.0, beyond(0.0));
        while at < 1.0 {
            let next = (at + (here.abs() / metres_per_way).max(least)).min(1.0);
            let there = beyond(next);
            if (here <= 0.0) != (there <= 0.0) {
                cuts.push(halved(at, next, here <= 0.0, |fraction| beyond(fraction) <= 0.0));
            }
            (at, here) = (next, there);
        }
        cuts
    }
}

/// Where `inside` changes between two fractions.
fn halved(mut low: f64, mut high: f64, inside_low: bool, inside: impl Fn(f64) -> bool) -> f64 {
    const HALVINGS: usize = 32;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if inside(middle) == inside_low {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// No less than the length of the way, in metres.
fn way_m(from: Point, to: Point) -> f64 {
    let nearest_equator = if from.lat * to.lat <= 0.0 { 0.0 } else { from.lat.abs().min(to.lat.abs()) };
    let east = lon_delta(from.lon, to.lon) * nearest_equator.to_radians().cos();
    east.hypot(to.lat - from.lat) * DEGREE_M
}

impl Polygon {
    /// Where the way meets an edge: fractions, in no order.
    fn meets(&self, from: Point, to: Point) -> Vec<f64> {
        let start = normalise_lon(from.lon);
        let end = start + lon_delta(from.lon, to.lon);
        let mut met = Vec::new();
        // The way may lie beyond the antimeridian, as seen from the polygon.
        for turn in [-360.0, 0.0, 360.0] {
            let a = Point { lon: start + turn, lat: from.lat };
            let b = Point { lon: end + turn, lat: to.lat };
            let way = Bbox::around(&[a, b]);
            if !way.overlaps(self.bbox()) {
                continue;
            }
            self.edges_between(way.south, way.north, |edge| met.extend(meeting(a, b, edge)));
        }
        met
    }
}

/// The fraction of the way from `a` to `b` at which it meets an edge; none when they are parallel.
fn meeting(a: Point, b: Point, [p, q]: &[Point; 2]) -> Option<f64> {
    let (way, edge) = ((b.lon - a.lon, b.lat - a.lat), (q.lon - p.lon, q.lat - p.lat));
    let (to_edge, cross) = ((p.lon - a.lon, p.lat - a.lat), way.0 * edge.1 - way.1 * edge.0);
    if cross == 0.0 {
        return None;
    }
    let along_way = (to_edge.0 * edge.1 - to_edge.1 * edge.0) / cross;
    let along_edge = (to_edge.0 * way.1 - to_edge.1 * way.0) / cross;
    let met = (0.0..=1.0).contains(&along_way) && (-1e-12..=1.0 + 1e-12).contains(&along_edge);
    met.then_some(along_way)
}

impl Bbox {
    /// True when the two have a point in common.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }
}
