//! Reading a segment, by `pread`: a segment can be read by many threads at once.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Context, Error};
use crate::row::{Key, Row};
use crate::segment::codec::decode_block;
use crate::segment::directory::{Entry, Page, decode_index, decode_page};
use crate::segment::{HEADER_LEN, MAGIC, Summary, TRAILER_LEN, VERSION};

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub id: u64,
    pub summary: Summary,
    /// Size of the file.
    pub bytes: u64,
    path: PathBuf,
    file: File,
    pages: Vec<Page>,
}

impl Segment {
    /// Opens a segment and reads its index.
    pub(crate) fn open(id: u64, path: &Path) -> Result<Self, Error> {
        let file = File::open(path).context("open", path)?;
        let bytes = file.metadata().context("read", path)?.len();
        let corrupt = |what: &str| Error::corrupt(path, what);
        let Some(trailer_at) = bytes.checked_sub(TRAILER_LEN as u64).filter(|at| *at >= HEADER_LEN as u64) else {
            return Err(corrupt("segment is cut short"));
        };
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0).context("read", path)?;
        let mut trailer = [0; TRAILER_LEN];
        file.read_exact_at(&mut trailer, trailer_at).context("read", path)?;
        if !header.starts_with(&MAGIC) || !trailer.ends_with(&MAGIC) {
            return Err(corrupt("not a segment, or cut short"));
        }
        for found in [header[4], trailer[16]] {
            if found != VERSION {
                return Err(Error::Version { path: path.to_path_buf(), found, known: VERSION });
            }
        }
        let word = |at: usize| u32::from_le_bytes([trailer[at], trailer[at + 1], trailer[at + 2], trailer[at + 3]]);
        let offset = u64::from(word(0)) | u64::from(word(4)) << 32;
        let len = u64::from(word(8));
        if offset.checked_add(len) != Some(trailer_at) {
            return Err(corrupt("trailer of segment"));
        }
        let mut index = vec![0; len as usize];
        file.read_exact_at(&mut index, offset).context("read", path)?;
        if crc32fast::hash(&index) != word(12) {
            return Err(corrupt("index of segment"));
        }
        let (summary, pages) = decode_index(&index).ok_or_else(|| corrupt("index of segment"))?;
        Ok(Self { id, summary, bytes, path: path.to_path_buf(), file, pages })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the page that may hold the first wanted block of a device.
    fn page_of(&self, key: Key, from: i64) -> usize {
        self.pages.partition_point(|page| (page.key, page.min) <= (key, from)).saturating_sub(1)
    }

    fn entries(&self, page: usize) -> Result<Option<Vec<Entry>>, Error> {
        let Some(page) = self.pages.get(page) else { return Ok(None) };
        let bytes = self.bytes_at(page.offset, page.len)?;
        let entries = decode_page(&bytes).ok_or_else(|| self.corrupt("directory page", page.offset))?;
        Ok(Some(entries))
    }

    fn rows(&self, entry: &Entry) -> Result<Vec<Row>, Error> {
        let bytes = self.bytes_at(entry.offset, entry.len)?;
        decode_block(&bytes, entry.rows, entry.min).ok_or_else(|| self.corrupt("block", entry.offset))
    }

    fn bytes_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.bytes) {
            return Err(self.corrupt("place", offset));
        }
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset).context("read", &self.path)?;
        Ok(bytes)
    }

    fn corrupt(&self, what: &str, offset: u64) -> Error {
        Error::corrupt(&self.path, format!("{what} at byte {offset}"))
    }
}

/// Walks over blocks of a segment in their order.
pub(crate) struct Cursor {
    segment: Arc<Segment>,
    page: usize,
    entries: std::vec::IntoIter<Entry>,
}

impl Cursor {
    /// All blocks of the segment.
    pub(crate) fn all(segment: Arc<Segment>) -> Self {
        Self { segment, page: 0, entries: Vec::new().into_iter() }
    }

    /// From about the block of `key` on that holds `from`; the first ones may be too early.
    pub(crate) fn at(segment: Arc<Segment>, key: Key, from: i64) -> Self {
        let page = segment.page_of(key, from);
        Self { segment, page, entries: Vec::new().into_iter() }
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Ok(Some(entry));
            }
            let Some(entries) = self.segment.entries(self.page)? else { return Ok(None) };
            self.page += 1;
            self.entries = entries.into_iter();
        }
    }

    /// The next block, with its device.
    pub(crate) fn next_block(&mut self) -> Result<Option<(Key, Vec<Row>)>, Error> {
        let Some(entry) = self.next_entry()? else { return Ok(None) };
        Ok(Some((entry.key, self.segment.rows(&entry)?)))
    }

    /// The rows of the next block of `key` that reaches into `from..to`, cut to that range; none after the last.
    pub(crate) fn next_within(&mut self, key: Key, from: i64, to: i64) -> Result<Option<Vec<Row>>, Error> {
        while let Some(entry) = self.next_entry()? {
            if (entry.key, entry.max) < (key, from) {
                continue;
            }
            if entry.key != key || entry.min >= to {
                return Ok(None);
            }
            let mut rows = self.segment.rows(&entry)?;
            rows.truncate(rows.partition_point(|row| row.fix_time < to));
            rows.drain(..rows.partition_point(|row| row.fix_time < from));
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}
