//! What is tracked.

use tracklane_core::Timestamp;
use tracklane_core::event::Event;
use tracklane_core::id::{CustomerId, DriverId, LocationId, ShipmentId};
use tracklane_core::lifecycle::Status;
use tracklane_core::model::Shipment;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::events;
use crate::page::{Listing, Page};
use crate::table::{Select, Table, like_pattern, search_text};

/// Which shipments are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct ShipmentFilter {
    /// In one of these statuses; empty means any.
    pub statuses: Vec<Status>,
    /// With this sub-status.
    pub substatus: Option<String>,
    /// With this present driver.
    pub driver_id: Option<DriverId>,
    /// With this sender or recipient.
    pub customer_id: Option<CustomerId>,
    /// With this sender.
    pub sender_id: Option<CustomerId>,
    /// With this recipient.
    pub recipient_id: Option<CustomerId>,
    /// From here.
    pub origin_id: Option<LocationId>,
    /// To here.
    pub destination_id: Option<LocationId>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// One of whose packages or legs has exactly this tracking number.
    pub tracking_number: Option<String>,
    /// Said to be late, or not.
    pub delayed: Option<bool>,
    /// On the way back, or not.
    pub return_leg: Option<bool>,
    /// Still waited for, or not.
    pub active: Option<bool>,
    /// Made from this instant on.
    pub created_from: Option<Timestamp>,
    /// Made before this instant.
    pub created_to: Option<Timestamp>,
    /// Last changed from this instant on.
    pub updated_from: Option<Timestamp>,
    /// Last changed before this instant.
    pub updated_to: Option<Timestamp>,
    /// Whose reference or a tracking number contains this, whatever the case.
    pub q: Option<String>,
}

/// The shipments that somebody still waits for: see [`Status::is_active`]. Word for word as in the partial index, so that
/// it is found.
pub(crate) const ACTIVE: &str = "status NOT IN ('delivered', 'returned', 'cancelled', 'failed', 'expired')";

impl ShipmentFilter {
    /// Adds the conditions to a `SELECT` whose first parameter is the tenant.
    fn apply(&self, select: Select) -> Select {
        let select = match self.active {
            None => select,
            Some(true) => select.and(ACTIVE),
            Some(false) => select.and(&format!("NOT ({ACTIVE})")),
        };
        select
            .one_of("status", self.statuses.iter().map(Value::from).collect())
            .is("substatus", self.substatus.as_ref())
            .is("driver_id", self.driver_id)
            .and_if(
                "id IN (SELECT id FROM shipments WHERE tenant_id = $1 AND sender_id = ? \
                 UNION SELECT id FROM shipments WHERE tenant_id = $1 AND recipient_id = ?)",
                self.customer_id,
            )
            .is("sender_id", self.sender_id)
            .is("recipient_id", self.recipient_id)
            .is("origin_id", self.origin_id)
            .is("destination_id", self.destination_id)
            .is("reference", self.reference.as_ref())
            .and_if(
                "id IN (SELECT shipment_id FROM packages WHERE tenant_id = $1 AND tracking_number = ? \
                 UNION ALL SELECT shipment_id FROM legs WHERE tenant_id = $1 AND tracking_number = ?)",
                self.tracking_number.as_ref(),
            )
            .and_flag("delayed", self.delayed)
            .and_flag("return_leg", self.return_leg)
            .since("created_at", self.created_from)
            .before("created_at", self.created_to)
            .since("updated_at", self.updated_from)
            .before("updated_at", self.updated_to)
            .and_if(
                "(search LIKE ? ESCAPE '\\' OR id IN (SELECT shipment_id FROM packages WHERE tenant_id = $1 \
                 AND search LIKE ? ESCAPE '\\' UNION ALL SELECT shipment_id FROM legs WHERE tenant_id = $1 \
                 AND search LIKE ? ESCAPE '\\'))",
                self.q.as_deref().map(like_pattern),
            )
    }
}

const TABLE: Table = Table {
    name: "shipments",
    fixed: "sequence, created_at, version",
    changing: "reference, sender_id, recipient_id, origin_id, destination_id, milestones, metadata, status, substatus, \
               reason, status_since, attempts, delayed, return_leg, eta_from, eta_to, picked_up_at, delivered_at, \
               driver_id, search, updated_at",
};

fn values(shipment: &Shipment) -> Vec<Value> {
    args![
        &shipment.reference,
        shipment.sender_id,
        shipment.recipient_id,
        shipment.origin_id,
        shipment.destination_id,
        shipment.milestones,
        &shipment.metadata,
        shipment.status,
        &shipment.substatus,
        shipment.reason,
        shipment.status_since,
        shipment.attempts,
        shipment.delayed,
        shipment.return_leg,
        shipment.eta_from,
        shipment.eta_to,
        shipment.picked_up_at,
        shipment.delivered_at,
        shipment.driver_id,
        search_text(&[shipment.reference.as_deref()]),
        shipment.updated_at,
    ]
}

fn read(row: &Row) -> Result<Shipment> {
    Ok(Shipment {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        reference: row.opt("reference")?,
        sender_id: row.opt("sender_id")?,
        recipient_id: row.opt("recipient_id")?,
        origin_id: row.opt("origin_id")?,
        destination_id: row.opt("destination_id")?,
        milestones: row.get("milestones")?,
        metadata: row.get("metadata")?,
        status: row.get("status")?,
        substatus: row.opt("substatus")?,
        reason: row.opt("reason")?,
        status_since: row.get("status_since")?,
        attempts: row.get("attempts")?,
        delayed: row.get("delayed")?,
        return_leg: row.get("return_leg")?,
        eta_from: row.opt("eta_from")?,
        eta_to: row.opt("eta_to")?,
        picked_up_at: row.opt("picked_up_at")?,
        delivered_at: row.opt("delivered_at")?,
        driver_id: row.opt("driver_id")?,
        sequence: row.get("sequence")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

/// Adds a shipment.
pub async fn insert(db: &mut Db, shipment: &Shipment) -> Result<()> {
    let fixed = args![shipment.sequence, shipment.created_at, shipment.version];
    TABLE.insert(db, shipment.id, shipment.tenant_id, fixed, values(shipment)).await
}

/// The shipment with this id.
pub async fn get(db: &mut Db, id: ShipmentId) -> Result<Option<Shipment>> {
    TABLE.get(db, id, read).await
}

/// The shipment with this id, locked until the end of the transaction: whoever else locks it waits.
pub async fn lock(db: &mut Db, id: ShipmentId) -> Result<Option<Shipment>> {
    TABLE.select(db)?.is("id", Some(id)).lock(db, read).await
}

/// Those of these shipments that exist, in no order.
pub async fn get_many(db: &mut Db, ids: &[ShipmentId]) -> Result<Vec<Shipment>> {
    TABLE.get_many(db, ids, read).await
}

/// The shipments of the tenant.
pub async fn list(db: &mut Db, filter: &ShipmentFilter, page: Page) -> Result<Listing<Shipment>> {
    filter.apply(TABLE.select(db)?).page(db, page, read).await
}

/// Changes a shipment that was read as `was`, if nobody changed it since, and appends events about it to the log, in their order:
/// both or neither. The events get the next numbers of the shipment, and it gets the last of them. `sequence` is not written
/// otherwise, and numbering does not touch the version. False when the shipment is gone or has another version.
pub async fn update(db: &mut Db, shipment: &mut Shipment, was: &Shipment, events: &mut [Event]) -> Result<bool> {
    db.check_tenant(shipment.tenant_id)?;
    let mut args = args![shipment.tenant_id, shipment.id, was.version];
    let changes = TABLE.changes(values(was), values(shipment), &mut args);
    let numbered = events::number(db, events.len(), &mut args);
    let sql = format!(
        "UPDATE shipments SET version = version + 1{changes}{numbered} \
         WHERE tenant_id = $1 AND id = $2 AND version = $3 RETURNING sequence, log_tx"
    );
    let Some((last, log_tx)) = db.one(sql, args, events::numbers).await? else { return Ok(false) };
    shipment.version = was.version + 1;
    shipment.sequence = last;
    events::append_numbered(db, events, last, log_tx).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_means_the_same_here_and_there() {
        for status in Status::ALL {
            assert_eq!(ACTIVE.contains(&format!("'{status}'")), !status.is_active(), "{status}");
        }
    }
}
