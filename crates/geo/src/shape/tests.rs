use proptest::prelude::*;
use serde_json::{Value, json};
use tracklane_core::position::Point;

use super::{Bbox, Shape};
use crate::distance::{DEGREE_M, destination, distance_m};

fn at(lat: f64, lon: f64) -> Point {
    Point { lat, lon }
}

fn polygon(rings: &Value) -> Result<Shape, Vec<(String, String)>> {
    parse(&json!({ "type": "Polygon", "coordinates": rings }), None)
}

fn parse(geometry: &Value, radius_m: Option<f64>) -> Result<Shape, Vec<(String, String)>> {
    Shape::parse(geometry, radius_m).map_err(|invalid| invalid.0.into_iter().map(|e| (e.pointer, e.detail)).collect())
}

#[track_caller]
fn refused(rings: &Value, pointer: &str, rule: &str) {
    refused_geometry(&json!({ "type": "Polygon", "coordinates": rings }), None, pointer, rule);
}

#[track_caller]
fn refused_geometry(geometry: &Value, radius_m: Option<f64>, pointer: &str, rule: &str) {
    let errors = parse(geometry, radius_m).expect_err("must be refused");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].0, pointer);
    assert!(errors[0].1.contains(rule), "{:?} does not say {rule:?}", errors[0].1);
}

fn square(west: f64, south: f64, size: f64) -> Value {
    json!([[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]])
}

#[test]
fn bad_rings_are_named_down_to_the_number() {
    refused(&json!([]), "#/geometry/coordinates", "array of rings");
    refused(&json!([[[0, 0], [1, 0], [0, 0]]]), "#/geometry/coordinates/0", "at least four positions");
    refused(&json!([[[0, 0], [1, 0], [1, 1], [0, 1]]]), "#/geometry/coordinates/0/3", "not closed");
    refused(&json!([[[0, 0], [1, 0], [1, 95], [0, 0]]]), "#/geometry/coordinates/0/2/1", "latitude from -90 to 90");
    refused(&json!([[[0, 0], [181, 0], [1, 1], [0, 0]]]), "#/geometry/coordinates/0/1/0", "longitude from -180 to 180");
    refused(&json!([[[0, 0], [1, null], [1, 1], [0, 0]]]), "#/geometry/coordinates/0/1", "two numbers");
    refused(&json!([[[0, 0], [1], [1, 1], [0, 0]]]), "#/geometry/coordinates/0/1", "two numbers");
    refused(&json!([[[0, 0], [1, 1], [2, 2], [0, 0]]]), "#/geometry/coordinates/0", "enclose an area");
    refused(&json!([[[0, 0], [0, 0], [0, 0], [0, 0]]]), "#/geometry/coordinates/0", "enclose an area");
}

#[test]
fn rings_that_cross_or_touch_themselves_are_refused() {
    let bow_tie = json!([[[0, 0], [2, 2], [2, 0], [0, 1], [0, 0]]]);
    refused(&bow_tie, "#/geometry/coordinates/0/0", "meets the edge from position 2");
    let even_bow_tie = json!([[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]);
    refused(&even_bow_tie, "#/geometry/coordinates/0/0", "meets the edge from position 2");
    let touches_corner = json!([[[0, 0], [2, 0], [1, 1], [2, 2], [0, 2], [1, 1], [0, 0]]]);
    refused(&touches_corner, "#/geometry/coordinates/0/2", "meets the edge from position 5");
    let touches_edge = json!([[[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]]]);
    refused(&touches_edge, "#/geometry/coordinates/0/0", "touches itself");
    let spike = json!([[[0, 0], [4, 0], [4, 4], [6, 6], [4, 4], [0, 4], [0, 0]]]);
    refused(&spike, "#/geometry/coordinates/0/2", "touches itself");
    let doubled_back = json!([[[0, 0], [4, 0], [4, 4], [4, 2], [0, 2], [0, 0]]]);
    refused(&doubled_back, "#/geometry/coordinates/0/1", "touches itself");
    // The same position twice in a row is no crossing.
    assert!(polygon(&json!([[[0, 0], [4, 0], [4, 0], [4, 4], [0, 0], [0, 0]]])).is_ok());
}

#[test]
fn holes_must_lie_in_the_outer_ring_and_not_in_each_other() {
    let outer = square(0.0, 0.0, 10.0);
    refused(&json!([outer, square(20.0, 0.0, 1.0)]), "#/geometry/coordinates/1", "inside the outer ring");
    refused(&json!([outer, square(9.0, 4.0, 3.0)]), "#/geometry/coordinates/0/1", "crosses ring 1");
    refused(&json!([outer, square(0.0, 0.0, 10.0)]), "#/geometry/coordinates/0/0", "crosses ring 1");
    let nested = json!([outer, square(1.0, 1.0, 5.0), square(2.0, 2.0, 1.0)]);
    refused(&nested, "#/geometry/coordinates/2", "inside another hole");
    // A hole may touch the outer ring in a point.
    let touching = json!([outer, [[5, 0], [6, 3], [4, 3], [5, 0]]]);
    let shape = polygon(&touching).expect("a hole that touches in a point");
    assert!(!shape.contains(at(2.0, 5.0)));
    assert!(shape.contains(at(2.0, 9.0)));
}

#[test]
fn the_antimeridian_and_the_poles() {
    let jump = json!([[[179, 0], [-179, 0], [-179, 1], [179, 1], [179, 0]]]);
    let errors = polygon(&jump).expect_err("jumps");
    assert_eq!(errors[0].0, "#/geometry/coordinates/0/1");
    assert!(errors[0].1.contains("MultiPolygon"), "{}", errors[0].1);

    let cut = json!({ "type": "MultiPolygon", "coordinates": [[square(179.0, 0.0, 1.0)], [square(-180.0, 0.0, 1.0)]] });
    let shape = parse(&cut, None).expect("cut at the antimeridian");
    for (lon, inside) in [(179.5, true), (180.0, true), (-180.0, true), (-179.5, true), (178.9, false), (-178.9, false)]
    {
        assert_eq!(shape.contains(at(0.5, lon)), inside, "{lon}");
        assert_eq!(shape.signed_distance_m(at(0.5, lon)) <= 0.0, inside, "{lon}");
    }
    // The distance runs across the antimeridian.
    assert!((shape.signed_distance_m(at(0.5, -178.99)) - 0.01 * DEGREE_M).abs() < 1.0);

    let cap = json!([[[-180, 80], [-90, 80], [0, 80], [90, 80], [180, 80], [180, 90], [-180, 90], [-180, 80]]]);
    let cap = polygon(&cap).expect("a polar cap runs along the pole");
    assert!(cap.contains(at(90.0, 12.0)));
    assert!(cap.contains(at(85.0, -180.0)));
    assert!(!cap.contains(at(79.0, 0.0)));
}

#[test]
fn other_geometries_and_radii_are_refused() {
    let point = json!({ "type": "Point", "coordinates": [9.0, 45.0] });
    refused_geometry(&json!({ "type": "LineString" }), None, "#/geometry/type", "Polygon, MultiPolygon, or Point");
    refused_geometry(&Value::Null, None, "#/geometry/type", "Polygon, MultiPolygon, or Point");
    refused_geometry(&json!({ "type": "MultiPolygon", "coordinates": [] }), None, "#/geometry/coordinates", "polygon");
    refused_geometry(&point, None, "#/radius_m", "required with a Point");
    for radius in [0.0, 0.9, 1_000_001.0, f64::NAN, f64::INFINITY, -5.0] {
        refused_geometry(&point, Some(radius), "#/radius_m", "from 1 to 1000000");
    }
    refused_geometry(
        &json!({ "type": "Point", "coordinates": [190, 4] }),
        Some(5.0),
        "#/geometry/coordinates/0",
        "180",
    );
    let ring = json!({ "type": "Polygon", "coordinates": [square(0.0, 0.0, 1.0)] });
    refused_geometry(&ring, Some(5.0), "#/radius_m", "left out");
    let crs = json!({ "type": "Polygon", "coordinates": [square(0.0, 0.0, 1.0)], "crs": {} });
    refused_geometry(&crs, None, "#/geometry/crs", "WGS 84");
}

#[test]
fn a_flood_of_errors_is_cut_short() {
    let ring: Vec<Value> = (0..5000).map(|_| json!([500, 500])).collect();
    let errors = polygon(&json!([ring])).expect_err("all bad");
    assert!(errors.len() < 30, "{}", errors.len());
    let long: Vec<Value> = (0..100_002).map(|_| json!([1, 1])).collect();
    refused(&json!([long]), "#/geometry", "at most 100000 positions");
}

#[test]
fn either_winding_is_read_and_the_right_hand_one_is_written() {
    let clockwise = json!([[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]], [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]]);
    let (written, radius) = polygon(&clockwise).expect("clockwise").to_geojson();
    let right_hand = json!([
        [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]],
        [[2.0, 2.0], [2.0, 4.0], [4.0, 4.0], [4.0, 2.0], [2.0, 2.0]]
    ]);
    assert_eq!(written["coordinates"], right_hand);
    assert_eq!(radius, None);
}

#[test]
fn circles_measure_on_the_sphere() {
    let center = at(60.0, 179.99);
    let geometry = json!({ "type": "Point", "coordinates": [center.lon, center.lat] });
    let shape = parse(&geometry, Some(2000.0)).expect("a circle");
    assert_eq!(shape.to_geojson(), (geometry, Some(2000.0)));
    let boxes = shape.bboxes();
    assert_eq!(boxes.len(), 2, "{boxes:?}");
    for bearing in (0..360).step_by(10) {
        for (metres, inside) in [(1999.0, true), (2001.0, false)] {
            let point = destination(center, f64::from(bearing), metres);
            assert_eq!(shape.contains(point), inside);
            assert!((shape.signed_distance_m(point) - (metres - 2000.0)).abs() < 0.01);
            assert!(!inside || boxes.iter().any(|bbox| bbox.contains(point)), "{bearing}");
        }
    }
    let polar = parse(&json!({ "type": "Point", "coordinates": [0, 90] }), Some(1000.0)).expect("at the pole");
    assert_eq!(polar.bboxes()[0].west, -180.0);
    assert!(polar.contains(at(89.999, 120.0)));
}

/// A ring around `center` with a corner each `360 / radii.len()` degrees.
fn star(center: Point, radii: &[f64]) -> Vec<[f64; 2]> {
    let corner = |(number, radius): (usize, &f64)| {
        let angle = number as f64 / radii.len() as f64 * std::f64::consts::TAU;
        [center.lon + radius * angle.cos(), center.lat + radius * angle.sin()]
    };
    let mut ring: Vec<_> = radii.iter().enumerate().map(corner).collect();
    ring.push(ring[0]);
    ring
}

#[test]
fn a_hundred_thousand_corners_are_checked_in_a_moment() {
    let mut random = fastrand::Rng::with_seed(7);
    let radii: Vec<f64> = (0..99_000).map(|_| 1.0 + random.f64()).collect();
    let ring = star(at(10.0, 20.0), &radii);
    let started = std::time::Instant::now();
    let shape = polygon(&json!([ring])).expect("a star never crosses itself");
    let spent = started.elapsed();
    println!("99,000 corners parsed, checked and prepared in {spent:?}");
    assert!(spent.as_secs() < 30, "{spent:?}");
    assert!(shape.contains(at(10.0, 20.0)));

    // One corner pushed across its neighbours' edges.
    let mut crossed = ring;
    crossed.swap(40_000, 40_002);
    assert!(polygon(&json!([crossed])).is_err());
}

fn winding<'a>(rings: impl Iterator<Item = &'a [Point]>, point: Point) -> bool {
    let turns = |ring: &[Point]| {
        let angle = |p: &Point| (p.lat - point.lat).atan2(p.lon - point.lon);
        let turn = |pair: &[Point]| {
            let delta = angle(&pair[1]) - angle(&pair[0]);
            delta - (delta / std::f64::consts::TAU).round() * std::f64::consts::TAU
        };
        (ring.windows(2).map(turn).sum::<f64>() / std::f64::consts::TAU).round() as i32
    };
    rings.map(turns).sum::<i32>() != 0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Small polygons look at each edge, large ones at a band: both against the sum of the angles.
    #[test]
    fn contains_and_distance_agree_with_brute_force(
        radii in prop::collection::vec(0.2f64..2.0, 3..200),
        hole in prop::collection::vec(0.02f64..0.05, 3..60),
        points in prop::collection::vec((-2.2f64..2.2, -2.2f64..2.2), 40),
    ) {
        let center = at(48.0, 11.0);
        let outer = star(center, &radii);
        let shape = match polygon(&json!([outer, star(center, &hole)])) {
            Ok(shape) => shape,
            // Few corners far apart: the edge between them may pass through the hole.
            Err(_) => polygon(&json!([outer])).expect("a star"),
        };
        let polygon = &shape.polygons()[0];
        for (x, y) in points {
            let point = at(center.lat + y, center.lon + x);
            let slow = polygon
                .edges()
                .map(|[a, b]| crate::distance::segment_distance_m(point, a, b))
                .fold(f64::INFINITY, f64::min);
            let signed = shape.signed_distance_m(point);
            prop_assert!((signed.abs() - slow).abs() < 0.001, "{} against {}", signed, slow);
            if slow > 0.01 {
                prop_assert_eq!(shape.contains(point), winding(polygon.rings(), point));
                prop_assert_eq!(signed < 0.0, shape.contains(point));
            }
        }
        prop_assert_eq!(parse(&shape.to_geojson().0, None), Ok(shape));
    }

    /// The sweep against the comparison of every pair of edges.
    #[test]
    fn crossings_agree_with_brute_force(corners in prop::collection::vec((0i32..12, 0i32..12), 3..12)) {
        let mut ring: Vec<[i32; 2]> = corners.iter().map(|(x, y)| [*x, *y]).collect();
        ring.dedup();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        prop_assume!(ring.len() >= 3);
        let expected = crosses(&ring);
        ring.push(ring[0]);
        let errors = polygon(&json!([ring])).err().unwrap_or_default();
        let no_area = errors.iter().any(|(_, rule)| rule.contains("area"));
        prop_assert!(no_area || expected != errors.is_empty(), "{:?} {:?}", expected, errors);
    }

    #[test]
    fn circle_boxes_hold_the_circle(lat in -90.0f64..90.0, lon in -180.0f64..180.0, radius in 1.0f64..1_000_000.0, bearing in 0.0f64..360.0) {
        let shape = parse(&json!({ "type": "Point", "coordinates": [lon, lat] }), Some(radius)).expect("a circle");
        let edge = destination(at(lat, lon), bearing, radius);
        prop_assert!(shape.bboxes().iter().any(|bbox| bbox.contains(edge)), "{:?} {:?}", edge, shape.bboxes());
        prop_assert!((distance_m(at(lat, lon), edge) - radius).abs() < 0.01);
    }
}

/// Every pair of edges of an open ring, by whole numbers.
fn crosses(ring: &[[i32; 2]]) -> bool {
    let count = ring.len();
    let side = |a: [i32; 2], b: [i32; 2], c: [i32; 2]| {
        ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).signum()
    };
    let between = |a: [i32; 2], b: [i32; 2], c: [i32; 2]| {
        (0..2).all(|axis| (a[axis].min(b[axis])..=a[axis].max(b[axis])).contains(&c[axis]))
    };
    (0..count).any(|i| {
        (i + 1..count).any(|j| {
            let (a, b, c, d) = (ring[i], ring[(i + 1) % count], ring[j], ring[(j + 1) % count]);
            let sides = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
            let touches = (sides[0] == 0 && between(a, b, c), sides[1] == 0 && between(a, b, d));
            let touched = (sides[2] == 0 && between(c, d, a), sides[3] == 0 && between(c, d, b));
            if j == i + 1 {
                return touches.1 || touched.0; // more than the shared point
            }
            if (j + 1) % count == i {
                return touches.0 || touched.1;
            }
            let proper = sides[0] * sides[1] < 0 && sides[2] * sides[3] < 0;
            proper || touches.0 || touches.1 || touched.0 || touched.1
        })
    })
}

#[test]
fn boxes_and_centres() {
    let shape = polygon(&json!([square(1.0, 2.0, 4.0)])).expect("a square");
    assert_eq!(shape.bboxes(), [Bbox { west: 1.0, south: 2.0, east: 5.0, north: 6.0 }]);
    assert_eq!(shape.center(), at(4.0, 3.0));
}
