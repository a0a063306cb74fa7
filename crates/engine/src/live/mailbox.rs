//! Where positions wait for one subscriber: the newest of each device, and no more. And whether the log has something for it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::sync::Notify;
use tracklane_core::event::LogPosition;
use tracklane_core::id::{DeviceId, ShipmentId};
use tracklane_core::model::{Caller, DeviceLatest, Role};

use super::filter::{Interest, Sieve};

/// How many devices may wait at the same time; what has waited longest goes first.
const CAPACITY: usize = 20_000;

/// A position on its way to a subscriber.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub latest: Arc<DeviceLatest>,
    /// The shipments on whose way it was sent.
    pub shipments: SmallVec<[ShipmentId; 4]>,
}

/// Where positions wait for one subscriber.
pub(super) struct Mailbox {
    /// What the subscriber wants.
    pub sieve: ArcSwap<Sieve>,
    /// Fires when something was put in, or when the log has something.
    pub filled: Notify,
    /// For whom it is.
    pub caller: Caller,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    waiting: HashMap<DeviceId, Parcel>,
    order: VecDeque<DeviceId>,
    /// The devices last seen inside the viewport.
    inside: HashSet<DeviceId>,
    /// Up to here the log has nothing for the subscriber, as long as it is not behind.
    quiet: LogPosition,
    /// The log may have something: the subscriber must look.
    behind: bool,
}

impl Mailbox {
    /// An empty mailbox.
    pub fn new(caller: Caller, sieve: Sieve) -> Self {
        let inner = Inner { behind: true, ..Inner::default() };
        Self { sieve: ArcSwap::from_pointee(sieve), filled: Notify::new(), caller, inner: Mutex::new(inner) }
    }

    /// The log may have something for the subscriber.
    pub fn fall_behind(&self) {
        self.inner.lock().behind = true;
        self.filled.notify_one();
    }

    /// There is more in the log than the subscriber has taken up: it looks again.
    pub fn stay_behind(&self) {
        self.inner.lock().behind = true;
    }

    /// The log has nothing for the subscriber up to `head`, but for what it was told of before.
    pub fn stay_quiet(&self, head: LogPosition) {
        let mut inner = self.inner.lock();
        if !inner.behind {
            inner.quiet = inner.quiet.max(head);
        }
    }

    /// None when the subscriber must look at the log, which it is taken to do from here on; otherwise up to where it need
    /// not.
    pub fn quiet(&self) -> Option<LogPosition> {
        let mut inner = self.inner.lock();
        if std::mem::take(&mut inner.behind) { None } else { Some(inner.quiet) }
    }

    /// Puts a position in, in place of an older one of the same device, if the subscriber wants it. `shared` is made by
    /// the first one who does.
    pub fn offer(&self, latest: &DeviceLatest, shipments: &[ShipmentId], shared: &mut Option<Arc<DeviceLatest>>) {
        // Whose shipments they are is looked up when the mailbox is emptied: that may take a read from the store.
        let visible = match self.caller.role {
            Role::Admin | Role::Operator | Role::Viewer => true,
            Role::Driver => latest.driver_id.is_some() && latest.driver_id == self.caller.driver_id,
            Role::Customer => !shipments.is_empty(),
            Role::Device => false,
        };
        if !visible {
            return;
        }
        let interest = self.sieve.load().wants_position(latest.driver_id, shipments, latest.point);
        if interest == Interest::None {
            return;
        }
        let mut inner = self.inner.lock();
        match interest {
            Interest::Inside => {
                inner.inside.insert(latest.device_id);
            }
            Interest::Outside if !inner.inside.remove(&latest.device_id) => return,
            Interest::Named | Interest::Outside | Interest::None => {}
        }
        let latest = shared.get_or_insert_with(|| Arc::new(latest.clone())).clone();
        inner.put(Parcel { latest, shipments: SmallVec::from_slice(shipments) });
        drop(inner);
        self.filled.notify_one();
    }

    /// Takes out the position that has waited longest.
    pub fn take(&self) -> Option<Parcel> {
        let mut inner = self.inner.lock();
        let device = inner.order.pop_front()?;
        inner.waiting.remove(&device)
    }

    /// Forgets what waits: something else is wanted now.
    pub fn clear(&self) {
        *self.inner.lock() = Inner { behind: true, ..Inner::default() };
    }
}

impl Inner {
    fn put(&mut self, parcel: Parcel) {
        let device = parcel.latest.device_id;
        if self.waiting.insert(device, parcel).is_some() {
            return;
        }
        self.order.push_back(device);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.waiting.remove(&oldest);
        }
    }
}
