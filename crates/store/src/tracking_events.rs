//! Facts: append-only.

use tracklane_core::id::{ShipmentId, TrackingEventId};
use tracklane_core::lifecycle::TrackingEvent;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::table::{Table, opt_from_json, to_json};
use crate::words::{actor, actor_values};

const TABLE: Table = Table {
    name: "tracking_events",
    fixed: "shipment_id, leg_id, package_id, kind, status, substatus, reason, delayed, raw_code, raw_text, occurred_at, \
            offset_seconds, tz_confidence, received_at, source, source_name, source_trust, seq, actor_type, actor_id, \
            place, retracts, copies",
    changing: "",
};

fn read(row: &Row) -> Result<TrackingEvent> {
    Ok(TrackingEvent {
        id: row.get("id")?,
        shipment_id: row.get("shipment_id")?,
        leg_id: row.opt("leg_id")?,
        package_id: row.opt("package_id")?,
        kind: row.get("kind")?,
        status: row.opt("status")?,
        substatus: row.opt("substatus")?,
        reason: row.opt("reason")?,
        delayed: row.get("delayed")?,
        raw_code: row.opt("raw_code")?,
        raw_text: row.opt("raw_text")?,
        occurred_at: row.get("occurred_at")?,
        offset_seconds: row.opt("offset_seconds")?,
        tz_confidence: row.get("tz_confidence")?,
        received_at: row.get("received_at")?,
        source: row.get("source")?,
        source_name: row.opt("source_name")?,
        source_trust: row.get("source_trust")?,
        seq: row.get("seq")?,
        actor: actor(row)?,
        place: opt_from_json(row, "place")?,
        retracts: row.opt("retracts")?,
        copies: row.get("copies")?,
    })
}

/// Adds a fact to the handle's tenant.
pub async fn append(db: &mut Db, fact: &TrackingEvent) -> Result<()> {
    let place = fact.place.as_ref().map(to_json).transpose()?.unwrap_or(Value::Json(None));
    let mut values = args![
        fact.shipment_id,
        fact.leg_id,
        fact.package_id,
        fact.kind,
        fact.status,
        &fact.substatus,
        fact.reason,
        fact.delayed,
        &fact.raw_code,
        &fact.raw_text,
        fact.occurred_at,
        fact.offset_seconds,
        fact.tz_confidence,
        fact.received_at,
        fact.source,
        &fact.source_name,
        fact.source_trust,
        fact.seq,
    ];
    values.extend(actor_values(fact.actor));
    values.extend([place, fact.retracts.into(), fact.copies.into()]);
    TABLE.insert(db, fact.id, db.tenant()?, values, Vec::new()).await
}

/// The facts of a shipment, in the order of their receipt.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<TrackingEvent>> {
    TABLE.select(db)?.is("shipment_id", Some(shipment_id)).ordered(db, "seq", read).await
}

/// Counts one more copy of a fact; false when the shipment has no such fact.
pub async fn bump_copies(db: &mut Db, shipment_id: ShipmentId, id: TrackingEventId) -> Result<bool> {
    let sql = "UPDATE tracking_events SET copies = copies + 1 WHERE tenant_id = $1 AND id = $2 AND shipment_id = $3";
    Ok(db.run(sql, args![db.tenant()?, id, shipment_id]).await? > 0)
}
