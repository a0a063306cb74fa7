//! The fleet legs on the way, by driver: whose position is that of which shipments, and which of them it may move.
//!
//! This is a hint, not the truth: it says for which shipments a milestone may be due. The transaction that records the
//! milestone looks again, under the shipment's lock.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use tracklane_core::Timestamp;
use tracklane_core::id::{DriverId, LegId, LocationId, ShipmentId, TenantId};
use tracklane_core::lifecycle::Status;
use tracklane_core::milestone::{MilestonePolicy, Whereabouts};
use tracklane_core::model::{Leg, LegMode, LegState, Location, Shipment, Tenant};

use super::zones::{ZoneKey, Zones};
use crate::by_id::ById;
use crate::shipments::route::is_last;

/// A fleet leg on its way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WatchedLeg {
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Its shipment.
    pub shipment_id: ShipmentId,
    /// The leg.
    pub leg_id: LegId,
    /// Who drives.
    pub driver_id: DriverId,
    /// Since when the vehicle's place may move it; none for legs that nobody drives.
    pub since: Option<Timestamp>,
    /// How far positions alone may move it.
    pub policy: MilestonePolicy,
    /// Where the shipment stands.
    pub status: Status,
    /// The finer status.
    pub substatus: Option<String>,
    /// Where the leg starts.
    pub origin_id: Option<LocationId>,
    /// Where it ends.
    pub destination_id: Option<LocationId>,
    /// True when it ends at the recipient.
    pub last: bool,
    /// The locations that have zones because of this leg.
    needs: Vec<LocationId>,
    /// The version of the shipment that this was read from.
    version: i64,
}

impl WatchedLeg {
    /// True when nothing that matters to positions differs.
    fn says_the_same(&self, other: &Self) -> bool {
        Self { version: other.version, ..self.clone() } == *other
    }

    /// True for the zones around the ends of this leg.
    pub fn concerns(&self, key: ZoneKey) -> bool {
        match key {
            ZoneKey::Custom(_) => false,
            ZoneKey::Hub(id) => self.origin_id == Some(id) || self.destination_id == Some(id),
            ZoneKey::Approach(id) => self.destination_id == Some(id),
        }
    }

    /// Where the vehicle is, as seen by this leg, given the zones that it is in.
    pub fn whereabouts(&self, is_in: impl Fn(ZoneKey) -> bool) -> Whereabouts {
        Whereabouts {
            at_origin: self.origin_id.is_some_and(|id| is_in(ZoneKey::Hub(id))),
            near_destination: self.destination_id.is_some_and(|id| is_in(ZoneKey::Approach(id))),
            at_destination: self.destination_id.is_some_and(|id| is_in(ZoneKey::Hub(id))),
        }
    }
}

/// Every fleet leg on the way.
#[derive(Default)]
pub(crate) struct Watch {
    inner: RwLock<Inner>,
    /// Grows with each change, so that a shard can see without a lock that nothing is new.
    generation: AtomicU64,
}

#[derive(Default)]
struct Inner {
    by_shipment: ById<ShipmentId, Arc<WatchedLeg>>,
    by_driver: ById<DriverId, Vec<ShipmentId>>,
    unwatched: Unwatched,
}

/// How many shipments that need no watch are remembered.
const UNWATCHED: usize = 10_000;

/// The shipments that were last said to need no watch, with their versions, so that what was committed before that and is
/// told after it does not put them back. Between a commit and its telling lies no waiting, so that a few would do.
#[derive(Default)]
struct Unwatched {
    versions: HashMap<ShipmentId, i64>,
    order: VecDeque<ShipmentId>,
}

impl Unwatched {
    fn note(&mut self, id: ShipmentId, version: i64) {
        if self.versions.insert(id, version).is_some() {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > UNWATCHED
            && let Some(oldest) = self.order.pop_front()
        {
            self.versions.remove(&oldest);
        }
    }
}

impl Watch {
    /// Grows with each change.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// What a driver has on the way.
    pub fn legs_of(&self, driver: DriverId) -> Vec<Arc<WatchedLeg>> {
        let inner = self.inner.read();
        let shipments = inner.by_driver.get(&driver).into_iter().flatten();
        shipments.filter_map(|id| inner.by_shipment.get(id)).cloned().collect()
    }

    /// The shipments that a driver has on the way.
    pub fn shipments_of(&self, driver: DriverId) -> Vec<ShipmentId> {
        self.inner.read().by_driver.get(&driver).cloned().unwrap_or_default()
    }

    /// How many legs a driver has on the way.
    pub fn load_of(&self, driver: DriverId) -> usize {
        self.inner.read().by_driver.get(&driver).map_or(0, Vec::len)
    }

    /// Every shipment that is watched, and whose it is.
    pub fn all(&self) -> Vec<(TenantId, ShipmentId)> {
        self.inner.read().by_shipment.values().map(|leg| (leg.tenant_id, leg.shipment_id)).collect()
    }

    /// How many legs are on the way.
    pub fn len(&self) -> usize {
        self.inner.read().by_shipment.len()
    }

    /// Notes a shipment as it was committed, with all its legs; `places` are the ends of its active leg.
    pub fn refresh(&self, zones: &Zones, tenant: &Tenant, shipment: &Shipment, legs: &[Leg], places: &[Location]) {
        let mut inner = self.inner.write();
        let known = inner.by_shipment.get(&shipment.id);
        // Two commits may tell of themselves in the wrong order.
        let told = known.map(|known| known.version).max(inner.unwatched.versions.get(&shipment.id).copied());
        if told > Some(shipment.version) {
            return;
        }
        let next = watched(shipment, legs, places);
        for id in next.iter().flat_map(|leg| &leg.needs) {
            if let Some(place) = places.iter().find(|place| place.id == *id) {
                zones.need(tenant, place);
            }
        }
        let news = match (known, &next) {
            (Some(known), Some(next)) => !known.says_the_same(next),
            (known, next) => known.is_some() || next.is_some(),
        };
        if let Some(gone) = inner.by_shipment.remove(&shipment.id) {
            for id in &gone.needs {
                zones.release(gone.tenant_id, *id);
            }
            inner.unlink(gone.driver_id, shipment.id);
        }
        if next.is_none() {
            inner.unwatched.note(shipment.id, shipment.version);
        }
        if let Some(leg) = next {
            inner.by_driver.entry(leg.driver_id).or_default().push(shipment.id);
            inner.by_shipment.insert(shipment.id, Arc::new(leg));
        }
        drop(inner);
        if news {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }
}

impl Inner {
    fn unlink(&mut self, driver: DriverId, shipment: ShipmentId) {
        let Some(shipments) = self.by_driver.get_mut(&driver) else { return };
        shipments.retain(|id| *id != shipment);
        if shipments.is_empty() {
            self.by_driver.remove(&driver);
        }
    }
}

/// Since when a driver's place may move a leg: since the driver has it, and the leg before it is over. Before that the
/// vehicle may have been anywhere, on the way with something else.
pub(crate) fn since(leg: &Leg) -> Option<Timestamp> {
    let handed_over = leg.started_at.filter(|_| leg.position > 1);
    leg.driver_since.max(handed_over)
}

/// The leg of a shipment that a driver has on the way now, if there is one.
fn watched(shipment: &Shipment, legs: &[Leg], places: &[Location]) -> Option<WatchedLeg> {
    if shipment.status.is_terminal() {
        return None;
    }
    let leg = legs.iter().find(|leg| leg.state == LegState::Active && leg.mode == LegMode::Fleet)?;
    let driver_id = leg.driver_id?;
    let ends = [leg.origin_id, leg.destination_id];
    // What no position moves needs no zones: its driver alone is of interest.
    let moves = shipment.milestones != MilestonePolicy::Off;
    let needs = places.iter().map(|place| place.id).filter(|id| moves && ends.contains(&Some(*id)));
    Some(WatchedLeg {
        tenant_id: shipment.tenant_id,
        shipment_id: shipment.id,
        leg_id: leg.id,
        driver_id,
        since: since(leg),
        policy: shipment.milestones,
        status: shipment.status,
        substatus: shipment.substatus.clone(),
        origin_id: leg.origin_id,
        destination_id: leg.destination_id,
        last: is_last(leg, legs),
        needs: needs.collect(),
        version: shipment.version,
    })
}

#[cfg(test)]
mod tests;
