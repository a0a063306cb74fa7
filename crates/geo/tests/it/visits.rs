//! One device against many zones through the index, against the reference that asks each zone about the whole track.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;
use tracklane_geo::ZoneIndex;
use tracklane_geo::distance::destination;
use tracklane_geo::shape::{Corridor, Shape};
use tracklane_geo::visit::{Confirm, Event, EventKind, Held, Outcome, Rules, Taken, Travel, Visits, ZoneFix, replay};

use super::{at, circle, round};

const TRAVEL: Travel = Travel { max_speed_mps: Some(60.0), pass_through_m: 1500.0 };

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

/// Rules that differ from zone to zone.
fn rules_of(zone: usize) -> Rules {
    let fixes = (zone % 3) as u8 + 1;
    Rules {
        enter: Confirm::fixes(fixes),
        exit: Confirm { seconds: (zone % 4) as u32 * 10, ..Confirm::fixes(fixes) },
        min_dwell_s: (zone % 2) as u32 * 30,
        min_absence_s: (zone % 5) as u32 * 10,
        dwell_s: zone.is_multiple_of(2).then_some(60),
        pass_through: zone % 3 != 2,
        unstated_accuracy_m: 5.0,
        ..Rules::default()
    }
}

/// Zones within some kilometres of a place.
fn zones(home: Point) -> impl Strategy<Value = Vec<Shape>> {
    let zone = (0.0f64..360.0, 0.0f64..1500.0, 25.0f64..400.0, 0u8..3);
    let shape = move |(bearing, away, size, kind): (f64, f64, f64, u8)| {
        let center = destination(home, bearing, away);
        match kind {
            // Where it is no multipolygon cut at the antimeridian.
            1 if home.lat == 41.15 => round(center, size, 7),
            2 => {
                let line = vec![destination(center, bearing, size), center, destination(center, bearing + 70.0, size)];
                Shape::Corridor(Corridor::new(line, size).expect("a corridor"))
            }
            _ => circle(center, size),
        }
    };
    prop::collection::vec(zone.prop_map(shape), 1..12)
}

/// Fixes on the way from place to place, some bad, some far too far away.
fn tracks(home: Point) -> impl Strategy<Value = Vec<ZoneFix>> {
    let step = (0.0f64..360.0, 0.0f64..200.0, 1i64..40, prop::option::of(1.0f32..120.0), 0u8..25);
    prop::collection::vec(step, 1..100).prop_map(move |steps| {
        let (mut time, mut point, mut course) = (0, home, 0.0);
        let fix = |(turn, metres, pause, accuracy_m, luck): (f64, f64, i64, Option<f32>, u8)| {
            time += pause;
            course += (turn - 180.0) / 4.0;
            let next = destination(point, course, metres);
            if luck == 0 {
                return ZoneFix { at: second(time), point: destination(point, turn, 50_000.0), accuracy_m };
            }
            point = next;
            ZoneFix { at: second(time), point, accuracy_m }
        };
        steps.into_iter().map(fix).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_index_changes_nothing(
        (zones, track) in prop_oneof![Just(at(41.15, -8.61)), Just(at(0.0, 180.0)), Just(at(89.97, 30.0))]
            .prop_flat_map(|home| (zones(home), tracks(home))),
    ) {
        let mut index = ZoneIndex::new();
        for (key, shape) in zones.iter().enumerate() {
            index.insert(key, Arc::new(shape.clone()));
        }
        let mut visits = Visits::default();
        let mut told: Vec<Vec<Event>> = vec![Vec::new(); zones.len()];
        for fix in &track {
            let Taken::Stepped { events, .. } = visits.take(&index, *fix, TRAVEL, rules_of) else { continue };
            prop_assert!(events.windows(2).all(|pair| pair[0].1.at <= pair[1].1.at));
            events.into_iter().for_each(|(zone, event)| told[zone].push(event));
        }
        for (zone, shape) in zones.iter().enumerate() {
            let expected = replay(&track, shape, TRAVEL, &rules_of(zone));
            prop_assert_eq!(&told[zone], &expected, "zone {}", zone);
        }
    }
}

/// A device that walks east of the centre of a circle of 100 m, and what came of each step.
fn walk(visits: &mut Visits<u32>, index: &ZoneIndex<u32>, second_: i64, metres: f64) -> (Vec<(u32, EventKind)>, bool) {
    let fix = ZoneFix { at: second(second_), point: destination(at(41.15, -8.61), 90.0, metres), accuracy_m: None };
    match visits.take(index, fix, Travel::default(), |_| Rules::at_once()) {
        Taken::Stepped { events, moved } => {
            (events.into_iter().map(|(zone, event)| (zone, event.kind)).collect(), moved)
        }
        Taken::Suspected => panic!("every jump is believed"),
    }
}

#[test]
fn a_zone_drawn_around_a_standing_device_is_never_an_entry_and_a_deleted_one_is_left_in_silence() {
    let (home, mut index, mut visits) = (at(41.15, -8.61), ZoneIndex::new(), Visits::default());
    index.insert(1, Arc::new(circle(home, 100.0)));
    assert_eq!(walk(&mut visits, &index, 0, 500.0), (vec![], false));
    index.insert(2, Arc::new(circle(destination(home, 90.0, 500.0), 50.0)));
    assert_eq!(walk(&mut visits, &index, 10, 505.0), (vec![], true));
    assert_eq!(visits.zones().collect::<Vec<_>>(), [2]);
    // Drawn where the device is not yet, it is one like any other.
    index.insert(3, Arc::new(circle(destination(home, 90.0, 800.0), 50.0)));
    assert_eq!(walk(&mut visits, &index, 20, 800.0), (vec![(2, EventKind::Exit), (3, EventKind::Enter)], true));
    // Drawn anew around it, it is still inside.
    index.insert(3, Arc::new(circle(destination(home, 90.0, 800.0), 60.0)));
    assert_eq!(walk(&mut visits, &index, 30, 800.0), (vec![], false));
    index.remove(3);
    assert_eq!(walk(&mut visits, &index, 40, 800.0), (vec![], true));
    assert_eq!(visits.known().count(), 0);
}

#[test]
fn a_fix_is_explained_without_being_taken() {
    let home = at(41.15, -8.61);
    let shape = circle(home, 100.0);
    let mut index = ZoneIndex::new();
    index.insert(1, Arc::new(shape.clone()));
    let fix = |time: i64, metres: f64| ZoneFix {
        at: second(time),
        point: destination(home, 90.0, metres),
        accuracy_m: Some(10.0),
    };
    let mut visits = Visits::default();
    let rules = Rules::default();
    visits.take(&index, fix(0, 500.0), TRAVEL, |_| rules);
    let before = visits.clone();
    let why = visits.explain(1, &shape, fix(10, 20.0), TRAVEL, &rules);
    assert_eq!(visits, before);
    assert_eq!((why.outcome, why.confirmations, why.confirmations_needed), (Outcome::Held(Held::Confirming), 1, 2));
    assert!((why.distance_m + 80.0).abs() < 0.01 && why.enter_margin_m == 25.0 && why.exit_margin_m == 25.0);
    let why = visits.explain(1, &shape, fix(2, 20.0), TRAVEL, &rules);
    assert_eq!(why.outcome, Outcome::Held(Held::ImpossibleSpeed));
    let told = serde_json::to_value(why).expect("to JSON");
    assert_eq!(told["outcome"], json!({ "held": "impossible_speed" }));
}

#[test]
fn a_polygon_of_a_hundred_thousand_corners_is_stepped_quickly() {
    const STEPS: u32 = 2000;
    let center = at(48.0, 2.0);
    let corner = |number: u32| {
        let turn = f64::from(number % 99_000) / 99_000.0;
        let wave = 1.0 + 0.05 * (turn * 2000.0).sin();
        let point = destination(center, turn * 360.0, 20_000.0 * wave);
        json!([point.lon, point.lat])
    };
    let ring: Vec<_> = (0..=99_000).map(corner).collect();
    let shape = Shape::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None).expect("a polygon");
    let track: Vec<_> = (0..STEPS)
        .map(|number| ZoneFix {
            at: second(i64::from(number) * 10),
            point: destination(center, f64::from(number) / 30.0, 20_000.0 + 3000.0 * (f64::from(number) / 20.0).sin()),
            accuracy_m: None,
        })
        .collect();
    let started = std::time::Instant::now();
    let events = replay(&track, &shape, TRAVEL, &Rules::default());
    println!("{:?} for each of {STEPS} fixes, {} events", started.elapsed() / STEPS, events.len());
    assert!(events.len() > 10);
    assert!(started.elapsed().as_secs() < 20);
}
