//! Not a benchmark, but a guard: looking up zones must not slow down with their number.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use tracklane_geo::ZoneIndex;

use super::{at, round};

#[test]
fn a_lookup_costs_the_same_among_ten_times_the_zones() {
    // The same density of zones under the probes, so that the answers are as long.
    let few = nanoseconds_per_lookup(10_000, 2.0);
    let many = nanoseconds_per_lookup(100_000, 2.0);
    println!("per lookup in 2 x 2 degrees: {few:.0} ns among 10,000 zones, {many:.0} ns among 100,000");
    let spread = nanoseconds_per_lookup(100_000, 2.0 * 10f64.sqrt());
    println!("per lookup at the density of the first: {spread:.0} ns among 100,000 zones");
    assert!(spread < few * 5.0 + 500.0, "{spread:.0} ns against {few:.0} ns");
}

fn nanoseconds_per_lookup(zones: u32, degrees: f64) -> f64 {
    const LOOKUPS: u32 = 100_000;
    let mut random = fastrand::Rng::with_seed(42);
    let mut place = move || at(48.0 + random.f64() * degrees, 2.0 + random.f64() * degrees);
    let mut index = ZoneIndex::new();
    let started = Instant::now();
    for key in 0..zones {
        let radius = 100.0 + f64::from(key % 200);
        index.insert(key, Arc::new(round(place(), radius, 16)));
    }
    println!("{zones} zones parsed and put in: {:?}", started.elapsed());
    let points: Vec<_> = (0..LOOKUPS).map(|_| place()).collect();
    let started = Instant::now();
    let hits: usize = points.iter().map(|point| black_box(index.containing(*point).count())).sum();
    let spent = started.elapsed();
    assert!(hits > 0);
    spent.as_nanos() as f64 / f64::from(LOOKUPS)
}
