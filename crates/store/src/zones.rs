//! Geofences.

use tracklane_core::id::{LocationId, ZoneId};
use tracklane_core::model::{Zone, ZoneKind};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "zones",
    fixed: "created_at, version",
    changing: "name, kind, location_id, geometry, radius_m, search, updated_at",
};

fn values(zone: &Zone) -> Vec<Value> {
    args![
        &zone.name,
        zone.kind,
        zone.location_id,
        &zone.geometry,
        zone.radius_m,
        search_text(&[Some(&zone.name)]),
        zone.updated_at,
    ]
}

fn read(row: &Row) -> Result<Zone> {
    Ok(Zone {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        location_id: row.opt("location_id")?,
        geometry: row.get("geometry")?,
        radius_m: row.opt("radius_m")?,
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
    /// Whose name contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a zone.
pub async fn insert(db: &mut Db, zone: &Zone) -> Result<()> {
    TABLE.insert(db, zone.id, zone.tenant_id, args![zone.created_at, zone.version], values(zone)).await
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
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a zone.
pub async fn update(db: &mut Db, zone: &Zone) -> Result<bool> {
    TABLE.update(db, zone.id, zone.tenant_id, zone.version, values(zone)).await
}

/// Removes a zone; false when there is none.
pub async fn delete(db: &mut Db, id: ZoneId) -> Result<bool> {
    TABLE.delete(db, id).await
}
