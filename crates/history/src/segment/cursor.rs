//! Walking over the blocks of a segment in their order.

use crate::bounds::Area;
use crate::error::Error;
use crate::row::{Key, Row};
use crate::segment::codec::{BLOCK_ROWS, Columns, PADDING, Part, decode_block};
use crate::segment::directory::{Entry, Place};
use crate::segment::{Reach, Segment};

/// So much is read ahead at most.
const MOST_AHEAD: usize = 64 << 10;

/// A place in a segment. The segment is given with each call: always the same one.
pub(crate) struct Cursor {
    reach: Reach,
    /// The page after the one being read.
    page: usize,
    place: Place,
    /// The page being read, when the segment does not have it in memory.
    bytes: Vec<u8>,
    /// A part of the file with the block that is read, and where it begins.
    ahead: Vec<u8>,
    ahead_at: u64,
}

impl Cursor {
    fn new(reach: Reach, page: usize) -> Self {
        Self { reach, page, place: Place::default(), bytes: Vec::new(), ahead: Vec::new(), ahead_at: 0 }
    }

    /// All blocks of the segment.
    pub(crate) fn all(reach: Reach) -> Self {
        Self::new(reach, 0)
    }

    /// From about the block of `key` on that holds `from`; the first ones may be too early.
    pub(crate) fn at(segment: &Segment, key: Key, from: i64, reach: Reach) -> Self {
        Self::new(reach, segment.page_of(key, from))
    }

    /// The next block. Where its rows lie is not looked at.
    pub(crate) fn next_entry(&mut self, segment: &Segment) -> Result<Option<Entry>, Error> {
        self.step(segment, false)
    }

    fn step(&mut self, segment: &Segment, bounds: bool) -> Result<Option<Entry>, Error> {
        while self.place.is_at_end() {
            let Some(page) = segment.pages.get(self.page) else { return Ok(None) };
            let begun = match segment.resident(page) {
                Some(bytes) => Place::begin(bytes),
                None => {
                    self.bytes = segment.read_page(page, self.reach)?;
                    Place::begin(&self.bytes)
                }
            };
            self.place = begun.ok_or_else(|| segment.corrupt("directory page", page.offset))?;
            self.page += 1;
        }
        let Some(page) = self.page.checked_sub(1).and_then(|page| segment.pages.get(page)) else { return Ok(None) };
        let bytes = segment.resident(page).unwrap_or(&self.bytes);
        let entry = self.place.next(bytes, segment.version, bounds);
        entry.map(Some).ok_or_else(|| segment.corrupt("directory page", page.offset))
    }

    /// The next block of a tenant that may hold rows of the area with a fix time in `from..to`.
    pub(crate) fn next_touching(
        &mut self,
        segment: &Segment,
        tenant: u128,
        area: &Area,
        (from, to): (i64, i64),
    ) -> Result<Option<Entry>, Error> {
        loop {
            // Pages are passed over whole where they can be.
            while self.place.is_at_end()
                && let Some(page) = segment.pages.get(self.page)
                && page.key.tenant <= tenant
                && (page.max < from || !area.touches(&page.bounds))
            {
                self.page += 1;
            }
            let Some(entry) = self.step(segment, true)? else { return Ok(None) };
            if entry.key.tenant > tenant {
                return Ok(None);
            }
            let in_time = entry.max >= from && entry.min < to;
            if entry.key.tenant == tenant && in_time && area.touches(&entry.bounds) {
                return Ok(Some(entry));
            }
        }
    }

    /// Adds the rows of a block that are part of what is wanted.
    pub(crate) fn rows(
        &mut self,
        segment: &Segment,
        entry: &Entry,
        part: Part,
        columns: &mut Columns,
        rows: &mut Vec<Row>,
    ) -> Result<(), Error> {
        let len = entry.len + PADDING;
        let end = entry.offset.saturating_add(len as u64);
        let known = self.ahead_at <= entry.offset && end <= self.ahead_at + self.ahead.len() as u64;
        if !known {
            // The blocks after this one are mostly about as long.
            let missing = part.limit.saturating_sub(rows_from(entry, part.from));
            let blocks = missing.div_ceil(BLOCK_ROWS).saturating_add(1);
            let most = usize::try_from(segment.bytes.saturating_sub(entry.offset)).unwrap_or(usize::MAX);
            let ahead = blocks.saturating_mul(entry.len + entry.len / 8).min(MOST_AHEAD).max(len).min(most.max(len));
            segment.read_at(entry.offset, ahead, self.reach, &mut self.ahead)?;
            self.ahead_at = entry.offset;
        }
        let start = (entry.offset - self.ahead_at) as usize;
        let bytes = self.ahead.get(start..).unwrap_or_default();
        let block = (entry.rows, entry.min);
        decode_block(bytes, entry.len, block, part, columns, rows).ok_or_else(|| segment.corrupt("block", entry.offset))
    }

    /// Adds the rows of the next block of `key` that has any in `part`; false after the last.
    pub(crate) fn next_within(
        &mut self,
        segment: &Segment,
        key: Key,
        part: Part,
        columns: &mut Columns,
        rows: &mut Vec<Row>,
    ) -> Result<bool, Error> {
        let before = rows.len();
        while let Some(entry) = self.next_entry(segment)? {
            if (entry.key, entry.max) < (key, part.from) {
                continue;
            }
            if entry.key != key || entry.min >= part.to {
                return Ok(false);
            }
            self.rows(segment, &entry, part, columns, rows)?;
            if rows.len() > before {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// About how many rows of a block stand from `from` on, if they are evenly spread.
fn rows_from(entry: &Entry, from: i64) -> usize {
    let span = entry.max.saturating_sub(entry.min).max(1) as f64;
    let share = entry.max.saturating_sub(from.max(entry.min)) as f64 / span;
    (entry.rows as f64 * share) as usize
}
