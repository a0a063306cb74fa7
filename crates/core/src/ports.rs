//! The traits that adapters implement. A batch crosses a port, never a single position.

use std::future::Future;
use std::pin::Pin;

use crate::id::{DeviceId, TenantId};
use crate::position::Position;
use crate::time::Timestamp;

/// A boxed future, so that ports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The place of a record in the write-ahead log of a history: grows with every append, never reused.
pub type Lsn = u64;

/// Why a history could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No space is left; nothing of the batch was acknowledged. Ingest answers 507 and recovers by itself.
    #[error("no space left for position history")]
    Full,
    /// The file system or the database failed.
    #[error("failed to access position history: {0}")]
    Io(String),
    /// A stored part does not match its checksum; the text says which one.
    #[error("corrupt position history: {0}")]
    Corrupt(String),
}

/// Which positions of one device are asked for.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// Whose device.
    pub tenant_id: TenantId,
    /// Which device.
    pub device_id: DeviceId,
    /// From this fix time on.
    pub from: Timestamp,
    /// Up to but not including this fix time.
    pub to: Timestamp,
    /// At most so many, oldest first.
    pub limit: usize,
}

/// Where positions are kept. Embedded: files in the data folder.
pub trait PositionHistory: Send + Sync {
    /// Appends a batch; when the future is ready the batch is durable. The numbers returned are those of the first
    /// and the last record. Positions with the same device and fix time as an earlier one replace it when read.
    fn append(&self, batch: Vec<Position>) -> BoxFuture<'_, Result<(Lsn, Lsn), HistoryError>>;

    /// Positions of one device by fix time, oldest first, each fix time once.
    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>>;

    /// Everything appended from `lsn` on (inclusive), in order, in batches: `each` gets the number of the first record.
    /// Used at start to catch up with what was durable but not yet applied.
    fn replay(&self, lsn: Lsn, each: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError>;

    /// Promises that nothing before `lsn` will be asked of [`PositionHistory::replay`] again.
    fn checkpoint(&self, lsn: Lsn) -> Result<(), HistoryError>;

    /// The number the next record will get.
    fn next_lsn(&self) -> Lsn;

    /// Whether appends work now, for health checks; the text says what is wrong.
    fn health(&self) -> Result<(), String>;
}
