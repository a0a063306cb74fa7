//! Group commit: appends queue up, one thread takes all of them, writes them as one frame, syncs once and completes them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, oneshot};
use tracklane_core::ports::Lsn;

use crate::batch;
use crate::core::Core;
use crate::error::Error;
use crate::row::{Key, Row};
use crate::wal::{MEMORY_KEPT, Rows, Wal};

/// What a row mostly takes at most in the log.
const USUAL_BYTES: usize = 64;
/// No append may be longer, so that a frame, which may hold a queue of others too, is far from 4 GiB.
const MOST_BYTES: usize = 1 << 30;

/// What an append learns: the numbers of its first and last record.
pub(crate) type Outcome = Result<(Lsn, Lsn), Arc<Error>>;

/// Appends that belong to one frame.
#[derive(Debug, Default)]
struct Group {
    payload: Vec<u8>,
    rows: Rows,
    appends: Vec<Append>,
}

#[derive(Debug)]
struct Append {
    records: u32,
    permits: u32,
    done: oneshot::Sender<Outcome>,
}

#[derive(Debug, Default)]
struct Waiting {
    group: Group,
    /// Whether the committer sleeps and has to be woken.
    sleeps: bool,
    closed: bool,
}

/// Where appends wait for the committer.
#[derive(Debug)]
pub(crate) struct Queue {
    room: Semaphore,
    capacity: usize,
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

impl Queue {
    pub(crate) fn new(capacity: usize) -> Self {
        let capacity = capacity.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self { room: Semaphore::new(capacity), capacity, waiting: Mutex::default(), wake: Condvar::new() }
    }

    /// Queues rows, at least one, and waits until they are durable or have failed. A batch larger than the queue takes
    /// all of it.
    pub(crate) async fn append(&self, rows: Rows) -> Outcome {
        // Encoded here, by many threads, rather than by the one that everybody waits for.
        let mut payload = Vec::with_capacity(rows.len() * USUAL_BYTES);
        batch::encode(&rows, &mut payload);
        if payload.len() > MOST_BYTES {
            return Err(Arc::new(Error::TooLarge));
        }
        // Rows with long attributes count for several.
        let weight = rows.len().max(payload.len() / USUAL_BYTES);
        let permits = weight.min(self.capacity) as u32;
        let Ok(room) = self.room.acquire_many(permits).await else { return Err(Arc::new(Error::Closed)) };
        let (done, outcome) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock();
            if waiting.closed {
                return Err(Arc::new(Error::Closed));
            }
            let group = &mut waiting.group;
            group.appends.push(Append { records: rows.len() as u32, permits, done });
            group.payload.extend_from_slice(&payload);
            group.rows.extend(rows);
            room.forget();
            if std::mem::take(&mut waiting.sleeps) {
                self.wake.notify_one();
            }
        }
        outcome.await.unwrap_or_else(|_| Err(Arc::new(Error::Closed)))
    }

    /// Refuses further appends; the waiting ones are still taken.
    pub(crate) fn close(&self) {
        self.room.close();
        self.waiting.lock().closed = true;
        self.wake.notify_one();
    }

    /// Swaps what waits for the empty `group`, as soon as anything does. False when closed and all is taken.
    fn take(&self, group: &mut Group) -> bool {
        let mut waiting = self.waiting.lock();
        while waiting.group.appends.is_empty() {
            if waiting.closed {
                return false;
            }
            waiting.sleeps = true;
            self.wake.wait(&mut waiting);
        }
        waiting.sleeps = false;
        std::mem::swap(&mut waiting.group, group);
        true
    }
}

/// However the committer ends, nobody waits for it in vain.
struct CloseAtEnd<'a>(&'a Queue);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
        self.0.waiting.lock().group.appends.clear();
    }
}

/// The thread's work: until the queue is closed and empty.
pub(crate) fn run(core: &Core, mut wal: Wal) {
    let _close = CloseAtEnd(&core.queue);
    let mut group = Group::default();
    while core.queue.take(&mut group) {
        let first_lsn = core.durable.load(Ordering::Relaxed);
        let written = core
            .wait_for_sealing()
            .and_then(|()| wal.append(first_lsn, group.rows.len(), &group.payload).map_err(Arc::new));
        match written {
            Ok(spares_wanted) => {
                core.append_works();
                let full = core.insert(group.rows.drain(..));
                if full || spares_wanted {
                    core.keeper.wake();
                }
            }
            Err(ref error) => core.append_fails(error),
        }
        complete(&core.queue, &mut group, first_lsn, written.err().as_ref());
    }
    // Proves at the next start that the last append was not torn.
    let end = core.durable.load(Ordering::Relaxed);
    if let Err(error) = wal.append(end, 0, &[]) {
        tracing::warn!(%error, "could not mark the end of the log");
    }
}

fn complete(queue: &Queue, group: &mut Group, mut lsn: Lsn, error: Option<&Arc<Error>>) {
    let mut permits = 0;
    for append in group.appends.drain(..) {
        permits += append.permits as usize;
        let end = lsn + u64::from(append.records);
        let outcome = error.map_or(Ok((lsn, end - 1)), |error| Err(Arc::clone(error)));
        lsn = end;
        // Whoever waited may have gone away; the positions are kept all the same.
        let _ = append.done.send(outcome);
    }
    group.payload.clear();
    group.payload.shrink_to(MEMORY_KEPT);
    group.rows.clear();
    group.rows.shrink_to(MEMORY_KEPT / size_of::<(Key, Row)>());
    queue.room.add_permits(permits);
}
