//! Position history on PostgreSQL: what implements [`PositionHistory`] when one machine is not enough.
//!
//! - One table, partitioned by week of fix time. Partitions are made ahead, and on demand for fixes that come late; old
//!   ones are dropped whole.
//! - One task writes: it takes everything that waits and gives it to `COPY` in one transaction, which also moves the number
//!   of the next record on. So the order of the numbers is the order of the commits. Only one process may write, or several that
//!   read the position stream (`streamed`); an advisory lock sees to that.
//! - A position with the device and fix time of an earlier one is added, too: reads take the one with the highest number.
//!   A unique index with `ON CONFLICT` would take a quarter longer, and rules out `COPY`.
//! - The index on device and fix time makes writing five times as dear, and a read of 100 positions of one of 10,000 devices
//!   350 times as cheap as a scan of the week, which is all that BRIN leaves (0.3 ms instead of 108 ms in a million rows). BRIN is
//!   for what comes in order: the numbers, for catching up.

mod area;
mod erase;
mod partitions;
mod queue;
mod read;
mod reads;
mod retain;
mod rows;
mod streamed;
mod writer;

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use sqlx::postgres::PgConnectOptions;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{
    Appended, AreaPage, AreaQuery, BoxFuture, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory, Retained,
};
use tracklane_core::position::Position;

use self::queue::Queue;
use self::reads::Reads;
pub use self::streamed::PgStreamedHistory;
use self::writer::Writer;
use crate::db::Scope;
use crate::db::postgres::from_sqlx;
use crate::error::Error;
use crate::store::{is_postgres, without_password};

/// So many positions may wait before callers should hold back.
const BUSY: usize = 200_000;
/// So many records are replayed at once.
const REPLAYED_AT_ONCE: Lsn = 10_000;

/// Positions of all devices in a PostgreSQL database.
pub struct PgHistory {
    inner: Arc<Inner>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    reads: Reads,
    runtime: Handle,
    queue: Queue,
    /// The number the next record will get: all before it are durable.
    durable: AtomicU64,
    /// What does not work at the moment.
    trouble: Mutex<Option<String>>,
}

impl PgHistory {
    /// Whether `url` has a form that [`PgHistory::open`] takes. Opens nothing.
    ///
    /// # Errors
    /// [`Error::Other`], which names the form.
    pub fn check_url(url: &str) -> Result<(), Error> {
        if is_postgres(url) {
            return Ok(());
        }
        let given = without_password(url);
        Err(Error::Other(format!(
            "cannot keep positions in {given:?}; known forms are postgres://user@host/database, and nothing for files \
             in the data folder"
        )))
    }

    /// Looks at the database at `url`, changes nothing, and says in a line what is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer, [`Error::Migration`] when a newer program made the tables.
    pub async fn look(url: &str) -> Result<String, Error> {
        Self::check_url(url)?;
        let options = PgConnectOptions::from_str(url).map_err(|error| from_sqlx(&error))?;
        writer::look(&options).await
    }

    /// Connects to the database at `url` and makes what is missing there. Must be called in a tokio runtime of several
    /// threads.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer, or when another process writes positions to it;
    /// [`Error::Migration`] when a newer program made the tables.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::check_url(url)?;
        let options = PgConnectOptions::from_str(url).map_err(|error| from_sqlx(&error))?;
        let writer = Writer::open(&options).await?;
        let next = writer.next_lsn();
        let inner = Arc::new(Inner {
            reads: Reads::new(options),
            runtime: Handle::current(),
            queue: Queue::new(next),
            durable: AtomicU64::new(next),
            trouble: Mutex::default(),
        });
        let task = tokio::spawn(writer.run(inner.clone()));
        Ok(Self { inner, writer: Mutex::new(Some(task)) })
    }

    /// Refuses further appends, makes the waiting ones durable and lets the database go.
    pub async fn close(&self) {
        self.inner.queue.close();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the writer of positions ended badly");
        }
        self.inner.reads.close().await;
    }
}

impl Drop for PgHistory {
    /// The writer ends once everything that waits is durable.
    fn drop(&mut self) {
        self.inner.queue.close();
    }
}

impl PositionHistory for PgHistory {
    fn append(&self, batch: Vec<Position>) -> Result<Appended, HistoryError> {
        self.inner.queue.append(&batch)
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(self.inner.queue.resume())
    }

    fn waiting(&self) -> usize {
        self.inner.queue.waiting()
    }

    fn is_busy(&self) -> bool {
        self.inner.queue.waiting() >= BUSY
    }

    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>> {
        Box::pin(self.inner.reads.range(query))
    }

    fn area(&self, query: AreaQuery) -> BoxFuture<'_, Result<AreaPage, HistoryError>> {
        Box::pin(self.inner.reads.area(query))
    }

    fn erase(&self, tenant_id: TenantId, device_id: Option<DeviceId>) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(self.inner.reads.erase(tenant_id, device_id))
    }

    fn retain(&self, limits: Vec<Limits>) -> BoxFuture<'_, Result<Retained, HistoryError>> {
        Box::pin(self.inner.reads.retain(limits))
    }

    fn replay(&self, lsn: Lsn, each: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError> {
        let (mut from, end) = (lsn.max(1), self.next_lsn());
        while from < end {
            let to = (from + REPLAYED_AT_ONCE).min(end);
            let rows = self.inner.runtime.block_on(async {
                let mut handle = self.inner.reads.handle(Scope::System).await?;
                read::by_number(&mut handle, from, to).await.map_err(|error| to_port(&error))
            });
            let mut rows = rows?.into_iter().peekable();
            // What was erased leaves gaps.
            while let Some((first, position)) = rows.next() {
                let mut batch = vec![position];
                while let Some((_, next)) = rows.next_if(|(number, _)| *number == first + batch.len() as Lsn) {
                    batch.push(next);
                }
                each(first, batch);
            }
            from = to;
        }
        Ok(())
    }

    fn checkpoint(&self, _: Lsn) -> Result<(), HistoryError> {
        // Every record stays where it is: there is no log to be taken out of use.
        Ok(())
    }

    fn next_lsn(&self) -> Lsn {
        self.inner.durable.load(Ordering::Acquire)
    }

    fn health(&self) -> Result<(), String> {
        if self.writer.lock().as_ref().is_none_or(JoinHandle::is_finished) {
            return Err("position history is closed".to_owned());
        }
        self.inner.trouble.lock().clone().map_or(Ok(()), Err)
    }
}

/// Our failures in the words of the port.
fn to_port(error: &Error) -> HistoryError {
    match error {
        Error::Full => HistoryError::Full,
        Error::Fenced => HistoryError::Fenced,
        Error::Corrupt(what) => HistoryError::Corrupt(what.clone()),
        other => HistoryError::Io(other.to_string()),
    }
}
