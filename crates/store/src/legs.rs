//! Stretches under one carrier.

use tracklane_core::id::ShipmentId;
use tracklane_core::model::Leg;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "legs",
    fixed: "shipment_id, created_at, version",
    changing: "position, mode, state, is_return, origin_id, destination_id, driver_id, driver_since, carrier, \
               tracking_number, started_at, ended_at, search",
};

/// Word for word as in the partial index, so that it is found.
const ACTIVE_FLEET: &str = "state = 'active' AND mode = 'fleet'";

fn values(leg: &Leg) -> Vec<Value> {
    args![
        leg.position,
        leg.mode,
        leg.state,
        leg.is_return,
        leg.origin_id,
        leg.destination_id,
        leg.driver_id,
        leg.driver_since,
        &leg.carrier,
        &leg.tracking_number,
        leg.started_at,
        leg.ended_at,
        search_text(&[leg.tracking_number.as_deref()]),
    ]
}

fn read(row: &Row) -> Result<Leg> {
    Ok(Leg {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        shipment_id: row.get("shipment_id")?,
        position: row.get("position")?,
        mode: row.get("mode")?,
        state: row.get("state")?,
        is_return: row.get("is_return")?,
        origin_id: row.opt("origin_id")?,
        destination_id: row.opt("destination_id")?,
        driver_id: row.opt("driver_id")?,
        driver_since: row.opt("driver_since")?,
        carrier: row.opt("carrier")?,
        tracking_number: row.opt("tracking_number")?,
        started_at: row.opt("started_at")?,
        ended_at: row.opt("ended_at")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

/// Adds a leg.
pub async fn insert(db: &mut Db, leg: &Leg) -> Result<()> {
    let fixed = args![leg.shipment_id, leg.created_at, leg.version];
    TABLE.insert(db, leg.id, leg.tenant_id, fixed, values(leg)).await
}

/// The legs of a shipment, by position.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<Leg>> {
    TABLE.select(db)?.is("shipment_id", Some(shipment_id)).ordered(db, "position, id", read).await
}

/// The legs of these shipments, by shipment and position.
pub async fn list_of_shipments(db: &mut Db, shipment_ids: &[ShipmentId]) -> Result<Vec<Leg>> {
    let mut legs = TABLE.get_many_by(db, "shipment_id", shipment_ids, read).await?;
    legs.sort_by_key(|leg| (leg.shipment_id, leg.position, leg.id));
    Ok(legs)
}

/// The fleet legs in state `active` with a driver, of every tenant, in no order.
pub async fn active_fleet_legs_any_tenant(db: &mut Db) -> Result<Vec<Leg>> {
    TABLE.select_any_tenant(db)?.and("driver_id IS NOT NULL").and(ACTIVE_FLEET).many(db, read).await
}

/// Changes a leg.
pub async fn update(db: &mut Db, leg: &Leg) -> Result<bool> {
    TABLE.update(db, leg.id, leg.tenant_id, leg.version, values(leg)).await
}
