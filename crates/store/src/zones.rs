//! Geofences.

use serde::Serialize;
use tracklane_core::id::{LocationId, ZoneId};
use tracklane_core::model::{Zone, ZoneKind};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, opt_from_json, search_text, to_json};

const TABLE: Table = Table {
    name: "zones",
    fixed: "created_at, version",
    changing: "reference, name, kind, location_id, geometry, radius_m, width_m, rules, schedule, speed_limit, search, \
               updated_at",
};

fn values(zone: &Zone) -> Result<Vec<Value>> {
    Ok(args![
        &zone.reference,
        &zone.name,
        zone.kind,
        zone.location_id,
        &zone.geometry,
        zone.radius_m,
        zone.width_m,
        json(zone.rules.as_ref())?,
        json(zone.schedule.as_ref())?,
        json(zone.speed_limit.as_ref())?,
        search_text(&[zone.reference.as_deref(), Some(&zone.name)]),
        zone.updated_at,
    ])
}

/// A part of the record that may be left out, as a JSON column.
fn json(part: Option<&impl Serialize>) -> Result<Value> {
    part.map(to_json).transpose().map(|value| value.unwrap_or(Value::Json(None)))
}

fn read(row: &Row) -> Result<Zone> {
    Ok(Zone {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        reference: row.opt("reference")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        location_id: row.opt("location_id")?,
        geometry: row.get("geometry")?,
        radius_m: row.opt("radius_m")?,
        width_m: row.opt("width_m")?,
        rules: opt_from_json(row, "rules")?,
        schedule: opt_from_json(row, "schedule")?,
        speed_limit: opt_from_json(row, "speed_limit")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

/// Which zones are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct ZoneFilter {
    /// Of this kind.
    pub kind: Option<ZoneKind>,
    /// Around this location.
    pub location_id: Option<LocationId>,
    /// With this reference.
    pub reference: Option<String>,
    /// With exactly this name.
    pub name: Option<String>,
    /// Whose name or reference contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a zone.
pub async fn insert(db: &mut Db, zone: &Zone) -> Result<()> {
    TABLE.insert(db, zone.id, zone.tenant_id, args![zone.created_at, zone.version], values(zone)?).await
}

/// The zone with this id.
pub async fn get(db: &mut Db, id: ZoneId) -> Result<Option<Zone>> {
    TABLE.get(db, id, read).await
}

/// The zones around a location, oldest first.
pub async fn list_of_location(db: &mut Db, location_id: LocationId) -> Result<Vec<Zone>> {
    TABLE.select(db)?.is("location_id", Some(location_id)).ordered(db, "id", read).await
}

/// Every zone of every tenant, in no order.
pub async fn load_all_any_tenant(db: &mut Db) -> Result<Vec<Zone>> {
    TABLE.load_all_any_tenant(db, "", read).await
}

/// The zones of the tenant.
pub async fn list(db: &mut Db, filter: &ZoneFilter, page: Page) -> Result<Listing<Zone>> {
    let select = TABLE.select(db)?.is("kind", filter.kind).is("location_id", filter.location_id);
    let select = select.is("reference", filter.reference.as_ref()).is("name", filter.name.as_ref());
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a zone.
pub async fn update(db: &mut Db, zone: &Zone) -> Result<bool> {
    TABLE.update(db, zone.id, zone.tenant_id, zone.version, values(zone)?).await
}

/// Removes a zone; false when there is none.
pub async fn delete(db: &mut Db, id: ZoneId) -> Result<bool> {
    TABLE.delete(db, id).await
}
