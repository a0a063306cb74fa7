//! The folder: which names stand for what, the lock, and how a name becomes durable.
//!
//! `lock`, `backup` (a lock, too), `manifest`, `wal-<sequence>` (the log), `spare-<number>` (files ready to become the log), `segment-<id>`,
//! and `*.tmp` while something is being written.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::error::{Context, Error};

/// A process that starts another one shares its files with it for a moment, the lock included, even when it has let go of it: so
/// often and so long is waited.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

pub(crate) const LOG: &str = "wal-";
pub(crate) const SPARE: &str = "spare-";
pub(crate) const SEGMENT: &str = "segment-";

/// The path of a numbered file; the number has leading zeros so that a listing is in order.
pub(crate) fn numbered(folder: &Path, prefix: &str, number: u64) -> PathBuf {
    folder.join(format!("{prefix}{number:012}"))
}

/// The numbers of the files with this prefix, ascending.
pub(crate) fn numbers(folder: &Path, prefix: &str) -> Result<Vec<u64>, Error> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).context("list", folder)? {
        let name = entry.context("list", folder)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(prefix)).and_then(|text| text.parse::<u64>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes the folder if needed and locks it for this process until the file is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File, Error> {
    fs::create_dir_all(folder).context("create", folder)?;
    let path = folder.join("lock");
    let file = File::options().create(true).write(true).truncate(false).open(&path).context("open", &path)?;
    for left in (0..LOCK_TRIES).rev() {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if left > 0 => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(source)) => return Err(source).context("lock", &path),
        }
    }
    Err(Error::Locked(folder.to_path_buf()))
}

/// The file whose lock a backup holds, shared, while it copies.
pub(crate) fn backup_lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("backup");
    File::options().create(true).read(true).write(true).truncate(false).open(&path).context("open", &path)
}

/// Removes what a stop in the middle of writing left behind.
pub(crate) fn remove_temporary(folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).context("list", folder)? {
        let path = entry.context("list", folder)?.path();
        if path.extension().is_some_and(|extension| extension == "tmp") {
            fs::remove_file(&path).context("remove", &path)?;
        }
    }
    Ok(())
}

/// Makes new names and removals durable.
pub(crate) fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).context("sync", folder)
}
