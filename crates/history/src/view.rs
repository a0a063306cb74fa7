//! What a read sees: the table in memory, those being sealed, and the segments.

use std::sync::Arc;

use crate::error::Error;
use crate::memtable::Memtable;
use crate::row::{Key, Row};
use crate::segment::{Cursor, Segment};

/// Everything there is, older parts first where parts are listed.
#[derive(Debug)]
pub(crate) struct View {
    /// Takes what becomes durable.
    pub active: Memtable,
    /// Full tables waiting to be sealed, oldest first.
    pub frozen: Vec<Arc<Memtable>>,
    /// Sorted by the last log number in them.
    pub segments: Vec<Arc<Segment>>,
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
        for segment in &self.segments {
            if segment.summary.overlaps(from, to - 1) {
                let at = segment.summary.min.max(from);
                sources.push(Source { at, loaded: Vec::new().into_iter(), more: More::Segment(Arc::clone(segment)) });
            }
        }
        for table in self.frozen.iter().map(Arc::as_ref).chain([&self.active]) {
            let rows = table.range(key, from, to, limit);
            if let Some(first) = rows.first() {
                sources.push(Source { at: first.fix_time, loaded: rows.into_iter(), more: More::Nothing });
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
    more: More,
}

enum More {
    Segment(Arc<Segment>),
    Blocks(Cursor),
    Nothing,
}

impl Source {
    /// Loads the next block. Answers false at the end.
    fn load(&mut self, wanted: &Wanted) -> Result<bool, Error> {
        let mut cursor = match std::mem::replace(&mut self.more, More::Nothing) {
            More::Segment(segment) => Cursor::at(segment, wanted.key, wanted.from),
            More::Blocks(cursor) => cursor,
            More::Nothing => return Ok(false),
        };
        let Some(rows) = cursor.next_within(wanted.key, wanted.from, wanted.to)? else { return Ok(false) };
        self.more = More::Blocks(cursor);
        self.loaded = rows;
        self.at = self.loaded.as_slice().first().map_or(wanted.to, |row| row.fix_time);
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

impl Selection {
    /// Whether files have to be read.
    pub(crate) fn needs_files(&self) -> bool {
        self.sources.iter().any(|source| matches!(source.more, More::Segment(_)))
    }

    /// The rows by fix time, each fix time once: the one of the latest part that has it.
    pub(crate) fn rows(self) -> Result<Vec<Row>, Error> {
        let Self { wanted, mut sources } = self;
        let mut rows: Vec<Row> = Vec::new();
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
                if !sources[next].load(&wanted)? {
                    sources.remove(next);
                }
                continue;
            }
            sources[next].take_run(until, wanted.limit, &mut rows);
        }
        Ok(rows)
    }
}
