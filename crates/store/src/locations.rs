//! Typed places.

use tracklane_core::id::LocationId;
use tracklane_core::model::{Location, LocationType};

use crate::address;
use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "locations",
    fixed: "created_at, version",
    changing: "line1, line2, city, state, postal_code, country, lat, lon, reference, name, location_type, time_zone, \
               radius_m, search, updated_at",
};

fn values(location: &Location) -> Vec<Value> {
    let mut values = address::values(&location.address);
    let search = search_text(&[Some(&location.name), location.reference.as_deref(), location.address.city.as_deref()]);
    values.extend(args![
        &location.reference,
        &location.name,
        location.location_type,
        &location.time_zone,
        location.radius_m,
        search,
        location.updated_at,
    ]);
    values
}

fn read(row: &Row) -> Result<Location> {
    Ok(Location {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        reference: row.opt("reference")?,
        name: row.get("name")?,
        location_type: row.get("location_type")?,
        address: address::read(row)?,
        time_zone: row.opt("time_zone")?,
        radius_m: row.opt("radius_m")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

/// Which locations are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct LocationFilter {
    /// Of this type.
    pub location_type: Option<LocationType>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// In this country.
    pub country: Option<String>,
    /// Whose name, reference or city contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a location.
pub async fn insert(db: &mut Db, location: &Location) -> Result<()> {
    let fixed = args![location.created_at, location.version];
    TABLE.insert(db, location.id, location.tenant_id, fixed, values(location)).await
}

/// The location with this id.
pub async fn get(db: &mut Db, id: LocationId) -> Result<Option<Location>> {
    TABLE.get(db, id, read).await
}

/// Those of these locations that exist, in no order.
pub async fn get_many(db: &mut Db, ids: &[LocationId]) -> Result<Vec<Location>> {
    TABLE.get_many(db, ids, read).await
}

/// The locations of the tenant.
pub async fn list(db: &mut Db, filter: &LocationFilter, page: Page) -> Result<Listing<Location>> {
    let select = TABLE
        .select(db)?
        .is("location_type", filter.location_type)
        .is("reference", filter.reference.as_ref())
        .is("country", filter.country.as_ref());
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a location.
pub async fn update(db: &mut Db, location: &Location) -> Result<bool> {
    TABLE.update(db, location.id, location.tenant_id, location.version, values(location)).await
}

/// Removes a location and the zones around it; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a shipment or leg still names it.
pub async fn delete(db: &mut Db, id: LocationId) -> Result<bool> {
    TABLE.delete(db, id).await
}
