//! Who listens, by what they want: a position or an event finds those who named it without asking everybody.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use smallvec::SmallVec;
use tracklane_core::event::{Event, LogPosition};
use tracklane_core::id::{DriverId, ShipmentId, ZoneId};
use tracklane_core::model::{DeviceLatest, Role};

use super::broadcast::Broadcast;
use super::filter::Sieve;
use super::mailbox::Mailbox;

type Group = Vec<Arc<Mailbox>>;

/// Where a subscriber hears every position, and how far it has come there.
pub(super) struct Hearing {
    pub broadcast: Arc<Broadcast>,
    pub place: u64,
}

/// The mailboxes of one tenant.
#[derive(Default)]
pub(super) struct Listeners {
    all: Group,
    /// Those that hear every position, out of what is kept once for all of them.
    hearers: Group,
    broadcast: Arc<Broadcast>,
    /// Those that look at every position: who wants those in a part of the map, or may see only some.
    positions: Group,
    /// Those that look at every event: who wants all of them, or may see only some.
    events: Group,
    drivers: HashMap<DriverId, Group>,
    shipments: HashMap<ShipmentId, Group>,
    zones: HashMap<ZoneId, Group>,
}

impl Listeners {
    /// Puts a mailbox in, by its sieve. Answers where its subscriber hears every position, if that is so.
    pub fn add(&mut self, mailbox: &Arc<Mailbox>) -> Option<Hearing> {
        self.all.push(mailbox.clone());
        self.index(mailbox)
    }

    /// Takes a mailbox out.
    pub fn remove(&mut self, mailbox: &Arc<Mailbox>) {
        take(&mut self.all, mailbox);
        self.unindex(mailbox);
    }

    /// Gives a mailbox another sieve. Answers as [`Listeners::add`] does.
    pub fn change(&mut self, mailbox: &Arc<Mailbox>, sieve: Sieve) -> Option<Hearing> {
        self.unindex(mailbox);
        mailbox.sieve.store(Arc::new(sieve));
        self.index(mailbox)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Offers a position to everybody who may want it, once. Answers whether [`Listeners::call`] is wanted.
    pub fn offer(&self, latest: &DeviceLatest, shipments: &[ShipmentId]) -> bool {
        let mut named: SmallVec<[&Arc<Mailbox>; 8]> = SmallVec::new();
        named.extend(latest.driver_id.and_then(|id| self.drivers.get(&id)).into_iter().flatten());
        named.extend(shipments.iter().filter_map(|id| self.shipments.get(id)).flatten());
        once(&mut named);
        named.retain(|mailbox| !mailbox.sieve.load().looks_at_every_position());
        let mut shared = None;
        for mailbox in self.positions.iter().chain(named) {
            mailbox.offer(latest, shipments, &mut shared);
        }
        !self.hearers.is_empty() && self.broadcast.put(shared.unwrap_or_else(|| Arc::new(latest.clone())))
    }

    /// Wakes those who hear every position.
    pub fn call(&self) {
        self.broadcast.called();
        self.hearers.iter().for_each(|mailbox| mailbox.filled.notify_one());
    }

    /// Tells of events those who may want one of them, and everybody that the log goes up to `head`.
    pub fn tell<'a>(&self, events: impl Iterator<Item = &'a Event> + Clone, head: LogPosition) {
        if events.clone().next().is_some() {
            let mut named: SmallVec<[&Arc<Mailbox>; 8]> = SmallVec::new();
            for event in events {
                named.extend(event.driver_id.and_then(|id| self.drivers.get(&id)).into_iter().flatten());
                named.extend(event.shipment_id.and_then(|id| self.shipments.get(&id)).into_iter().flatten());
                named.extend(event.zone_id.and_then(|id| self.zones.get(&id)).into_iter().flatten());
            }
            once(&mut named);
            self.events.iter().chain(named).for_each(|mailbox| mailbox.fall_behind());
        }
        self.all.iter().for_each(|mailbox| mailbox.stay_quiet(head));
    }

    /// Has everybody look at the log.
    pub fn tell_all(&self) {
        self.all.iter().for_each(|mailbox| mailbox.fall_behind());
    }

    fn index(&mut self, mailbox: &Arc<Mailbox>) -> Option<Hearing> {
        let sieve = mailbox.sieve.load();
        let put = |group: &mut Group| group.push(mailbox.clone());
        let hears_all = hears_every_position(mailbox, &sieve);
        if hears_all {
            put(&mut self.hearers);
        } else if sieve.looks_at_every_position() {
            put(&mut self.positions);
        }
        if looks_at_every_event(mailbox, &sieve) {
            put(&mut self.events);
        }
        if !sieve.is_wide() {
            sieve.drivers.iter().for_each(|id| put(self.drivers.entry(*id).or_default()));
            sieve.shipments.iter().for_each(|id| put(self.shipments.entry(*id).or_default()));
            sieve.zones.iter().for_each(|id| put(self.zones.entry(*id).or_default()));
        }
        hears_all.then(|| Hearing { place: self.broadcast.head(), broadcast: self.broadcast.clone() })
    }

    fn unindex(&mut self, mailbox: &Arc<Mailbox>) {
        let sieve = mailbox.sieve.load();
        if hears_every_position(mailbox, &sieve) {
            take(&mut self.hearers, mailbox);
            if self.hearers.is_empty() {
                // Nobody has a place in it any more.
                self.broadcast = Arc::default();
            }
        } else if sieve.looks_at_every_position() {
            take(&mut self.positions, mailbox);
        }
        if looks_at_every_event(mailbox, &sieve) {
            take(&mut self.events, mailbox);
        }
        if sieve.is_wide() {
            return;
        }
        sieve.drivers.iter().for_each(|id| take_of(&mut self.drivers, id, mailbox));
        sieve.shipments.iter().for_each(|id| take_of(&mut self.shipments, id, mailbox));
        sieve.zones.iter().for_each(|id| take_of(&mut self.zones, id, mailbox));
    }
}

/// Whoever may see all of the tenant and wants all of it.
fn hears_every_position(mailbox: &Mailbox, sieve: &Sieve) -> bool {
    sieve.is_wide() && sieve.looks_at_every_position() && sees_all(mailbox)
}

/// Whoever sees only some of the tenant must know of every change of whose a shipment is.
fn looks_at_every_event(mailbox: &Mailbox, sieve: &Sieve) -> bool {
    sieve.is_wide() || !sees_all(mailbox)
}

fn sees_all(mailbox: &Mailbox) -> bool {
    matches!(mailbox.caller.role, Role::Admin | Role::Operator | Role::Viewer)
}

/// Leaves each mailbox once.
fn once(named: &mut SmallVec<[&Arc<Mailbox>; 8]>) {
    named.sort_unstable_by_key(|mailbox| Arc::as_ptr(mailbox));
    named.dedup_by_key(|mailbox| Arc::as_ptr(mailbox));
}

fn take(group: &mut Group, mailbox: &Arc<Mailbox>) {
    if let Some(place) = group.iter().position(|other| Arc::ptr_eq(other, mailbox)) {
        group.swap_remove(place);
    }
}

fn take_of<K: Eq + Hash>(groups: &mut HashMap<K, Group>, key: &K, mailbox: &Arc<Mailbox>) {
    let Some(group) = groups.get_mut(key) else { return };
    take(group, mailbox);
    if group.is_empty() {
        groups.remove(key);
    }
}
