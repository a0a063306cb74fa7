//! Trips, stops and gaps, as they were when they ended. Each device has one at a time, so that its start names it.

use std::collections::BTreeMap;

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::{Movement, MovementKind};
use tracklane_core::position::Point;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::table::{batches, tuple, tuples};

const COLUMNS: &str = "tenant_id, device_id, started_at, ended_at, kind, driver_id, start_lat, start_lon, end_lat, \
                       end_lon, distance_m";

const CHANGING: [&str; 8] =
    ["ended_at", "kind", "driver_id", "start_lat", "start_lon", "end_lat", "end_lon", "distance_m"];

fn values((tenant_id, movement): &(TenantId, Movement)) -> Vec<Value> {
    args![
        *tenant_id,
        movement.device_id,
        movement.started_at,
        movement.ended_at,
        movement.kind,
        movement.driver_id,
        movement.start.lat,
        movement.start.lon,
        movement.end.lat,
        movement.end.lon,
        movement.distance_m,
    ]
}

fn read(row: &Row) -> Result<Movement> {
    Ok(Movement {
        device_id: row.get("device_id")?,
        driver_id: row.opt("driver_id")?,
        kind: row.get("kind")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        start: Point { lat: row.get("start_lat")?, lon: row.get("start_lon")? },
        end: Point { lat: row.get("end_lat")?, lon: row.get("end_lon")? },
        distance_m: row.get("distance_m")?,
    })
}

/// Writes movements, over those of the same device and start. Those of devices that are gone are left out.
pub async fn upsert_many_any_tenant(db: &mut Db, movements: &[(TenantId, Movement)]) -> Result<()> {
    db.check_system()?;
    // Each once, the last one given; in one order, so that two writers cannot block each other.
    let newest: BTreeMap<(DeviceId, Timestamp), &(TenantId, Movement)> =
        movements.iter().map(|one| ((one.1.device_id, one.1.started_at), one)).collect();
    for batch in batches(newest.into_values().map(values).collect()) {
        let sql = format!(
            "INSERT INTO movements ({COLUMNS}) SELECT * FROM (VALUES {}) AS movement WHERE EXISTS \
             (SELECT 1 FROM devices WHERE devices.tenant_id = movement.column1 AND devices.id = movement.column2) \
             ON CONFLICT (device_id, started_at, tenant_id) DO UPDATE SET {}",
            tuples(&batch),
            CHANGING.map(|column| format!("{column} = excluded.{column}")).join(", ")
        );
        db.run(sql, batch.into_iter().flatten().collect()).await?;
    }
    Ok(())
}

/// Removes what a device did from an instant on.
pub async fn delete_from_any_tenant(db: &mut Db, device_id: DeviceId, from: Timestamp) -> Result<()> {
    db.check_system()?;
    let sql = "DELETE FROM movements WHERE device_id = $1 AND started_at >= $2";
    db.run(sql, args![device_id, from]).await?;
    Ok(())
}

/// When the movement before the one of then began, or that one itself when there is none before: from here on a track can be
/// done again.
pub async fn start_before_any_tenant(db: &mut Db, device_id: DeviceId, by: Timestamp) -> Result<Option<Timestamp>> {
    db.check_system()?;
    let sql =
        "SELECT started_at FROM movements WHERE device_id = $1 AND started_at <= $2 ORDER BY started_at DESC LIMIT 2";
    let starts: Vec<Timestamp> = db.many(sql, args![device_id, by], |row| row.get("started_at")).await?;
    Ok(starts.last().copied())
}

/// Which movements of a device are asked for.
#[derive(Debug, Clone)]
pub struct MovementFilter {
    /// Whose.
    pub device_id: DeviceId,
    /// Of these kinds; empty means any.
    pub kinds: Vec<MovementKind>,
    /// That end after this instant.
    pub from: Timestamp,
    /// That begin before this instant.
    pub to: Timestamp,
}

/// The first movements of a device of the tenant, at most so many, oldest first.
pub async fn list(db: &mut Db, filter: &MovementFilter, limit: u32) -> Result<Vec<Movement>> {
    let mut values = args![db.tenant()?, filter.device_id, filter.from, filter.to];
    let mut kinds = String::new();
    if !filter.kinds.is_empty() {
        kinds = format!(" AND kind IN {}", tuple(values.len() + 1, filter.kinds.len()));
        values.extend(filter.kinds.iter().map(|kind| Value::from(*kind)));
    }
    values.push(limit.into());
    let sql = format!(
        "SELECT {COLUMNS} FROM movements WHERE tenant_id = $1 AND device_id = $2 AND ended_at > $3 AND started_at < $4\
         {kinds} ORDER BY started_at LIMIT ${}",
        values.len()
    );
    db.many(sql, values, read).await
}
