//! What the event log says about shipments.

use serde::Serialize;
use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::{DriverId, EventId, LegId};
use tracklane_core::lifecycle::{EventFlags, TrackingEvent};
use tracklane_core::model::{Package, Shipment};
use tracklane_core::position::Attributes;
use tracklane_core::time::Env;

/// An event about a shipment; its sequence is set when it is appended.
pub(super) fn event(env: &Env, shipment: &Shipment, kind: EventKind, at: Timestamp, data: Attributes) -> Event {
    Event {
        id: EventId::new(env),
        tenant_id: shipment.tenant_id,
        kind,
        occurred_at: at,
        recorded_at: env.now(),
        shipment_id: Some(shipment.id),
        sequence: 0,
        driver_id: shipment.driver_id,
        device_id: None,
        zone_id: None,
        endpoint_id: None,
        data,
    }
}

/// What there is to say when a shipment was made.
pub(super) fn created(shipment: &Shipment, packages: &[Package]) -> Attributes {
    let numbers: Vec<_> = packages.iter().filter_map(|package| package.tracking_number.as_deref()).collect();
    object(json!({
        "reference": shipment.reference,
        "status": shipment.status,
        "sender_id": shipment.sender_id,
        "recipient_id": shipment.recipient_id,
        "origin_id": shipment.origin_id,
        "destination_id": shipment.destination_id,
        "eta_from": shipment.eta_from,
        "eta_to": shipment.eta_to,
        "packages": packages.len(),
        "tracking_numbers": numbers,
    }))
}

/// What there is to say when something other than the status changed: which parts.
pub(super) fn updated(shipment: &Shipment, changed: &[&str]) -> Attributes {
    object(json!({ "reference": shipment.reference, "changed": changed }))
}

/// What there is to say about a fact.
pub(super) fn fact(shipment: &Shipment, fact: &TrackingEvent, flags: EventFlags) -> Attributes {
    object(json!({ "reference": shipment.reference, "fact": fact, "flags": flags }))
}

/// What there is to say when a leg got or lost a driver.
pub(super) fn driver(shipment: &Shipment, leg: LegId, driver: DriverId) -> Attributes {
    object(json!({ "reference": shipment.reference, "leg_id": leg, "driver_id": driver }))
}

/// A payload as the free data of an event.
pub(super) fn payload(payload: &impl Serialize) -> Attributes {
    serde_json::to_value(payload).map(object).unwrap_or_default()
}

fn object(value: Value) -> Attributes {
    match value {
        Value::Object(map) => map,
        _ => Attributes::new(),
    }
}
