//! Not a benchmark, but a guard: looking up zones must not slow down with their number.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use tracklane_core::Timestamp;
use tracklane_geo::ZoneIndex;
use tracklane_geo::distance::destination;
use tracklane_geo::visit::{Rules, Taken, Travel, Visit, Visits, ZoneFix, step};

use super::{at, round};

/// The same density of zones under the probes, so that the answers are as long.
#[test]
fn a_lookup_costs_the_same_among_ten_times_the_zones() {
    let few = nanoseconds_per_lookup(2_000, 1.0);
    let many = nanoseconds_per_lookup(20_000, 10f64.sqrt());
    assert!(many < few * 5.0 + 500.0, "{many:.0} ns among 20,000 zones, {few:.0} ns among 2,000");
}

/// `cargo test --release -p tracklane-geo -- --ignored --nocapture speed`
#[test]
#[ignore = "a measurement to look at, not a check"]
fn lookups_in_two_by_two_degrees() {
    for zones in [10_000, 100_000] {
        nanoseconds_per_lookup(zones, 2.0);
    }
}

/// `cargo test --release -p tracklane-geo -- --ignored --nocapture steps`
#[test]
#[ignore = "a measurement to look at, not a check"]
fn steps_of_devices_among_zones() {
    const FIXES: u32 = 200_000;
    let mut random = fastrand::Rng::with_seed(42);
    let mut place = || at(48.0 + random.f64(), 2.0 + random.f64());
    let mut index = ZoneIndex::new();
    for key in 0..10_000 {
        index.insert(key, Arc::new(round(place(), 100.0 + f64::from(key % 200), 16)));
    }
    let fix = |number: u32, start, bearing| {
        let time = Timestamp::from_second(1_700_000_000 + i64::from(number) * 5).expect("a time");
        let point = destination(start, bearing, f64::from(number) * 50.0);
        ZoneFix { at: time, point, accuracy_m: Some(8.0) }
    };
    let mut track = |bearing| {
        let start = place();
        (0..100).map(|number| fix(number, start, bearing)).collect::<Vec<_>>()
    };
    let tracks: Vec<_> = (0..FIXES / 100).map(|number| track(f64::from(number) * 7.0)).collect();
    for (name, travel) in [
        ("plain", Travel::default()),
        ("with jumps and passages looked for", Travel { max_speed_mps: Some(70.0), pass_through_m: 500.0 }),
    ] {
        let rules = Rules { pass_through: true, dwell_s: Some(300), ..Rules::default() };
        let (mut events, started) = (0, Instant::now());
        for track in &tracks {
            let mut visits = Visits::default();
            for fix in track {
                if let Taken::Stepped { events: told, .. } = visits.take(&index, *fix, travel, |_| rules) {
                    events += told.len();
                }
            }
        }
        let spent = started.elapsed().as_nanos() as f64 / f64::from(FIXES);
        println!("{name}: {spent:.0} ns per fix among 10,000 zones, {events} events in {FIXES} fixes");
    }
    let shape = round(at(48.0, 2.0), 200.0, 16);
    let fix = |number: u32| {
        let metres = 400.0 * (f64::from(number) / 50.0).sin();
        let time = Timestamp::from_second(1_700_000_000 + i64::from(number) * 5).expect("a time");
        ZoneFix { at: time, point: destination(at(48.0, 2.0), 90.0, metres), accuracy_m: Some(8.0) }
    };
    let track: Vec<_> = (0..FIXES).map(fix).collect();
    let (mut visit, mut told, mut previous, started) = (Visit::default(), 0, None, Instant::now());
    for fix in track {
        told += black_box(step(&mut visit, &shape, previous, fix, &Rules::default())).0.len();
        previous = Some(fix);
    }
    let spent = started.elapsed().as_nanos() as f64 / f64::from(FIXES);
    println!("one zone of 16 corners: {spent:.0} ns per step, {told} events; {} bytes a visit", size_of::<Visit>());
}

fn nanoseconds_per_lookup(zones: u32, degrees: f64) -> f64 {
    const LOOKUPS: u32 = 100_000;
    let mut random = fastrand::Rng::with_seed(42);
    let mut place = move || at(48.0 + random.f64() * degrees, 2.0 + random.f64() * degrees);
    let shapes: Vec<_> = (0..zones).map(|key| Arc::new(round(place(), 100.0 + f64::from(key % 200), 16))).collect();
    let mut index = ZoneIndex::new();
    let started = Instant::now();
    for (key, shape) in shapes.into_iter().enumerate() {
        index.insert(key, shape);
    }
    let inserted = started.elapsed().as_nanos() as f64 / f64::from(zones);
    let points: Vec<_> = (0..LOOKUPS).map(|_| place()).collect();
    let started = Instant::now();
    let hits: usize = points.iter().map(|point| black_box(index.containing(*point).count())).sum();
    let spent = started.elapsed().as_nanos() as f64 / f64::from(LOOKUPS);
    println!("{zones} zones: {inserted:.0} ns per insert, {spent:.0} ns per lookup, {hits} hits in {LOOKUPS} lookups");
    assert!(hits > 0);
    spent
}
