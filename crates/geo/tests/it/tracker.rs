//! Tracks through zones.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;
use tracklane_geo::ZoneIndex;
use tracklane_geo::distance::{destination, distance_m};
use tracklane_geo::tracker::{Crossing, CrossingKind, InsideSet, Rules, ZoneFix, step_all};

use super::{at, circle};

const CENTER: Point = Point { lat: 41.15, lon: -8.61 };

/// A device that walks east of the centre of a circle of 100 m; each step takes ten seconds.
struct Walk {
    index: ZoneIndex<u32>,
    inside: InsideSet<u32>,
    previous: Option<ZoneFix>,
    second: i64,
}

impl Walk {
    fn new() -> Self {
        let mut index = ZoneIndex::new();
        index.insert(1, Arc::new(circle(CENTER, 100.0)));
        Self { index, inside: InsideSet::default(), previous: None, second: 0 }
    }

    fn to(&mut self, metres: f64) -> Vec<Crossing<u32>> {
        self.with_accuracy(metres, None)
    }

    fn with_accuracy(&mut self, metres: f64, accuracy_m: Option<f32>) -> Vec<Crossing<u32>> {
        self.second += 10;
        let fix = ZoneFix { at: second(self.second), point: destination(CENTER, 90.0, metres), accuracy_m };
        let crossings = step_all(&self.index, &mut self.inside, self.previous, fix, Rules::default());
        self.previous = Some(fix);
        crossings
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

#[track_caller]
fn check(crossings: &[Crossing<u32>], expected: &[(CrossingKind, f64)]) {
    let kinds: Vec<_> = crossings.iter().map(|crossing| crossing.kind).collect();
    assert_eq!(kinds, expected.iter().map(|(kind, _)| *kind).collect::<Vec<_>>());
    for (crossing, (_, seconds)) in crossings.iter().zip(expected) {
        let after = crossing.at.as_microsecond() as f64 / 1e6 - 1_700_000_000.0;
        assert!((after - seconds).abs() < 0.01, "{after} s against {seconds} s");
        assert!((distance_m(crossing.point, CENTER) - 100.0).abs() < 0.1, "{:?}", crossing.point);
    }
}

#[test]
fn crossings_are_dated_to_the_edge() {
    let mut walk = Walk::new();
    check(&walk.to(300.0), &[]);
    check(&walk.to(50.0), &[(CrossingKind::Enter, 18.0)]);
    assert!(walk.inside.contains(1));
    check(&walk.to(0.0), &[]);
    check(&walk.to(200.0), &[(CrossingKind::Exit, 35.0)]);
    assert!(walk.inside.is_empty());
    check(&walk.to(200.0), &[]);
}

#[test]
fn the_first_fix_is_never_an_entry() {
    let mut walk = Walk::new();
    check(&walk.to(10.0), &[]);
    assert_eq!(walk.inside.zones().collect::<Vec<_>>(), [1]);
    check(&walk.to(300.0), &[(CrossingKind::Exit, 10.0 + 90.0 / 29.0)]);
}

#[test]
fn a_zone_drawn_around_a_standing_device_is_never_an_entry() {
    let mut walk = Walk::new();
    walk.to(500.0);
    walk.index.insert(2, Arc::new(circle(destination(CENTER, 90.0, 500.0), 50.0)));
    check(&walk.to(505.0), &[]);
    assert_eq!(walk.inside.zones().collect::<Vec<_>>(), [2]);
    // Drawn where the device is not yet, it is one like any other.
    walk.index.insert(3, Arc::new(circle(destination(CENTER, 90.0, 800.0), 50.0)));
    let crossings = walk.to(800.0);
    let kinds: Vec<_> = crossings.iter().map(|crossing| (crossing.zone, crossing.kind)).collect();
    assert_eq!(kinds, [(2, CrossingKind::Exit), (3, CrossingKind::Enter)]);
}

#[test]
fn a_deleted_zone_is_left_in_silence() {
    let mut walk = Walk::new();
    walk.to(300.0);
    walk.to(10.0);
    walk.index.remove(1);
    check(&walk.to(20.0), &[]);
    assert!(walk.inside.is_empty());
}

#[test]
fn noise_at_the_edge_rings_no_bell_and_the_exit_keeps_its_time() {
    let mut walk = Walk::new();
    walk.to(300.0);
    check(&walk.to(90.0), &[(CrossingKind::Enter, 10.0 + 200.0 / 21.0)]);
    for metres in [105.0, 95.0, 118.0, 99.0, 110.0, 90.0] {
        check(&walk.to(metres), &[]);
    }
    // At 80 s it is at 90 m; it passes the edge on the way to 110 m, and stays in the band for another fix.
    check(&walk.to(110.0), &[]);
    check(&walk.to(119.0), &[]);
    check(&walk.to(140.0), &[(CrossingKind::Exit, 85.0)]);
}

#[test]
fn a_stated_accuracy_widens_the_band_up_to_its_cap() {
    let mut walk = Walk::new();
    walk.to(0.0);
    check(&walk.with_accuracy(150.0, Some(60.0)), &[]);
    check(&walk.with_accuracy(190.0, Some(5000.0)), &[]);
    let crossings = walk.with_accuracy(210.0, Some(5000.0));
    assert_eq!(crossings.len(), 1, "100 m beyond the edge no inaccuracy holds it");
}

#[test]
fn a_zone_passed_through_between_two_fixes_is_not_noticed() {
    let mut walk = Walk::new();
    walk.to(-300.0);
    check(&walk.to(300.0), &[]);
}

#[test]
fn an_inside_set_survives_a_restart() {
    let mut walk = Walk::new();
    walk.to(300.0);
    walk.to(90.0);
    walk.to(110.0);
    let saved = serde_json::to_value(&walk.inside).expect("to JSON");
    assert_eq!(saved["zones"][0][1]["state"], json!("inside"));
    walk.inside = serde_json::from_value(saved).expect("from JSON");
    check(&walk.to(50.0), &[]);
    walk.previous = None;
    let crossings = walk.to(500.0);
    assert_eq!(crossings.len(), 1, "an exit is told even when the fix before was lost");
}

proptest! {
    /// Whatever the track: each zone is entered and left in turn, in order of time, and what is left over is inside.
    #[test]
    fn crossings_alternate(track in prop::collection::vec((-300.0f64..300.0, 0.0f32..80.0), 1..60)) {
        let mut walk = Walk::new();
        let mut inside = None;
        let mut last = second(0);
        for (metres, accuracy) in track {
            for crossing in walk.with_accuracy(metres, Some(accuracy)) {
                let entering = crossing.kind == CrossingKind::Enter;
                prop_assert_ne!(inside, Some(entering), "{:?}", crossing);
                inside = Some(entering);
                prop_assert!(crossing.at >= last && crossing.at <= second(walk.second));
                last = crossing.at;
            }
            if let Some(inside) = inside {
                prop_assert_eq!(walk.inside.contains(1), inside);
            }
        }
    }

    #[test]
    fn the_antimeridian_changes_nothing(track in prop::collection::vec(-300.0f64..300.0, 1..40)) {
        let run = |center: Point| {
            let mut index = ZoneIndex::new();
            index.insert(1, Arc::new(circle(center, 100.0)));
            let (mut inside, mut previous, mut kinds) = (InsideSet::default(), None, Vec::new());
            for (number, metres) in track.iter().enumerate() {
                let fix = ZoneFix { at: second(number as i64), point: destination(center, 90.0, *metres), accuracy_m: None };
                let crossings = step_all(&index, &mut inside, previous, fix, Rules::default());
                kinds.extend(crossings.iter().map(|crossing| (number, crossing.kind)));
                previous = Some(fix);
            }
            kinds
        };
        prop_assert_eq!(run(at(0.0, 0.0)), run(at(0.0, 180.0)));
    }
}
