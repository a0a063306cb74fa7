//! The thread that writes, and what runs there.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;

use rusqlite::Connection;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use super::closed;
use super::statement::from_rusqlite;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::stamps::Stamps;

thread_local! {
    /// Whether this thread is one that writes.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// The thread that writes: it takes up one task after the other, as each gets on.
pub(super) struct Home {
    runtime: Handle,
    /// Ends the thread when it is dropped.
    _stop: oneshot::Sender<()>,
    /// The one connection that writes.
    pub writer: Arc<Mutex<Writer>>,
}

impl Home {
    /// Starts the thread and opens the connection there.
    pub async fn start(
        stamps: Arc<Stamps>,
        connect: impl FnOnce() -> Result<Connection> + Send + 'static,
    ) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = oneshot::channel();
        let work = move || {
            HERE.set(true);
            let runtime = match Builder::new_current_thread().enable_time().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(Error::Unavailable(error.to_string())))),
            };
            match connect() {
                Ok(connection) => {
                    let _gone = ready.send(Ok((runtime.handle().clone(), connection)));
                    // Nothing is ever sent: the sender is dropped with the last handle.
                    let _dropped = runtime.block_on(stopped);
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        };
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(work)
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let (runtime, connection) = started.await.map_err(|_| closed())??;
        Ok(Self { runtime, _stop: stop, writer: Arc::new(Mutex::new(Writer::new(connection, stamps))) })
    }

    /// Whether the caller is on such a thread.
    pub fn is_here() -> bool {
        HERE.get()
    }

    /// Starts a task on this thread.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.runtime.spawn(work)
    }

    /// Does work on such a thread. Where the caller is on none, it goes on though the caller gives up.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        if Self::is_here() {
            return work.await;
        }
        self.spawn(work).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    /// Closes the connection.
    pub async fn close(&self) -> Result<()> {
        let writer = self.writer.clone();
        self.run(async move {
            let connection = writer.lock().await.take();
            connection.map_or(Ok(()), |connection| connection.close().map_err(|(_, error)| from_rusqlite(&error)))
        })
        .await
    }
}
