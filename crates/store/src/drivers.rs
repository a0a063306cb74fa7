//! Who carries.

use tracklane_core::id::{DriverId, VehicleId};
use tracklane_core::model::{Driver, DutyState};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "drivers",
    fixed: "created_at, version",
    changing: "reference, name, phone, duty, vehicle_id, search, updated_at",
};

fn values(driver: &Driver) -> Vec<Value> {
    args![
        &driver.reference,
        &driver.name,
        &driver.phone,
        driver.duty,
        driver.vehicle_id,
        search_text(&[Some(&driver.name), driver.reference.as_deref(), driver.phone.as_deref()]),
        driver.updated_at,
    ]
}

fn read(row: &Row) -> Result<Driver> {
    Ok(Driver {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        reference: row.opt("reference")?,
        name: row.get("name")?,
        phone: row.opt("phone")?,
        duty: row.get("duty")?,
        vehicle_id: row.opt("vehicle_id")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

/// Which drivers are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct DriverFilter {
    /// Among these, at most 200; none means any.
    pub ids: Vec<DriverId>,
    /// Working, or not.
    pub duty: Option<DutyState>,
    /// With this vehicle.
    pub vehicle_id: Option<VehicleId>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// Whose name, reference or phone number contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a driver.
pub async fn insert(db: &mut Db, driver: &Driver) -> Result<()> {
    TABLE.insert(db, driver.id, driver.tenant_id, args![driver.created_at, driver.version], values(driver)).await
}

/// The driver with this id.
pub async fn get(db: &mut Db, id: DriverId) -> Result<Option<Driver>> {
    TABLE.get(db, id, read).await
}

/// The drivers of the tenant.
pub async fn list(db: &mut Db, filter: &DriverFilter, page: Page) -> Result<Listing<Driver>> {
    let select = TABLE
        .select(db)?
        .is("duty", filter.duty)
        .is("vehicle_id", filter.vehicle_id)
        .is("reference", filter.reference.as_ref())
        .one_of("id", filter.ids.iter().copied().map(Value::from).collect());
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a driver.
pub async fn update(db: &mut Db, driver: &Driver) -> Result<bool> {
    TABLE.update(db, driver.id, driver.tenant_id, driver.version, values(driver)).await
}

/// Removes a driver; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a device, leg, shipment, user or key still names them.
pub async fn delete(db: &mut Db, id: DriverId) -> Result<bool> {
    TABLE.delete(db, id).await
}
