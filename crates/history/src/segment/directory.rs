//! The directory of a segment: which block holds which rows of which device.

use crate::row::Key;
use crate::segment::Summary;
use crate::varint::{Reader, put, put_signed};

/// So many entries share a page: one page is one read of about 1.5 KiB.
pub(super) const PAGE_ENTRIES: usize = 64;

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub key: Key,
    /// Fix time of the first row.
    pub min: i64,
    /// Fix time of the last row.
    pub max: i64,
    pub rows: usize,
    pub offset: u64,
    pub len: usize,
}

/// Where a page is, and its first entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub key: Key,
    pub min: i64,
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
    for entry in entries {
        let key = entry.key.to_bytes();
        let shared = key.iter().zip(&key_before).take_while(|(one, other)| one == other).count();
        out.push(shared as u8);
        out.extend_from_slice(&key[shared..]);
        put_signed(out, entry.min.wrapping_sub(min_before));
        put(out, entry.max.wrapping_sub(entry.min).cast_unsigned());
        put(out, entry.rows as u64);
        put(out, entry.len as u64);
        (key_before, min_before) = (key, entry.min);
    }
    let crc = crc32fast::hash(&out[start + 4..]);
    out[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

/// The entries of a page, read one by one.
#[derive(Debug, Default)]
pub(super) struct Entries {
    page: Vec<u8>,
    at: usize,
    left: usize,
    key: [u8; 32],
    min: i64,
    offset: u64,
}

impl Entries {
    /// Begins to read a page; none when its checksum does not fit.
    pub(super) fn new(page: Vec<u8>) -> Option<Self> {
        let mut input = Reader(&page);
        let crc = u32::from_le_bytes(input.array()?);
        if crc != crc32fast::hash(input.0) {
            return None;
        }
        let (left, offset) = (input.size()?, input.varint()?);
        let at = page.len() - input.0.len();
        Some(Self { page, at, left, key: [0; 32], min: 0, offset })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The next entry; none at the end, or when the page is not what [`encode_page`] writes.
    pub(super) fn next(&mut self) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        let mut input = Reader(self.page.get(self.at..)?);
        let shared = usize::from(input.byte()?);
        let rest = input.bytes(32_usize.checked_sub(shared)?)?;
        self.key[shared..].copy_from_slice(rest);
        self.min = self.min.wrapping_add(input.signed()?);
        let max = self.min.wrapping_add(input.varint()?.cast_signed());
        let (rows, len) = (input.size()?, input.size()?);
        let offset = self.offset;
        self.offset = offset.checked_add(len as u64)?;
        self.at = self.page.len() - input.0.len();
        Some(Entry { key: Key::from_bytes(self.key), min: self.min, max, rows, offset, len })
    }
}

/// Writes the index: the summary and every page.
pub(super) fn encode_index(summary: &Summary, pages: &[Page]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + pages.len() * 48);
    put(&mut out, summary.rows);
    put_signed(&mut out, summary.min);
    put_signed(&mut out, summary.max);
    put(&mut out, summary.first_lsn);
    put(&mut out, summary.end_lsn);
    put_signed(&mut out, summary.partition);
    put(&mut out, pages.len() as u64);
    for page in pages {
        out.extend_from_slice(&page.key.to_bytes());
        put_signed(&mut out, page.min);
        put(&mut out, page.offset);
        put(&mut out, page.len as u64);
    }
    out
}

/// Reads what [`encode_index`] wrote.
pub(super) fn decode_index(index: &[u8]) -> Option<(Summary, Vec<Page>)> {
    let mut input = Reader(index);
    let summary = Summary {
        rows: input.varint()?,
        min: input.signed()?,
        max: input.signed()?,
        first_lsn: input.varint()?,
        end_lsn: input.varint()?,
        partition: input.signed()?,
    };
    let mut pages = Vec::new();
    for _ in 0..input.size()? {
        let key = Key::from_bytes(input.array()?);
        pages.push(Page { key, min: input.signed()?, offset: input.varint()?, len: input.size()? });
    }
    input.0.is_empty().then_some((summary, pages))
}
