//! The event log. Its order is the order in which entries became visible: whoever reads on from the last place they saw
//! misses nothing, even when a transaction that began early commits late.

use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_core::id::{DeviceId, EventId, ShipmentId, ZoneId};

use crate::db::{Db, Row, Value, args};
use crate::error::{Error, Result};
use crate::table::{Select, Table, batches, tuple};

const TABLE: Table = Table {
    name: "events",
    fixed: "kind, occurred_at, recorded_at, shipment_id, sequence, driver_id, device_id, zone_id, endpoint_id, data",
    changing: "",
};

const PLACE: &str = ", tx, number";

fn read(row: &Row) -> Result<(LogPosition, Event)> {
    let event = Event {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        kind: row.get("kind")?,
        occurred_at: row.get("occurred_at")?,
        recorded_at: row.get("recorded_at")?,
        shipment_id: row.opt("shipment_id")?,
        sequence: row.get("sequence")?,
        driver_id: row.opt("driver_id")?,
        device_id: row.opt("device_id")?,
        zone_id: row.opt("zone_id")?,
        endpoint_id: row.opt("endpoint_id")?,
        data: row.get("data")?,
    };
    Ok((place(row)?, event))
}

fn place(row: &Row) -> Result<LogPosition> {
    Ok(LogPosition { transaction: row.get("tx")?, number: row.get("number")? })
}

/// The entries behind a place before which nothing can appear any more.
///
/// An entry's `tx` is the number of the transaction that wrote it, or that of the shipment's entry before it where that is
/// greater (so that a shipment's entries keep their order). Entries are shown once every transaction before their `tx` has
/// ended. So whatever is shown later has a `tx` beyond all that was shown before.
fn settled(db: &Db, mut select: Select, position: LogPosition) -> Select {
    let tx = db.dialect().known_transaction(&select.bind(position.transaction));
    let number = select.bind(position.number);
    select.and(&format!("(tx, number) > ({tx}, {number})")).and(db.dialect().log_entry_is_settled())
}

/// Which events are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of one of these types; empty means any.
    pub kinds: Vec<EventKind>,
    /// About this shipment.
    pub shipment_id: Option<ShipmentId>,
    /// About this zone.
    pub zone_id: Option<ZoneId>,
    /// About this device.
    pub device_id: Option<DeviceId>,
    /// Happened from this instant on.
    pub occurred_from: Option<Timestamp>,
    /// Happened before this instant.
    pub occurred_to: Option<Timestamp>,
    /// Written from this instant on.
    pub recorded_from: Option<Timestamp>,
    /// Written before this instant.
    pub recorded_to: Option<Timestamp>,
}

/// Appends an event to its tenant's log. Where it is about a shipment, it gets the next number of that shipment, whose row
/// is locked until the end of the transaction; otherwise the number 0. Works under both scopes.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when the tenant has no such shipment.
pub async fn append(db: &mut Db, event: &mut Event) -> Result<()> {
    db.check_tenant(event.tenant_id)?;
    let mut tx = db.dialect().transaction_number().to_owned();
    let mut sequence = 0;
    if let Some(shipment_id) = event.shipment_id {
        let sql = format!(
            "UPDATE shipments SET sequence = sequence + 1, log_tx = CASE WHEN log_tx > {tx} THEN log_tx ELSE {tx} END \
             WHERE tenant_id = $1 AND id = $2 RETURNING sequence, log_tx"
        );
        let numbers = |row: &Row| Ok((row.get::<i64>("sequence")?, row.get::<i64>("log_tx")?));
        let Some((next, log_tx)) = db.one(sql, args![event.tenant_id, shipment_id], numbers).await? else {
            return Err(db.fail(Error::ForeignKey));
        };
        sequence = next;
        tx = log_tx.to_string();
    }
    event.sequence = sequence;
    insert(db, &tx, vec![values(event)]).await
}

/// Appends events that are about no shipment to their tenant's log, in their order; their number is 0. Works under both
/// scopes.
///
/// # Errors
/// As the database says.
pub async fn append_many(db: &mut Db, events: &[Event]) -> Result<()> {
    for event in events {
        db.check_tenant(event.tenant_id)?;
        if event.shipment_id.is_some() || event.sequence != 0 {
            return Err(db.fail(Error::Other("an event about a shipment is appended by itself".to_owned())));
        }
    }
    for batch in batches(events.iter().map(values).collect()) {
        insert(db, db.dialect().transaction_number(), batch).await?;
    }
    Ok(())
}

fn values(event: &Event) -> Vec<Value> {
    args![
        event.id,
        event.tenant_id,
        event.kind,
        event.occurred_at,
        event.recorded_at,
        event.shipment_id,
        event.sequence,
        event.driver_id,
        event.device_id,
        event.zone_id,
        event.endpoint_id,
        &event.data,
    ]
}

async fn insert(db: &mut Db, tx: &str, rows: Vec<Vec<Value>>) -> Result<()> {
    let width = rows.first().map_or(0, Vec::len);
    let places = |row: usize| format!("({tx}, {}", &tuple(row * width + 1, width)[1..]);
    let places: Vec<_> = (0..rows.len()).map(places).collect();
    let sql = format!("INSERT INTO events (tx, {}) VALUES {}", TABLE.columns(), places.join(", "));
    db.run(sql, rows.into_iter().flatten().collect()).await?;
    db.appended = true;
    Ok(())
}

/// At most `limit` entries of every tenant behind `position`, oldest first.
pub async fn after_any_tenant(db: &mut Db, position: LogPosition, limit: u32) -> Result<Vec<(LogPosition, Event)>> {
    let select = TABLE.select_any_tenant_with(db, PLACE)?;
    settled(db, select, position).first(db, "tx, number", limit, read).await
}

/// At most `limit` entries of the tenant behind `position`, oldest first.
pub async fn list(
    db: &mut Db,
    filter: &EventFilter,
    position: LogPosition,
    limit: u32,
) -> Result<Vec<(LogPosition, Event)>> {
    let select = TABLE
        .select_with(db, PLACE)?
        .one_of("kind", filter.kinds.iter().map(Value::from).collect())
        .is("shipment_id", filter.shipment_id)
        .is("zone_id", filter.zone_id)
        .is("device_id", filter.device_id)
        .since("occurred_at", filter.occurred_from)
        .before("occurred_at", filter.occurred_to)
        .since("recorded_at", filter.recorded_from)
        .before("recorded_at", filter.recorded_to);
    settled(db, select, position).first(db, "tx, number", limit, read).await
}

/// The entry with this id and its place.
pub async fn get(db: &mut Db, id: EventId) -> Result<Option<(LogPosition, Event)>> {
    TABLE.select_with(db, PLACE)?.is("id", Some(id)).one(db, read).await
}

/// The place of the newest visible entry of any tenant; the beginning when there is none.
pub async fn head_any_tenant(db: &mut Db) -> Result<LogPosition> {
    let select = TABLE.select_any_tenant_with(db, PLACE)?.and(db.dialect().log_entry_is_settled());
    let newest = select.first(db, "tx DESC, number DESC", 1, place).await?;
    Ok(newest.first().copied().unwrap_or_default())
}
