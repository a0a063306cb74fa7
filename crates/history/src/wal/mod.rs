//! The write-ahead log: what is in it and synced is durable.

mod frame;
mod scan;
mod shelf;

pub(crate) use shelf::Shelf;

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tracklane_core::ports::Lsn;

use crate::Settings;
use crate::error::{Context, Error};
use crate::folder::{self, LOG};
use crate::manifest::Manifest;
use crate::row::{Key, Row};
use frame::{FRAME_HEADER_LEN, put_file_header, put_frame};
use scan::Scan;
use shelf::{LogFile, Next};

/// Rows with their devices, in the order of their appends.
pub(crate) type Rows = Vec<(Key, Row)>;

/// Memory that a buffer keeps for the next frame; more is given back after a large one.
pub(crate) const MEMORY_KEPT: usize = 4 << 20;

/// The end of the log, where one thread writes.
#[derive(Debug)]
pub(crate) struct Wal {
    shelf: Arc<Shelf>,
    sync_delay: Duration,
    file: File,
    path: PathBuf,
    sequence: u64,
    /// Where the next frame goes; zero as long as the file has no header.
    offset: u64,
    /// Whether part of a frame that failed may stand at `offset`.
    torn: bool,
    buffer: Vec<u8>,
}

impl Wal {
    /// Reads the log of a folder, gives `each` what is not sealed yet, and opens its end for writing. Answers the number the
    /// next record will get, too.
    pub(crate) fn open(
        folder: &Path,
        settings: &Settings,
        manifest: &Manifest,
        each: &mut dyn FnMut(Lsn, Rows),
    ) -> Result<(Self, Lsn), Error> {
        let shelf = Arc::new(Shelf::open(folder.to_path_buf(), settings)?);
        let recycled = manifest.sealed.min(manifest.checkpoint);
        let mut next_lsn = None;
        let mut end: Option<(File, PathBuf, u64, u64)> = None;
        let mut sequences = folder::numbers(folder, LOG)?.into_iter().peekable();
        while let Some(sequence) = sequences.next() {
            let path = folder::numbered(folder, LOG, sequence);
            let bytes = fs::read(&path).context("read", &path)?;
            let mut scan = Scan::new(&path, sequence, &bytes)?;
            let needed = next_lsn.unwrap_or(recycled);
            let Some(first_lsn) = scan.first_lsn() else {
                // Only the last one may be new.
                if sequences.peek().is_some() {
                    return Err(Error::corrupt(&path, "header of the log file"));
                }
                if end.is_some() {
                    shelf.set_next(Next { sequence, path });
                } else {
                    shelf.add(LogFile { sequence, first_lsn: needed, path: path.clone() });
                    end = Some((open_for_writing(&path)?, path, sequence, 0));
                }
                break;
            };
            if first_lsn > needed || next_lsn.is_some_and(|next| next != first_lsn) {
                return Err(Error::corrupt(&path, format!("log jumps from record {needed} to {first_lsn}")));
            }
            give_unsealed(&mut scan, manifest.sealed, each)?;
            next_lsn = Some(scan.next_lsn());
            let offset = scan.offset() as u64;
            // One of an older format counts as full.
            let offset = if scan.is_current() { offset } else { offset.max(shelf.file_bytes) };
            end = Some((open_for_writing(&path)?, path.clone(), sequence, offset));
            shelf.add(LogFile { sequence, first_lsn, path });
        }
        let next_lsn = next_lsn.unwrap_or(manifest.sealed);
        if next_lsn < manifest.sealed {
            let what = format!("log ends at record {next_lsn}, but {} were sealed", manifest.sealed);
            return Err(Error::corrupt(folder, what));
        }
        let (file, path, sequence, offset) = match end {
            Some(end) => end,
            None => {
                if let Err(error) = shelf.prepare_some(1) {
                    tracing::warn!(%error, "no room for a log file of full size, beginning with one that grows");
                }
                let (file, path) = shelf.begin(1, next_lsn)?;
                (file, path, 1, 0)
            }
        };
        let sync_delay = settings.sync_delay;
        let wal = Self { shelf, sync_delay, file, path, sequence, offset, torn: true, buffer: Vec::new() };
        // What was written right before a kill counts from now on, so it has to be durable like the rest.
        wal.sync()?;
        Ok((wal, next_lsn))
    }

    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    /// Writes one frame and waits until the disk has it. Answers whether spare files are wanted from now on. After an
    /// error the frame may or may not be found at the next start; the next append takes its place.
    pub(crate) fn append(&mut self, first_lsn: Lsn, records: usize, payload: &[u8]) -> Result<bool, Error> {
        let end = self.offset + (FRAME_HEADER_LEN + payload.len()) as u64;
        if self.offset > 0 && end > self.shelf.file_bytes {
            self.begin_file(first_lsn)?;
        }
        self.buffer.clear();
        self.buffer.shrink_to(MEMORY_KEPT);
        if self.offset == 0 {
            put_file_header(&mut self.buffer, self.sequence, first_lsn);
        }
        put_frame(&mut self.buffer, self.sequence, first_lsn, records as u32, payload);
        self.torn = true;
        self.file.write_all_at(&self.buffer, self.offset).context("write", &self.path)?;
        self.sync()?;
        self.torn = false;
        self.offset += self.buffer.len() as u64;
        self.shelf.written.fetch_add(self.buffer.len() as u64, Ordering::Relaxed);
        let half = self.shelf.file_bytes / 2;
        let wanted = self.offset >= half && self.offset - (self.buffer.len() as u64) < half;
        if wanted {
            self.shelf.wanted.store(true, Ordering::Relaxed);
        }
        Ok(wanted)
    }

    fn begin_file(&mut self, first_lsn: Lsn) -> Result<(), Error> {
        if self.torn && self.offset + FRAME_HEADER_LEN as u64 <= self.shelf.file_bytes {
            // Otherwise a frame whose append failed could come back, before the ones of the new file.
            self.file.write_all_at(&[0; FRAME_HEADER_LEN], self.offset).context("write", &self.path)?;
            self.sync()?;
            self.torn = false;
        }
        let sequence = self.sequence + 1;
        let (file, path) = self.shelf.begin(sequence, first_lsn)?;
        (self.file, self.path, self.sequence, self.offset) = (file, path, sequence, 0);
        Ok(())
    }

    fn sync(&self) -> Result<(), Error> {
        if self.shelf.sync {
            self.file.sync_data().context("sync", &self.path)?;
        }
        if !self.sync_delay.is_zero() {
            std::thread::sleep(self.sync_delay);
        }
        Ok(())
    }
}

/// The numbers of the first record and after the last one in the sound part of a log file, and how many bytes that takes.
/// None when nothing was ever written to it. Unlike at a start, what is unsound may be followed by more: somebody may be
/// writing it.
pub(crate) fn sound_part(path: &Path, sequence: u64, bytes: &[u8]) -> Result<Option<(Lsn, Lsn, usize)>, Error> {
    let Some((first, _)) = frame::file_header(bytes, sequence, path)? else { return Ok(None) };
    let (mut next, mut offset) = (first, frame::FILE_HEADER_LEN);
    while let Some(frame) = frame::frame_at(bytes, offset, sequence).filter(|frame| frame.first_lsn == next) {
        next += u64::from(frame.records);
        offset += frame.len();
    }
    Ok(Some((first, next, offset)))
}

fn open_for_writing(path: &Path) -> Result<File, Error> {
    File::options().write(true).open(path).context("open", path)
}

/// Gives the records of a file from `sealed` on.
fn give_unsealed(scan: &mut Scan<'_>, sealed: Lsn, each: &mut dyn FnMut(Lsn, Rows)) -> Result<(), Error> {
    while let Some((first, mut rows)) = scan.next()? {
        let skip = sealed.saturating_sub(first).min(rows.len() as u64);
        rows.drain(..skip as usize);
        if !rows.is_empty() {
            each(first + skip, rows);
        }
    }
    Ok(())
}
