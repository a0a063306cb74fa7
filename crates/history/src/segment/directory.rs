//! The directory of a segment: which block holds which rows of which device, and where they lie.

use crate::bounds::Bounds;
use crate::row::Key;
use crate::segment::{Summary, TenantPart};
use crate::varint::{Reader, put, put_signed};

/// So many entries share a page: a page is one read of some 700 bytes.
pub(super) const PAGE_ENTRIES: usize = 16;

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub key: Key,
    /// Fix time of the first row.
    pub min: i64,
    /// Fix time of the last row.
    pub max: i64,
    pub rows: usize,
    pub offset: u64,
    pub len: usize,
    pub bounds: Bounds,
}

/// Where a page is, and what its entries have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// That of the first entry.
    pub key: Key,
    /// That of the first entry.
    pub min: i64,
    /// The latest fix time of all entries.
    pub max: i64,
    pub bounds: Bounds,
    pub offset: u64,
    pub len: usize,
}

/// Adds a page to `out`. A key is written as the number of leading bytes it shares with the one before, and the rest.
pub(super) fn encode_page(entries: &[Entry], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    put(out, entries.len() as u64);
    put(out, entries.first().map_or(0, |entry| entry.offset));
    let (mut key_before, mut min_before) = ([0; 32], 0);
    let mut bounds = Vec::new();
    for entry in entries {
        let key = entry.key.to_bytes();
        let shared = key.iter().zip(&key_before).take_while(|(one, other)| one == other).count();
        out.push(shared as u8);
        out.extend_from_slice(&key[shared..]);
        put_signed(out, entry.min.wrapping_sub(min_before));
        put(out, entry.max.wrapping_sub(entry.min).cast_unsigned());
        put(out, entry.rows as u64);
        put(out, entry.len as u64);
        bounds.clear();
        put_bounds(&mut bounds, &entry.bounds);
        // So that who does not ask for it can pass over it.
        out.push(bounds.len() as u8);
        out.extend_from_slice(&bounds);
        (key_before, min_before) = (key, entry.min);
    }
    let crc = crc32fast::hash(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

fn put_bounds(out: &mut Vec<u8>, bounds: &Bounds) {
    put_signed(out, bounds.south.into());
    put_signed(out, bounds.west.into());
    put(out, i64::from(bounds.north).wrapping_sub(bounds.south.into()).cast_unsigned());
    put(out, i64::from(bounds.east).wrapping_sub(bounds.west.into()).cast_unsigned());
}

fn read_bounds(input: &mut Reader<'_>) -> Option<Bounds> {
    let (south, west) = (input.signed()?, input.signed()?);
    let north = south.wrapping_add(input.varint()?.cast_signed());
    let east = west.wrapping_add(input.varint()?.cast_signed());
    let edge = |edge: i64| i32::try_from(edge).ok();
    Some(Bounds { south: edge(south)?, west: edge(west)?, north: edge(north)?, east: edge(east)? })
}

/// Whether the checksum of a page fits.
pub(super) fn page_is_sound(page: &[u8]) -> bool {
    page.split_first_chunk::<4>().is_some_and(|(crc, rest)| u32::from_le_bytes(*crc) == crc32fast::hash(rest))
}

/// Where the reading of a page stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    at: usize,
    left: usize,
    key: [u8; 32],
    min: i64,
    offset: u64,
}

impl Place {
    /// Begins to read a page whose checksum fits.
    pub(super) fn begin(page: &[u8]) -> Option<Self> {
        let mut input = Reader(page.get(4..)?);
        let (left, offset) = (input.size()?, input.varint()?);
        Some(Self { at: page.len() - input.0.len(), left, key: [0; 32], min: 0, offset })
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.left == 0
    }

    /// The next entry; none at the end, or when the page is not what [`encode_page`] writes. `version` is that of the
    /// segment. Where its rows lie is everywhere unless it is asked for.
    #[inline]
    pub(super) fn next(&mut self, page: &[u8], version: u8, bounds: bool) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        let mut input = Reader(page.get(self.at..)?);
        let shared = usize::from(input.byte()?);
        let rest = input.bytes(32_usize.checked_sub(shared)?)?;
        self.key[shared..].copy_from_slice(rest);
        self.min = self.min.wrapping_add(input.signed()?);
        let max = self.min.wrapping_add(input.varint()?.cast_signed());
        let (rows, len) = (input.size()?, input.size()?);
        let bounds = if version == 1 {
            Bounds::EVERYTHING
        } else {
            let len = usize::from(input.byte()?);
            let text = input.bytes(len)?;
            if bounds { read_bounds(&mut Reader(text))? } else { Bounds::EVERYTHING }
        };
        let offset = self.offset;
        self.offset = offset.checked_add(len as u64)?;
        self.at = page.len() - input.0.len();
        Some(Entry { key: Key::from_bytes(self.key), min: self.min, max, rows, offset, len, bounds })
    }
}

/// Writes the index: the summary, the tenants and every page.
pub(super) fn encode_index(summary: &Summary, tenants: &[TenantPart], pages: &[Page]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + pages.len() * 64);
    put(&mut out, summary.rows);
    put_signed(&mut out, summary.min);
    put_signed(&mut out, summary.max);
    put(&mut out, summary.first_lsn);
    put(&mut out, summary.end_lsn);
    put_signed(&mut out, summary.partition);
    put(&mut out, tenants.len() as u64);
    for part in tenants {
        out.extend_from_slice(&part.tenant.to_be_bytes());
        put(&mut out, part.rows);
        put_signed(&mut out, part.min);
        put_signed(&mut out, part.max);
        put(&mut out, part.thinned.into());
    }
    put(&mut out, pages.len() as u64);
    for page in pages {
        out.extend_from_slice(&page.key.to_bytes());
        put_signed(&mut out, page.min);
        put(&mut out, page.offset);
        put(&mut out, page.len as u64);
        put(&mut out, page.max.wrapping_sub(page.min).cast_unsigned());
        put_bounds(&mut out, &page.bounds);
    }
    out
}

/// What an index says. Those of version 1 say nothing of tenants.
pub(super) struct Index {
    pub summary: Summary,
    pub tenants: Option<Vec<TenantPart>>,
    pub pages: Vec<Page>,
}

/// Reads what [`encode_index`] wrote.
pub(super) fn decode_index(index: &[u8], version: u8) -> Option<Index> {
    let mut input = Reader(index);
    let summary = Summary {
        rows: input.varint()?,
        min: input.signed()?,
        max: input.signed()?,
        first_lsn: input.varint()?,
        end_lsn: input.varint()?,
        partition: input.signed()?,
    };
    let mut tenants = None;
    if version > 1 {
        let mut parts = Vec::new();
        for _ in 0..input.size()? {
            parts.push(TenantPart {
                tenant: u128::from_be_bytes(input.array()?),
                rows: input.varint()?,
                min: input.signed()?,
                max: input.signed()?,
                thinned: input.varint()?.try_into().ok()?,
            });
        }
        tenants = Some(parts);
    }
    let mut pages = Vec::new();
    for _ in 0..input.size()? {
        let key = Key::from_bytes(input.array()?);
        let (min, offset, len) = (input.signed()?, input.varint()?, input.size()?);
        let (max, bounds) = if version > 1 {
            (min.wrapping_add(input.varint()?.cast_signed()), read_bounds(&mut input)?)
        } else {
            (i64::MAX, Bounds::EVERYTHING)
        };
        pages.push(Page { key, min, max, bounds, offset, len });
    }
    input.0.is_empty().then_some(Index { summary, tenants, pages })
}
