//! The devices of the load: where each is and where it goes.

use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::position::Point;

/// The square in which devices move.
pub const SOUTH_WEST: Point = Point { lat: 41.0, lon: -9.0 };
/// Its side, in degrees.
pub const SIDE_DEGREES: f64 = 1.0;
/// Time between two fixes of one device, by the device's clock, in milliseconds.
const FIX_STEP_MS: i64 = 100;
/// Degrees of latitude that a device moves between two fixes: about fifteen metres.
const STEP_DEGREES: f64 = 0.000_135;

/// A device of a stage.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its id.
    pub id: DeviceId,
    /// What it calls itself.
    pub identifier: String,
    /// Its own credential; empty when it has none.
    pub secret: String,
}

/// A device of the load.
#[derive(Debug, Clone)]
pub struct Mover {
    /// Who it is.
    pub sender: Sender,
    /// Its id in text.
    pub id: String,
    /// Where it is.
    pub at: Point,
    /// The time of its last fix, in milliseconds since 1970.
    pub time_ms: i64,
    step: (f64, f64),
}

impl Mover {
    /// Goes on to the next fix.
    pub fn go(&mut self) {
        let turn = |at: f64, low: f64, step: &mut f64| {
            let next = at + *step;
            if (low..low + SIDE_DEGREES).contains(&next) {
                return next;
            }
            *step = -*step;
            at
        };
        self.at.lat = turn(self.at.lat, SOUTH_WEST.lat, &mut self.step.0);
        self.at.lon = turn(self.at.lon, SOUTH_WEST.lon, &mut self.step.1);
        self.time_ms += FIX_STEP_MS;
    }
}

/// All devices. Positions go on from round to round: no fix is sent twice.
#[derive(Debug, Clone)]
pub struct Fleet(Vec<Mover>);

impl Fleet {
    /// Devices at places that depend on `seed` alone. Fix times begin after `start`.
    pub fn new(devices: &[Sender], seed: u64, start: Timestamp) -> Self {
        let mut rng = Random(seed);
        let mut mover = |sender: &Sender| {
            let angle = rng.unit() * std::f64::consts::TAU;
            let at = Point {
                lat: SOUTH_WEST.lat + rng.unit() * SIDE_DEGREES,
                lon: SOUTH_WEST.lon + rng.unit() * SIDE_DEGREES,
            };
            Mover {
                id: sender.id.to_string(),
                sender: sender.clone(),
                at,
                time_ms: start.as_millisecond(),
                step: (angle.sin() * STEP_DEGREES, angle.cos() * STEP_DEGREES),
            }
        };
        Self(devices.iter().map(&mut mover).collect())
    }

    /// No devices: what stays behind while the others are away with a load.
    pub fn empty() -> Self {
        Self(Vec::new())
    }

    /// Shares the devices out; [`Fleet::take_back`] brings them home.
    pub(super) fn deal(&mut self, connections: usize) -> Vec<Vec<Mover>> {
        let mut dealt = vec![Vec::new(); connections.max(1)];
        let count = dealt.len();
        for (index, mover) in self.0.drain(..).enumerate() {
            dealt[index % count].push(mover);
        }
        dealt
    }

    pub(super) fn take_back(&mut self, movers: Vec<Mover>) {
        self.0.extend(movers);
    }
}

/// A small generator (SplitMix64): the same seed gives the same places.
pub struct Random(pub u64);

impl Random {
    /// From 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use tracklane_core::id::Id as _;

    use super::*;

    #[test]
    fn a_device_moves_on_within_the_square_and_keeps_its_way_when_dealt_anew() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let id = DeviceId::from_uuid(Default::default());
        let device = Sender { id, identifier: "x".to_owned(), secret: String::new() };
        let mut fleet = Fleet::new(&[device], 1, start);
        let mut last_ms = start.as_millisecond();
        for connections in [1, 3, 2] {
            let mut dealt = fleet.deal(connections);
            let mover = dealt.iter_mut().flatten().next().unwrap();
            for _ in 0..10_000 {
                mover.go();
                assert!((41.0..42.0).contains(&mover.at.lat) && (-9.0..-8.0).contains(&mover.at.lon));
                assert!(mover.time_ms > last_ms);
                last_ms = mover.time_ms;
            }
            dealt.into_iter().for_each(|movers| fleet.take_back(movers));
        }
    }
}
