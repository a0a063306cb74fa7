//! Where appends wait for the writer. They get their numbers here, in the order of the calls.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tracklane_core::ports::{Appended, HistoryError, Lsn};
use tracklane_core::position::Position;

use super::partitions::Window;
use super::rows;
use super::to_port;
use crate::error::Error;

type Outcome = Result<(), Error>;

/// Rows in the form of `COPY`, by the window they lie in.
pub(super) type Rows = BTreeMap<Window, Vec<u8>>;

/// Appends that go into one transaction.
#[derive(Default)]
pub(super) struct Group {
    pub rows: Rows,
    pub count: u64,
    appends: Vec<oneshot::Sender<Outcome>>,
}

/// The rows of one append in one window.
#[derive(Default)]
struct Encoded {
    rows: Vec<u8>,
    /// Which position of the append each is, and where its number goes.
    places: Vec<(u64, usize)>,
}

struct Waiting {
    group: Group,
    next: Lsn,
    /// Positions that wait or are being written.
    weight: usize,
    /// Why nothing is taken any more, until somebody asks to go on.
    failed: Option<Error>,
    resume: Vec<oneshot::Sender<Outcome>>,
    closed: bool,
}

pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

/// What the writer does next.
pub(super) enum Work {
    /// Write what waits.
    Write(Group),
    /// See whether writing works again.
    Try(Vec<oneshot::Sender<Outcome>>),
    /// End.
    End,
}

fn closed() -> Error {
    Error::Unavailable("position history is closed".to_owned())
}

impl Queue {
    pub fn new(next: Lsn) -> Self {
        let waiting =
            Waiting { group: Group::default(), next, weight: 0, failed: None, resume: Vec::new(), closed: false };
        Self { waiting: Mutex::new(waiting), wake: Notify::new() }
    }

    pub fn append(&self, batch: &[Position]) -> Result<Appended, HistoryError> {
        // Encoded here, by many threads, rather than by the one that everybody waits for.
        let mut encoded = BTreeMap::<Window, Encoded>::new();
        for (index, position) in (0_u64..).zip(batch) {
            let part = encoded.entry(Window::of(position)).or_default();
            let place = rows::encode(position, &mut part.rows).map_err(|error| to_port(&error))?;
            part.places.push((index, place));
        }
        let (done, durable) = oneshot::channel();
        let first = {
            let mut waiting = self.waiting.lock();
            if waiting.closed {
                return Err(to_port(&closed()));
            }
            if let Some(error) = &waiting.failed {
                return Err(to_port(error));
            }
            let first = waiting.next;
            for part in encoded.values_mut() {
                for (index, place) in &part.places {
                    rows::put_number(&mut part.rows, *place, first + index);
                }
            }
            waiting.next += batch.len() as u64;
            waiting.weight += batch.len();
            let group = &mut waiting.group;
            for (window, part) in encoded {
                group.rows.entry(window).or_default().extend_from_slice(&part.rows);
            }
            group.count += batch.len() as u64;
            group.appends.push(done);
            first
        };
        self.wake.notify_one();
        Ok(Appended { first, next: first + batch.len() as u64, durable: Box::pin(heard(durable)) })
    }

    pub async fn resume(&self) -> Result<(), HistoryError> {
        let (done, outcome) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock();
            match (waiting.closed, &waiting.failed) {
                (true, _) => return Err(to_port(&closed())),
                (_, None) => return Ok(()),
                _ => waiting.resume.push(done),
            }
        }
        self.wake.notify_one();
        heard(outcome).await
    }

    pub fn waiting(&self) -> usize {
        self.waiting.lock().weight
    }

    pub fn close(&self) {
        self.waiting.lock().closed = true;
        self.wake.notify_one();
    }

    /// Waits for something to do.
    pub async fn take(&self) -> Work {
        loop {
            {
                let mut waiting = self.waiting.lock();
                if !waiting.group.appends.is_empty() {
                    return Work::Write(std::mem::take(&mut waiting.group));
                }
                if !waiting.resume.is_empty() {
                    return Work::Try(std::mem::take(&mut waiting.resume));
                }
                if waiting.closed {
                    return Work::End;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Tells whoever waits for a group.
    pub fn complete(&self, group: Group, outcome: &Outcome) {
        self.waiting.lock().weight -= group.count as usize;
        for done in group.appends {
            // Whoever waited may have gone away; the positions are kept all the same.
            let _ = done.send(outcome.clone());
        }
    }

    /// Fails what waits behind a group that could not be written, and takes nothing more. The next record to be taken gets
    /// the number `next`.
    pub fn fail(&self, error: &Error, next: Lsn) {
        let behind = {
            let mut waiting = self.waiting.lock();
            waiting.failed = Some(error.clone());
            waiting.next = next;
            std::mem::take(&mut waiting.group)
        };
        self.complete(behind, &Err(error.clone()));
    }

    /// Takes appends again, from this number on.
    pub fn go_on(&self, next: Lsn) {
        let mut waiting = self.waiting.lock();
        (waiting.failed, waiting.next) = (None, next);
    }

    /// Leaves nobody waiting.
    pub fn end(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        waiting.group = Group::default();
        waiting.resume.clear();
    }
}

async fn heard(outcome: oneshot::Receiver<Outcome>) -> Result<(), HistoryError> {
    outcome.await.unwrap_or_else(|_| Err(closed())).map_err(|error| to_port(&error))
}
