//! How a vehicle drives from crossing to crossing along a grid of streets, second by second, without any error.

use fastrand::Rng;

/// Length of a block, in metres.
pub(crate) const BLOCK_M: f64 = 120.0;
/// The city reaches so many blocks from the middle in each direction.
pub(crate) const HALF_CITY: i32 = 25;
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

/// A crossing of two streets, in blocks east and north of the middle.
pub(crate) type Crossing = (i32, i32);

/// Where a vehicle is in one second, and how it moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    /// Metres east and north of the middle of the city.
    pub place: (f64, f64),
    /// The direction it looks in.
    pub heading: Crossing,
    /// Its speed, in metres per second.
    pub speed_mps: f64,
}

/// Where a crossing is, in metres east and north of the middle.
pub(crate) fn place((east, north): Crossing) -> (f64, f64) {
    (f64::from(east) * BLOCK_M, f64::from(north) * BLOCK_M)
}

/// The hubs of a city.
pub(crate) fn hubs(rng: &mut Rng) -> Vec<Crossing> {
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

/// A hub far enough away from `here`.
pub(crate) fn next_hub(rng: &mut Rng, hubs: &[Crossing], here: Crossing) -> Crossing {
    let far = |there: &&Crossing| here.0.abs_diff(there.0) + here.1.abs_diff(there.1) >= SHORTEST_TRIP;
    let choices: Vec<&Crossing> = hubs.iter().filter(far).collect();
    *choices[rng.usize(0..choices.len())]
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

/// Drives the way, a moment for each second, standing for a while at both ends.
pub(crate) fn drive(rng: &mut Rng, ends: (Crossing, Crossing)) -> Vec<Moment> {
    let blocks = way(rng, ends);
    let cruise_mps = 8.0 + rng.f64() * 6.0;
    let mut heading = blocks.first().map_or((0, 1), |block| block.step);
    let mut corner = place(ends.0);
    let mut moments = Vec::new();
    let stand = |moments: &mut Vec<Moment>, place, heading, seconds: u32| {
        moments.extend((0..seconds).map(|_| Moment { place, heading, speed_mps: 0.0 }));
    };
    stand(&mut moments, corner, heading, rng.u32(STANDING));
    let (mut speed, mut driven) = (0.0, 0.0);
    for block in &blocks {
        heading = block.step;
        let ahead = |metres: f64| (corner.0 + f64::from(heading.0) * metres, corner.1 + f64::from(heading.1) * metres);
        while driven < BLOCK_M {
            let braking = (block.end_mps.powi(2) + 2.0 * ACCELERATION * (BLOCK_M - driven)).sqrt();
            // Never slower than walking pace here: the end of the block must be reached.
            speed = (speed + ACCELERATION).min(cruise_mps).min(braking).max(1.0);
            driven += speed;
            moments.push(Moment { place: ahead(driven.min(BLOCK_M)), heading, speed_mps: speed });
        }
        driven -= BLOCK_M;
        corner = ahead(BLOCK_M);
        if block.red_light_s > 0 {
            (speed, driven) = (0.0, 0.0);
        }
        stand(&mut moments, corner, heading, block.red_light_s);
    }
    stand(&mut moments, corner, heading, rng.u32(STANDING));
    moments
}
