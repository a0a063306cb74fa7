//! What the shipments service answers and is asked for, beyond the records themselves.

use serde::{Deserialize, Serialize};
use tracklane_core::lifecycle::{EventFlags, TrackingEvent};
use tracklane_core::model::{Customer, DeviceLatest, Leg, Location, Package, Shipment, Tenant, TrackingLink};

use super::seen::Shown;

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

/// What a write made of a shipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ShipmentChange {
    /// The shipment as it is now.
    pub shipment: Shipment,
    /// The facts that the write stated, with how the fold took each; also those that were known before. None when only
    /// something else changed.
    pub events: Vec<EventView>,
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

impl Shown for EventView {
    fn hide(&mut self) {
        self.event.hide();
    }
}
