//! Reading and checking a zone's geometry. Every broken rule is named with a pointer, as deep as it goes.

use serde_json::Value;
use tracklane_core::Invalid;
use tracklane_core::position::Point;

use super::crossing::{self, GridPoint, grid};
use super::{Bbox, Circle, Corridor, Polygon, Shape};

/// The most positions that a geometry may have.
pub const MAX_POSITIONS: usize = 100_000;

/// The most holes that a polygon may have.
pub const MAX_HOLES: usize = 1_000;

/// After this many broken rules nobody reads on.
const MAX_ERRORS: usize = 20;

/// The least area of a ring, in square degrees: about a square centimetre.
const LEAST_AREA: f64 = 1e-14;

/// Reads and checks a geometry.
pub(super) fn shape(geometry: &Value, radius_m: Option<f64>) -> Result<Shape, Invalid> {
    let mut reader = Reader { invalid: Invalid::default(), positions: 0 };
    let coordinates = geometry.get("coordinates").unwrap_or(&Value::Null);
    let at = "/geometry/coordinates";
    let shape = match geometry.get("type").and_then(Value::as_str) {
        Some("Polygon") => reader.polygon(coordinates, at).map(Shape::Polygon),
        Some("MultiPolygon") => reader.multi_polygon(coordinates, at).map(Shape::MultiPolygon),
        Some("Point") => return circle(reader, coordinates, radius_m),
        _ => {
            let rule = "must be Polygon, MultiPolygon, or Point together with radius_m for a circle";
            return Err(Invalid::one("/geometry/type", rule));
        }
    };
    if radius_m.is_some() {
        reader.invalid.add("/radius_m", "must be left out unless the geometry is a Point");
    }
    if geometry.get("crs").is_some() {
        reader.invalid.add("/geometry/crs", "must be left out: coordinates are always WGS 84 (RFC 7946, section 4)");
    }
    let Some(shape) = shape else { return Err(reader.invalid) };
    reader.invalid.into_result().map(|()| shape)
}

fn circle(mut reader: Reader, coordinates: &Value, radius_m: Option<f64>) -> Result<Shape, Invalid> {
    let center = reader.position(coordinates, "/geometry/coordinates");
    let Some(radius_m) = radius_m else {
        reader.invalid.add("/radius_m", "is required with a Point: 1 to 1000000 metres");
        return Err(reader.invalid);
    };
    let circle = Circle::new(center.unwrap_or(Point { lat: 0.0, lon: 0.0 }), radius_m);
    if let Err(radius) = &circle {
        reader.invalid.nest("", radius.clone());
    }
    reader.invalid.into_result()?;
    circle.map(Shape::Circle)
}

/// Names each coordinate of the position at `pointer` that is not on earth.
pub(super) fn check_position(invalid: &mut Invalid, pointer: &str, point: Point) -> bool {
    let lon = (-180.0..=180.0).contains(&point.lon);
    let lat = (-90.0..=90.0).contains(&point.lat);
    if !lon {
        invalid.add(&format!("{pointer}/0"), "must be a finite longitude from -180 to 180");
    }
    if !lat {
        invalid.add(&format!("{pointer}/1"), "must be a finite latitude from -90 to 90");
    }
    lon && lat
}

/// True when so many rules are broken that nobody reads on.
pub(super) fn is_full(invalid: &Invalid) -> bool {
    invalid.0.len() >= MAX_ERRORS
}

/// Reads and checks the line of a corridor.
pub(super) fn corridor(coordinates: &Value, width_m: Option<f64>) -> Result<Shape, Invalid> {
    let at = "/geometry/coordinates";
    let Some(given) = coordinates.as_array() else { return Err(Invalid::one(at, "must be an array of positions")) };
    let mut reader = Reader { invalid: Invalid::default(), positions: 0 };
    let mut points = Vec::with_capacity(given.len().min(MAX_POSITIONS));
    for (number, position) in given.iter().take(MAX_POSITIONS + 1).enumerate() {
        points.extend(reader.position(position, &format!("{at}/{number}")));
        if reader.is_full() {
            break;
        }
    }
    let Some(width_m) = width_m else {
        reader.invalid.add("/width_m", "is required with a LineString: 1 to 100000 metres");
        return Err(reader.invalid);
    };
    reader.invalid.into_result()?;
    Corridor::new(points, width_m).map(Shape::Corridor)
}

/// A ring without repeated positions and without the closing one: each point with its number in the input.
struct Ring {
    points: Vec<(usize, Point)>,
}

impl Ring {
    fn grid(&self) -> Vec<GridPoint> {
        self.points.iter().map(|(_, point)| grid(*point)).collect()
    }

    /// True when all points lie on one line.
    fn is_flat(&self) -> bool {
        let grid = self.grid();
        let wide = |point: &GridPoint| {
            (i128::from(point.0) - i128::from(grid[0].0), i128::from(point.1) - i128::from(grid[0].1))
        };
        let from_first: Vec<_> = grid.iter().map(wide).collect();
        from_first.windows(2).all(|pair| pair[0].0 * pair[1].1 == pair[0].1 * pair[1].0)
    }

    /// Twice the area in square degrees; positive when counter-clockwise. Taken from the first point, to keep digits.
    fn doubled_area(&self) -> f64 {
        let Some((_, origin)) = self.points.first() else { return 0.0 };
        let from_origin = |(_, point): &(usize, Point)| (point.lon - origin.lon, point.lat - origin.lat);
        let pairs = self.points.windows(2).map(|pair| (from_origin(&pair[0]), from_origin(&pair[1])));
        pairs.map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
    }

    /// The closed ring, turned the way that `counter_clockwise` asks for.
    fn closed(&self, counter_clockwise: bool) -> Vec<Point> {
        let mut points: Vec<Point> = self.points.iter().map(|(_, point)| *point).collect();
        points.extend(points.first().copied());
        if (self.doubled_area() > 0.0) != counter_clockwise {
            points.reverse();
        }
        points
    }
}

struct Reader {
    invalid: Invalid,
    positions: usize,
}

impl Reader {
    fn is_full(&self) -> bool {
        self.invalid.0.len() >= MAX_ERRORS || self.positions > MAX_POSITIONS
    }

    fn multi_polygon(&mut self, value: &Value, at: &str) -> Option<Vec<Polygon>> {
        let Some(parts) = value.as_array().filter(|parts| !parts.is_empty()) else {
            self.invalid.add(at, "must be an array of at least one polygon");
            return None;
        };
        let mut polygons = Vec::with_capacity(parts.len());
        for (number, part) in parts.iter().enumerate() {
            polygons.extend(self.polygon(part, &format!("{at}/{number}")));
            if self.is_full() {
                return None;
            }
        }
        (polygons.len() == parts.len()).then_some(polygons)
    }

    fn polygon(&mut self, value: &Value, at: &str) -> Option<Polygon> {
        let Some(given) = value.as_array().filter(|rings| !rings.is_empty()) else {
            self.invalid.add(at, "must be an array of rings: the outer one, then the holes");
            return None;
        };
        if given.len() > MAX_HOLES + 1 {
            self.invalid.add(at, format!("must have at most {MAX_HOLES} holes"));
            return None;
        }
        let mut rings = Vec::with_capacity(given.len());
        for (number, ring) in given.iter().enumerate() {
            rings.extend(self.ring(ring, &format!("{at}/{number}")));
            if self.is_full() {
                return None;
            }
        }
        if rings.len() < given.len() {
            return None;
        }
        // Before the area: the two halves of a bow tie outweigh each other, and that is not what is wrong with it.
        self.check_crossing(&rings, at)?;
        if let Some(number) = rings.iter().position(|ring| ring.doubled_area().abs() < 2.0 * LEAST_AREA) {
            self.invalid.add(&format!("{at}/{number}"), AREA_RULE);
            return None;
        }
        let outer = Polygon::prepare(&[rings[0].closed(true)]);
        self.check_holes(&outer, &rings, at)?;
        if rings.len() == 1 {
            return Some(outer);
        }
        let closed: Vec<_> = rings.iter().enumerate().map(|(number, ring)| ring.closed(number == 0)).collect();
        Some(Polygon::prepare(&closed))
    }

    fn ring(&mut self, value: &Value, at: &str) -> Option<Ring> {
        let Some(given) = value.as_array().filter(|positions| positions.len() >= 4) else {
            self.invalid.add(at, "must be a closed ring: an array of at least four positions");
            return None;
        };
        let before = self.invalid.0.len();
        let mut points: Vec<(usize, Point)> = Vec::with_capacity(given.len());
        for (number, position) in given.iter().enumerate() {
            let pointer = || format!("{at}/{number}");
            self.positions += 1;
            if self.positions > MAX_POSITIONS {
                self.invalid.add("/geometry", format!("must have at most {MAX_POSITIONS} positions"));
            }
            let point = self.position(position, &pointer());
            if self.is_full() {
                return None;
            }
            let Some(point) = point else { continue };
            if points.last().is_some_and(|(_, last)| jumps(*last, point)) {
                self.invalid.add(&pointer(), JUMP_RULE);
            }
            if points.last().is_none_or(|(_, last)| grid(*last) != grid(point)) {
                points.push((number, point));
            }
        }
        if self.invalid.0.len() > before {
            return None;
        }
        let last = points.last().map(|(_, point)| grid(*point));
        if points.first().map(|(_, point)| grid(*point)) != last {
            let pointer = format!("{at}/{}", given.len() - 1);
            self.invalid.add(&pointer, "must be the same as the first position: the ring is not closed");
            return None;
        }
        points.pop();
        let ring = Ring { points };
        if ring.points.len() < 3 || ring.is_flat() {
            self.invalid.add(at, AREA_RULE);
            return None;
        }
        Some(ring)
    }

    fn position(&mut self, value: &Value, at: &str) -> Option<Point> {
        let numbers: Option<Vec<f64>> = value
            .as_array()
            .filter(|parts| matches!(parts.len(), 2 | 3))
            .and_then(|parts| parts.iter().map(Value::as_f64).collect());
        let Some(numbers) = numbers else {
            self.invalid.add(at, "must be a position: longitude and latitude in degrees, as two numbers");
            return None;
        };
        let point = Point { lat: numbers[1], lon: numbers[0] };
        check_position(&mut self.invalid, at, point).then_some(point)
    }

    fn check_crossing(&mut self, rings: &[Ring], at: &str) -> Option<()> {
        let grids: Vec<_> = rings.iter().map(Ring::grid).collect();
        let Some((a, b)) = crossing::find(&grids) else { return Some(()) };
        let input = |(ring, index): (usize, usize)| rings[ring].points[index].0;
        let rule = if a.0 == b.0 {
            format!("the ring crosses or touches itself: the edge from here meets the edge from position {}", input(b))
        } else {
            format!("the edge from here crosses ring {} at its edge from position {}", b.0, input(b))
        };
        self.invalid.add(&format!("{at}/{}/{}", a.0, input(a)), rule);
        None
    }

    fn check_holes(&mut self, outer: &Polygon, rings: &[Ring], at: &str) -> Option<()> {
        let before = self.invalid.0.len();
        let holes: Vec<Polygon> = rings[1..].iter().map(|ring| Polygon::prepare(&[ring.closed(true)])).collect();
        for (number, hole) in holes.iter().enumerate() {
            let pointer = format!("{at}/{}", number + 1);
            if !lies_in(outer, hole) {
                self.invalid.add(&pointer, "must lie inside the outer ring");
            }
            let nested = |(other, outside): (usize, &Polygon)| {
                other != number && outside.bbox().holds(hole.bbox()) && lies_in(outside, hole)
            };
            if holes.iter().enumerate().any(nested) {
                self.invalid.add(&pointer, "must not lie inside another hole");
            }
            if self.is_full() {
                break;
            }
        }
        (self.invalid.0.len() == before).then_some(())
    }
}

const AREA_RULE: &str = "must enclose an area";

const JUMP_RULE: &str = "must be within 180 degrees of longitude of the position before: cut a ring that crosses the \
                         antimeridian there, into parts of a MultiPolygon (RFC 7946, section 3.1.9)";

/// A step of more than half a turn is the short way across the antimeridian, unless it runs along a pole.
fn jumps(from: Point, to: Point) -> bool {
    let along_pole = from.lat.abs() == 90.0 && from.lat == to.lat;
    (to.lon - from.lon).abs() > 180.0 && !along_pole
}

/// Does a ring that does not cross `outer` lie inside? Points on the edge say nothing, so every corner and every middle
/// of an edge is asked.
fn lies_in(outer: &Polygon, inner: &Polygon) -> bool {
    const ON_EDGE_M: f64 = 0.001;
    let inside = |point: Point| outer.contains(point) || outer.edge_distance_m(point) < ON_EDGE_M;
    inner.edges().all(|[a, b]| {
        let middle = Point { lat: f64::midpoint(a.lat, b.lat), lon: f64::midpoint(a.lon, b.lon) };
        inside(a) && inside(middle)
    })
}

impl Bbox {
    fn holds(&self, other: Self) -> bool {
        self.west <= other.west && other.east <= self.east && self.south <= other.south && other.north <= self.north
    }
}
