//! What the shipments service answers and is asked for, beyond the records themselves.

use serde::{Deserialize, Serialize};
use tracklane_core::id::DriverId;
use tracklane_core::lifecycle::{EventFlags, Status, TrackingEvent};
use tracklane_core::model::{
    Customer, DeviceLatest, Leg, LegMode, LegState, Location, Package, Shipment, Tenant, TrackingLink,
};

/// A shipment with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShipmentDetail {
    /// The shipment.
    pub shipment: Shipment,
    /// Its parcels, oldest first.
    pub packages: Vec<Package>,
    /// Its stretches, in order.
    pub legs: Vec<Leg>,
    /// Its facts, by when they happened, with how the fold took each.
    pub events: Vec<EventView>,
    /// Its public links; empty for callers who may not hand it on.
    pub links: Vec<TrackingLink>,
    /// Who sends.
    pub sender: Option<Customer>,
    /// Who receives.
    pub recipient: Option<Customer>,
    /// Where it starts.
    pub origin: Option<Location>,
    /// Where it ends.
    pub destination: Option<Location>,
}

impl ShipmentDetail {
    /// The driver whose position is the shipment's: only while a leg of the own fleet is on its way, and begun.
    pub fn carrying_driver(&self) -> Option<DriverId> {
        let Shipment { status, picked_up_at, .. } = &self.shipment;
        // A pick-up that nobody scanned has happened all the same once the shipment is further along.
        let begun = picked_up_at.is_some() || status.rank() > Status::Assigned.rank();
        if !begun || !status.is_active() {
            return None;
        }
        let leg = self.legs.iter().find(|leg| leg.state == LegState::Active)?;
        if leg.mode == LegMode::Fleet { leg.driver_id } else { None }
    }
}

/// One fact and how the fold took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventView {
    /// The fact.
    pub event: TrackingEvent,
    /// How the fold took it.
    pub flags: EventFlags,
}

/// What somebody who holds a public link may be shown; the server picks from it what is not personal.
#[derive(Debug, Clone)]
pub struct PublicView {
    /// Who carries the brand of the page.
    pub tenant: Tenant,
    /// The shipment.
    pub detail: ShipmentDetail,
    /// Where it is now; only while a leg of the own fleet is on its way.
    pub position: Option<DeviceLatest>,
}
