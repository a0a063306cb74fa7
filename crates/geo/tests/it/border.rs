//! Noise, drift and dropouts along the border of a zone: each true visit gives one entry and one exit, and nothing else does.

use std::sync::Arc;

use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;
use tracklane_geo::ZoneIndex;
use tracklane_geo::distance::{DEGREE_M, destination};
use tracklane_geo::shape::{Corridor, Shape};
use tracklane_geo::visit::{Event, EventKind, Rules, Taken, Travel, Visits, ZoneFix};

const CENTER: Point = Point { lat: 41.15, lon: -8.61 };

/// From the middle of every shape to its edge, eastwards, in metres.
const REACH_M: f64 = 300.0;

fn shapes() -> Vec<(&'static str, Shape)> {
    let circle = json!({ "type": "Point", "coordinates": [CENTER.lon, CENTER.lat] });
    let (wide, high) = (REACH_M / DEGREE_M / CENTER.lat.to_radians().cos(), 2000.0 / DEGREE_M);
    let (west, east, south, north) = (CENTER.lon - wide, CENTER.lon + wide, CENTER.lat - high, CENTER.lat + high);
    let ring = json!([[west, south], [east, south], [east, north], [west, north], [west, south]]);
    let line = vec![destination(CENTER, 180.0, 3000.0), CENTER, destination(CENTER, 0.0, 3000.0)];
    vec![
        ("circle", Shape::parse(&circle, Some(REACH_M)).expect("a circle")),
        ("polygon", Shape::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None).expect("a polygon")),
        ("corridor", Shape::Corridor(Corridor::new(line, 2.0 * REACH_M).expect("a corridor"))),
    ]
}

/// The truth: metres east of the centre, one for each five seconds.
struct Truth {
    metres: Vec<f64>,
    /// Of each visit, when it first comes to the border and when it is back outside, as numbers of `metres`.
    visits: Vec<(usize, usize)>,
}

/// Visits, each with walks of ten minutes along the border on the way in and on the way out, and walks along it in between
/// that never really go in.
fn truth(random: &mut fastrand::Rng, visits: usize) -> Truth {
    let mut metres = vec![REACH_M + 600.0];
    let mut go = |to: f64, step: f64, wobble: Option<&mut fastrand::Rng>| {
        match wobble {
            None => {
                while (metres[metres.len() - 1] - to).abs() > step {
                    let here = metres[metres.len() - 1];
                    metres.push(here + (to - here).signum() * step);
                }
            }
            Some(random) => metres.extend((0..120).map(|_| to + random.f64() * 20.0 - 10.0)),
        }
        metres.len()
    };
    let mut times = Vec::new();
    for _ in 0..visits {
        for _ in 0..random.usize(0..2) {
            go(REACH_M, 20.0, None);
            go(REACH_M, 20.0, Some(random));
            go(REACH_M + 600.0, 20.0, None);
        }
        let begin = go(REACH_M + 40.0, 20.0, None);
        go(REACH_M, 20.0, Some(random));
        go(0.0, 5.0, None);
        go(REACH_M, 20.0, None);
        go(REACH_M, 20.0, Some(random));
        go(0.0, 20.0, None);
        times.push((begin, go(REACH_M + 600.0, 20.0, None)));
    }
    Truth { metres, visits: times }
}

/// A bell curve of variance 1, nearly.
fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

/// What a receiver makes of the truth: noise of `noise_m` in each direction, half of its variance as drift that lasts for a
/// minute; one fix in five is lost, and sometimes all for a minute.
fn receive(truth: &Truth, noise_m: f64, random: &mut fastrand::Rng) -> Vec<ZoneFix> {
    let share = noise_m * 0.5f64.sqrt();
    let keep = (-5.0f64 / 60.0).exp();
    let mut drift = (0.0, 0.0);
    let mut silent_until = 0;
    let mut track = Vec::new();
    for (number, metres) in truth.metres.iter().enumerate() {
        let fresh = share * (1.0 - keep * keep).sqrt();
        drift = (drift.0 * keep + fresh * normal(random), drift.1 * keep + fresh * normal(random));
        if random.u32(0..300) == 0 {
            silent_until = number + 12;
        }
        if number < silent_until || random.u32(0..5) == 0 {
            continue;
        }
        let east = metres + drift.0 + share * normal(random);
        let point = destination(destination(CENTER, 90.0, east), 0.0, drift.1 + share * normal(random));
        let at = Timestamp::from_second(1_700_000_000 + number as i64 * 5).expect("a time");
        track.push(ZoneFix { at, point, accuracy_m: None });
    }
    track
}

/// How many true visits are missed, and how many events are false.
fn faults(shape: &Shape, rules: Rules, noise_m: f64, accuracy_m: f32, visits: usize, seed: u64) -> (usize, i64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let truth = truth(&mut random, visits);
    let mut index = ZoneIndex::new();
    index.insert((), Arc::new(shape.clone()));
    let (mut state, mut told) = (Visits::default(), Vec::new());
    for fix in receive(&truth, noise_m, &mut random) {
        let fix = ZoneFix { accuracy_m: Some(accuracy_m), ..fix };
        let Taken::Stepped { events, .. } = state.take(&index, fix, Travel::default(), |()| rules) else { continue };
        told.extend(events.into_iter().map(|(_, event)| event));
    }
    let within = |event: &Event, (begin, end): (usize, usize)| {
        let number = (event.at.as_second() - 1_700_000_000) / 5;
        (begin as i64 - 4..=end as i64).contains(&number)
    };
    let right = |pair: &[Event], visit| {
        pair.iter().all(|event| within(event, visit))
            && pair.iter().map(|event| event.kind).eq([EventKind::Enter, EventKind::Exit])
    };
    let found = |visit: &(usize, usize)| told.chunks(2).filter(|pair| right(pair, *visit)).count() == 1;
    let missed = truth.visits.iter().filter(|visit| !found(visit)).count();
    (missed, told.len() as i64 - 2 * (visits - missed) as i64)
}

#[test]
fn no_visit_flaps_and_none_is_missed() {
    const VISITS: usize = 60;
    for (name, shape) in shapes() {
        for noise_m in [5.0, 10.0, 15.0, 20.0] {
            // 68 % of the fixes lie within one and a half deviations.
            let (missed, wrong) =
                faults(&shape, Rules::default(), noise_m, noise_m as f32 * 1.5, VISITS, 7 + noise_m as u64);
            println!("{name}, noise {noise_m} m: {VISITS} true visits, {missed} missed, {wrong} false events");
            assert_eq!((missed, wrong), (0, 0), "{name}, noise {noise_m} m");
        }
    }
}

/// A device that always claims two metres: a depth and a band that do not rely on what it says.
#[test]
fn a_device_that_claims_too_much_does_not_flap() {
    const VISITS: usize = 60;
    for noise_m in [10.0, 15.0, 20.0] {
        let rules = Rules { band_m: 80.0, depth_m: 80.0, ..Rules::default() };
        let (missed, wrong) = faults(&shapes()[1].1, rules, noise_m, 2.0, VISITS, 11);
        println!("claims 2 m, noise {noise_m} m: {VISITS} true visits, {missed} missed, {wrong} false events");
        assert_eq!((missed, wrong), (0, 0), "noise {noise_m} m");
    }
}

/// The same noise under the rules of a naive fence, to see that the test can fail.
#[test]
fn a_naive_fence_flaps() {
    let mut random = fastrand::Rng::with_seed(1);
    let truth = truth(&mut random, 20);
    let track = receive(&truth, 10.0, &mut random);
    let naive = Rules { band_m: 0.0, exit_certainty: 0.0, ..Rules::at_once() };
    let events = tracklane_geo::visit::replay(&track, &shapes()[0].1, Travel::default(), &naive);
    println!("a naive fence: {} events for {} true visits", events.len(), truth.visits.len());
    assert!(events.len() > truth.visits.len() * 20);
}

/// The ways cut the edges where brute force finds them.
#[test]
fn cuts_agree_with_brute_force() {
    let mut random = fastrand::Rng::with_seed(5);
    for (name, shape) in shapes() {
        for _ in 0..300 {
            let mut place = || destination(CENTER, random.f64() * 360.0, random.f64() * 900.0);
            let (from, to) = (place(), place());
            let cuts = shape.cuts(from, to);
            let parts = 2000;
            let inside = |part: i32| {
                shape.contains(tracklane_geo::distance::interpolate(from, to, f64::from(part) / f64::from(parts)))
            };
            let expected: Vec<f64> = (0..parts)
                .filter(|part| inside(*part) != inside(part + 1))
                .map(|part| (f64::from(part) + 0.5) / f64::from(parts))
                .collect();
            assert_eq!(cuts.len(), expected.len(), "{name} from {from:?} to {to:?}: {cuts:?} {expected:?}");
            assert!(cuts.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1.0 / f64::from(parts)));
            let off = cuts.iter().map(|cut| tracklane_geo::distance::interpolate(from, to, *cut));
            assert!(off.map(|point| shape.signed_distance_m(point).abs()).all(|metres| metres < 0.05));
        }
    }
}
