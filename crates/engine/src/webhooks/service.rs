use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{Id as _, MessageId};
use tracklane_core::model::AttemptOutcome;
use tracklane_notify::webhook::{Guard, Schedule, Sender};
use tracklane_store::{Scope, cursors, events};
use uuid::Uuid;

use super::{delivery, fanout};
use crate::base::Base;
use crate::error::{Error, Result};

/// Webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub base: Arc<Base>,
    pub sender: Sender,
    pub guard: Guard,
    pub schedule: Schedule,
    /// Wakes the delivery: something may be due.
    pub wake: Notify,
    /// Attempts since the start, in the order of [`AttemptOutcome::ALL`].
    attempts: [AtomicU64; AttemptOutcome::ALL.len()],
    newest_id: Mutex<MessageId>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    /// True when another process does the work.
    elsewhere: bool,
}

impl Webhooks {
    /// Starts fan-out and delivery, unless they are for another process; they stop when `stop` is cancelled.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, with pointers into the section; `Internal` when there is no HTTP client.
    pub fn start(base: Arc<Base>, stop: Option<CancellationToken>) -> Result<Self> {
        let settings = &base.settings.webhooks;
        settings.check()?;
        let sender = Sender::new(settings.sender()).map_err(|error| Error::Internal(Box::new(error)))?;
        let inner = Arc::new(Inner {
            sender,
            guard: settings.guard(),
            schedule: settings.schedule(),
            wake: Notify::new(),
            attempts: Default::default(),
            newest_id: Mutex::new(MessageId::from_uuid(Uuid::nil())),
            workers: Mutex::default(),
            elsewhere: stop.is_none(),
            base,
        });
        if let Some(stop) = stop {
            let fanout = tokio::spawn(fanout::run(inner.clone(), stop.clone()));
            let delivery = tokio::spawn(delivery::run(inner.clone(), stop));
            *inner.workers.lock() = vec![fanout, delivery];
        }
        Ok(Self(inner))
    }

    /// How many attempts ended how, since the start: for metrics.
    pub fn attempt_counts(&self) -> impl Iterator<Item = (AttemptOutcome, u64)> {
        AttemptOutcome::ALL
            .into_iter()
            .zip(&self.0.attempts)
            .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }

    /// How many entries of the event log were not fanned out yet: for metrics.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn lag(&self) -> Result<u64> {
        let mut db = self.0.base.store.read(Scope::System).await?;
        let head = events::head_any_tenant(&mut db).await?;
        let reached = cursors::get_any_tenant(&mut db, fanout::CURSOR).await?;
        Ok(u64::try_from(head.number - reached.number).unwrap_or(0))
    }

    /// Whether the background work goes on.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn health(&self) -> Result<(), String> {
        let workers = self.0.workers.lock();
        if self.0.elsewhere {
            return Ok(());
        }
        if workers.is_empty() || workers.iter().any(JoinHandle::is_finished) {
            return Err("a webhook worker has ended".to_owned());
        }
        Ok(())
    }

    /// Waits until the background work has ended: after `stop` was cancelled. Deliveries on their way get a moment; what
    /// is not answered by then is sent again after the next start.
    pub async fn stopped(&self) {
        let workers = std::mem::take(&mut *self.0.workers.lock());
        for worker in workers {
            if let Err(error) = worker.await {
                tracing::error!(%error, "a webhook worker has failed");
            }
        }
    }
}

impl Inner {
    /// Counts an attempt.
    pub fn count(&self, outcome: AttemptOutcome) {
        for (known, count) in AttemptOutcome::ALL.iter().zip(&self.attempts) {
            if *known == outcome {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// New ids are greater than this one from here on.
    pub fn ids_follow(&self, id: MessageId) {
        let mut newest = self.newest_id.lock();
        *newest = id.max(*newest);
    }

    /// An id for a new message, greater than every one before: the order of ids is the order of delivery, and ids alone
    /// keep no order within a millisecond.
    pub fn next_id(&self) -> MessageId {
        let mut newest = self.newest_id.lock();
        let fresh = MessageId::new(&self.base.env);
        let next = Uuid::from_u128(newest.uuid().as_u128().wrapping_add(1));
        *newest = fresh.max(MessageId::from_uuid(next));
        *newest
    }
}
