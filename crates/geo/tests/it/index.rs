//! The index against asking every zone.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tracklane_core::position::Point;
use tracklane_geo::distance::destination;
use tracklane_geo::shape::Corridor;
use tracklane_geo::{Shape, ZoneIndex};

use super::{at, circle, round};

/// A shape of any size, from a doorstep to a country, anywhere.
fn any_shape() -> impl Strategy<Value = Shape> {
    let place = (-89.9f64..89.9, -180.0f64..180.0);
    // The logarithm of the radius is even, so that small ones are as frequent as large ones.
    let circles = (place.clone(), 0.0f64..6.0).prop_map(|((lat, lon), log)| circle(at(lat, lon), 10f64.powf(log)));
    let boxes = (place, -4.0f64..1.5, -4.0f64..1.5).prop_map(|((lat, lon), width, height)| {
        let (east, north) = ((lon + 10f64.powf(width)).min(180.0), (lat + 10f64.powf(height)).min(90.0));
        let ring = json!([[lon, lat], [east, lat], [east, north], [lon, north], [lon, lat]]);
        Shape::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None)
    });
    let boxes = boxes.prop_filter_map("no area at the very edge of the map", Result::ok);
    // Few corners and many, among them those around which boxes and bands are built.
    let rounds = ((-80.0f64..80.0, -179.0f64..179.0), 1.0f64..4.7, 3u32..150)
        .prop_map(|((lat, lon), log, corners)| round(at(lat, lon), 10f64.powf(log), corners));
    let steps = prop::collection::vec((0.0f64..360.0, 10.0f64..5_000.0), 1..4);
    let corridors = ((-89.9f64..89.9, -180.0f64..180.0), steps, 0.0f64..4.0).prop_map(|((lat, lon), steps, log)| {
        let mut line = vec![at(lat, lon)];
        line.extend(steps.into_iter().scan(at(lat, lon), |last, (bearing, metres)| {
            *last = destination(*last, bearing, metres);
            Some(*last)
        }));
        Corridor::new(line, 10f64.powf(log)).map(Shape::Corridor)
    });
    let corridors = corridors.prop_filter_map("no line half around the pole", Result::ok);
    prop_oneof![circles, boxes, rounds, corridors]
}

/// Points around the edges of boxes around parts of a shape, closer than the index divides its cells.
fn borders(shapes: &[Shape], spread: &[(f64, f64)]) -> Vec<Point> {
    let boxes = shapes.iter().flat_map(|shape| shape.bboxes().into_iter().take(2));
    let corners = boxes.flat_map(|b| [(b.south, b.west), (b.south, b.east), (b.north, b.west), (b.north, b.east)]);
    let near = |(lat, lon): (f64, f64)| {
        let around = move |(u, v): &(f64, f64)| at((lat + (u - 0.5) * 2e-6).clamp(-90.0, 90.0), lon + (v - 0.5) * 2e-6);
        spread.iter().map(around).collect::<Vec<_>>()
    };
    corners.flat_map(near).collect()
}

/// Points where it matters: around the boxes of the shapes, and anywhere.
fn probes(shapes: &[Shape], spread: &[(f64, f64)]) -> Vec<Point> {
    let boxes = shapes.iter().flat_map(|shape| shape.bboxes().into_iter().take(4));
    let near = boxes.flat_map(|bbox| {
        let scaled = move |(u, v): &(f64, f64)| {
            let lat = bbox.south + (bbox.north - bbox.south) * (u * 1.2 - 0.1);
            at(lat.clamp(-90.0, 90.0), bbox.west + (bbox.east - bbox.west) * (v * 1.2 - 0.1))
        };
        spread.iter().map(scaled).collect::<Vec<_>>()
    });
    near.chain(spread.iter().map(|(u, v)| at(u * 180.0 - 90.0, v * 360.0 - 180.0))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn finds_just_the_zones_that_contain_a_point(
        shapes in prop::collection::vec(any_shape(), 1..30),
        removed in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        moved in prop::collection::vec((any::<prop::sample::Index>(), any_shape()), 0..5),
        spread in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0), 12),
    ) {
        let mut zones: Vec<Option<Shape>> = shapes.iter().cloned().map(Some).collect();
        let mut index = ZoneIndex::new();
        for (key, shape) in shapes.iter().enumerate() {
            prop_assert!(index.insert(key, Arc::new(shape.clone())).is_none());
        }
        for key in removed {
            let key = key.index(zones.len());
            prop_assert_eq!(index.remove(key).map(|shape| (*shape).clone()), zones[key].take());
        }
        for (key, shape) in moved {
            let key = key.index(zones.len());
            let before = index.insert(key, Arc::new(shape.clone()));
            prop_assert_eq!(before.map(|shape| (*shape).clone()), zones[key].replace(shape));
        }
        prop_assert_eq!(index.len(), zones.iter().flatten().count());
        for point in probes(&shapes, &spread).into_iter().chain(borders(&shapes, &spread[..2])) {
            let expected: Vec<usize> =
                (0..zones.len()).filter(|key| zones[*key].as_ref().is_some_and(|shape| shape.contains(point))).collect();
            let mut found: Vec<usize> = index.containing(point).collect();
            found.sort_unstable();
            prop_assert_eq!(found, expected, "{:?}", point);
            let candidates: Vec<usize> = index.candidates(point).map(|candidate| candidate.key).collect();
            prop_assert_eq!(candidates.iter().collect::<BTreeSet<_>>().len(), candidates.len(), "each once");
        }
    }
}

#[test]
fn a_country_and_a_doorstep_take_few_candidates() {
    let mut index = ZoneIndex::new();
    index.insert("country", Arc::new(round(at(46.0, 2.0), 500_000.0, 5000)));
    for number in 0..1000 {
        let door: &'static str = Box::leak(format!("door {number}").into_boxed_str());
        index.insert(door, Arc::new(circle(at(46.0 + f64::from(number) * 0.01, 2.0), 50.0)));
    }
    let found: Vec<_> = index.candidates(at(46.0, 2.0)).collect();
    assert!(found.len() <= 3, "{} candidates", found.len());
    let country = found.iter().find(|candidate| candidate.key == "country").expect("in the country");
    assert!(country.certain, "deep inside, no edge is looked at");
    assert_eq!(index.candidates(at(-46.0, 2.0)).count(), 0);
}

#[test]
fn an_emptied_index_answers_nothing() {
    let mut index = ZoneIndex::new();
    index.insert(1, Arc::new(circle(at(0.0, 180.0), 1000.0)));
    assert_eq!(index.containing(at(0.0, 180.0)).count(), 1);
    assert_eq!(index.containing(at(0.0, -180.0)).count(), 1);
    assert!(index.remove(1).is_some());
    assert!(index.remove(1).is_none());
    assert!(index.is_empty());
    assert_eq!(index.containing(at(0.0, 180.0)).count(), 0);
}
