use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{Id as _, MessageId};
use tracklane_core::model::{Caller, Role};
use tracklane_notify::webhook::{Guard, Schedule, Sender};
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
    newest_id: Mutex<MessageId>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Webhooks {
    /// Starts fan-out and delivery; they stop when `stop` is cancelled.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, with pointers into the section; `Internal` when there is no HTTP client.
    pub fn start(base: Arc<Base>, stop: CancellationToken) -> Result<Self> {
        let settings = &base.settings.webhooks;
        settings.check()?;
        let sender = Sender::new(settings.sender()).map_err(|error| Error::Internal(Box::new(error)))?;
        let inner = Arc::new(Inner {
            sender,
            guard: settings.guard(),
            schedule: settings.schedule(),
            wake: Notify::new(),
            newest_id: Mutex::new(MessageId::from_uuid(Uuid::nil())),
            workers: Mutex::default(),
            base,
        });
        let fanout = tokio::spawn(fanout::run(inner.clone(), stop.clone()));
        let delivery = tokio::spawn(delivery::run(inner.clone(), stop));
        *inner.workers.lock() = vec![fanout, delivery];
        Ok(Self(inner))
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

/// Refuses callers who see no webhooks at all.
pub(super) fn must_see(caller: &Caller) -> Result<()> {
    if matches!(caller.role, Role::Admin | Role::Operator | Role::Viewer) { Ok(()) } else { Err(Error::Forbidden) }
}
