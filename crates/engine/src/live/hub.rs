use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracklane_core::event::LogPosition;
use tracklane_core::id::{ShipmentId, TenantId};
use tracklane_core::model::{Caller, DeviceLatest, Role};
use tracklane_store::{Scope, events};

use super::filter::{Filter, Sieve};
use super::listeners::{Hearing, Listeners};
use super::mailbox::Mailbox;
use super::ring::{Placed, Ring};
use super::subscription::Subscription;
use crate::base::Base;
use crate::error::{Error, Result};

/// How many events are read in one turn.
const TURN: u32 = 500;

/// The least time between the beginnings of two looks: an event after a longer pause does not wait.
const GAP: Duration = Duration::from_millis(5);

/// How long an event of another process may wait until we look.
const POLL: Duration = Duration::from_millis(500);

/// How long to wait after an error.
const PAUSE: Duration = Duration::from_secs(1);

/// The live stream. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Hub>);

pub(super) struct Hub {
    pub base: Arc<Base>,
    pub ring: Ring,
    /// Cancelled when every subscription is to end.
    pub stop: CancellationToken,
    listeners: RwLock<HashMap<TenantId, Listeners>>,
    /// How many mailboxes there are: most installations have moments without any, and then a position costs one look.
    connections: AtomicUsize,
    /// Whose subscribers to all positions are to be woken.
    calls: Mutex<Vec<TenantId>>,
    /// Fires when there is somebody to call.
    called: Notify,
}

impl Live {
    /// Starts reading the log; it stops when `stop` is cancelled, and every subscription ends.
    pub fn start(base: Arc<Base>, stop: CancellationToken) -> Self {
        let hub = Arc::new(Hub {
            base,
            ring: Ring::new(),
            stop,
            listeners: RwLock::default(),
            connections: AtomicUsize::new(0),
            calls: Mutex::default(),
            called: Notify::new(),
        });
        tokio::spawn(tail(hub.clone()));
        tokio::spawn(call(hub.clone()));
        Self(hub)
    }

    /// Subscribes: from `resume` on, or from now on. What the caller may not see is left out, whatever the filter says.
    ///
    /// # Errors
    /// `Invalid` for a bad filter; `Forbidden` for devices; or when the store does not answer.
    pub async fn subscribe(
        &self,
        caller: &Caller,
        filter: Filter,
        resume: Option<LogPosition>,
    ) -> Result<Subscription> {
        if caller.role == Role::Device {
            return Err(Error::Forbidden);
        }
        filter.check()?;
        let mut db = self.0.base.store.read(Scope::System).await?;
        let head = events::head_any_tenant(&mut db).await?;
        drop(db);
        // A place that the log has not reached is of another log: then from now on.
        let from = resume.filter(|resume| *resume <= head).unwrap_or(head);
        let mailbox = Arc::new(Mailbox::new(caller.clone(), Sieve::from(filter)));
        let hearing = self.0.listeners.write().entry(caller.tenant_id).or_default().add(&mailbox);
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Subscription::new(self.0.clone(), caller.clone(), mailbox, hearing, from, head))
    }

    /// Hands out the newest positions of devices of a tenant, each with the shipments whose active fleet leg its driver carries.
    /// Costs one look while nobody listens.
    pub fn publish_positions<'a>(
        &self,
        tenant: TenantId,
        positions: impl Iterator<Item = (&'a DeviceLatest, Vec<ShipmentId>)>,
    ) {
        if self.0.connections.load(Ordering::Relaxed) == 0 {
            return;
        }
        let wanted = self.0.listeners.read().get(&tenant).is_some_and(|listeners| {
            positions.fold(false, |wanted, (latest, shipments)| listeners.offer(latest, &shipments) | wanted)
        });
        if wanted {
            self.0.calls.lock().push(tenant);
            self.0.called.notify_one();
        }
    }

    /// How many subscriptions there are.
    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::Relaxed)
    }
}

impl Hub {
    /// Takes a mailbox out: its subscriber has gone.
    pub fn leave(&self, tenant: TenantId, mailbox: &Arc<Mailbox>) {
        let mut all = self.listeners.write();
        let Some(listeners) = all.get_mut(&tenant) else { return };
        listeners.remove(mailbox);
        if listeners.len() == 0 {
            all.remove(&tenant);
        }
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// Gives a mailbox another sieve. Answers where its subscriber hears every position, if that is so.
    pub fn change(&self, tenant: TenantId, mailbox: &Arc<Mailbox>, sieve: Sieve) -> Option<Hearing> {
        self.listeners.write().get_mut(&tenant)?.change(mailbox, sieve)
    }

    /// Wakes those who may want one of these events, which are in the ring by now.
    fn tell(&self, events: &[Placed]) {
        let head = self.ring.head();
        for (tenant, listeners) in &*self.listeners.read() {
            let theirs = events.iter().map(|(_, event)| &**event).filter(|event| event.tenant_id == *tenant);
            listeners.tell(theirs, head);
        }
    }
}

/// Wakes those who hear every position: not by whoever publishes one, who has others waiting, and for all the positions
/// that came meanwhile at once.
async fn call(hub: Arc<Hub>) {
    loop {
        tokio::select! {
            () = hub.stop.cancelled() => return,
            () = hub.called.notified() => {}
        }
        let tenants = std::mem::take(&mut *hub.calls.lock());
        let listeners = hub.listeners.read();
        tenants.iter().filter_map(|tenant| listeners.get(tenant)).for_each(Listeners::call);
    }
}

/// Reads the log into the ring.
async fn tail(hub: Arc<Hub>) {
    let mut changed = hub.base.store.events_changed();
    let mut started = false;
    loop {
        // Before the look, so that what is appended during it wakes us.
        changed.borrow_and_update();
        let earliest = Instant::now() + GAP;
        let wait = match turn(&hub, &mut started).await {
            Ok(true) => continue,
            Ok(false) => POLL,
            Err(error) => {
                tracing::warn!(%error, "could not read the event log for live streams; it will be tried again");
                PAUSE
            }
        };
        tokio::select! {
            () = hub.stop.cancelled() => return,
            Ok(()) = changed.changed(), if wait == POLL => {}
            () = sleep(wait) => {}
        }
        // Where much happens, several commits are looked at together.
        sleep_until(earliest).await;
    }
}

/// Reads some events. Answers whether there may be more.
async fn turn(hub: &Hub, started: &mut bool) -> Result<bool> {
    let mut db = hub.base.store.read(Scope::System).await?;
    if !*started {
        hub.ring.start(events::head_any_tenant(&mut db).await?);
        // Who subscribed before may be behind.
        hub.listeners.read().values().for_each(Listeners::tell_all);
        *started = true;
    }
    let events = events::after_any_tenant(&mut db, hub.ring.head(), TURN).await?;
    if events.is_empty() {
        return Ok(false);
    }
    let more = events.len() >= TURN as usize;
    let events: Vec<Placed> = events.into_iter().map(|(place, event)| (place, Arc::new(event))).collect();
    hub.ring.extend(&events);
    hub.tell(&events);
    Ok(more)
}
