//! The history itself: what callers hold.

use std::path::Path;

use tracklane_core::Timestamp;
use tracklane_core::ports::{BoxFuture, HistoryError, HistoryQuery, Lsn, PositionHistory};
use tracklane_core::position::Position;

use crate::{Error, Settings};

/// Positions of all devices in one folder of this machine. See the crate for what is kept, and how exactly.
///
/// Dropping it stops its threads without sealing; everything acknowledged is durable and is there at the next start.
pub struct History {}

/// How much a history holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Sealed segments.
    pub segments: usize,
    /// Positions in them; one that was stored twice may count twice until segments are merged.
    pub sealed_positions: u64,
    /// Their size on disk, in bytes.
    pub sealed_bytes: u64,
    /// Positions in memory, durable in the log only.
    pub unsealed_positions: u64,
    /// Size of the log on disk, in bytes, files ready for use included.
    pub wal_bytes: u64,
    /// Bytes written to segments and to the log since start, merges included.
    pub written_bytes: u64,
}

impl History {
    /// Opens the history in `folder`, makes it when it is not there, and brings what the log holds back into memory.
    /// Blocks until that is done.
    ///
    /// # Errors
    /// When the folder is in use, cannot be read or written, is corrupt or was written by a newer program.
    pub fn open(folder: impl AsRef<Path>, settings: Settings) -> Result<Self, Error> {
        let _ = (folder.as_ref(), settings);
        todo!()
    }

    /// Positions of one device, like [`PositionHistory::range`], on the calling thread.
    ///
    /// # Errors
    /// When a segment cannot be read or is corrupt.
    pub fn read(&self, query: &HistoryQuery) -> Result<Vec<Position>, Error> {
        let _ = query;
        todo!()
    }

    /// Drops every segment all of whose fixes are older than `before` and answers how many. Fixes that share a segment
    /// with newer ones stay until the whole segment is old, at most one `partition_seconds` longer.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn expire(&self, before: Timestamp) -> Result<usize, Error> {
        let _ = before;
        todo!()
    }

    /// Seals everything that is in memory now and waits until it is done.
    ///
    /// # Errors
    /// When a segment or the manifest cannot be written.
    pub fn seal(&self) -> Result<(), Error> {
        todo!()
    }

    /// How much there is.
    pub fn stats(&self) -> Stats {
        todo!()
    }

    /// Refuses further appends, makes the waiting ones durable, seals everything and stops. Blocks until that is done; a second call
    /// does nothing.
    ///
    /// # Errors
    /// When sealing failed; what was acknowledged is durable in the log nevertheless.
    pub fn close(&self) -> Result<(), Error> {
        todo!()
    }
}

impl PositionHistory for History {
    fn append(&self, batch: Vec<Position>) -> BoxFuture<'_, Result<(Lsn, Lsn), HistoryError>> {
        let _ = batch;
        todo!()
    }

    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>> {
        let _ = query;
        todo!()
    }

    fn replay(&self, lsn: Lsn, each: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError> {
        let _ = (lsn, each);
        todo!()
    }

    fn checkpoint(&self, lsn: Lsn) -> Result<(), HistoryError> {
        let _ = lsn;
        todo!()
    }

    fn next_lsn(&self) -> Lsn {
        todo!()
    }

    fn health(&self) -> Result<(), String> {
        todo!()
    }
}
