//! What can go wrong, and how the port says it.

use std::io;
use std::path::{Path, PathBuf};

use tracklane_core::ports::HistoryError;

/// Why a history could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system failed.
    #[error("failed to {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `open`, `write`, ...
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A stored part does not match its checksum or contradicts another part.
    #[error("corrupt position history: {what} in {}", path.display())]
    Corrupt {
        /// Which part, and how.
        what: String,
        /// In which file.
        path: PathBuf,
    },
    /// A file was written by a version of the program that this one does not know.
    #[error("{} has format version {found}, this program knows version {known}: use a newer program", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// What it says.
        found: u8,
        /// What is known here.
        known: u8,
    },
    /// Another process has the folder open.
    #[error("position history {} is in use by another process", .0.display())]
    Locked(PathBuf),
    /// One append is larger than 1 GiB.
    #[error("batch of positions is larger than 1 GiB")]
    TooLarge,
    /// The history was closed before.
    #[error("position history is closed")]
    Closed,
}

impl Error {
    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into(), path: path.to_path_buf() }
    }

    /// Whether the disk, or the share of it that we may use, is full: the one failure that heals by itself.
    pub(crate) fn is_full(&self) -> bool {
        let Self::Io { source, .. } = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
    }

    /// Whether a read went no further than memory, and what it wanted is not there.
    pub(crate) fn would_block(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::WouldBlock)
    }

    /// The same failure in the words of the port; kept apart from `From` because several waiting appends get a copy.
    pub(crate) fn to_port(&self) -> HistoryError {
        match self {
            _ if self.is_full() => HistoryError::Full,
            Self::Corrupt { what, path } => HistoryError::Corrupt(format!("{what} in {}", path.display())),
            Self::Io { .. } | Self::Version { .. } | Self::Locked(_) | Self::TooLarge | Self::Closed => {
                HistoryError::Io(self.to_string())
            }
        }
    }
}

impl From<Error> for HistoryError {
    fn from(error: Error) -> Self {
        error.to_port()
    }
}

/// Names the file and what was tried with it.
pub(crate) trait Context<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> Context<T> for io::Result<T> {
    fn context(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action, path: path.to_path_buf(), source })
    }
}
