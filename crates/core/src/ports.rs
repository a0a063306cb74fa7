//! The traits that adapters implement. A batch crosses a port, never a single position.

mod shared;

use std::future::Future;
use std::pin::Pin;

use crate::bounds::BoundingBox;
use crate::cloudevent::CloudEvent;
use crate::id::{DeviceId, TenantId};
use crate::position::Position;
use crate::time::Timestamp;

pub use shared::{Allowance, Browsed, Note, SharedCounts, SharedError, SharedMemory, Took};

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
    /// Another node has taken over the partition that it was for; nothing of the batch is kept.
    #[error("the partition was taken over by another node")]
    Fenced,
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

/// Which positions in an area are asked for.
#[derive(Debug, Clone)]
pub struct AreaQuery {
    /// Whose devices.
    pub tenant_id: TenantId,
    /// Where.
    pub area: BoundingBox,
    /// From this fix time on.
    pub from: Timestamp,
    /// Up to but not including this fix time.
    pub to: Timestamp,
    /// Go on after this place: the one that the page before ended with.
    pub after: Option<AreaCursor>,
    /// At most so many in one page.
    pub limit: usize,
}

/// A place in the order of an area's positions: by device, then by fix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AreaCursor {
    /// The device.
    pub device_id: DeviceId,
    /// Everything of the device up to and including this fix time has been looked at.
    pub fix_time: Timestamp,
}

/// Some of the positions in an area.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaPage {
    /// By device, then by fix time. May be empty though there is more: a page looks at only so much.
    pub positions: Vec<Position>,
    /// Where to go on; none when everything was looked at.
    pub next: Option<AreaCursor>,
}

/// Up to when the positions of a tenant are kept. Those of tenants without limits are kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whose positions.
    pub tenant_id: TenantId,
    /// Fixes before this time are dropped.
    pub drop_before: Timestamp,
    /// Of fixes before this time ...
    pub thin_before: Timestamp,
    /// ... the first one of each so many seconds and device is kept, at least 1; 1 keeps each of whole seconds.
    pub thin_seconds: u32,
}

/// What a history did to keep to the limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retained {
    /// Parts that were dropped whole.
    pub dropped_parts: u64,
    /// Parts that were written anew without what they must not hold any more.
    pub rewritten_parts: u64,
    /// Positions that are gone, about.
    pub removed_positions: u64,
}

/// A batch that has its numbers and waits to become durable.
pub struct Appended {
    /// The number of its first record.
    pub first: Lsn,
    /// The number of the record after its last: that of the first when it has none.
    pub next: Lsn,
    /// Ready when the batch, and everything before it, is durable. Whoever gives up waiting changes nothing.
    pub durable: BoxFuture<'static, Result<(), HistoryError>>,
}

/// Where positions are kept. Embedded: files in the data folder.
pub trait PositionHistory: Send + Sync {
    /// Gives a batch its numbers, in the order of the calls, and begins to make it durable. Never waits. Positions with the
    /// same device and fix time as an earlier one replace it when read. An empty batch is durable when everything before
    /// it is.
    ///
    /// When a batch does not become durable, those behind it do not either, and every further one is refused, until
    /// somebody who knows of that calls [`PositionHistory::resume`]: nothing is built upon what was lost. The next
    /// batch then gets the numbers of the lost ones.
    ///
    /// # Errors
    /// The failure because of which nothing is taken.
    fn append(&self, batch: Vec<Position>) -> Result<Appended, HistoryError>;

    /// Takes batches again after one was lost, if that is possible now.
    ///
    /// # Errors
    /// Why it is not.
    fn resume(&self) -> BoxFuture<'_, Result<(), HistoryError>>;

    /// About how many records wait to become durable.
    fn waiting(&self) -> usize;

    /// True when so many wait that callers should not give more for now. Nothing is refused for that.
    fn is_busy(&self) -> bool;

    /// Appends a batch and waits until it is durable. The numbers returned are those of its first record and of the one
    /// after its last.
    fn append_and_wait(&self, batch: Vec<Position>) -> BoxFuture<'static, Result<(Lsn, Lsn), HistoryError>> {
        let appended = self.append(batch);
        Box::pin(async move {
            let Appended { first, next, durable } = appended?;
            durable.await?;
            Ok((first, next))
        })
    }

    /// Positions of one device by fix time, oldest first, each fix time once.
    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>>;

    /// Positions in an area, a page at a time: by device, then by fix time, each fix time once.
    fn area(&self, query: AreaQuery) -> BoxFuture<'_, Result<AreaPage, HistoryError>>;

    /// Erases what was appended so far of one device, or of all devices of the tenant. When the future is ready no read
    /// finds it any more, not after a crash either; its bytes are gone from the disk after the next
    /// [`PositionHistory::retain`] at the latest.
    fn erase(&self, tenant_id: TenantId, device_id: Option<DeviceId>) -> BoxFuture<'_, Result<(), HistoryError>>;

    /// Drops and thins what lies beyond the limits, as far as that can be done to whole parts: what is little too old
    /// may stay until the rest of its part is. To be called once a day; takes as long as it takes.
    fn retain(&self, limits: Vec<Limits>) -> BoxFuture<'_, Result<Retained, HistoryError>>;

    /// Everything appended from `lsn` on (inclusive), in order, in batches: `each` gets the number of the first record.
    /// Used at start to catch up with what was durable but not yet applied. What was erased may be left out.
    fn replay(&self, lsn: Lsn, each: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError>;

    /// Promises that nothing before `lsn` will be asked of [`PositionHistory::replay`] again.
    fn checkpoint(&self, lsn: Lsn) -> Result<(), HistoryError>;

    /// The number the next record will get.
    fn next_lsn(&self) -> Lsn;

    /// Whether appends work now, for health checks; the text says what is wrong.
    fn health(&self) -> Result<(), String>;
}

/// For how long a node tracks the devices of a partition of the position stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenure {
    /// Which partition, from 0.
    pub partition: u32,
    /// How often it has changed hands: who comes with an earlier number is too late.
    pub epoch: i64,
}

/// A history that several nodes write to, each for partitions of the position stream, which has given the records their numbers.
pub trait StreamedHistory: PositionHistory {
    /// Takes a partition over: from here on nothing is kept that comes with an earlier epoch. Answers the number of the last
    /// record whose positions are kept, 0 when there is none, and at most `end`: a stream that ends before has lost what was behind
    /// that, and gives the same numbers again.
    fn take_over(&self, tenure: Tenure, end: Lsn) -> BoxFuture<'_, Result<Lsn, HistoryError>>;

    /// Keeps the positions of records up to this number, in the order of the calls; done when they are durable. An empty batch is
    /// durable when everything before it is. While the history does not answer this waits: the stream has them.
    ///
    /// # Errors
    /// [`HistoryError::Fenced`] when the partition was taken over; anything else when the history is closed.
    fn append_streamed(
        &self,
        tenure: Tenure,
        last: Lsn,
        batch: Vec<Position>,
    ) -> BoxFuture<'static, Result<(), HistoryError>>;
}

/// Why the position stream did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StreamError(pub String);

/// A record of the position stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// Its number within the partition: it grows, from 1, and may leave gaps.
    pub number: Lsn,
    /// What was published.
    pub payload: Vec<u8>,
}

/// Where positions wait, durably, for the nodes that track: a broker.
pub trait PositionStream: Send + Sync {
    /// How many partitions there are.
    fn partitions(&self) -> u32;

    /// Publishes records, each to a partition; done when the broker has all of them safely. Records of one call to one
    /// partition keep their order. After an error some may have arrived.
    fn publish(&self, records: Vec<(u32, Vec<u8>)>) -> BoxFuture<'_, Result<(), StreamError>>;

    /// Reads a partition from this number on.
    fn read(&self, partition: u32, from: Lsn) -> BoxFuture<'_, Result<Box<dyn PartitionReader>, StreamError>>;

    /// Which stream this is, by a name that one that is made anew does not have; and a number that no record of the partition lies beyond
    /// by now.
    fn end(&self, partition: u32) -> BoxFuture<'_, Result<(String, Lsn), StreamError>>;

    /// Lets the broker know that no record of a partition before this one is needed any more.
    fn release(&self, partition: u32, before: Lsn) -> BoxFuture<'_, Result<(), StreamError>>;

    /// Joins those who track, and tells which partitions are this node's. None where the broker does not part them among readers: then
    /// those part them by leases.
    fn join(&self) -> BoxFuture<'_, Result<Option<Box<dyn Membership>>, StreamError>>;

    /// Tells every node that listens, as soon as that goes, and without any promise.
    fn tell(&self, word: Vec<u8>) -> BoxFuture<'_, Result<(), StreamError>>;

    /// Listens to what nodes tell, this one included, from now on.
    fn listen(&self) -> BoxFuture<'_, Result<Box<dyn Listener>, StreamError>>;

    /// Whether the broker answers.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn health(&self) -> Result<(), String>;
}

/// Reads a partition of the position stream.
pub trait PartitionReader: Send {
    /// The next records, at least one, in order. May be given up and asked again: nothing is lost.
    ///
    /// # Errors
    /// When the broker does not answer: read the partition anew.
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Streamed>, StreamError>>;
}

/// This node among those who track.
pub trait Membership: Send + Sync {
    /// The partitions that are this node's, once they are others than before. What is not among them any more belongs to others as soon as
    /// this is called again.
    ///
    /// # Errors
    /// When the broker has put this node out: join again.
    fn changed(&mut self) -> BoxFuture<'_, Result<Vec<u32>, StreamError>>;
}

/// Listens to what nodes tell each other.
pub trait Listener: Send {
    /// The next word.
    ///
    /// # Errors
    /// When words may have been missed: listen anew.
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<u8>, StreamError>>;
}

/// Why events were not published.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub String);

/// Where events of the log go for other systems: a broker.
pub trait EventSink: Send + Sync {
    /// Publishes events in their order, and is done when the other side has every one of them safely. After an error some
    /// may have arrived: they are published again, and their ids tell readers so.
    fn publish(&self, events: Vec<CloudEvent>) -> BoxFuture<'_, Result<(), SinkError>>;
}
