//! The thread that keeps house: seals full tables, takes log files out of use and has spare ones ready.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracklane_core::ports::Lsn;

use crate::core::{Change, Core};
use crate::error::Error;
use crate::folder::{self, SEGMENT};
use crate::memtable::Memtable;
use crate::row::{Key, Row};
use crate::segment::{Segment, Writer};
use crate::tombstone::erased_before;

/// A sealing writes at most so many windows of time to segments of their own; the oldest ones share one: a device whose
/// clock jumps must not make a file for every week since 2000.
const MOST_PARTITIONS: usize = 8;
/// The window of a segment that holds several.
pub(crate) const MIXED: i64 = i64::MIN;

/// The thread's work: until told to stop. Looks after everything once a second, and when woken.
pub(crate) fn run(core: &Core) {
    loop {
        core.keeper.wait(Duration::from_secs(1));
        if core.stops() {
            return;
        }
        keep(core);
    }
}

fn keep(core: &Core) {
    {
        let view = core.view.upgradable_read();
        if view.active.is_old(&core.settings) {
            parking_lot::RwLockUpgradableReadGuard::upgrade(view).freeze();
        }
    }
    prepare(core);
    if core.view.read().frozen.is_empty() {
        core.sealing_went(Ok(()));
    } else {
        let outcome = seal_all(core);
        core.sealing_went(outcome);
    }
    if let Err(error) = core.recycle() {
        tracing::warn!(%error, "could not take log files out of use");
    }
    prepare(core);
}

fn prepare(core: &Core) {
    if let Err(error) = core.shelf.prepare() {
        tracing::warn!(%error, "could not prepare a log file");
    }
}

/// Seals every table that waits for it.
pub(crate) fn seal_all(core: &Core) -> Result<(), Error> {
    let _one_at_a_time = core.sealing.lock();
    loop {
        let table = core.view.read().frozen.first().cloned();
        let Some(table) = table else { return Ok(()) };
        seal(core, &table)?;
        core.sealing_went(Ok(()));
        core.merger.wake();
    }
}

fn seal(core: &Core, table: &Memtable) -> Result<(), Error> {
    let partitions = Partitions::of(table.fix_times(), core.settings.partition_seconds);
    let mut writers: BTreeMap<i64, (u64, Writer)> = BTreeMap::new();
    let tombstones = core.view.read().tombstones.clone();
    let kept = |key: &Key| erased_before(&tombstones, *key) < table.end_lsn;
    for key in table.keys().into_iter().filter(kept) {
        let rows = table.rows(key);
        for (partition, rows) in partitions.split(&rows) {
            writer_of(core, &mut writers, partition, (table.first_lsn, table.end_lsn))?.push(key, rows)?;
        }
    }
    let mut add = Vec::with_capacity(writers.len());
    for (id, writer) in writers.into_values() {
        add.push(finish(core, id, writer)?);
    }
    core.change(Change { add, sealed: Some(table.end_lsn), ..Change::default() })?;
    Ok(())
}

fn writer_of<'a>(
    core: &Core,
    writers: &'a mut BTreeMap<i64, (u64, Writer)>,
    partition: i64,
    lsns: (Lsn, Lsn),
) -> Result<&'a mut Writer, Error> {
    match writers.entry(partition) {
        std::collections::btree_map::Entry::Occupied(entry) => Ok(&mut entry.into_mut().1),
        std::collections::btree_map::Entry::Vacant(entry) => {
            let (id, writer) = begin(core, partition, lsns)?;
            Ok(&mut entry.insert((id, writer)).1)
        }
    }
}

/// Begins a new segment.
pub(crate) fn begin(core: &Core, partition: i64, lsns: (Lsn, Lsn)) -> Result<(u64, Writer), Error> {
    let id = core.next_segment();
    let path = folder::numbered(&core.folder, SEGMENT, id);
    Ok((id, Writer::create(&path, lsns, partition, core.settings.sync)?))
}

/// Makes a segment durable and opens it.
pub(crate) fn finish(core: &Core, id: u64, writer: Writer) -> Result<Arc<Segment>, Error> {
    let bytes = writer.finish()?;
    core.written.fetch_add(bytes, Ordering::Relaxed);
    if core.settings.sync {
        folder::sync(&core.folder)?;
    }
    Segment::open(id, &folder::numbered(&core.folder, SEGMENT, id), &core.room).map(Arc::new)
}

/// Which windows of time get a segment of their own.
struct Partitions {
    micros: i64,
    /// The first window with a segment of its own.
    first: i64,
}

impl Partitions {
    fn of(fix_times: impl Iterator<Item = i64>, seconds: u64) -> Self {
        let micros = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000)).unwrap_or(i64::MAX);
        let mut newest: Vec<i64> = Vec::with_capacity(MOST_PARTITIONS + 1);
        for window in fix_times.map(|time| time.div_euclid(micros)) {
            let Err(place) = newest.binary_search(&window) else { continue };
            newest.insert(place, window);
            if newest.len() > MOST_PARTITIONS {
                newest.remove(0);
            }
        }
        Self { micros, first: newest.first().copied().unwrap_or(0) }
    }

    fn window(&self, row: &Row) -> i64 {
        let window = row.fix_time.div_euclid(self.micros);
        if window < self.first { MIXED } else { window }
    }

    /// Cuts sorted rows where a new window begins.
    fn split<'a>(&self, rows: &'a [Row]) -> impl Iterator<Item = (i64, &'a [Row])> {
        rows.chunk_by(|one, next| self.window(one) == self.window(next)).map(|rows| (self.window(&rows[0]), rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_windows_stand_alone_and_the_rest_is_mixed() {
        let second = 1_000_000;
        let partitions = Partitions::of((0..20).map(|n| n * second), 1);
        assert_eq!(partitions.first, 12);
        let few = Partitions::of([5, -1, 5].into_iter(), 1);
        assert_eq!(few.first, -1);
    }
}
