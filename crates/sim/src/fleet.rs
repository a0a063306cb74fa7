//! A simulated city fleet: drivers who carry shipments from hub to hub along a grid of streets. Seeded, so that a run
//! can be repeated.

use fastrand::Rng;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

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

/// Length of a block, in metres.
const BLOCK_M: f64 = 120.0;
/// The city reaches so many blocks from the middle in each direction.
const HALF_CITY: i32 = 25;
/// Hubs in the city.
const HUBS: usize = 16;
/// Hubs of one trip are at least so many blocks apart: further than any zone around them reaches.
const SHORTEST_TRIP: u32 = 14;
/// Metres per second squared, for speeding up and for braking.
const ACCELERATION: f64 = 1.8;
/// Metres per second through a turn.
const TURN_MPS: f64 = 4.0;
/// Seconds that the vehicle stands at each end of a trip, loading or handing over.
const STANDING: std::ops::Range<u32> = 40..80;
/// Standard deviation of the GPS error, in metres.
const NOISE_M: f64 = 4.0;

/// A crossing of two streets, in blocks east and north of the middle.
type Crossing = (i32, i32);

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
            let trip = drive(&mut rng, plan, (here, there), at);
            at = later(trip.last().map_or(at, |point| point.at), i64::from(rng.u32(60..180)));
            trips.push(Trip {
                id: format!("fleet-{:03}-{number:02}", driver + 1),
                driver: name(driver),
                origin: place(plan.centre, here),
                destination: place(plan.centre, there),
                points: trip,
            });
            here = there;
        }
    }
    trips
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

fn hubs(rng: &mut Rng) -> Vec<Crossing> {
    let mut hubs: Vec<Crossing> = Vec::with_capacity(HUBS);
    // The four corners come first, so that from every hub another one is far enough away.
    for corner in [(-HALF_CITY, -HALF_CITY), (HALF_CITY, HALF_CITY), (-HALF_CITY, HALF_CITY), (HALF_CITY, -HALF_CITY)] {
        hubs.push(corner);
    }
    while hubs.len() < HUBS {
        hubs.push((rng.i32(-HALF_CITY..=HALF_CITY), rng.i32(-HALF_CITY..=HALF_CITY)));
    }
    hubs
}

fn next_hub(rng: &mut Rng, hubs: &[Crossing], here: Crossing) -> Crossing {
    let far = |there: &&Crossing| here.0.abs_diff(there.0) + here.1.abs_diff(there.1) >= SHORTEST_TRIP;
    let choices: Vec<&Crossing> = hubs.iter().filter(far).collect();
    *choices[rng.usize(0..choices.len())]
}

fn place(centre: Point, (east, north): Crossing) -> Point {
    moved_m(centre, f64::from(east) * BLOCK_M, f64::from(north) * BLOCK_M)
}

/// One block of the way: its direction and how fast its end may be passed.
struct Block {
    step: Crossing,
    end_mps: f64,
    red_light_s: u32,
}

fn way(rng: &mut Rng, (from, to): (Crossing, Crossing)) -> Vec<Block> {
    let (mut east, mut north) = (to.0 - from.0, to.1 - from.1);
    let mut steps: Vec<Crossing> = Vec::new();
    while east != 0 || north != 0 {
        // Drivers stay on their street for a while before they turn.
        let straight = steps.last().is_some_and(|last| if last.0 != 0 { east != 0 } else { north != 0 });
        let along_east = match steps.last() {
            Some(last) if straight && rng.u8(0..10) < 8 => last.0 != 0,
            _ => north == 0 || (east != 0 && rng.bool()),
        };
        let step = if along_east { (east.signum(), 0) } else { (0, north.signum()) };
        (east, north) = (east - step.0, north - step.1);
        steps.push(step);
    }
    let mut blocks = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let next = steps.get(index + 1);
        let red_light_s = if next.is_some() && rng.u8(0..100) < 12 { rng.u32(5..30) } else { 0 };
        let end_mps = match next {
            Some(next) if red_light_s == 0 => {
                if next == step {
                    f64::INFINITY
                } else {
                    TURN_MPS
                }
            }
            _ => 0.0,
        };
        blocks.push(Block { step: *step, end_mps, red_light_s });
    }
    blocks
}

/// Drives the way second by second and keeps a fix every so often.
fn drive(rng: &mut Rng, plan: &FleetPlan, ends: (Crossing, Crossing), start: Timestamp) -> Vec<TripPoint> {
    let mut log = Log { start, every: plan.fix_every.max(1), second: 0, points: Vec::new() };
    let origin = place(plan.centre, ends.0);
    let blocks = way(rng, ends);
    let cruise_mps = 8.0 + rng.f64() * 6.0;
    let mut heading = blocks.first().map_or((0, 1), |block| block.step);
    let mut corner = (0.0, 0.0);
    let mut speed = 0.0;
    for _ in 0..rng.u32(STANDING) {
        log.tick(rng, origin, corner, heading, 0.0);
    }
    let mut driven = 0.0;
    for block in &blocks {
        heading = block.step;
        while driven < BLOCK_M {
            let braking = (block.end_mps.powi(2) + 2.0 * ACCELERATION * (BLOCK_M - driven)).sqrt();
            // Never slower than walking pace here: the end of the block must be reached.
            speed = (speed + ACCELERATION).min(cruise_mps).min(braking).max(1.0);
            driven += speed;
            let along = driven.min(BLOCK_M);
            let here = (corner.0 + f64::from(heading.0) * along, corner.1 + f64::from(heading.1) * along);
            log.tick(rng, origin, here, heading, speed);
        }
        driven -= BLOCK_M;
        corner = (corner.0 + f64::from(heading.0) * BLOCK_M, corner.1 + f64::from(heading.1) * BLOCK_M);
        if block.red_light_s > 0 {
            (speed, driven) = (0.0, 0.0);
        }
        for _ in 0..block.red_light_s {
            log.tick(rng, origin, corner, heading, 0.0);
        }
    }
    for _ in 0..rng.u32(STANDING) {
        log.tick(rng, origin, corner, heading, 0.0);
    }
    log.points
}

struct Log {
    start: Timestamp,
    every: u32,
    second: u32,
    points: Vec<TripPoint>,
}

impl Log {
    fn tick(&mut self, rng: &mut Rng, origin: Point, (east, north): (f64, f64), heading: Crossing, speed: f64) {
        if self.second.is_multiple_of(self.every) {
            self.points.push(TripPoint {
                at: later(self.start, i64::from(self.second)),
                point: moved_m(origin, east + noise(rng), north + noise(rng)),
                speed_mps: Some((speed * 10.0).round() as f32 / 10.0),
                course_deg: Some(course_deg((f64::from(heading.0), f64::from(heading.1)))),
            });
        }
        self.second += 1;
    }
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
