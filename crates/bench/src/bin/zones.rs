//! Measures the zone index and the zone engine on one core, and prints one JSON object.
//!
//! ```text
//! cargo run --release -p tracklane-bench --bin zones -- [MOST_ZONES]
//! ```
//!
//! Zones are polygons of 16 corners, 100 to 300 m wide in radius, as dense for each number of them (10,000 in one square
//! degree), so that the answers are as long. Devices go straight on, 50 m from fix to fix.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;
use tracklane_geo::distance::destination;
use tracklane_geo::visit::{Rules, Taken, Travel, Visits, Window, ZoneFix};
use tracklane_geo::{Shape, ZoneIndex};

const LOOKUPS: u32 = 1_000_000;
const FIXES: u32 = 1_000_000;
const TRACK: u32 = 100;

fn main() {
    let most = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut sizes = Vec::new();
    for zones in [10_000, 100_000, 1_000_000] {
        if zones <= most {
            sizes.push(measure(zones));
        }
    }
    let answer = json!({
        "zones": sizes,
        "bytes_per_device": { "visits": size_of::<Visits<u128>>(), "window": size_of::<Window<u128>>() },
    });
    println!("{answer:#}");
}

fn measure(zones: u32) -> Value {
    let mut random = fastrand::Rng::with_seed(42);
    let side = (f64::from(zones) / 10_000.0).sqrt();
    let mut place = || Point { lat: 40.0 + random.f64() * side, lon: 2.0 + random.f64() * side };
    let shapes: Vec<_> = (0..zones).map(|key| Arc::new(polygon(place(), 100.0 + f64::from(key % 200)))).collect();
    let mut index = ZoneIndex::new();
    let started = Instant::now();
    for (key, shape) in shapes.into_iter().enumerate() {
        index.insert(key, shape);
    }
    let insert_ns = started.elapsed().as_nanos() as f64 / f64::from(zones);
    let started = Instant::now();
    for key in 0..1_000 {
        let shape = index.remove(key).unwrap_or_else(|| Arc::new(polygon(Point { lat: 40.0, lon: 2.0 }, 100.0)));
        index.insert(key, shape);
    }
    let replace_ns = started.elapsed().as_nanos() as f64 / 1_000.0;

    let points: Vec<_> = (0..LOOKUPS).map(|_| place()).collect();
    let started = Instant::now();
    let hits: usize = points.iter().map(|point| black_box(index.containing(*point).count())).sum();
    let lookup_ns = started.elapsed().as_nanos() as f64 / f64::from(LOOKUPS);

    let tracks: Vec<_> = (0..FIXES / TRACK).map(|number| track(place(), f64::from(number) * 7.0)).collect();
    let step = |travel: Travel, rules: Rules| {
        let (mut events, started) = (0, Instant::now());
        for track in &tracks {
            let (mut visits, mut window) = (Visits::default(), Window::default());
            for fix in track {
                if let Taken::Stepped { events: told, .. } = visits.take(&index, *fix, travel, |_| rules) {
                    events += told.len();
                }
                window.note(&visits, 120, fix.at);
            }
        }
        (started.elapsed().as_nanos() as f64 / f64::from(FIXES), events)
    };
    let (fix_ns, events) = step(Travel::default(), Rules::default());
    let along = Travel { max_speed_mps: None, pass_through_m: 2_000.0 };
    let (pass_through_ns, _) = step(along, Rules { pass_through: true, ..Rules::default() });
    json!({
        "zones": zones,
        "insert_ns": insert_ns.round(),
        "replace_ns": replace_ns.round(),
        "lookup_ns": lookup_ns.round(),
        "hits_per_lookup": hits as f64 / f64::from(LOOKUPS),
        "fix_ns": fix_ns.round(),
        "fix_ns_with_pass_through": pass_through_ns.round(),
        "events_per_fix": f64::from(events as u32) / f64::from(FIXES),
    })
}

fn polygon(center: Point, radius_m: f64) -> Shape {
    let corner = |number: u32| {
        let point = destination(center, f64::from(number % 16) * 22.5, radius_m);
        json!([point.lon, point.lat])
    };
    let ring: Vec<_> = (0..=16).map(corner).collect();
    let geometry = json!({ "type": "Polygon", "coordinates": [ring] });
    Shape::parse(&geometry, None).unwrap_or_else(|error| panic!("a regular polygon is a shape: {error}"))
}

fn track(start: Point, bearing: f64) -> Vec<ZoneFix> {
    let fix = |number: u32| {
        let at = Timestamp::from_second(1_700_000_000 + i64::from(number) * 5).unwrap_or_default();
        ZoneFix { at, point: destination(start, bearing, f64::from(number) * 50.0), accuracy_m: Some(8.0) }
    };
    (0..TRACK).map(fix).collect()
}
