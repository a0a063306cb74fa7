//! Positions that are durable in the log but not sealed yet, by device.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tracklane_core::ports::Lsn;

use crate::Settings;
use crate::bounds::{Area, Bounds};
use crate::row::{BuildKeyHasher, Key, Row, sort_and_dedupe};
use crate::tombstone::Tombstone;

/// The rows of one device in the order of their appends.
#[derive(Debug)]
struct Tail {
    rows: Vec<Row>,
    /// Whether a row came that is not newer than the one before it.
    unsorted: bool,
    bounds: Bounds,
}

impl Default for Tail {
    fn default() -> Self {
        Self { rows: Vec::new(), unsorted: false, bounds: Bounds::NOTHING }
    }
}

impl Tail {
    /// The earliest and the latest fix time.
    fn span(&self) -> Option<(i64, i64)> {
        if self.unsorted {
            let times = self.rows.iter().map(|row| row.fix_time);
            return times.clone().min().zip(times.max());
        }
        self.rows.first().zip(self.rows.last()).map(|(first, last)| (first.fix_time, last.fix_time))
    }
}

/// A table of all rows from one log number up to, not including, another.
#[derive(Debug)]
pub(crate) struct Memtable {
    /// Boxed, because a table keeps room for entries that it does not have, and many devices have one row.
    devices: HashMap<Key, Box<Tail>, BuildKeyHasher>,
    pub first_lsn: Lsn,
    pub end_lsn: Lsn,
    bytes: usize,
    since: Option<Instant>,
}

impl Memtable {
    /// An empty table with room for `devices` devices.
    pub(crate) fn new(first_lsn: Lsn, devices: usize) -> Self {
        let devices = HashMap::with_capacity_and_hasher(devices, BuildKeyHasher::default());
        Self { devices, first_lsn, end_lsn: first_lsn, bytes: 0, since: None }
    }

    /// How many rows were inserted, replaced ones included.
    pub(crate) fn records(&self) -> u64 {
        self.end_lsn - self.first_lsn
    }

    pub(crate) fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Reads for nothing where rows of these devices will go: memory answers for all of them in the time that it takes for a few,
    /// while [`Memtable::insert`] has to wait for each answer.
    pub(crate) fn fetch(&self, rows: &[(Key, Row)]) {
        for (key, _) in rows {
            std::hint::black_box(self.devices.get(key).and_then(|tail| tail.rows.last()).map(|row| row.fix_time));
        }
    }

    /// Takes the rows that follow the last ones in the log.
    pub(crate) fn insert(&mut self, rows: impl ExactSizeIterator<Item = (Key, Row)>) {
        self.since.get_or_insert_with(Instant::now);
        self.end_lsn += rows.len() as u64;
        for (key, mut row) in rows {
            let tail = self.devices.entry(key).or_default();
            self.bytes += size_of::<Row>();
            let last = tail.rows.last();
            if let Some(text) = &row.attributes {
                // A device mostly says the same again; then it takes no memory of its own.
                match last.and_then(|last| last.attributes.as_ref()) {
                    Some(before) if before == text => row.attributes = Some(Arc::clone(before)),
                    _ => self.bytes += text.len(),
                }
            }
            tail.unsorted |= last.is_some_and(|last| last.fix_time >= row.fix_time);
            tail.bounds.add(&row);
            if tail.rows.is_empty() {
                // Otherwise there would be room for four at once.
                tail.rows.reserve_exact(1);
            }
            tail.rows.push(row);
        }
    }

    /// Counts a record of the log that is not taken.
    pub(crate) fn pass_over(&mut self) {
        self.end_lsn += 1;
    }

    /// Forgets everything that a tombstone covers.
    pub(crate) fn erase(&mut self, stone: &Tombstone) {
        self.devices.retain(|key, _| !stone.covers(*key));
    }

    /// The devices of a tenant that may have rows of the area with a fix time in `from..to`, with the first and the last
    /// fix time that they have here; in no order.
    pub(crate) fn touching(&self, tenant: u128, area: &Area, (from, to): (i64, i64)) -> Vec<(Key, i64, i64)> {
        let devices = self.devices.iter().filter(|(key, tail)| key.tenant == tenant && area.touches(&tail.bounds));
        let spans = devices.filter_map(|(key, tail)| tail.span().map(|(min, max)| (*key, min, max)));
        spans.filter(|(_, min, max)| *min < to && *max >= from).collect()
    }

    pub(crate) fn is_full(&self, settings: &Settings) -> bool {
        self.records() >= settings.seal_records as u64 || self.bytes >= settings.seal_bytes
    }

    /// Whether the oldest row has waited for longer than rows may.
    pub(crate) fn is_old(&self, settings: &Settings) -> bool {
        self.since.is_some_and(|since| since.elapsed().as_secs() >= settings.seal_seconds)
    }

    /// The rows of a device with a fix time in `from..to`, sorted, each fix time once, at most `limit`.
    pub(crate) fn range(&self, key: Key, from: i64, to: i64, limit: usize) -> Vec<Row> {
        let Some(tail) = self.devices.get(&key) else { return Vec::new() };
        if tail.unsorted {
            let inside = tail.rows.iter().filter(|row| (from..to).contains(&row.fix_time));
            let mut rows: Vec<Row> = inside.cloned().collect();
            sort_and_dedupe(&mut rows);
            rows.truncate(limit);
            return rows;
        }
        let start = tail.rows.partition_point(|row| row.fix_time < from);
        let end = tail.rows.partition_point(|row| row.fix_time < to);
        tail.rows[start..end.max(start)].iter().take(limit).cloned().collect()
    }

    /// Every device in the order of keys.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.devices.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    /// All rows of a device, sorted, each fix time once.
    pub(crate) fn rows(&self, key: Key) -> Vec<Row> {
        self.range(key, i64::MIN, i64::MAX, usize::MAX)
    }

    /// The fix times of all rows, in no order.
    pub(crate) fn fix_times(&self) -> impl Iterator<Item = i64> {
        self.devices.values().flat_map(|tail| tail.rows.iter().map(|row| row.fix_time))
    }
}
