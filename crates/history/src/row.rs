//! A position as it is kept: 48 bytes of whole numbers, the same in memory, in the log and in segments, so that an
//! answer does not depend on where it comes from.
//!
//! What is rounded: times to microseconds, coordinates to 1e-7 degrees (11 mm), altitude and accuracy to centimetres,
//! speed to cm/s (at most 655.34 m/s), course to 0.01 degrees.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id, TenantId};
use tracklane_core::position::{Attributes, Fix, Mark, Point, Position};
use uuid::Uuid;

/// Whose device, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub tenant: u128,
    pub device: u128,
}

impl Key {
    pub(crate) fn new(tenant: TenantId, device: DeviceId) -> Self {
        Self { tenant: tenant.uuid().as_u128(), device: device.uuid().as_u128() }
    }

    pub(crate) fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&self.tenant.to_be_bytes());
        bytes[16..].copy_from_slice(&self.device.to_be_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        let whole = bytes.as_chunks::<16>().0;
        Self { tenant: u128::from_be_bytes(whole[0]), device: u128::from_be_bytes(whole[1]) }
    }
}

/// Ids are ours and mostly random, so a multiplication spreads them well enough; nobody outside can choose them.
#[derive(Default)]
pub(crate) struct KeyHasher(u64);

pub(crate) type BuildKeyHasher = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, value: u128) {
        let folded = value as u64 ^ ((value >> 64) as u64).rotate_left(23);
        self.0 = (self.0.rotate_left(29) ^ folded).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// One position of a device known from elsewhere. The `NO_*` values stand for "not stated".
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// Microseconds since 1970.
    pub fix_time: i64,
    /// Microseconds since 1970.
    pub received_at: i64,
    /// 1e-7 degrees.
    pub lat: i32,
    /// 1e-7 degrees.
    pub lon: i32,
    /// Centimetres.
    pub altitude: i32,
    /// Centimetres.
    pub accuracy: u32,
    /// Centimetres per second.
    pub speed: u16,
    /// Hundredths of a degree.
    pub course: u16,
    pub valid: bool,
    /// The number of the mark; 0 when there is none.
    pub mark: u8,
    /// A JSON object as text; none when it is empty, which is the rule.
    pub attributes: Option<Arc<Vec<u8>>>,
}

pub(crate) const NO_ALTITUDE: i32 = i32::MIN;
pub(crate) const NO_ACCURACY: u32 = u32::MAX;
pub(crate) const NO_SPEED: u16 = u16::MAX;
pub(crate) const NO_COURSE: u16 = u16::MAX;

impl Row {
    pub(crate) fn point(&self) -> Point {
        Point { lat: f64::from(self.lat) / 1e7, lon: f64::from(self.lon) / 1e7 }
    }
}

/// What is kept of a position.
pub(crate) fn from_position(position: &Position) -> (Key, Row) {
    let fix = &position.fix;
    // `as` saturates, so what lies outside of the range (no checked position does) becomes its nearest bound.
    let hundredths = |value: f32| (f64::from(value) * 100.0).round();
    let row = Row {
        fix_time: position.fix_time.as_microsecond(),
        received_at: position.received_at.as_microsecond(),
        lat: (fix.point.lat * 1e7).round() as i32,
        lon: (fix.point.lon * 1e7).round() as i32,
        altitude: fix.altitude_m.map_or(NO_ALTITUDE, |value| (hundredths(value) as i32).max(NO_ALTITUDE + 1)),
        accuracy: fix.accuracy_m.map_or(NO_ACCURACY, |value| (hundredths(value) as u32).min(NO_ACCURACY - 1)),
        speed: fix.speed_mps.map_or(NO_SPEED, |value| (hundredths(value) as u16).min(NO_SPEED - 1)),
        course: fix.course_deg.map_or(NO_COURSE, |value| (hundredths(value) as u16).min(NO_COURSE - 1)),
        valid: fix.valid,
        mark: position.mark.map_or(0, Mark::code),
        attributes: attributes_text(&position.attributes),
    };
    (Key::new(position.tenant_id, position.device_id), row)
}

fn attributes_text(attributes: &Attributes) -> Option<Arc<Vec<u8>>> {
    if attributes.is_empty() {
        return None;
    }
    // A map with text keys can always be written.
    serde_json::to_vec(attributes).ok().map(Arc::new)
}

/// The positions that rows were made from, as far as they were kept; none when one holds what [`from_position`] never makes.
pub(crate) fn to_positions<'a>(rows: impl Iterator<Item = (Key, &'a Row)>) -> Option<Vec<Position>> {
    let mut sound = true;
    // Positions are large: collected like this, each is made where it stays.
    let positions = rows.map(|(key, row)| to_position(key, row, &mut sound)).collect();
    sound.then_some(positions)
}

/// The position a row was made from; `sound` becomes false when the row holds what [`from_position`] never makes.
#[inline(always)]
fn to_position(key: Key, row: &Row, sound: &mut bool) -> Position {
    let metres = |hundredths: f64| (hundredths / 100.0) as f32;
    let mut time = |micros: i64| {
        Timestamp::from_microsecond(micros).unwrap_or_else(|_| {
            *sound = false;
            Timestamp::UNIX_EPOCH
        })
    };
    let (fix_time, received_at) = (time(row.fix_time), time(row.received_at));
    let mark = match row.mark {
        0 => None,
        code => {
            let mark = Mark::from_code(code);
            *sound &= mark.is_some();
            mark
        }
    };
    Position {
        tenant_id: TenantId::from_uuid(Uuid::from_u128(key.tenant)),
        device_id: DeviceId::from_uuid(Uuid::from_u128(key.device)),
        fix_time,
        received_at,
        fix: Fix {
            point: row.point(),
            altitude_m: (row.altitude != NO_ALTITUDE).then(|| metres(f64::from(row.altitude))),
            speed_mps: (row.speed != NO_SPEED).then(|| metres(f64::from(row.speed))),
            course_deg: (row.course != NO_COURSE).then(|| metres(f64::from(row.course))),
            accuracy_m: (row.accuracy != NO_ACCURACY).then(|| metres(f64::from(row.accuracy))),
            valid: row.valid,
        },
        attributes: row.attributes.as_ref().map_or_else(Attributes::new, |text| attributes_of(text, sound)),
        mark,
    }
}

fn attributes_of(text: &[u8], sound: &mut bool) -> Attributes {
    serde_json::from_slice(text).unwrap_or_else(|_| {
        *sound = false;
        Attributes::new()
    })
}

/// Microseconds since 1970, rounded up, so that comparing them with whole microseconds is exact.
pub(crate) fn micros_up(time: Timestamp) -> i64 {
    let nanos = time.as_nanosecond();
    i64::try_from(-(-nanos).div_euclid(1_000)).unwrap_or(i64::MAX)
}

/// Sorts rows that stand in the order of their appends by fix time; of several with the same fix time the last stays.
pub(crate) fn sort_and_dedupe(rows: &mut Vec<Row>) {
    rows.sort_by_key(|row| row.fix_time);
    rows.dedup_by(|later, kept| {
        let same = later.fix_time == kept.fix_time;
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
}
