//! Reading a segment, by `pread`: a segment can be read by many threads at once.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Context, Error};
use crate::row::{Key, Row};
use crate::segment::codec::decode_block;
use crate::segment::directory::{Entries, Entry, Page, decode_index};
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
    /// All pages of the directory, if there was room.
    directory: Option<Resident>,
}

/// How many bytes of memory the directories of all segments may still take. A segment that finds no room reads its
/// pages from the file.
#[derive(Debug)]
pub(crate) struct Room(AtomicU64);

impl Room {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    fn take(&self, bytes: u64) -> bool {
        let left = |left: u64| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }
}

/// A part of a file in memory.
#[derive(Debug)]
struct Resident {
    offset: u64,
    bytes: Vec<u8>,
    room: Arc<Room>,
}

impl Resident {
    fn load(file: &File, offset: u64, end: u64, room: &Arc<Room>) -> io::Result<Option<Self>> {
        if !room.take(end - offset) {
            return Ok(None);
        }
        // Gives the room back when reading fails, too.
        let mut resident = Self { offset, bytes: vec![0; (end - offset) as usize], room: Arc::clone(room) };
        file.read_exact_at(&mut resident.bytes, offset)?;
        Ok(Some(resident))
    }

    fn get(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(start..start.checked_add(len)?)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

impl Segment {
    /// Opens a segment and reads its index.
    pub(crate) fn open(id: u64, path: &Path, room: &Arc<Room>) -> Result<Self, Error> {
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
        let begin = pages.first().map_or(offset, |page| page.offset);
        if begin > offset {
            return Err(corrupt("index of segment"));
        }
        let directory = Resident::load(&file, begin, offset, room).context("read", path)?;
        Ok(Self { id, summary, bytes, path: path.to_path_buf(), file, pages, directory })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the page that may hold the first wanted block of a device.
    fn page_of(&self, key: Key, from: i64) -> usize {
        self.pages.partition_point(|page| (page.key, page.min) <= (key, from)).saturating_sub(1)
    }

    fn entries(&self, page: usize) -> Result<Option<Entries>, Error> {
        let Some(page) = self.pages.get(page) else { return Ok(None) };
        let resident = self.directory.as_ref().and_then(|directory| directory.get(page.offset, page.len));
        let bytes = resident.map_or_else(|| self.bytes_at(page.offset, page.len), |bytes| Ok(bytes.to_vec()))?;
        let entries = Entries::new(bytes).ok_or_else(|| self.corrupt("directory page", page.offset))?;
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
    entries: Entries,
}

impl Cursor {
    /// All blocks of the segment.
    pub(crate) fn all(segment: Arc<Segment>) -> Self {
        Self { segment, page: 0, entries: Entries::default() }
    }

    /// From about the block of `key` on that holds `from`; the first ones may be too early.
    pub(crate) fn at(segment: Arc<Segment>, key: Key, from: i64) -> Self {
        let page = segment.page_of(key, from);
        Self { segment, page, entries: Entries::default() }
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        while self.entries.is_empty() {
            let Some(entries) = self.segment.entries(self.page)? else { return Ok(None) };
            self.page += 1;
            self.entries = entries;
        }
        let corrupt = || Error::corrupt(&self.segment.path, format!("directory page {}", self.page - 1));
        self.entries.next().map(Some).ok_or_else(corrupt)
    }

    /// The next block, with its device.
    pub(crate) fn next_block(&mut self) -> Result<Option<(Key, Vec<Row>)>, Error> {
        let Some(entry) = self.next_entry()? else { return Ok(None) };
        Ok(Some((entry.key, self.segment.rows(&entry)?)))
    }

    /// The rows of the next block of `key` that reaches into `from..to`, cut to that range; none after the last.
    pub(crate) fn next_within(
        &mut self,
        key: Key,
        from: i64,
        to: i64,
    ) -> Result<Option<std::vec::IntoIter<Row>>, Error> {
        while let Some(entry) = self.next_entry()? {
            if (entry.key, entry.max) < (key, from) {
                continue;
            }
            if entry.key != key || entry.min >= to {
                return Ok(None);
            }
            let mut rows = self.segment.rows(&entry)?;
            rows.truncate(rows.partition_point(|row| row.fix_time < to));
            let before = rows.partition_point(|row| row.fix_time < from);
            let mut rows = rows.into_iter();
            if let Some(last_before) = before.checked_sub(1) {
                rows.nth(last_before);
            }
            if rows.len() > 0 {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}
