//! Small histories and positions that are easy to tell apart.

use std::future::Future;
use std::time::{Duration, Instant};

use tracklane_core::Timestamp;
use tracklane_core::bounds::BoundingBox;
use tracklane_core::id::{DeviceId, Id, TenantId};
use tracklane_core::ports::{AreaQuery, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory};
use tracklane_core::position::{Fix, Mark, Point, Position};
use tracklane_history::{History, Settings};
use uuid::Uuid;

/// The fix time that numbers count from: 2026-01-01T00:00:00Z.
const EPOCH_MICROS: i64 = 1_767_225_600_000_000;

/// Everything happens often, nothing waits for the disk.
pub fn small() -> Settings {
    Settings {
        wal_segment_bytes: 4_096,
        seal_records: 40,
        partition_seconds: 100,
        merge_fan_in: 3,
        sync: false,
        ..Settings::default()
    }
}

/// Nothing is sealed unless asked for.
pub fn unsealed() -> Settings {
    Settings { seal_records: 1_000_000, ..small() }
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0xfeed))
}

pub fn device(number: u64) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

/// Seconds, which may have a fraction, after the epoch of the tests.
pub fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(EPOCH_MICROS + micros).unwrap()
}

/// A position of which every field depends on `value`, with nothing that keeping it would round.
pub fn position(of_device: u64, fix_micros: i64, value: u32) -> Position {
    let part = |modulus: u32| (value % modulus) as f32;
    let each = |modulus: u32| value.is_multiple_of(modulus);
    let mut attributes = serde_json::Map::new();
    if each(3) {
        attributes.insert("battery".into(), (value % 101).into());
        attributes.insert("alarm".into(), "überfüllt \"\n".into());
    }
    Position {
        tenant_id: tenant(),
        device_id: device(of_device),
        fix_time: time(fix_micros),
        received_at: time(fix_micros + i64::from(value % 5_000) * 777),
        fix: Fix {
            point: Point { lat: f64::from(value % 900_000_000) / 1e7, lon: -f64::from(value % 1_800_000_000) / 1e7 },
            altitude_m: each(2).then(|| part(8_000) - 400.0),
            speed_mps: (!each(5)).then(|| part(500) / 4.0),
            course_deg: (!each(7)).then(|| part(360)),
            accuracy_m: each(11).then(|| part(100) / 2.0),
            valid: !each(13),
        },
        attributes,
        mark: Mark::ALL.get(value as usize % 20).copied(),
    }
}

pub fn query(of_device: u64, from: i64, to: i64, limit: usize) -> HistoryQuery {
    HistoryQuery { tenant_id: tenant(), device_id: device(of_device), from: time(from), to: time(to), limit }
}

/// Appends and waits; answers the numbers of the first and the last record.
pub fn append(history: &History, batch: Vec<Position>) -> Result<(Lsn, Lsn), HistoryError> {
    run(history.append_and_wait(batch)).map(|(first, next)| (first, next - 1))
}

/// All positions of a device.
pub fn all(history: &History, of_device: u64) -> Vec<Position> {
    history.read(&query(of_device, -1_000_000_000_000, 1_000_000_000_000_000, usize::MAX)).unwrap()
}

/// Everything from a log number on, flat.
pub fn replayed(history: &History, lsn: Lsn) -> Result<Vec<(Lsn, Position)>, HistoryError> {
    let mut seen = Vec::new();
    history.replay(lsn, &mut |first, positions| {
        seen.extend((first..).zip(positions));
    })?;
    Ok(seen)
}

/// The limits of a tenant that keeps nothing from before a time, and everything after it.
pub fn dropping(before: Timestamp) -> Limits {
    Limits { tenant_id: tenant(), drop_before: before, thin_before: before, thin_seconds: 1 }
}

/// Everything in an area, asked for page by page.
pub fn in_area(history: &History, area: BoundingBox, limit: usize) -> Vec<Position> {
    let (from, to) = (time(-1_000_000_000_000), time(1_000_000_000_000_000));
    let mut query = AreaQuery { tenant_id: tenant(), area, from, to, after: None, limit };
    let mut found = Vec::new();
    loop {
        let page = run(history.area(query.clone())).unwrap();
        assert!(page.positions.len() <= limit);
        found.extend(page.positions);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return found,
        }
    }
}

/// Waits for something that happens by itself.
pub fn wait_until(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(20), "takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}
