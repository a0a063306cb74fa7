//! Facts: append-only.

use tracklane_core::id::{ShipmentId, TrackingEventId};
use tracklane_core::lifecycle::TrackingEvent;

use crate::db::Db;
use crate::error::Result;

/// Adds a fact to the handle's tenant.
pub async fn append(db: &mut Db, fact: &TrackingEvent) -> Result<()> {
    todo!()
}

/// The fact with this id.
pub async fn get(db: &mut Db, id: TrackingEventId) -> Result<Option<TrackingEvent>> {
    todo!()
}

/// The facts of a shipment, in the order of their receipt.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<TrackingEvent>> {
    todo!()
}

/// The number that the next fact of a shipment gets, from 1. Hold the shipment's lock until the fact is appended.
pub async fn next_seq(db: &mut Db, shipment_id: ShipmentId) -> Result<i64> {
    todo!()
}

/// Counts one more copy of a fact; false when there is no such fact.
pub async fn bump_copies(db: &mut Db, id: TrackingEventId) -> Result<bool> {
    todo!()
}
