//! What a read sees: the table in memory, those being sealed, and the segments.

use std::cell::RefCell;
use std::sync::Arc;

use crate::error::Error;
use crate::memtable::Memtable;
use crate::row::{Key, Row};
use crate::segment::{Columns, Cursor, Part, Reach, Segment};
use crate::tombstone::{Tombstone, erased_before};

/// Room for so many rows is made at once, when so many are asked for.
const USUAL_ROWS: usize = 256;

thread_local! {
    /// Ten kilobytes that each read would have to make otherwise.
    static COLUMNS: RefCell<Columns> = RefCell::new(Columns::new());
}

/// Everything there is, older parts first where parts are listed.
#[derive(Debug)]
pub(crate) struct View {
    /// Takes what becomes durable.
    pub active: Memtable,
    /// Full tables waiting to be sealed, oldest first.
    pub frozen: Vec<Arc<Memtable>>,
    /// Sorted by the last log number in them.
    pub segments: Vec<Arc<Segment>>,
    /// What no read may find. The active table has nothing of it.
    pub tombstones: Vec<Tombstone>,
}

/// Which rows are wanted: those of one device with a fix time in `from..to`, at most `limit`, oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub key: Key,
    pub from: i64,
    pub to: i64,
    pub limit: usize,
}

impl View {
    /// Sets the active table aside for sealing.
    pub(crate) fn freeze(&mut self) {
        let next = Memtable::new(self.active.end_lsn, self.active.devices());
        self.frozen.push(Arc::new(std::mem::replace(&mut self.active, next)));
    }

    /// Adds segments and takes others away.
    pub(crate) fn change_segments(&mut self, add: impl IntoIterator<Item = Arc<Segment>>, remove: &[u64]) {
        self.segments.retain(|segment| !remove.contains(&segment.id));
        self.segments.extend(add);
        self.segments.sort_by_key(|segment| (segment.summary.end_lsn, segment.summary.partition));
    }

    /// Collects what a read needs, so that it can go on without holding up anybody.
    pub(crate) fn select(&self, wanted: &Wanted) -> Selection {
        let Wanted { key, from, to, limit } = *wanted;
        let mut sources = Vec::new();
        if from >= to || limit == 0 {
            return Selection { wanted: *wanted, sources };
        }
        let erased = erased_before(&self.tombstones, key);
        for segment in &self.segments {
            if segment.summary.overlaps(from, to - 1) && segment.summary.end_lsn > erased {
                let at = segment.summary.min.max(from);
                let more = Some(Blocks { segment: Arc::clone(segment), cursor: None });
                sources.push(Source { at, loaded: Vec::new().into_iter(), more });
            }
        }
        let frozen = self.frozen.iter().filter(|table| table.end_lsn > erased).map(Arc::as_ref);
        for table in frozen.chain([&self.active]) {
            let rows = table.range(key, from, to, limit);
            if let Some(first) = rows.first() {
                sources.push(Source { at: first.fix_time, loaded: rows.into_iter(), more: None });
            }
        }
        Selection { wanted: *wanted, sources }
    }
}

/// The parts of a view that a read has to look at, older ones first.
pub(crate) struct Selection {
    wanted: Wanted,
    sources: Vec<Source>,
}

/// Rows of one part, as far as they are loaded; blocks are read only when it is their turn.
struct Source {
    /// The fix time of the next row; a lower bound of it when none is loaded.
    at: i64,
    loaded: std::vec::IntoIter<Row>,
    more: Option<Blocks>,
}

/// The blocks of a segment that were not read yet.
struct Blocks {
    segment: Arc<Segment>,
    cursor: Option<Cursor>,
}

impl Source {
    /// Reads the next block. Its rows before `until` are next and go to `rows` at once, the others are kept for later.
    /// Answers false at the end.
    fn load(&mut self, until: i64, read: &mut Reading<'_>, rows: &mut Vec<Row>) -> Result<bool, Error> {
        let Wanted { key, from, to, limit } = *read.wanted;
        let Some(Blocks { segment, cursor }) = &mut self.more else { return Ok(false) };
        let cursor = cursor.get_or_insert_with(|| Cursor::at(segment, key, from, read.reach));
        let start = rows.len();
        // One more than there is room for: the first one may take the place of the last one there is.
        let part = Part { from, to, limit: limit.saturating_sub(start).saturating_add(1) };
        if !cursor.next_within(segment, key, part, read.columns, rows)? {
            return Ok(false);
        }
        let next = start + rows[start..].partition_point(|row| row.fix_time < until);
        if next < rows.len() {
            self.loaded = rows.split_off(next).into_iter();
        }
        let last = rows.last().filter(|_| rows.len() > start).map_or(to, |last| last.fix_time.saturating_add(1));
        self.at = self.loaded.as_slice().first().map_or(last, |row| row.fix_time);
        if start > 0 && rows.get(start).is_some_and(|row| row.fix_time == rows[start - 1].fix_time) {
            rows.remove(start - 1);
        }
        Ok(true)
    }

    /// Moves the next row, and those after it before `until`, to `rows`, as long as there is room below `limit`.
    fn take_run(&mut self, until: i64, limit: usize, rows: &mut Vec<Row>) {
        rows.reserve(self.loaded.len().min(limit - rows.len().min(limit)));
        while let Some(row) = self.loaded.next() {
            self.at = self.loaded.as_slice().first().map_or(row.fix_time.saturating_add(1), |next| next.fix_time);
            match rows.last_mut() {
                Some(last) if last.fix_time == row.fix_time => *last = row,
                _ => rows.push(row),
            }
            if self.at >= until || rows.len() >= limit {
                return;
            }
        }
    }
}

/// How a read goes about it.
struct Reading<'a> {
    wanted: &'a Wanted,
    reach: Reach,
    columns: &'a mut Columns,
}

impl Selection {
    /// The rows by fix time, each fix time once: the one of the latest part that has it.
    pub(crate) fn rows(self, reach: Reach) -> Result<Vec<Row>, Error> {
        COLUMNS.with_borrow_mut(|columns| self.rows_with(reach, columns))
    }

    fn rows_with(self, reach: Reach, columns: &mut Columns) -> Result<Vec<Row>, Error> {
        let Self { wanted, mut sources } = self;
        let mut read = Reading { wanted: &wanted, reach, columns };
        let mut rows: Vec<Row> = Vec::with_capacity(wanted.limit.saturating_add(1).min(USUAL_ROWS));
        // Among equals the oldest part comes first, so that a later one replaces its row.
        while let Some(next) = (0..sources.len()).min_by_key(|index| sources[*index].at) {
            let at = sources[next].at;
            // Equal to the last row, even of a full answer, it replaces that row.
            if rows.len() >= wanted.limit && rows.last().is_none_or(|last| last.fix_time < at) {
                break;
            }
            let others = sources.iter().enumerate().filter(|(index, _)| *index != next);
            let until = others.map(|(_, source)| source.at).min().unwrap_or(i64::MAX);
            if sources[next].loaded.len() == 0 {
                if !sources[next].load(until, &mut read, &mut rows)? {
                    sources.remove(next);
                }
                continue;
            }
            sources[next].take_run(until, wanted.limit, &mut rows);
        }
        rows.truncate(wanted.limit);
        Ok(rows)
    }
}
