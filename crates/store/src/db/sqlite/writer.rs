//! The one connection that writes, and the transactions on it.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::task::yield_now;
use uuid::Uuid;

use super::closed;
use super::home::Home;
use super::statement::run;
use crate::db::Value;
use crate::error::{Error, Result};
use crate::stamps::{Stamps, Written};

/// The connection and how its outer transaction stands.
pub(super) struct Writer {
    /// None once the file is closed.
    connection: Option<Connection>,
    /// The outer transaction is open.
    open: bool,
    /// A transaction was dropped; its savepoint is still there.
    abandoned: bool,
    /// Somebody is on the way to commit the outer transaction.
    flushing: bool,
    /// What the last statement that failed in the present transaction failed with.
    failure: Option<Error>,
    /// Transactions that are done and wait for the outer commit, with what they have written.
    waiting: Vec<(Written, oneshot::Sender<Result<()>>)>,
    stamps: Arc<Stamps>,
    /// As `stamps`, but counted when a transaction ends, durable or not: as the next one finds the records.
    seen: Arc<Stamps>,
}

impl Writer {
    pub fn new(connection: Connection, stamps: Arc<Stamps>) -> Self {
        Self {
            connection: Some(connection),
            open: false,
            abandoned: false,
            flushing: false,
            failure: None,
            waiting: Vec::new(),
            stamps,
            seen: Arc::new(Stamps::new()),
        }
    }

    /// Takes the connection out: nothing can be written any more.
    pub fn take(&mut self) -> Option<Connection> {
        self.connection.take()
    }

    fn statement(&mut self, sql: &'static str) -> Result<()> {
        run(self.connection.as_ref().ok_or_else(closed)?, sql, Vec::new()).map(drop)
    }

    fn begin(&mut self) -> Result<()> {
        self.undo_abandoned();
        self.failure = None;
        if !self.open {
            self.statement("BEGIN IMMEDIATE")?;
            self.open = true;
        }
        self.statement("SAVEPOINT tx").inspect_err(|error| self.lose(error))
    }

    fn undo_abandoned(&mut self) {
        if !std::mem::take(&mut self.abandoned) {
            return;
        }
        let undone = self.statement("ROLLBACK TO tx").and_then(|()| self.statement("RELEASE tx"));
        if let Err(error) = undone {
            // The savepoint is gone because an earlier failure took everything with it: that is what happened.
            let cause = self.failure.take().unwrap_or(error);
            self.lose(&cause);
        }
    }

    /// The outer commit. Everybody who waits for it learns how it ended.
    fn flush(&mut self) {
        self.flushing = false;
        self.undo_abandoned();
        if !self.open {
            return;
        }
        match self.statement("COMMIT") {
            Ok(()) => self.open = false,
            Err(error) => return self.lose(&error),
        }
        for (written, waiting) in self.waiting.drain(..) {
            self.stamps.note(&written);
            let _gone = waiting.send(Ok(()));
        }
    }

    /// The outer transaction is no more: SQLite itself rolls back when the disk is full, say. Nobody who waits for it was
    /// told that they are done.
    fn lose(&mut self, error: &Error) {
        let _already_rolled_back = self.statement("ROLLBACK");
        self.seen.note_all();
        self.open = false;
        self.abandoned = false;
        for (written, waiting) in self.waiting.drain(..) {
            // Whoever cannot know whether something was written must take it that it was.
            self.stamps.note(&written);
            let _gone = waiting.send(Err(error.clone()));
        }
    }
}

/// The writer, held by a transaction. Dropped, it leaves nothing of the transaction behind.
struct Held {
    writer: Option<OwnedMutexGuard<Writer>>,
    home: Arc<Home>,
}

impl Held {
    fn writer(&mut self) -> Result<&mut Writer> {
        self.writer.as_deref_mut().ok_or_else(closed)
    }

    /// Ends the savepoint. Answers what will say how the outer commit ended, and as of when what was written is seen. There
    /// is no waiting in here, so that nobody who gives up leaves it half done.
    fn release(mut self, written: Written) -> Result<(oneshot::Receiver<Result<()>>, u64)> {
        let mut writer = self.writer.take().ok_or_else(closed)?;
        writer.statement("RELEASE tx").inspect_err(|error| writer.lose(error))?;
        let seen = writer.seen.note(&written);
        let (done, outcome) = oneshot::channel();
        writer.waiting.push((written, done));
        flush_soon(&self.home, writer);
        Ok((outcome, seen))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(mut writer) = self.writer.take() {
            writer.abandoned = true;
            flush_soon(&self.home, writer);
        }
    }
}

/// Gives the writer to those in line, and sees to the outer commit once it was theirs.
fn flush_soon(home: &Arc<Home>, mut writer: OwnedMutexGuard<Writer>) {
    if std::mem::replace(&mut writer.flushing, true) {
        return;
    }
    drop(writer);
    let home_of_task = home.clone();
    home.spawn(async move {
        // Tasks that were woken meanwhile are not in line yet.
        yield_now().await;
        home_of_task.writer.lock().await.flush();
    });
}

/// A transaction: the writer, held until it is done.
pub struct WriteTx {
    /// None while a statement runs elsewhere: if nobody waits for its end, the transaction ends with it.
    held: Option<Held>,
    written: Written,
    seen: Arc<Stamps>,
}

impl WriteTx {
    /// Waits for the writer and begins.
    pub(super) async fn begin(home: &Arc<Home>) -> Result<Self> {
        let its = home.clone();
        let held = home.run(async move {
            let mut writer = its.writer.clone().lock_owned().await;
            writer.begin()?;
            let seen = writer.seen.clone();
            Ok((Held { writer: Some(writer), home: its }, seen))
        });
        let (held, seen) = held.await?;
        Ok(Self { held: Some(held), written: Written::default(), seen })
    }

    /// Whether these records are as they were at an instant that [`WriteTx::commit`] answered.
    pub(in crate::db) fn sees_unchanged(&self, then: u64, ids: &[Uuid]) -> bool {
        self.seen.unchanged(then, ids) && !self.written.has_any(ids)
    }

    /// Takes in what a statement writes.
    pub(super) fn note(&mut self, sql: &str, args: &[Value]) {
        self.written.add(sql, args);
    }

    /// Takes it that everything is written.
    pub(super) fn note_all(&mut self) {
        self.written.add_all();
    }

    /// Does something with the connection.
    pub(super) async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut held = self.held.take().ok_or_else(closed)?;
        let home = held.home.clone();
        let work = async move {
            let writer = held.writer()?;
            let outcome = work(writer.connection.as_ref().ok_or_else(closed)?);
            if let Err(error) = &outcome {
                writer.failure = Some(error.clone());
            }
            Ok((held, outcome))
        };
        let (held, outcome) = home.run(work).await?;
        self.held = Some(held);
        outcome
    }

    /// Makes it durable, together with those that are in line. Answers as of when what it wrote is seen by others.
    pub(super) async fn commit(mut self) -> Result<u64> {
        let held = self.held.take().ok_or_else(closed)?;
        let written = std::mem::take(&mut self.written);
        let home = held.home.clone();
        let (outcome, seen) = home.run(async move { held.release(written) }).await?;
        outcome.await.unwrap_or_else(|_| Err(closed()))?;
        Ok(seen)
    }
}
