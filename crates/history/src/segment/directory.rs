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

/// Reads a page; none when its checksum or anything else does not fit.
pub(super) fn decode_page(page: &[u8]) -> Option<Vec<Entry>> {
    let mut input = Reader(page);
    let crc = u32::from_le_bytes(input.array()?);
    if crc != crc32fast::hash(input.0) {
        return None;
    }
    let count = input.size()?;
    let mut offset = input.varint()?;
    let (mut key, mut min) = ([0; 32], 0_i64);
    let mut entries = Vec::with_capacity(count.min(PAGE_ENTRIES));
    for _ in 0..count {
        let shared = usize::from(input.byte()?);
        let rest = input.bytes(32_usize.checked_sub(shared)?)?;
        key[shared..].copy_from_slice(rest);
        min = min.wrapping_add(input.signed()?);
        let max = min.wrapping_add(input.varint()?.cast_signed());
        let (rows, len) = (input.size()?, input.size()?);
        entries.push(Entry { key: Key::from_bytes(key), min, max, rows, offset, len });
        offset = offset.checked_add(len as u64)?;
    }
    Some(entries)
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
