//! Connections that read.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::closed;
use super::statement::Opening;
use crate::error::{Error, Result};

/// How many there are at most.
const COUNT: usize = 8;
/// How long a caller waits for one before the database counts as unavailable.
const PATIENCE: Duration = Duration::from_secs(5);
/// For how long one is used. It learns of new statistics only when it opens the file.
const LIFE: Duration = Duration::from_secs(30 * 60);

thread_local! {
    /// Whether this thread does work that reads, and may wait for the disk.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// Connections that read, opened when they are needed and kept.
pub(super) struct Readers {
    opening: Arc<Opening>,
    permits: Arc<Semaphore>,
    /// For work that reads many times: no more threads than there are readers.
    threads: Arc<Semaphore>,
    idle: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: Connection,
    opened: Instant,
}

/// One of them, lent out.
pub struct Reader {
    /// None before the first statement, and while one runs.
    kept: Option<Kept>,
    readers: Arc<Readers>,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Readers {
    pub fn new(opening: Arc<Opening>) -> Self {
        let [permits, threads] = [(); 2].map(|()| Arc::new(Semaphore::new(COUNT)));
        Self { opening, permits, threads, idle: Mutex::default() }
    }

    /// Does work that reads many times, on a thread that may wait: there each statement is a function call.
    pub async fn at_once<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let thread = in_time(self.threads.clone().acquire_owned()).await?;
        let done = spawn_blocking(move || {
            READS.set(true);
            let done = Handle::current().block_on(work);
            READS.set(false);
            drop(thread);
            done
        });
        done.await.map_err(|error| Error::Unavailable(error.to_string()))
    }

    /// Waits for one.
    pub async fn acquire(self: &Arc<Self>) -> Result<Reader> {
        let permit = in_time(self.permits.clone().acquire_owned()).await?;
        let kept = self.idle.lock().pop();
        Ok(Reader { kept, readers: self.clone(), _permit: Arc::new(permit) })
    }

    /// Lends none any more.
    pub fn close(&self) {
        self.permits.close();
        self.threads.close();
        self.idle.lock().clear();
    }
}

/// Waits for a permit, for a while.
async fn in_time<T>(permit: impl Future<Output = std::result::Result<T, AcquireError>>) -> Result<T> {
    let permit = timeout(PATIENCE, permit).await;
    permit.map_err(|_| Error::Unavailable("all readers are busy".to_owned()))?.map_err(|_| closed())
}

impl Reader {
    /// Does something with the connection, on a thread that may wait.
    pub(super) async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.readers.permits.is_closed() {
            return Err(closed());
        }
        if READS.get() {
            return self.connection().and_then(work);
        }
        let mut working = Self { kept: self.kept.take(), readers: self.readers.clone(), _permit: self._permit.clone() };
        let done = spawn_blocking(move || {
            let outcome = working.connection().and_then(work);
            (working, outcome)
        });
        let (mut working, outcome) = done.await.map_err(|error| Error::Unavailable(error.to_string()))?;
        self.kept = working.kept.take();
        outcome
    }

    fn connection(&mut self) -> Result<&Connection> {
        if self.kept.as_ref().is_none_or(|kept| kept.opened.elapsed() > LIFE) {
            let connection = self.readers.opening.connect(&["PRAGMA query_only = on"])?;
            self.kept = Some(Kept { connection, opened: Instant::now() });
        }
        self.kept.as_ref().map(|kept| &kept.connection).ok_or_else(closed)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take()
            && !self.readers.permits.is_closed()
        {
            self.readers.idle.lock().push(kept);
        }
    }
}
