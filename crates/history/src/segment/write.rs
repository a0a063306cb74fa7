//! Writing a segment: under a temporary name first, with its own name once it is durable.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tracklane_core::ports::Lsn;

use crate::bounds::Bounds;
use crate::error::{Context, Error};
use crate::row::{Key, Row};
use crate::segment::codec::{BLOCK_ROWS, encode_block};
use crate::segment::directory::{Entry, PAGE_ENTRIES, Page, encode_index, encode_page};
use crate::segment::{HEADER_LEN, MAGIC, Summary, TenantPart, VERSION};

/// Hand over to the system once so much is collected.
const CHUNK: usize = 1 << 20;
/// Have the disk take it once so much is handed over, so that a sync of the log never waits behind a lot of it.
const SYNC_EACH: u64 = 8 << 20;

/// Takes devices in ascending order and writes them to a file.
pub(crate) struct Writer {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    sync: bool,
    buffer: Vec<u8>,
    written: u64,
    synced: u64,
    entries: Vec<Entry>,
    tenants: Vec<TenantPart>,
    summary: Summary,
}

impl Writer {
    /// Begins the segment `path` for rows of the log numbers `first_lsn` up to, not including, `end_lsn`.
    pub(crate) fn create(path: &Path, lsns: (Lsn, Lsn), partition: i64, sync: bool) -> Result<Self, Error> {
        let temporary = path.with_extension("tmp");
        let file = File::create(&temporary).context("create", &temporary)?;
        let mut buffer = Vec::with_capacity(CHUNK + (64 << 10));
        buffer.extend_from_slice(&MAGIC);
        buffer.push(VERSION);
        buffer.resize(HEADER_LEN, 0);
        let (first_lsn, end_lsn) = lsns;
        let summary = Summary { rows: 0, min: i64::MAX, max: i64::MIN, first_lsn, end_lsn, partition };
        let path = path.to_path_buf();
        let (entries, tenants) = (Vec::new(), Vec::new());
        Ok(Self { file, temporary, path, sync, buffer, written: 0, synced: 0, entries, tenants, summary })
    }

    /// Adds rows of a device, sorted by fix time, each fix time once. Devices come in ascending order; the rows of one
    /// device may come in several parts, in ascending order too.
    pub(crate) fn push(&mut self, key: Key, rows: &[Row]) -> Result<(), Error> {
        for rows in rows.chunks(BLOCK_ROWS) {
            let [first, ..] = rows else { continue };
            let (min, max) = (first.fix_time, rows.last().map_or(first.fix_time, |last| last.fix_time));
            let start = self.buffer.len();
            encode_block(rows, &mut self.buffer);
            let (offset, len) = (self.written + start as u64, self.buffer.len() - start);
            let bounds = Bounds::of(rows);
            self.entries.push(Entry { key, min, max, rows: rows.len(), offset, len, bounds });
            self.count(key.tenant, rows.len() as u64, min, max);
            self.summary.rows += rows.len() as u64;
            self.summary.min = self.summary.min.min(min);
            self.summary.max = self.summary.max.max(max);
            self.flush(CHUNK)?;
        }
        Ok(())
    }

    fn count(&mut self, tenant: u128, rows: u64, min: i64, max: i64) {
        match self.tenants.last_mut() {
            Some(last) if last.tenant == tenant => {
                last.rows += rows;
                last.min = last.min.min(min);
                last.max = last.max.max(max);
            }
            _ => self.tenants.push(TenantPart { tenant, rows, min, max, thinned: 0 }),
        }
    }

    /// How many rows were pushed.
    pub(crate) fn rows(&self) -> u64 {
        self.summary.rows
    }

    /// Notes of each tenant that has rows to how many seconds they were thinned.
    pub(crate) fn note_thinned(&mut self, thinned: impl Fn(u128) -> u32) {
        for part in &mut self.tenants {
            part.thinned = thinned(part.tenant);
        }
    }

    /// Writes what is collected if it is at least so many bytes.
    fn flush(&mut self, at_least: usize) -> Result<(), Error> {
        if self.buffer.len() < at_least {
            return Ok(());
        }
        self.file.write_all(&self.buffer).context("write", &self.temporary)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        if self.sync && self.written - self.synced >= SYNC_EACH {
            self.file.sync_data().context("sync", &self.temporary)?;
            self.synced = self.written;
        }
        Ok(())
    }

    /// Writes directory, index and trailer, makes the file durable and gives it its name. The caller still has to sync
    /// the folder. Answers the size in bytes.
    pub(crate) fn finish(mut self) -> Result<u64, Error> {
        let mut pages = Vec::with_capacity(self.entries.len().div_ceil(PAGE_ENTRIES));
        for entries in std::mem::take(&mut self.entries).chunks(PAGE_ENTRIES) {
            let [first, ..] = entries else { continue };
            let start = self.buffer.len();
            encode_page(entries, &mut self.buffer);
            let (offset, len) = (self.written + start as u64, self.buffer.len() - start);
            let max = entries.iter().map(|entry| entry.max).max().unwrap_or(first.max);
            let mut bounds = Bounds::NOTHING;
            entries.iter().for_each(|entry| bounds.join(&entry.bounds));
            pages.push(Page { key: first.key, min: first.min, max, bounds, offset, len });
            self.flush(CHUNK)?;
        }
        let index = encode_index(&self.summary, &self.tenants, &pages);
        let offset = self.written + self.buffer.len() as u64;
        self.buffer.extend_from_slice(&index);
        self.buffer.extend_from_slice(&offset.to_le_bytes());
        self.buffer.extend_from_slice(&(index.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(&crc32fast::hash(&index).to_le_bytes());
        self.buffer.extend_from_slice(&[VERSION, 0, 0, 0]);
        self.buffer.extend_from_slice(&MAGIC);
        self.flush(0)?;
        if self.sync {
            self.file.sync_all().context("sync", &self.temporary)?;
        }
        fs::rename(&self.temporary, &self.path).context("rename", &self.temporary)?;
        Ok(self.written)
    }
}

impl Drop for Writer {
    /// Leaves nothing behind when it was not finished; after a rename there is nothing of that name.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}
