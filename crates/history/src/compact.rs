//! Writing segments anew as one, without what must not be kept any more.

use std::sync::Arc;

use tracklane_core::ports::Lsn;

use crate::core::{Change, Core};
use crate::error::Error;
use crate::row::{Key, Row, sort_and_dedupe};
use crate::seal::{begin, finish};
use crate::segment::{Columns, Cursor, Entry, Part, Reach, Segment};
use crate::tombstone::{Tombstone, erased_before};

/// Up to when the rows of a tenant are kept, in microseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub tenant: u128,
    pub drop_before: i64,
    pub thin_before: i64,
    pub thin_seconds: u32,
}

/// What is left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// One for a tenant at most, in ascending order.
    pub limits: Arc<Vec<Limit>>,
    pub tombstones: Vec<Tombstone>,
    /// Whether rows are thinned too, not only dropped.
    pub thins: bool,
}

impl Filter {
    pub(crate) fn limit(&self, tenant: u128) -> Option<&Limit> {
        let at = self.limits.binary_search_by_key(&tenant, |limit| limit.tenant).ok()?;
        self.limits.get(at)
    }

    fn drop_before(&self, key: Key) -> i64 {
        self.limit(key.tenant).map_or(i64::MIN, |limit| limit.drop_before)
    }

    /// Takes out of the sorted rows of a device what is too old, and what stands too close.
    fn apply(&self, key: Key, rows: &mut Vec<Row>) {
        let Some(limit) = self.limit(key.tenant) else { return };
        rows.drain(..rows.partition_point(|row| row.fix_time < limit.drop_before));
        if self.thins {
            thin(rows, limit);
        }
    }

    /// To how many seconds the rows of a tenant are thinned once all of them are written anew.
    fn thinned(&self, tenant: u128, run: &[Arc<Segment>]) -> u32 {
        let mut parts = run.iter().filter_map(|segment| segment.tenant(tenant));
        let limit = self.limit(tenant).filter(|_| self.thins);
        if let Some(limit) = limit
            && parts.clone().all(|part| part.max < limit.thin_before)
        {
            return limit.thin_seconds;
        }
        match (parts.next(), parts.next()) {
            (Some(only), None) => only.thinned,
            // Two that are thinned may have a row in the same seconds each.
            _ => 0,
        }
    }
}

/// Keeps the first row of each so many seconds before a time.
fn thin(rows: &mut Vec<Row>, limit: &Limit) {
    let micros = i64::from(limit.thin_seconds.max(1)) * 1_000_000;
    let mut last = None;
    rows.retain(|row| {
        let window = row.fix_time.div_euclid(micros);
        let keep = row.fix_time >= limit.thin_before || last != Some(window);
        last = Some(window);
        keep
    });
}

/// What writing anew came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The new segment stands in the place of the others; so many rows are left.
    Done(u64),
    /// Others changed the segments meanwhile, or everything stops: nothing has changed.
    Superseded,
}

/// Writes what is in all of the segments to one, then puts that in their place; nothing, if nothing is left. They are
/// neighbours in the order of log numbers, as far as they can have rows in common with others.
pub(crate) fn compact(core: &Core, run: &[Arc<Segment>], filter: &Filter) -> Result<Outcome, Error> {
    let first_lsn = run.iter().map(|segment| segment.summary.first_lsn).min().unwrap_or_default();
    let end_lsn = run.iter().map(|segment| segment.summary.end_lsn).max().unwrap_or_default();
    let partition = run.first().map_or(0, |segment| segment.summary.partition);
    let (id, mut writer) = begin(core, partition, (first_lsn, end_lsn))?;
    let mut inputs = Vec::with_capacity(run.len());
    for segment in run {
        inputs.push(Input::open(Arc::clone(segment), filter)?);
    }
    let mut columns = Columns::new();
    let mut rows = Vec::new();
    while let Some(key) = inputs.iter().filter_map(Input::key).min() {
        if core.stops() {
            return Ok(Outcome::Superseded);
        }
        rows.clear();
        for input in &mut inputs {
            input.take(key, filter, &mut columns, &mut rows)?;
        }
        sort_and_dedupe(&mut rows);
        filter.apply(key, &mut rows);
        writer.push(key, &rows)?;
    }
    let left = writer.rows();
    let mut add = Vec::new();
    if left > 0 {
        writer.note_thinned(|tenant| filter.thinned(tenant, run));
        add.push(finish(core, id, writer)?);
    }
    let remove = run.iter().map(|segment| segment.id).collect();
    let changed = core.change(Change { add, remove, ..Change::default() })?;
    Ok(if changed { Outcome::Done(left) } else { Outcome::Superseded })
}

/// A segment being read, at its next block that is not left out whole.
struct Input {
    segment: Arc<Segment>,
    cursor: Cursor,
    next: Option<Entry>,
    /// What was asked last of the tombstones, and the answer: blocks of one device follow one another.
    asked: Option<(Key, Lsn)>,
}

impl Input {
    fn open(segment: Arc<Segment>, filter: &Filter) -> Result<Self, Error> {
        let cursor = Cursor::all(Reach::Disk);
        let mut input = Self { segment, cursor, next: None, asked: None };
        input.step(filter)?;
        Ok(input)
    }

    fn key(&self) -> Option<Key> {
        self.next.map(|entry| entry.key)
    }

    fn step(&mut self, filter: &Filter) -> Result<(), Error> {
        loop {
            self.next = self.cursor.next_entry(&self.segment)?;
            let Some(entry) = self.next else { return Ok(()) };
            let erased = match self.asked {
                Some((key, erased)) if key == entry.key => erased,
                _ => erased_before(&filter.tombstones, entry.key),
            };
            self.asked = Some((entry.key, erased));
            if self.segment.summary.end_lsn > erased && entry.max >= filter.drop_before(entry.key) {
                return Ok(());
            }
        }
    }

    /// Adds all rows of the device to `rows`.
    fn take(&mut self, key: Key, filter: &Filter, columns: &mut Columns, rows: &mut Vec<Row>) -> Result<(), Error> {
        while let Some(entry) = self.next.filter(|entry| entry.key == key) {
            self.cursor.rows(&self.segment, &entry, Part::ALL, columns, rows)?;
            self.step(filter)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(seconds: &[i64], thin_before: i64, expected: &[i64]) {
        let mut rows: Vec<Row> = seconds.iter().map(|seconds| row(*seconds)).collect();
        let thin_before = thin_before * 1_000_000;
        let limit = Limit { tenant: 1, drop_before: i64::MIN, thin_before, thin_seconds: 60 };
        thin(&mut rows, &limit);
        let left: Vec<i64> = rows.iter().map(|row| row.fix_time / 1_000_000).collect();
        assert_eq!(left, expected);
    }

    fn row(seconds: i64) -> Row {
        Row {
            fix_time: seconds * 1_000_000,
            received_at: 0,
            lat: 0,
            lon: 0,
            altitude: 0,
            accuracy: 0,
            speed: 0,
            course: 0,
            valid: true,
            mark: 0,
            attributes: None,
        }
    }

    #[test]
    fn the_first_of_each_minute_stays() {
        check(&[], 1_000, &[]);
        check(&[5, 10, 59, 60, 61, 200], 1_000, &[5, 60, 200]);
        check(&[5, 10, 59, 60, 61, 200], 60, &[5, 60, 61, 200]);
        check(&[-61, -60, -1, 0, 1], 1_000, &[-61, -60, 0]);
        // What was thinned stays as it is when it is thinned again.
        check(&[5, 60, 200], 1_000, &[5, 60, 200]);
    }
}
