//! Stretches under one carrier.

use tracklane_core::id::{DriverId, LegId, ShipmentId};
use tracklane_core::model::Leg;

use crate::db::Db;
use crate::error::Result;

/// Adds a leg.
pub async fn insert(db: &mut Db, leg: &Leg) -> Result<()> {
    todo!()
}

/// The leg with this id.
pub async fn get(db: &mut Db, id: LegId) -> Result<Option<Leg>> {
    todo!()
}

/// The legs of a shipment, by position.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<Leg>> {
    todo!()
}

/// The fleet legs in state `active` of a driver, oldest first.
pub async fn active_for_driver(db: &mut Db, driver_id: DriverId) -> Result<Vec<Leg>> {
    todo!()
}

/// The fleet legs in state `active` with a driver, of every tenant, in no order.
pub async fn active_fleet_legs_any_tenant(db: &mut Db) -> Result<Vec<Leg>> {
    todo!()
}

/// Changes a leg.
pub async fn update(db: &mut Db, leg: &Leg) -> Result<bool> {
    todo!()
}
