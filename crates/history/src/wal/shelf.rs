//! The files of the log: those in use, oldest first, the one that comes next, and spare ones. They were filled with zeros
//! or used before, so that writing to them never has to find room on the disk, and the next one has its name already, so
//! that going on to it takes no sync of the folder.

use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use tracklane_core::ports::Lsn;

use super::Rows;
use super::scan::Scan;
use crate::Settings;
use crate::error::{Context, Error};
use crate::folder::{self, LOG, SPARE};

/// So many spare files are kept, besides the next one.
const READY: usize = 1;
/// So many used files are kept as spare ones; more are removed.
const KEPT: usize = 4;
/// Zeros are written in pieces of this size and made durable after each few, so that no sync of the log waits long.
const ZEROS: usize = 256 << 10;
const SYNC_EACH: u64 = 4 << 20;

/// A file in use.
#[derive(Debug, Clone)]
pub(super) struct LogFile {
    pub sequence: u64,
    pub first_lsn: Lsn,
    pub path: PathBuf,
}

#[derive(Debug, Default)]
struct Files {
    logs: VecDeque<LogFile>,
    next: Option<Next>,
    spares: Vec<PathBuf>,
    next_spare: u64,
}

/// The file that will be used next.
#[derive(Debug, Clone)]
pub(super) struct Next {
    pub sequence: u64,
    pub path: PathBuf,
}

/// Shared by the thread that writes the log and the one that keeps house.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(super) folder: PathBuf,
    pub(super) file_bytes: u64,
    pub(super) sync: bool,
    /// Bytes written to the log since start.
    pub(super) written: AtomicU64,
    /// Whether spare files will be needed soon.
    pub(super) wanted: AtomicBool,
    files: Mutex<Files>,
    /// Read while files are being replayed; nothing is recycled then.
    replays: RwLock<()>,
}

impl Shelf {
    /// Finds the spare files in a folder; the files in use are added as they are read.
    pub(super) fn open(folder: PathBuf, settings: &Settings) -> Result<Self, Error> {
        let mut files = Files::default();
        for number in folder::numbers(&folder, SPARE)? {
            let path = folder::numbered(&folder, SPARE, number);
            files.next_spare = number + 1;
            if fs::metadata(&path).context("read", &path)?.len() == settings.wal_segment_bytes {
                files.spares.push(path);
            } else {
                fs::remove_file(&path).context("remove", &path)?;
            }
        }
        Ok(Self {
            folder,
            file_bytes: settings.wal_segment_bytes,
            sync: settings.sync,
            written: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            files: Mutex::new(files),
            replays: RwLock::new(()),
        })
    }

    pub(super) fn add(&self, file: LogFile) {
        self.files.lock().logs.push_back(file);
    }

    /// Notes a file that was found as the next one.
    pub(super) fn set_next(&self, next: Next) {
        self.files.lock().next = Some(next);
    }

    /// Begins a new file of the log: the next one, or a spare one, or else one that grows, which is slower but works.
    pub(super) fn begin(&self, sequence: u64, first_lsn: Lsn) -> Result<(File, PathBuf), Error> {
        let mut files = self.files.lock();
        let path = folder::numbered(&self.folder, LOG, sequence);
        let named = files.next.take().is_some_and(|next| next.sequence == sequence);
        if !named && let Some(spare) = files.spares.pop() {
            fs::rename(&spare, &path).context("rename", &spare)?;
        }
        let file = File::options().create(true).write(true).truncate(false).open(&path).context("open", &path)?;
        if !named && self.sync {
            folder::sync(&self.folder)?;
        }
        files.logs.push_back(LogFile { sequence, first_lsn, path: path.clone() });
        Ok((file, path))
    }

    /// Has the next file and spare ones ready, once the file in use is half full.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        if !self.wanted.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.prepare_some(READY)?;
        {
            // Held until the name is durable: whoever begins a file meanwhile would otherwise use the same name.
            let mut files = self.files.lock();
            let sequence = files.logs.back().map_or(1, |last| last.sequence + 1);
            if files.next.is_none()
                && let Some(spare) = files.spares.pop()
            {
                let path = folder::numbered(&self.folder, LOG, sequence);
                fs::rename(&spare, &path).context("rename", &spare)?;
                if self.sync {
                    folder::sync(&self.folder)?;
                }
                files.next = Some(Next { sequence, path });
            }
        }
        self.prepare_some(READY)
    }

    /// Makes spare files until so many are ready.
    pub(super) fn prepare_some(&self, count: usize) -> Result<(), Error> {
        loop {
            let number = {
                let mut files = self.files.lock();
                if files.spares.len() >= count {
                    return Ok(());
                }
                files.next_spare += 1;
                files.next_spare
            };
            let path = folder::numbered(&self.folder, SPARE, number);
            let temporary = path.with_extension("tmp");
            if let Err(error) = self.fill(&temporary) {
                // Frees what was filled so far: others may need the room more.
                let _ = fs::remove_file(&temporary);
                return Err(error);
            }
            fs::rename(&temporary, &path).context("rename", &temporary)?;
            self.files.lock().spares.push(path);
        }
    }

    fn fill(&self, path: &PathBuf) -> Result<(), Error> {
        let file = File::create(path).context("create", path)?;
        let zeros = vec![0; ZEROS];
        let mut offset = 0;
        while offset < self.file_bytes {
            let len = zeros.len().min((self.file_bytes - offset) as usize);
            file.write_all_at(&zeros[..len], offset).context("write", path)?;
            offset += len as u64;
            if self.sync && (offset % SYNC_EACH == 0 || offset == self.file_bytes) {
                file.sync_all().context("sync", path)?;
            }
        }
        Ok(())
    }

    /// Whether [`Shelf::recycle`] would find something.
    pub(crate) fn recyclable(&self, below: Lsn) -> bool {
        self.files.lock().logs.get(1).is_some_and(|second| second.first_lsn <= below)
    }

    /// Takes files out of use all of whose records lie before `below`. The last file always stays.
    pub(crate) fn recycle(&self, below: Lsn) -> Result<(), Error> {
        let Some(_none_reads) = self.replays.try_write() else { return Ok(()) };
        let backup = folder::backup_lock(&self.folder)?;
        match backup.try_lock() {
            Ok(()) => {}
            // Somebody copies the log.
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(source)) => return Err(source).context("lock", &self.folder),
        }
        loop {
            let mut files = self.files.lock();
            if files.logs.get(1).is_none_or(|second| second.first_lsn > below) {
                return Ok(());
            }
            let Some(old) = files.logs.pop_front() else { return Ok(()) };
            let whole = fs::metadata(&old.path).is_ok_and(|data| data.len() == self.file_bytes);
            if !whole || files.spares.len() >= KEPT {
                fs::remove_file(&old.path).context("remove", &old.path)?;
                continue;
            }
            files.next_spare += 1;
            let spare = folder::numbered(&self.folder, SPARE, files.next_spare);
            fs::rename(&old.path, &spare).context("rename", &old.path)?;
            // The oldest is taken last: it was made durable longest ago.
            files.spares.insert(0, spare);
        }
    }

    /// Gives every record from `lsn` up to, not including, `end`, a frame at a time.
    pub(crate) fn replay(&self, lsn: Lsn, end: Lsn, each: &mut dyn FnMut(Lsn, Rows)) -> Result<(), Error> {
        let _nothing_is_recycled = self.replays.read();
        let logs: Vec<LogFile> = self.files.lock().logs.iter().cloned().collect();
        for (index, log) in logs.iter().enumerate() {
            let next = logs.get(index + 1).map_or(end, |next| next.first_lsn.min(end));
            if next <= lsn || log.first_lsn >= end {
                continue;
            }
            let bytes = fs::read(&log.path).context("read", &log.path)?;
            let mut scan = Scan::new(&log.path, log.sequence, &bytes)?;
            while scan.next_lsn() < next {
                let Some((first, mut rows)) = scan.next()? else {
                    return Err(Error::corrupt(&log.path, format!("frame at byte {}", scan.offset())));
                };
                let skip = lsn.saturating_sub(first).min(rows.len() as u64);
                rows.drain(..skip as usize);
                if !rows.is_empty() {
                    each(first + skip, rows);
                }
            }
        }
        Ok(())
    }

    /// Size of all files, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let files = self.files.lock();
        let next = files.next.iter().map(|next| &next.path);
        let paths = files.logs.iter().map(|log| &log.path).chain(&files.spares).chain(next);
        paths.filter_map(|path| fs::metadata(path).ok()).map(|data| data.len()).sum()
    }

    /// Bytes written to the log since start.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}
