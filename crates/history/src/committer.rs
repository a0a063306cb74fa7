//! Group commit: appends queue up, one thread takes all of them, writes them as one frame, syncs once and completes them.
//!
//! Appends get their numbers when they queue up. When a frame cannot be written, it fails and so does everything behind it,
//! until somebody who has heard of that asks to go on: nothing is built upon what was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
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

/// Whether an append is durable.
pub(crate) type Outcome = Result<(), Arc<Error>>;

/// An append that has its numbers.
pub(crate) struct Queued {
    /// The number of its first record; that of the next one if it has none.
    pub first: Lsn,
    /// Told once it is durable.
    pub durable: oneshot::Receiver<Outcome>,
}

/// Appends that belong to one frame.
#[derive(Debug, Default)]
struct Group {
    payload: Vec<u8>,
    rows: Rows,
    /// What its rows count for.
    weight: usize,
    appends: Vec<oneshot::Sender<Outcome>>,
}

#[derive(Debug)]
struct Waiting {
    group: Group,
    /// The number that the next record gets.
    next: Lsn,
    /// Why nothing is taken any more, until somebody asks to go on.
    failed: Option<Arc<Error>>,
    /// Whoever asks to go on, to be told whether that works.
    resume: Vec<oneshot::Sender<Outcome>>,
    /// Whether the committer sleeps and has to be woken.
    sleeps: bool,
    closed: bool,
}

/// Where appends wait for the committer.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    /// Rows that wait or are being written; those with long attributes count for several.
    weight: AtomicUsize,
}

/// What the committer does next.
enum Work {
    /// Write the group.
    Write,
    /// See whether writing works again.
    Try(Vec<oneshot::Sender<Outcome>>),
    /// End.
    End,
}

impl Queue {
    pub(crate) fn new(next: Lsn) -> Self {
        let waiting =
            Waiting { group: Group::default(), next, failed: None, resume: Vec::new(), sleeps: false, closed: false };
        Self { waiting: Mutex::new(waiting), wake: Condvar::new(), weight: AtomicUsize::new(0) }
    }

    /// Gives rows their numbers and queues them. No rows are durable when everything before them is.
    pub(crate) fn append(&self, rows: Rows) -> Result<Queued, Arc<Error>> {
        // Encoded here, by many threads, rather than by the one that everybody waits for.
        let mut payload = Vec::with_capacity(rows.len() * USUAL_BYTES);
        batch::encode(&rows, &mut payload);
        if payload.len() > MOST_BYTES {
            return Err(Arc::new(Error::TooLarge));
        }
        let (done, durable) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(Arc::new(Error::Closed));
        }
        if let Some(error) = &waiting.failed {
            return Err(Arc::clone(error));
        }
        let first = waiting.next;
        waiting.next += rows.len() as u64;
        let weight = rows.len().max(payload.len() / USUAL_BYTES);
        self.weight.fetch_add(weight, Ordering::Relaxed);
        let group = &mut waiting.group;
        group.weight += weight;
        group.appends.push(done);
        group.payload.extend_from_slice(&payload);
        group.rows.extend(rows);
        self.wake(&mut waiting);
        Ok(Queued { first, durable })
    }

    /// Asks to take appends again after one has failed. The answer says whether that works.
    pub(crate) fn resume(&self) -> oneshot::Receiver<Outcome> {
        let (done, outcome) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        if waiting.failed.is_some() && !waiting.closed {
            waiting.resume.push(done);
            self.wake(&mut waiting);
        } else {
            let _ = done.send(if waiting.closed { Err(Arc::new(Error::Closed)) } else { Ok(()) });
        }
        outcome
    }

    /// How many rows wait or are being written; those with long attributes count for several.
    pub(crate) fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }

    /// Refuses further appends; the waiting ones are still taken.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.wake.notify_one();
    }

    fn wake(&self, waiting: &mut Waiting) {
        if std::mem::take(&mut waiting.sleeps) {
            self.wake.notify_one();
        }
    }

    /// Waits for something to do, and swaps what waits for the empty `group`.
    fn take(&self, group: &mut Group) -> Work {
        let mut waiting = self.waiting.lock();
        loop {
            if !waiting.group.appends.is_empty() {
                std::mem::swap(&mut waiting.group, group);
                waiting.sleeps = false;
                return Work::Write;
            }
            if !waiting.resume.is_empty() {
                return Work::Try(std::mem::take(&mut waiting.resume));
            }
            if waiting.closed {
                return Work::End;
            }
            waiting.sleeps = true;
            self.wake.wait(&mut waiting);
        }
    }

    /// Fails what waits behind a group that could not be written, and takes nothing more. The next record to be taken gets
    /// the number `next`.
    fn fail(&self, error: &Arc<Error>, next: Lsn) {
        let mut waiting = self.waiting.lock();
        waiting.failed = Some(Arc::clone(error));
        waiting.next = next;
        let mut behind = std::mem::take(&mut waiting.group);
        drop(waiting);
        self.complete(&mut behind, &Err(Arc::clone(error)));
    }

    /// Tells whoever waits for the group, and empties it.
    fn complete(&self, group: &mut Group, outcome: &Outcome) {
        self.weight.fetch_sub(std::mem::take(&mut group.weight), Ordering::Relaxed);
        for done in group.appends.drain(..) {
            // Whoever waited may have gone away; the positions are kept all the same.
            let _ = done.send(outcome.clone());
        }
        group.payload.clear();
        group.payload.shrink_to(MEMORY_KEPT);
        group.rows.clear();
        group.rows.shrink_to(MEMORY_KEPT / size_of::<(Key, Row)>());
    }
}

/// However the committer ends, nobody waits for it in vain.
struct CloseAtEnd<'a>(&'a Queue);

impl Drop for CloseAtEnd<'_> {
    fn drop(&mut self) {
        self.0.close();
        let mut waiting = self.0.waiting.lock();
        waiting.group.appends.clear();
        waiting.resume.clear();
    }
}

/// The thread's work: until the queue is closed and empty.
pub(crate) fn run(core: &Core, mut wal: Wal) {
    let _close = CloseAtEnd(&core.queue);
    let mut group = Group::default();
    loop {
        match core.queue.take(&mut group) {
            Work::Write => write(core, &mut wal, &mut group),
            Work::Try(asked) => {
                let outcome = resume(core, &mut wal);
                asked.into_iter().for_each(|done| drop(done.send(outcome.clone())));
            }
            Work::End => break,
        }
    }
    // Proves at the next start that the last append was not torn.
    let end = core.durable.load(Ordering::Relaxed);
    if let Err(error) = wal.append(end, 0, &[]) {
        tracing::warn!(%error, "could not mark the end of the log");
    }
}

fn write(core: &Core, wal: &mut Wal, group: &mut Group) {
    if group.rows.is_empty() {
        return core.queue.complete(group, &Ok(()));
    }
    let first_lsn = core.durable.load(Ordering::Relaxed);
    let written = core
        .wait_for_sealing()
        .and_then(|()| wal.append(first_lsn, group.rows.len(), &group.payload).map_err(Arc::new));
    match written {
        Ok(spares_wanted) => {
            core.append_works();
            core.view.read().active.fetch(&group.rows);
            let full = core.insert(group.rows.drain(..));
            if full || spares_wanted {
                core.keeper.wake();
            }
            core.queue.complete(group, &Ok(()));
        }
        Err(error) => {
            core.append_fails(&error);
            core.queue.fail(&error, first_lsn);
            core.queue.complete(group, &Err(error));
        }
    }
}

/// Writes a frame without records; when that works, appends are taken again.
fn resume(core: &Core, wal: &mut Wal) -> Outcome {
    let next = core.durable.load(Ordering::Relaxed);
    core.wait_for_sealing()?;
    wal.append(next, 0, &[]).map_err(Arc::new)?;
    core.append_works();
    core.queue.waiting.lock().failed = None;
    Ok(())
}
