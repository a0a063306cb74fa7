//! The event log. Its order is the order in which entries became visible: whoever reads on from the last place they saw
//! misses nothing, even when a transaction that began early commits late.

use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_core::id::{DeviceId, EventId, ShipmentId, ZoneId};

use crate::db::{Db, Row, Value, args};
use crate::error::{Error, Result};
use crate::event_zones;
use crate::table::{Select, Table, batches, tuple};

const TABLE: Table = Table {
    name: "events",
    fixed: "kind, occurred_at, recorded_at, shipment_id, sequence, driver_id, device_id, zone_id, endpoint_id, data",
    changing: "",
};

/// The log by the list of those about a zone, in this order.
const LISTED: Table = Table { name: "event_zones CROSS JOIN events", ..TABLE };

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
    let number = select.bind(position.number);
    let behind = db.dialect().log_entry_is_behind(&number, || select.bind(position.transaction));
    select.and(&behind).and(db.dialect().log_entry_is_settled())
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

impl EventFilter {
    fn apply(&self, select: Select) -> Select {
        select
            .one_of("kind", self.kinds.iter().map(Value::from).collect())
            .is("shipment_id", self.shipment_id)
            .is("zone_id", self.zone_id)
            .is("device_id", self.device_id)
            .since("occurred_at", self.occurred_from)
            .before("occurred_at", self.occurred_to)
            .since("recorded_at", self.recorded_from)
            .before("recorded_at", self.recorded_to)
    }
}

/// Appends an event to its tenant's log. Where it is about a shipment, it gets the next number of that shipment, whose row
/// is locked until the end of the transaction; otherwise the number 0. Works under both scopes.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when the tenant has no such shipment.
pub async fn append(db: &mut Db, event: &mut Event) -> Result<()> {
    db.check_tenant(event.tenant_id)?;
    let Some(shipment_id) = event.shipment_id else {
        event.sequence = 0;
        return insert(db, Number::OfTransaction, vec![values(event)]).await;
    };
    let mut args = args![event.tenant_id, shipment_id];
    let numbered = number(db, 1, &mut args);
    let sql = format!(
        "UPDATE shipments SET {} WHERE tenant_id = $1 AND id = $2 RETURNING sequence, log_tx",
        numbered.trim_start_matches(", ")
    );
    let Some((last, log_tx)) = db.one(sql, args, numbers).await? else {
        return Err(db.fail(Error::ForeignKey));
    };
    append_numbered(db, std::slice::from_mut(event), last, log_tx).await
}

/// What sets the numbers of a shipment's log on by so many entries, behind other settings of an `UPDATE`.
pub(crate) fn number(db: &Db, entries: usize, args: &mut Vec<Value>) -> String {
    let tx = db.dialect().transaction_number();
    args.push(Value::Int(i64::try_from(entries).ok()));
    format!(", sequence = sequence + ${}, log_tx = CASE WHEN log_tx > {tx} THEN log_tx ELSE {tx} END", args.len())
}

/// The number of the shipment's newest entry, and the transaction number for what is appended now.
pub(crate) fn numbers(row: &Row) -> Result<(i64, i64)> {
    Ok((row.get("sequence")?, row.get("log_tx")?))
}

/// Appends events about a shipment for which [`number`] was done, the last of which gets this number.
pub(crate) async fn append_numbered(db: &mut Db, events: &mut [Event], last: i64, log_tx: i64) -> Result<()> {
    for (event, sequence) in events.iter_mut().rev().zip((0..=last).rev()) {
        event.sequence = sequence;
    }
    for batch in batches(events.iter().map(values).collect()) {
        insert(db, Number::Of(log_tx), batch).await?;
    }
    Ok(())
}

/// Appends events that are about no shipment to their tenant's log, in their order; their number is 0. Works under both
/// scopes.
///
/// # Errors
/// As the database says.
pub async fn append_many(db: &mut Db, events: Vec<Event>) -> Result<()> {
    for event in &events {
        db.check_tenant(event.tenant_id)?;
        if event.shipment_id.is_some() || event.sequence != 0 {
            return Err(db.fail(Error::Other("an event about a shipment is appended by itself".to_owned())));
        }
    }
    for batch in batches(events.into_iter().map(into_values).collect()) {
        insert(db, Number::OfTransaction, batch).await?;
    }
    Ok(())
}

fn values(event: &Event) -> Vec<Value> {
    into_values(event.clone())
}

fn into_values(event: Event) -> Vec<Value> {
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
        event.data,
    ]
}

/// The transaction number of an entry.
#[derive(Clone, Copy)]
enum Number {
    /// That of the present transaction.
    OfTransaction,
    /// This one.
    Of(i64),
}

async fn insert(db: &mut Db, tx: Number, rows: Vec<Vec<Value>>) -> Result<()> {
    let width = rows.first().map_or(0, Vec::len);
    let mut args: Vec<Value> = Vec::with_capacity(rows.len() * (width + 1));
    let mut places = Vec::with_capacity(rows.len());
    for row in rows {
        let number = match tx {
            Number::OfTransaction => db.dialect().transaction_number().to_owned(),
            Number::Of(number) => {
                args.push(number.into());
                format!("${}", args.len())
            }
        };
        places.push(format!("({number}, {}", &tuple(args.len() + 1, width)[1..]));
        args.extend(row);
    }
    let sql = format!("INSERT INTO events (tx, {}) VALUES {}", TABLE.columns(), places.join(", "));
    db.run(sql, args).await?;
    db.appended = true;
    Ok(())
}

/// At most `limit` entries of every tenant behind `position`, oldest first.
pub async fn after_any_tenant(db: &mut Db, position: LogPosition, limit: u32) -> Result<Vec<(LogPosition, Event)>> {
    let select = TABLE.select_any_tenant_with(db, PLACE)?;
    settled(db, select, position).first(db, db.dialect().log_order()[0], limit, read).await
}

/// At most `limit` entries of the tenant behind `position`, oldest first.
pub async fn list(
    db: &mut Db,
    filter: &EventFilter,
    position: LogPosition,
    limit: u32,
) -> Result<Vec<(LogPosition, Event)>> {
    let order = db.dialect().log_order()[0];
    let Some(zone_id) = filter.zone_id.filter(|_| !db.dialect().log_has_zone_index()) else {
        let select = filter.apply(TABLE.select_with(db, PLACE)?);
        return settled(db, select, position).first(db, order, limit, read).await;
    };
    let listed = event_zones::listed(db).await?;
    let mut found = Vec::new();
    if position.number < listed {
        let select = LISTED.select_with(db, PLACE)?.and("number = entry AND tenant = $1").is("zone", Some(zone_id));
        let select = filter.apply(select).since("entry", Some(position.number.saturating_add(1)));
        found = select.before("entry", Some(listed.saturating_add(1))).first(db, "entry", limit, read).await?;
    }
    let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if left > 0 {
        let behind = LogPosition { number: position.number.max(listed), ..position };
        let select = filter.apply(TABLE.select_with(db, PLACE)?);
        found.extend(settled(db, select, behind).first(db, order, left, read).await?);
    }
    Ok(found)
}

/// The entry with this id and its place.
pub async fn get(db: &mut Db, id: EventId) -> Result<Option<(LogPosition, Event)>> {
    TABLE.select_with(db, PLACE)?.is("id", Some(id)).one(db, read).await
}

/// The place of the newest visible entry of any tenant; the beginning when there is none.
pub async fn head_any_tenant(db: &mut Db) -> Result<LogPosition> {
    let select = TABLE.select_any_tenant_with(db, PLACE)?.and(db.dialect().log_entry_is_settled());
    let newest = select.first(db, db.dialect().log_order()[1], 1, place).await?;
    Ok(newest.first().copied().unwrap_or_default())
}
