//! Copying a history while it is in use, by this process or another one.
//!
//! A backup takes the log as it was when it began, or longer, and the segments of one manifest. As long as it lives no log
//! file is taken out of use: who uses the history asks for the lock of the file `backup` first, and goes on without when
//! somebody copies. What other parts of an installation know of the log is copied between [`Backup::begin`] and
//! [`Backup::copy_to`]: then the copy of the log reaches back to before what they know, and on to after it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tracklane_core::ports::Lsn;

use crate::error::{Context, Error};
use crate::folder::{self, LOG, SEGMENT};
use crate::manifest::Manifest;
use crate::wal;

/// A merge may take away a segment that was just listed; so often another look is taken.
const TRIES: usize = 100;

/// A backup that has begun.
#[derive(Debug)]
pub struct Backup {
    folder: PathBuf,
    /// What the log was needed from when the backup began.
    checkpoint: Lsn,
    /// Held until the backup is done.
    _lock: File,
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// Segments.
    pub segments: usize,
    /// Their bytes.
    pub segment_bytes: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// The number after the last record that was copied.
    pub next_lsn: Lsn,
}

impl Backup {
    /// Begins the backup of the history in `folder`.
    ///
    /// # Errors
    /// When there is no history, or it cannot be read.
    pub fn begin(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        // Looked at first: nothing is made where there is no history.
        load(&folder)?;
        let lock = folder::backup_lock(&folder)?;
        lock.lock_shared().context("lock", &folder)?;
        let checkpoint = load(&folder)?.checkpoint;
        Ok(Self { folder, checkpoint, _lock: lock })
    }

    /// Copies the history into `to`, which must not be there yet. Segments never change: on the same file system they get
    /// a second name instead of a copy.
    ///
    /// # Errors
    /// When something cannot be read or written; then `to` is of no use.
    pub fn copy_to(&self, to: impl AsRef<Path>) -> Result<Copied, Error> {
        let to = to.as_ref();
        fs::create_dir(to).context("create", to)?;
        let (mut manifest, segment_bytes) = self.copy_segments(to)?;
        manifest.checkpoint = manifest.checkpoint.min(self.checkpoint);
        let (log_bytes, next_lsn) = self.copy_log(to, &manifest)?;
        manifest.store(to, true)?;
        Ok(Copied { segments: manifest.segments.len(), segment_bytes, log_bytes, next_lsn })
    }

    fn copy_segments(&self, to: &Path) -> Result<(Manifest, u64), Error> {
        let mut tries = 0;
        'again: loop {
            let manifest = load(&self.folder)?;
            let mut bytes = 0;
            for id in &manifest.segments {
                let (from, copy) = (folder::numbered(&self.folder, SEGMENT, *id), folder::numbered(to, SEGMENT, *id));
                match link_or_copy(&from, &copy) {
                    Ok(copied) => bytes += copied,
                    Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {
                        tries += 1;
                        continue 'again;
                    }
                    Err(error) => return Err(error).context("copy", &from),
                }
            }
            for id in folder::numbers(to, SEGMENT)? {
                if !manifest.segments.contains(&id) {
                    let path = folder::numbered(to, SEGMENT, id);
                    fs::remove_file(&path).context("remove", &path)?;
                }
            }
            return Ok((manifest, bytes));
        }
    }

    /// Copies the sound frames of the log, in order, up to where it ends at the moment.
    fn copy_log(&self, to: &Path, manifest: &Manifest) -> Result<(u64, Lsn), Error> {
        let mut next: Option<Lsn> = None;
        let mut copied = 0;
        for sequence in folder::numbers(&self.folder, LOG)? {
            let path = folder::numbered(&self.folder, LOG, sequence);
            let bytes = fs::read(&path).context("read", &path)?;
            let Some((first, end, len)) = wal::sound_part(&path, sequence, &bytes)? else { break };
            if next.is_some_and(|next| next != first) {
                break;
            }
            let copy = folder::numbered(to, LOG, sequence);
            let mut file = File::create(&copy).context("create", &copy)?;
            file.write_all(bytes.get(..len).unwrap_or_default()).context("write", &copy)?;
            file.sync_all().context("sync", &copy)?;
            (next, copied) = (Some(end), copied + len as u64);
        }
        let next = next.unwrap_or(manifest.sealed);
        if next < manifest.sealed {
            let what = format!("log ends at record {next}, but {} were sealed", manifest.sealed);
            return Err(Error::corrupt(&self.folder, what));
        }
        Ok((copied, next))
    }
}

fn load(folder: &Path) -> Result<Manifest, Error> {
    Manifest::load(folder)?.ok_or_else(|| Error::Io {
        action: "find a history in",
        path: folder.to_path_buf(),
        source: io::ErrorKind::NotFound.into(),
    })
}

fn link_or_copy(from: &Path, to: &Path) -> io::Result<u64> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::metadata(to).map(|data| data.len()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::metadata(to).map(|data| data.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
        Err(_) => {
            let bytes = fs::copy(from, to)?;
            File::open(to)?.sync_all()?;
            Ok(bytes)
        }
    }
}
