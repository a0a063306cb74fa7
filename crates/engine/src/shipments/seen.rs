//! What each role sees of shipments. Drivers see what they carry, customers what they send or receive, as if nothing else
//! existed. To a customer the tenant's people are nobody's: who drives, who wrote a fact, and of the other side of the
//! shipment all but the first name stay hidden; where the driver is they hear while the driver has their goods.

use std::sync::Arc;

use tracklane_core::event::Event;
use tracklane_core::id::{DriverId, LocationId};
use tracklane_core::lifecycle::TrackingEvent;
use tracklane_core::model::{
    Address, Caller, Customer, DeviceLatest, Leg, LegMode, LegState, Location, LocationType, Role, Shipment,
};
use tracklane_core::position::Attributes;
use tracklane_store::{Db, Page, shipments};

use super::ShipmentFilter;
use crate::error::{Error, Result};

/// Refuses callers of narrow roles to whom the shipment does not belong, as if it did not exist.
pub(crate) fn must_see(caller: &Caller, shipment: &Shipment, legs: &[Leg]) -> Result<()> {
    let sees = match caller.role {
        Role::Admin | Role::Operator | Role::Viewer => true,
        Role::Driver => caller.driver_id.is_some_and(|own| carries(own, shipment, legs)),
        Role::Customer => {
            caller.customer_id.is_some_and(|own| [shipment.sender_id, shipment.recipient_id].contains(&Some(own)))
        }
        Role::Device => false,
    };
    if sees { Ok(()) } else { Err(Error::NotFound) }
}

fn carries(driver: DriverId, shipment: &Shipment, legs: &[Leg]) -> bool {
    shipment.driver_id == Some(driver) || legs.iter().any(|leg| leg.driver_id == Some(driver))
}

/// Holds a filter to what the caller may see; false when that is nothing.
pub(super) fn narrow(caller: &Caller, filter: &mut ShipmentFilter) -> Result<bool> {
    match caller.role {
        Role::Admin | Role::Operator | Role::Viewer => Ok(true),
        Role::Device => Err(Error::Forbidden),
        Role::Driver => {
            let own = caller.driver_id.ok_or(Error::Forbidden)?;
            let asked = filter.driver_id.replace(own);
            Ok(asked.is_none_or(|asked| asked == own))
        }
        Role::Customer => {
            let own = caller.customer_id.ok_or(Error::Forbidden)?;
            let asked = filter.customer_id.replace(own);
            // Whom they may not see they may not find by.
            Ok(filter.driver_id.is_none() && asked.is_none_or(|asked| asked == own))
        }
    }
}

/// The driver whose position is the shipment's: only while a leg of the own fleet is on its way, and begun.
pub(crate) fn carrying_driver(shipment: &Shipment, legs: &[Leg]) -> Option<DriverId> {
    let Shipment { status, picked_up_at, .. } = shipment;
    // A pick-up that nobody scanned has happened all the same once the shipment is further along.
    let begun = picked_up_at.is_some() || status.rank() > tracklane_core::lifecycle::Status::Assigned.rank();
    if !begun || !status.is_active() {
        return None;
    }
    let leg = legs.iter().find(|leg| leg.state == LegState::Active)?;
    if leg.mode == LegMode::Fleet { leg.driver_id } else { None }
}

/// What can be shown with less in it.
pub(crate) trait Shown: Sized {
    /// Hides what is not for customers.
    fn hide(&mut self);

    /// As the caller may see it.
    fn seen_by(mut self, caller: &Caller) -> Self {
        if caller.role == Role::Customer {
            self.hide();
        }
        self
    }
}

impl Shown for Shipment {
    fn hide(&mut self) {
        self.driver_id = None;
    }
}

impl Shown for Leg {
    fn hide(&mut self) {
        (self.driver_id, self.driver_since) = (None, None);
    }
}

impl Shown for TrackingEvent {
    fn hide(&mut self) {
        self.actor = None;
    }
}

impl Shown for DeviceLatest {
    /// The device stays: without it nobody could tell two positions apart.
    fn hide(&mut self) {
        self.driver_id = None;
        self.attributes = Attributes::new();
    }
}

impl Shown for Event {
    fn hide(&mut self) {
        (self.driver_id, self.device_id) = (None, None);
        self.data.remove("driver_id");
        if let Some(fact) = self.data.get_mut("fact").and_then(serde_json::Value::as_object_mut) {
            fact.remove("actor");
        }
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn hide(&mut self) {
        self.iter_mut().for_each(Shown::hide);
    }
}

impl<T: Shown + Clone> Shown for Arc<T> {
    fn hide(&mut self) {
        Self::make_mut(self).hide();
    }
}

/// A customer as the caller may see them: customers know of each other the first name.
pub(super) fn party(caller: &Caller, who: Customer) -> Customer {
    if caller.role != Role::Customer || caller.customer_id == Some(who.id) {
        return who;
    }
    let name = who.first_name().to_owned();
    Customer { name, reference: None, email: None, phone: None, language: None, address: Address::default(), ..who }
}

/// Whether the caller may send from or to a known location. Customers may name the places that are open to all of them,
/// stores and lockers, and where shipments of theirs have begun or ended: not the tenant's hubs, and nobody else's door.
pub(super) async fn may_name(db: &mut Db, caller: &Caller, location: &Location) -> Result<bool> {
    let open = matches!(location.location_type, LocationType::Store | LocationType::Locker);
    if caller.role != Role::Customer || open {
        return Ok(true);
    }
    let own = ShipmentFilter { customer_id: Some(caller.customer_id.ok_or(Error::Forbidden)?), ..Default::default() };
    let id: Option<LocationId> = Some(location.id);
    for filter in [ShipmentFilter { origin_id: id, ..own.clone() }, ShipmentFilter { destination_id: id, ..own }] {
        if !shipments::list(db, &filter, Page::first(1)).await?.items.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
