//! A simulated city fleet: drivers who carry shipments from hub to hub along a grid of streets. Seeded, so that a run
//! can be repeated.

use fastrand::Rng;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use crate::drive::{Crossing, drive, hubs, next_hub, place};
use crate::trip::{Trip, TripPoint, course_deg, later, moved_m};

/// What fleet to simulate.
#[derive(Debug, Clone)]
pub struct FleetPlan {
    /// The same seed gives the same trips.
    pub seed: u64,
    /// How many drivers, 1 or more.
    pub drivers: usize,
    /// How many trips in all, shared out among the drivers.
    pub trips: usize,
    /// When the first driver starts.
    pub start: Timestamp,
    /// The middle of the city.
    pub centre: Point,
    /// Seconds between two fixes, 1 or more.
    pub fix_every: u32,
}

impl FleetPlan {
    /// A fleet in the middle of Porto, one fix every five seconds.
    pub fn new(seed: u64, drivers: usize, trips: usize, start: Timestamp) -> Self {
        Self { seed, drivers, trips, start, centre: Point { lat: 41.158, lon: -8.629 }, fix_every: 5 }
    }
}

/// Standard deviation of the GPS error, in metres.
const NOISE_M: f64 = 4.0;

/// The trips of the fleet, in the order of their drivers.
pub fn simulate(plan: &FleetPlan) -> Vec<Trip> {
    let mut rng = Rng::with_seed(plan.seed);
    let hubs = hubs(&mut rng);
    let drivers = plan.drivers.max(1);
    let mut trips = Vec::with_capacity(plan.trips);
    for driver in 0..drivers.min(plan.trips) {
        let count = plan.trips / drivers + usize::from(driver < plan.trips % drivers);
        let mut at = later(plan.start, i64::from(rng.u32(0..120)));
        let mut here = hubs[rng.usize(0..hubs.len())];
        for number in 1..=count {
            let there = next_hub(&mut rng, &hubs, here);
            let points = fixes(&mut rng, plan, (here, there), at);
            at = later(points.last().map_or(at, |point| point.at), i64::from(rng.u32(60..180)));
            trips.push(Trip {
                id: format!("fleet-{:03}-{number:02}", driver + 1),
                driver: name(driver),
                origin: hub(plan.centre, here),
                destination: hub(plan.centre, there),
                points,
            });
            here = there;
        }
    }
    trips
}

fn hub(centre: Point, crossing: Crossing) -> Point {
    let (east, north) = place(crossing);
    moved_m(centre, east, north)
}

const GIVEN: [&str; 20] = [
    "Ana", "Tiago", "Beatriz", "Rui", "Inês", "Miguel", "Sofia", "João", "Marta", "Pedro", "Clara", "Nuno", "Leonor",
    "André", "Rita", "Vasco", "Teresa", "Luís", "Joana", "Paulo",
];
const FAMILY: [&str; 20] = [
    "Sousa", "Pinto", "Carvalho", "Moreira", "Rocha", "Teixeira", "Ramos", "Lopes", "Vieira", "Mendes", "Cardoso",
    "Freitas", "Matos", "Pires", "Nunes", "Faria", "Azevedo", "Coelho", "Tavares", "Reis",
];

/// The name of a driver; each has another one.
fn name(driver: usize) -> String {
    let (given, round) = (driver % GIVEN.len(), driver / GIVEN.len());
    let family = (given * 7 + round) % FAMILY.len();
    let name = format!("{} {}", GIVEN[given], FAMILY[family]);
    match round / FAMILY.len() {
        0 => name,
        again => format!("{name} {}", again + 1),
    }
}

/// The fixes of one drive that begins at `start`.
fn fixes(rng: &mut Rng, plan: &FleetPlan, ends: (Crossing, Crossing), start: Timestamp) -> Vec<TripPoint> {
    let drive = drive(rng, ends).into_iter().zip(0i64..);
    drive
        .step_by(plan.fix_every.max(1) as usize)
        .map(|(moment, second)| TripPoint {
            at: later(start, second),
            point: moved_m(plan.centre, moment.place.0 + noise(rng), moment.place.1 + noise(rng)),
            speed_mps: Some((moment.speed_mps * 10.0).round() as f32 / 10.0),
            course_deg: Some(course_deg((f64::from(moment.heading.0), f64::from(moment.heading.1)))),
        })
        .collect()
}

/// A GPS error along one axis, in metres: the sum of four even draws is near enough to a bell.
fn noise(rng: &mut Rng) -> f64 {
    let sum: f64 = (0..4).map(|_| rng.f64() - 0.5).sum();
    // The sum has a variance of 4/12.
    sum * 3.0_f64.sqrt() * NOISE_M
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trip::distance_m;

    fn plan(seed: u64) -> FleetPlan {
        FleetPlan::new(seed, 3, 8, "2026-01-05T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_seed_gives_the_same_trips_and_another_seed_others() {
        assert_eq!(simulate(&plan(1)), simulate(&plan(1)));
        assert_ne!(simulate(&plan(1)), simulate(&plan(2)));
    }

    #[test]
    fn trips_go_from_hub_to_hub_one_after_the_other() {
        for seed in 0..20 {
            let trips = simulate(&plan(seed));
            assert_eq!(trips.len(), 8);
            for pair in trips.windows(2).filter(|pair| pair[0].driver == pair[1].driver) {
                assert!(pair[0].end() < pair[1].start());
                assert_eq!(pair[0].destination, pair[1].origin);
            }
            for trip in &trips {
                let last = trip.points.last().unwrap();
                assert!(distance_m(trip.points[0].point, trip.origin) < 30.0, "{}", trip.id);
                assert!(distance_m(last.point, trip.destination) < 30.0, "{}", trip.id);
            }
        }
    }

    #[test]
    fn every_driver_has_a_name_of_their_own() {
        let names: std::collections::HashSet<String> = (0..1_000).map(name).collect();
        assert_eq!(names.len(), 1_000);
        assert_eq!(name(0), "Ana Sousa");
    }

    #[test]
    fn nobody_flies() {
        for trip in simulate(&plan(7)) {
            for pair in trip.points.windows(2) {
                let seconds = (pair[1].at.as_second() - pair[0].at.as_second()) as f64;
                let moved = distance_m(pair[0].point, pair[1].point) - 8.0 * NOISE_M;
                assert!(moved / seconds < 16.0, "{} moved {moved} m in {seconds} s", trip.id);
            }
        }
    }
}
