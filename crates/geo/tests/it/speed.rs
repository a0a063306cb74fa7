//! Not a benchmark, but a guard: looking up zones must not slow down with their number.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use tracklane_geo::ZoneIndex;

use super::{at, round};

/// The same density of zones under the probes, so that the answers are as long.
#[test]
fn a_lookup_costs_the_same_among_ten_times_the_zones() {
    let few = nanoseconds_per_lookup(2_000, 1.0);
    let many = nanoseconds_per_lookup(20_000, 10f64.sqrt());
    assert!(many < few * 5.0 + 500.0, "{many:.0} ns among 20,000 zones, {few:.0} ns among 2,000");
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
