//! What the position pipeline must find again after a restart: per device the newest position, and its own notes.

use std::collections::BTreeMap;
use std::ops::Range;

use tracklane_core::id::{DeviceId, Id as _, TenantId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::ports::Lsn;
use tracklane_core::position::Point;
use uuid::Uuid;

use crate::db::{Db, Row, Value, args};
use crate::error::{Error, Result};
use crate::table::{batches, tuple, tuples};

const COLUMNS: &str = "tenant_id, device_id, fix_time, received_at, lat, lon, speed_mps, course_deg, accuracy_m, \
                       altitude_m, attributes, notes, applied_lsn";

const CHANGING: [&str; 11] = [
    "fix_time",
    "received_at",
    "lat",
    "lon",
    "speed_mps",
    "course_deg",
    "accuracy_m",
    "altitude_m",
    "attributes",
    "notes",
    "applied_lsn",
];

const SELECT: &str = "SELECT device_states.*, devices.driver_id FROM device_states JOIN devices ON \
                      devices.tenant_id = device_states.tenant_id AND devices.id = device_states.device_id";

/// Says of every state that it holds everything up to this record of the history.
pub async fn renumber_any_tenant(db: &mut Db, lsn: Lsn) -> Result<()> {
    db.check_system()?;
    let lsn = i64::try_from(lsn).unwrap_or(i64::MAX);
    db.run("UPDATE device_states SET applied_lsn = $1", args![lsn]).await?;
    Ok(())
}

fn values(state: &DeviceState) -> Vec<Value> {
    let latest = state.latest.as_ref();
    args![
        state.tenant_id,
        state.device_id,
        latest.map(|latest| latest.fix_time),
        latest.map(|latest| latest.received_at),
        latest.map(|latest| latest.point.lat),
        latest.map(|latest| latest.point.lon),
        latest.and_then(|latest| latest.speed_mps),
        latest.and_then(|latest| latest.course_deg),
        latest.and_then(|latest| latest.accuracy_m),
        latest.and_then(|latest| latest.altitude_m),
        latest.map(|latest| latest.attributes.clone()),
        &state.notes,
        // Beyond 2^63 no log will ever come.
        i64::try_from(state.applied_lsn).unwrap_or(i64::MAX),
    ]
}

fn read(row: &Row) -> Result<DeviceState> {
    let device_id = row.get("device_id")?;
    let latest = match row.opt("fix_time")? {
        None => None,
        Some(fix_time) => Some(DeviceLatest {
            device_id,
            driver_id: row.opt("driver_id")?,
            fix_time,
            received_at: row.get("received_at")?,
            point: Point { lat: row.get("lat")?, lon: row.get("lon")? },
            speed_mps: row.opt("speed_mps")?,
            course_deg: row.opt("course_deg")?,
            accuracy_m: row.opt("accuracy_m")?,
            altitude_m: row.opt("altitude_m")?,
            attributes: row.get("attributes")?,
        }),
    };
    Ok(DeviceState {
        tenant_id: row.get("tenant_id")?,
        device_id,
        latest,
        notes: row.get("notes")?,
        applied_lsn: row.get("applied_lsn")?,
    })
}

/// The state of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceState {
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Which device.
    pub device_id: DeviceId,
    /// Its newest position. The driver is the one who carries the device when this is read, whatever was written.
    pub latest: Option<DeviceLatest>,
    /// What the pipeline notes for itself (zone states, motion), in a form of its own.
    pub notes: Vec<u8>,
    /// The last record of the history that this state holds.
    pub applied_lsn: Lsn,
}

/// Writes the states of many devices, over those that are kept. States of devices that are gone are left out.
pub async fn upsert_many_any_tenant(db: &mut Db, states: &[DeviceState]) -> Result<()> {
    db.check_system()?;
    // Each device once, the last one given; in one order, so that two writers cannot block each other.
    let newest: BTreeMap<DeviceId, &DeviceState> = states.iter().map(|state| (state.device_id, state)).collect();
    for batch in batches(newest.into_values().map(values).collect()) {
        let sql = format!(
            "INSERT INTO device_states ({COLUMNS}) SELECT * FROM (VALUES {}) AS state WHERE EXISTS \
             (SELECT 1 FROM devices WHERE devices.tenant_id = state.column1 AND devices.id = state.column2) \
             ON CONFLICT (device_id, tenant_id) DO UPDATE SET {}",
            tuples(&batch),
            CHANGING.map(|column| format!("{column} = excluded.{column}")).join(", ")
        );
        db.run(sql, batch.into_iter().flatten().collect()).await?;
    }
    Ok(())
}

/// The states of at most `limit` devices with an id greater than `after`, by device id: call again with the last one's id
/// until a page comes back short.
pub async fn load_any_tenant(db: &mut Db, after: Option<DeviceId>, limit: u32) -> Result<Vec<DeviceState>> {
    db.check_system()?;
    let order = "ORDER BY device_states.device_id LIMIT";
    let Some(after) = after else {
        return db.many(format!("{SELECT} {order} $1"), args![limit], read).await;
    };
    let sql = format!("{SELECT} WHERE device_states.device_id > $1 {order} $2");
    db.many(sql, args![after, limit], read).await
}

/// The same of the devices whose ids end in these numbers: those of a partition of the position stream.
///
/// # Errors
/// [`Error::Other`](crate::Error) where there are no partitions.
pub async fn load_of_slots_any_tenant(
    db: &mut Db,
    slots: Range<u32>,
    after: Option<DeviceId>,
    limit: u32,
) -> Result<Vec<DeviceState>> {
    db.check_system()?;
    let Some(slot) = db.dialect().device_slot() else {
        return Err(Error::Other("this database has no partitions of devices".to_owned()));
    };
    let slot = slot.replace("device_id", "device_states.device_id");
    let sql = format!(
        "{SELECT} WHERE {slot} >= $1 AND {slot} < $2 AND device_states.device_id > $3 \
         ORDER BY device_states.device_id LIMIT $4"
    );
    let after = after.unwrap_or(DeviceId::from_uuid(Uuid::nil()));
    db.many(sql, args![slots.start, slots.end, after, limit], read).await
}

/// The states of these devices, at most some thousands; those that have none are left out.
pub async fn get_many_any_tenant(db: &mut Db, devices: &[DeviceId]) -> Result<Vec<DeviceState>> {
    db.check_system()?;
    if devices.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{SELECT} WHERE device_states.device_id IN {}", tuple(1, devices.len()));
    db.many(sql, devices.iter().map(|id| (*id).into()).collect(), read).await
}

/// The state of one device of the tenant.
pub async fn get(db: &mut Db, device_id: DeviceId) -> Result<Option<DeviceState>> {
    let sql = format!("{SELECT} WHERE device_states.tenant_id = $1 AND device_states.device_id = $2");
    db.one(sql, args![db.tenant()?, device_id], read).await
}
