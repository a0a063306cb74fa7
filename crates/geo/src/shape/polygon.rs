//! One polygon with holes, prepared: large ones keep their edges in bands of latitude, so that a question looks at few.

use serde_json::{Value, json};
use smallvec::SmallVec;
use tracklane_core::position::Point;

use super::Bbox;
use super::line::Line;
use super::near::{self, Boxes};
use crate::distance::{DEGREE_M, lon_delta};

/// A polygon with holes that has passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Polygon {
    bbox: Bbox,
    /// Closed rings (the last point repeats the first), the outer one first and counter-clockwise, holes clockwise. One
    /// behind the other, and what few need behind pointers: there may be millions of zones.
    points: Box<[Point]>,
    /// Where each ring ends.
    ends: SmallVec<[u32; 4]>,
    /// For many edges.
    bands: Option<Box<Bands>>,
    /// For many edges.
    boxes: Option<Box<Boxes>>,
    /// The edges on the sphere, near a pole, where no local plane will do.
    polar: Option<Box<Line>>,
}

/// From this latitude on, distances are taken on the sphere.
const POLAR_LAT: f64 = 80.0;

impl Polygon {
    /// Prepares checked rings: closed, right-hand, the outer one first.
    pub(super) fn prepare(rings: &[Vec<Point>]) -> Self {
        let bbox = Bbox::around(rings.first().map_or(&[], Vec::as_slice));
        let mut end = 0;
        let ends = rings.iter().map(|ring| {
            end += ring.len() as u32;
            end
        });
        let mut polygon =
            Self { bbox, ends: ends.collect(), points: rings.concat().into(), bands: None, boxes: None, polar: None };
        polygon.bands = Bands::build(&polygon).map(Box::new);
        polygon.boxes = Boxes::build(polygon.rings()).map(Box::new);
        if bbox.north > POLAR_LAT || bbox.south < -POLAR_LAT {
            polygon.polar = Some(Box::new(Line::new(polygon.edges().filter(|edge| !polygon.is_cut(edge)))));
        }
        polygon
    }

    /// The closed rings: the outer one, counter-clockwise, then the holes, clockwise.
    pub fn rings(&self) -> impl Iterator<Item = &[Point]> {
        let mut start = 0;
        self.ends.iter().map(move |end| &self.points[std::mem::replace(&mut start, *end as usize)..*end as usize])
    }

    /// The box around it.
    pub fn bbox(&self) -> Bbox {
        self.bbox
    }

    /// How many edges it has.
    pub fn edge_count(&self) -> usize {
        self.points.len() - self.ends.len()
    }

    /// Every edge of every ring.
    pub(crate) fn edges(&self) -> impl Iterator<Item = [Point; 2]> {
        self.rings().flat_map(|ring| ring.windows(2).map(|pair| [pair[0], pair[1]]))
    }

    /// Every edge that reaches into these latitudes, some of them more than once, and perhaps others.
    pub(super) fn edges_between(&self, south: f64, north: f64, mut look: impl FnMut(&[Point; 2])) {
        match &self.bands {
            Some(bands) => bands.between(south, north).iter().for_each(look),
            None => self.edges().for_each(|edge| look(&edge)),
        }
    }

    /// True when `point` (longitude below 180) is inside.
    pub(crate) fn contains(&self, point: Point) -> bool {
        if !self.bbox.contains(point) {
            return false;
        }
        // The rule below leaves out a point as far north as the polygon goes, which is nobody's only at the pole.
        let point = Point { lat: point.lat.min(90f64.next_down()), ..point };
        let crossed = match &self.bands {
            Some(bands) => bands.of(point.lat).iter().filter(|edge| runs_east_of(edge, point)).count(),
            None => self.edges().filter(|edge| runs_east_of(edge, point)).count(),
        };
        crossed % 2 == 1
    }

    /// The distance from `point` to the nearest edge, in metres, on a local plane around `point`.
    pub(super) fn edge_distance_m(&self, point: Point) -> f64 {
        if let Some(line) = &self.polar {
            return line.distance_m(point);
        }
        let middle = f64::midpoint(self.bbox.west, self.bbox.east);
        let point = Point { lon: middle + lon_delta(middle, point.lon), ..point };
        let scale = point.lat.to_radians().cos();
        let degrees = match &self.boxes {
            Some(boxes) => boxes.nearest(&self.points, point, scale),
            None => self.rings().map(|ring| near::squared(ring, point, scale)).fold(f64::INFINITY, f64::min).sqrt(),
        };
        degrees * DEGREE_M
    }

    /// True for an edge that only the map has: along a pole, or on both sides of the antimeridian around a pole.
    fn is_cut(&self, [a, b]: &[Point; 2]) -> bool {
        let all_round = self.bbox.west == -180.0 && self.bbox.east == 180.0;
        let along_pole = a.lat.abs() == 90.0 && a.lat == b.lat;
        along_pole || (all_round && a.lon.abs() == 180.0 && a.lon == b.lon)
    }

    /// Half of the shorter side of the box around it, in metres.
    pub(super) fn half_width_m(&self) -> f64 {
        let Bbox { west, south, east, north } = self.bbox;
        let wide = (east - west) * f64::midpoint(south, north).to_radians().cos();
        wide.min(north - south) / 2.0 * DEGREE_M
    }

    /// No edge is nearer to `point` than this, in metres: how far north or south of the box it is.
    pub(super) fn least_distance_m(&self, point: Point) -> f64 {
        (self.bbox.south - point.lat).max(point.lat - self.bbox.north).max(0.0) * DEGREE_M
    }

    pub(super) fn signed_distance_m(&self, point: Point) -> f64 {
        let distance = self.edge_distance_m(point);
        if self.contains(point) { -distance } else { distance }
    }

    /// The `coordinates` of GeoJSON.
    pub(super) fn coordinates(&self) -> Value {
        let position = |point: &Point| json!([point.lon, point.lat]);
        self.rings().map(|ring| ring.iter().map(position).collect::<Value>()).collect()
    }
}

/// True when a ray from `point` to the east crosses the edge. The southern end belongs to the edge, the northern does not.
fn runs_east_of([a, b]: &[Point; 2], point: Point) -> bool {
    let (south, north) = if a.lat < b.lat { (a, b) } else { (b, a) };
    if point.lat < south.lat || point.lat >= north.lat {
        return false;
    }
    let along = (point.lat - south.lat) / (north.lat - south.lat);
    point.lon < south.lon + along * (north.lon - south.lon)
}

/// Bands of latitude of the same height, each with the edges that reach into it.
#[derive(Debug, Clone, PartialEq)]
struct Bands {
    south: f64,
    height: f64,
    /// Where the edges of each band start in `edges`; one more entry than bands.
    starts: Vec<u32>,
    edges: Vec<[Point; 2]>,
}

impl Bands {
    /// Below this many edges, looking at each is as quick.
    const WORTHWHILE: usize = 32;

    fn build(polygon: &Polygon) -> Option<Self> {
        let (bbox, count) = (polygon.bbox, polygon.edge_count());
        let edges = || polygon.edges();
        if count <= Self::WORTHWHILE {
            return None;
        }
        // Long edges stand in many bands: take fewer bands until the copies stay within bounds.
        let height = |bands: usize| (bbox.north - bbox.south) / bands as f64;
        let range = |edge: &[Point; 2], bands: usize| Self::range(edge, bbox.south, height(bands), bands);
        let places =
            |bands: usize| -> usize { edges().map(|edge| range(&edge, bands)).map(|(low, high)| high - low + 1).sum() };
        let mut bands = (count / 4).min(4096);
        while bands > 1 && places(bands) > 6 * count {
            bands /= 2;
        }
        let mut starts = vec![0u32; bands + 1];
        for edge in edges() {
            let (low, high) = range(&edge, bands);
            starts[low + 1..=high + 1].iter_mut().for_each(|size| *size += 1);
        }
        for band in 0..bands {
            starts[band + 1] += starts[band];
        }
        let mut next = starts.clone();
        let mut placed = vec![[Point { lat: 0.0, lon: 0.0 }; 2]; starts[bands] as usize];
        for edge in edges() {
            let (low, high) = range(&edge, bands);
            for slot in &mut next[low..=high] {
                placed[*slot as usize] = edge;
                *slot += 1;
            }
        }
        Some(Self { south: bbox.south, height: height(bands), starts, edges: placed })
    }

    fn number(lat: f64, south: f64, height: f64, bands: usize) -> usize {
        (((lat - south) / height) as usize).min(bands - 1)
    }

    fn range([a, b]: &[Point; 2], south: f64, height: f64, bands: usize) -> (usize, usize) {
        let number = |lat| Self::number(lat, south, height, bands);
        (number(a.lat.min(b.lat)), number(a.lat.max(b.lat)))
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn band(&self, number: usize) -> &[[Point; 2]] {
        &self.edges[self.starts[number] as usize..self.starts[number + 1] as usize]
    }

    /// The edges that reach into the band of a latitude.
    fn of(&self, lat: f64) -> &[[Point; 2]] {
        self.band(Self::number(lat, self.south, self.height, self.count()))
    }

    /// The edges that reach into the bands of these latitudes.
    fn between(&self, south: f64, north: f64) -> &[[Point; 2]] {
        let number = |lat| Self::number(lat, self.south, self.height, self.count());
        &self.edges[self.starts[number(south)] as usize..self.starts[number(north) + 1] as usize]
    }
}
