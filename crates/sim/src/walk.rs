//! Positions to measure with: a fleet on a random walk, the same one for everybody who is measured.

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id as _, TenantId};
use tracklane_core::position::{Attributes, Fix, Point, Position};
use uuid::Uuid;

/// How many devices report.
pub const DEVICES: usize = 10_000;
/// How many positions are in a batch.
pub const BATCH: usize = 1_000;
/// When they begin, as Unix seconds: 2026-01-01T00:00:00Z.
pub const EPOCH_SECONDS: i64 = 1_767_225_600;
/// How often each reports, in seconds.
pub const PERIOD_SECONDS: i64 = 10;

/// Whose devices.
pub fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

/// Ids as spread as real ones: made over a while, the rest random.
pub fn device(number: usize) -> DeviceId {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let made = 0x0190_0000_0000_u128 + number as u128 * 60_000;
    DeviceId::from_uuid(Uuid::from_u128(made << 80 | 0x7000 << 64 | random.u128(..) >> 68 | 0x8 << 60))
}

/// So many microseconds after the beginning.
pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(EPOCH_SECONDS * 1_000_000 + micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Vehicles on a random walk: 10 to 20 m/s, turning a little with each fix.
#[derive(Debug)]
pub struct Fleet {
    random: fastrand::Rng,
    vehicles: Vec<Vehicle>,
}

#[derive(Debug)]
struct Vehicle {
    id: DeviceId,
    point: Point,
    speed: f64,
    course: f64,
    altitude: f64,
}

impl Fleet {
    /// Always the same one.
    #[expect(clippy::new_without_default, reason = "there is no other way to make one")]
    pub fn new() -> Self {
        let mut random = fastrand::Rng::with_seed(42);
        let vehicle = |number| Vehicle {
            id: device(number),
            point: Point { lat: 50.0 + random.f64() * 2.0, lon: 8.0 + random.f64() * 2.0 },
            speed: 10.0 + random.f64() * 10.0,
            course: random.f64() * 360.0,
            altitude: random.f64() * 500.0,
        };
        let vehicles = (0..DEVICES).map(vehicle).collect();
        Self { random, vehicles }
    }

    /// The position of a vehicle after its next 10 seconds.
    pub fn position(&mut self, number: usize, tick: i64) -> Position {
        let random = &mut self.random;
        let vehicle = &mut self.vehicles[number];
        vehicle.speed = (vehicle.speed + random.f64() * 4.0 - 2.0).clamp(10.0, 20.0);
        vehicle.course = (vehicle.course + random.f64() * 40.0 - 20.0).rem_euclid(360.0);
        vehicle.altitude += random.f64() - 0.5;
        let metres = vehicle.speed * 10.0;
        let (east, north) = vehicle.course.to_radians().sin_cos();
        vehicle.point.lat += north * metres / 111_320.0;
        vehicle.point.lon += east * metres / (111_320.0 * vehicle.point.lat.to_radians().cos());
        // Whole seconds, as satellites give them; received a little later.
        let micros = (tick * PERIOD_SECONDS + (number % 10) as i64) * 1_000_000;
        Position {
            tenant_id: tenant(),
            device_id: vehicle.id,
            fix_time: at(micros),
            received_at: at(micros + random.i64(100_000..600_000)),
            fix: Fix {
                point: vehicle.point,
                altitude_m: Some((vehicle.altitude * 10.0).round() as f32 / 10.0),
                speed_mps: Some(vehicle.speed as f32),
                course_deg: Some(vehicle.course.round() as f32),
                accuracy_m: Some(5.0),
                valid: true,
            },
            attributes: Attributes::new(),
            mark: None,
        }
    }

    /// So many batches, the devices of each tick in random order, made one at a time.
    pub fn batches(mut self, count: usize) -> impl Iterator<Item = Vec<Position>> {
        let mut order: Vec<usize> = (0..DEVICES).collect();
        let per_tick = DEVICES / BATCH;
        (0..count).map(move |number| {
            if number % per_tick == 0 {
                self.random.shuffle(&mut order);
            }
            let tick = (number / per_tick) as i64;
            let start = number % per_tick * BATCH;
            order[start..start + BATCH].iter().map(|number| self.position(*number, tick)).collect()
        })
    }
}
