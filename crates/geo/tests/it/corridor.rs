//! Corridors against brute force, everywhere on earth; zones at the poles.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tracklane_core::position::Point;
use tracklane_geo::ZoneIndex;
use tracklane_geo::distance::{DEGREE_M, destination, distance_m, interpolate, lon_delta};
use tracklane_geo::shape::{Corridor, Shape, Sizes};

use super::{at, circle};

/// A line of some kilometres from anywhere, also near the poles and across the antimeridian.
fn lines() -> impl Strategy<Value = Vec<Point>> {
    let starts = prop_oneof![
        (-89.99f64..89.99, -180.0f64..180.0),
        (89.5f64..89.999, -180.0f64..180.0),
        (-70.0f64..70.0, prop_oneof![179.9f64..180.0, -180.0f64..-179.9]),
    ];
    let steps = prop::collection::vec((0.0f64..360.0, 100.0f64..8000.0), 1..8);
    (starts, steps)
        .prop_map(|((lat, lon), steps)| {
            let mut line = vec![at(lat, lon)];
            for (bearing, metres) in steps {
                line.push(destination(line[line.len() - 1], bearing, metres));
            }
            line
        })
        // Half around the earth either way is as short.
        .prop_filter("one way is the short one", |line| {
            line.windows(2).all(|pair| lon_delta(pair[0].lon, pair[1].lon).abs() < 179.0)
        })
}

/// The distance to the line by looking at very many points of it, and how far apart those are.
fn brute(line: &[Point], point: Point) -> (f64, f64) {
    const PARTS: u32 = 2000;
    let mut best = (f64::INFINITY, 0.0);
    for pair in line.windows(2) {
        let of = |part: u32| interpolate(pair[0], pair[1], f64::from(part) / f64::from(PARTS));
        for part in 0..PARTS {
            let metres = distance_m(of(part), point);
            if metres < best.0 {
                best = (metres, distance_m(of(part), of(part + 1)));
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn distance_contains_and_index_agree_with_brute_force(
        line in lines(),
        width_m in 50.0f64..3000.0,
        probes in prop::collection::vec((any::<prop::sample::Index>(), 0.0f64..360.0, 0.0f64..4000.0), 12),
    ) {
        let shape = Shape::Corridor(Corridor::new(line.clone(), width_m).expect("a corridor"));
        let mut index = ZoneIndex::new();
        index.insert((), Arc::new(shape.clone()));
        for (which, bearing, metres) in probes {
            let point = destination(line[which.index(line.len())], bearing, metres);
            let (expected, apart) = brute(&line, point);
            let found = shape.signed_distance_m(point) + width_m / 2.0;
            let slack = apart + 0.2 + expected * 1e-6;
            prop_assert!((found - expected).abs() <= slack, "{found} against {expected} at {point:?}");
            prop_assert_eq!(shape.contains(point), shape.signed_distance_m(point) <= 0.0);
            prop_assert_eq!(index.containing(point).count() == 1, shape.contains(point), "{:?}", point);
        }
    }

    /// A way finds every zone that it leads through.
    #[test]
    fn the_index_finds_the_zones_along_a_way(
        line in lines(),
        radius_m in 20.0f64..500.0,
        around in prop::collection::vec((0.0f64..1.0, 0.0f64..360.0, 0.0f64..600.0), 1..12),
    ) {
        let (from, to) = (line[0], line[1]);
        let mut index = ZoneIndex::new();
        for (key, (share, bearing, metres)) in around.iter().enumerate() {
            let center = destination(interpolate(from, to, *share), *bearing, *metres);
            index.insert(key, Arc::new(circle(center, radius_m)));
        }
        let found: Vec<_> = index.along(from, to).into_iter().map(|candidate| candidate.key).collect();
        for key in index.keys() {
            let shape = index.get(key).expect("a shape");
            let inside = (0..=500).any(|part| shape.contains(interpolate(from, to, f64::from(part) / 500.0)));
            prop_assert!(!inside || found.contains(&key));
        }
        prop_assert_eq!(found.iter().collect::<std::collections::BTreeSet<_>>().len(), found.len(), "each once");
    }
}

#[test]
fn a_corridor_is_read_and_written() {
    let geometry = json!({ "type": "LineString", "coordinates": [[-8.61, 41.15], [-8.6, 41.16], [-8.58, 41.16]] });
    let sizes = Sizes { radius_m: None, width_m: Some(120.0) };
    let shape = Shape::read(&geometry, sizes).expect("a corridor");
    assert_eq!(shape.to_geojson().0, geometry);
    let feature = shape.to_feature();
    assert_eq!(feature["properties"], json!({ "width_m": 120.0 }));
    assert_eq!(Shape::from_feature(&feature).expect("the same"), shape);
    let round = circle(at(10.0, 20.0), 75.0);
    assert_eq!(Shape::from_feature(&round.to_feature()).expect("the same"), round);
    let refused =
        |geometry: &serde_json::Value, sizes| Shape::read(geometry, sizes).expect_err("refused").0[0].pointer.clone();
    assert_eq!(refused(&geometry, Sizes::default()), "#/width_m");
    assert_eq!(refused(&geometry, Sizes { width_m: Some(0.0), radius_m: None }), "#/width_m");
    assert_eq!(refused(&geometry, Sizes { width_m: Some(9.0), radius_m: Some(9.0) }), "#/radius_m");
    assert_eq!(refused(&json!({ "type": "LineString", "coordinates": [[0, 0]] }), sizes), "#/geometry/coordinates");
    assert_eq!(
        refused(&json!({ "type": "LineString", "coordinates": [[0, 0], [0, 91]] }), sizes),
        "#/geometry/coordinates/1/1"
    );
    assert_eq!(
        refused(&json!({ "type": "LineString", "coordinates": [[0, 0], [0, "x"]] }), sizes),
        "#/geometry/coordinates/1"
    );
    assert!(Shape::parse(&geometry, None).is_err(), "only where a width can be given");
}

#[test]
fn a_corridor_of_a_hundred_thousand_points_is_quick() {
    let point = |number: u32| at(45.0 + f64::from(number) * 1e-4, 7.0 + (f64::from(number) * 0.01).sin() * 0.01);
    let started = std::time::Instant::now();
    let shape = Shape::Corridor(Corridor::new((0..100_000).map(point).collect(), 100.0).expect("a corridor"));
    let made = started.elapsed();
    let mut index = ZoneIndex::new();
    index.insert(1, Arc::new(shape.clone()));
    let indexed = started.elapsed();
    let inside = (0..1000).filter(|number| index.containing(point(number * 97)).count() == 1).count();
    println!("made in {made:?}, indexed after {indexed:?}, 1000 questions after {:?}", started.elapsed());
    assert_eq!(inside, 1000);
    assert!(shape.signed_distance_m(at(50.0, 8.0)) > 10_000.0);
    assert!(started.elapsed().as_secs() < 10);
}

/// The cap around a pole, cut at the antimeridian as GeoJSON has it: distances run over the pole and the cut.
#[test]
fn a_cap_around_a_pole() {
    for sign in [1.0, -1.0] {
        let (low, pole) = (89.0 * sign, 90.0 * sign);
        let ring = json!([[-180, low], [0, low], [180, low], [180, pole], [-180, pole], [-180, low]]);
        let shape = Shape::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None).expect("a cap");
        let mut index = ZoneIndex::new();
        index.insert((), Arc::new(shape.clone()));
        for lon in [-180.0, -179.99, -90.0, 0.0, 45.0, 179.99] {
            for lat in [88.5, 88.99, 89.01, 89.5, 89.999] {
                let point = at(lat * sign, lon);
                let metres = (89.0 - lat) * DEGREE_M;
                let found = shape.signed_distance_m(point);
                assert!((found - metres).abs() < 1.0, "{found} against {metres} at {point:?}");
                assert_eq!(index.containing(point).count() == 1, metres < 0.0, "{point:?}");
            }
        }
    }
}

/// A zone of two parts on both sides of the antimeridian is entered and left at its true edges, not at the cut.
#[test]
fn a_way_across_the_antimeridian_is_cut_at_the_true_edges() {
    let part = |west: f64, east: f64| json!([[[west, -1], [east, -1], [east, 1], [west, 1], [west, -1]]]);
    let parts = json!([part(179.0, 180.0), part(-180.0, -179.0)]);
    let shape = Shape::parse(&json!({ "type": "MultiPolygon", "coordinates": parts }), None).expect("two parts");
    let cuts = shape.cuts(at(0.0, 178.0), at(0.0, -178.0));
    assert_eq!(cuts.len(), 2, "{cuts:?}");
    assert!((cuts[0] - 0.25).abs() < 1e-9 && (cuts[1] - 0.75).abs() < 1e-9, "{cuts:?}");
    let line = vec![at(0.0, 179.5), at(0.0, -179.5)];
    let corridor = Shape::Corridor(Corridor::new(line, 2000.0).expect("a corridor"));
    assert!(corridor.contains(at(0.005, 180.0)) && corridor.contains(at(0.005, -180.0)));
    assert!(!corridor.contains(at(0.0, 0.0)));
}
