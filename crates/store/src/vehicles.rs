//! What shipments are carried with.

use tracklane_core::id::VehicleId;
use tracklane_core::model::Vehicle;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, from_json, search_text, to_json};

const TABLE: Table = Table {
    name: "vehicles",
    fixed: "created_at, version",
    changing: "reference, vehicle_type, capacity_kg, skills, search, updated_at",
};

fn values(vehicle: &Vehicle) -> Result<Vec<Value>> {
    Ok(args![
        &vehicle.reference,
        &vehicle.vehicle_type,
        vehicle.capacity_kg,
        to_json(&vehicle.skills)?,
        search_text(&[Some(&vehicle.vehicle_type), vehicle.reference.as_deref()]),
        vehicle.updated_at,
    ])
}

fn read(row: &Row) -> Result<Vehicle> {
    Ok(Vehicle {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        reference: row.opt("reference")?,
        vehicle_type: row.get("vehicle_type")?,
        capacity_kg: row.opt("capacity_kg")?,
        skills: from_json(row, "skills")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

/// Which vehicles are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct VehicleFilter {
    /// Among these, at most 200; none means any.
    pub ids: Vec<VehicleId>,
    /// Of exactly this type.
    pub vehicle_type: Option<String>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// Whose type or reference contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a vehicle.
pub async fn insert(db: &mut Db, vehicle: &Vehicle) -> Result<()> {
    let fixed = args![vehicle.created_at, vehicle.version];
    TABLE.insert(db, vehicle.id, vehicle.tenant_id, fixed, values(vehicle)?).await
}

/// The vehicle with this id.
pub async fn get(db: &mut Db, id: VehicleId) -> Result<Option<Vehicle>> {
    TABLE.get(db, id, read).await
}

/// The vehicles of the tenant.
pub async fn list(db: &mut Db, filter: &VehicleFilter, page: Page) -> Result<Listing<Vehicle>> {
    let select = TABLE
        .select(db)?
        .is("vehicle_type", filter.vehicle_type.as_ref())
        .is("reference", filter.reference.as_ref())
        .one_of("id", filter.ids.iter().copied().map(Value::from).collect());
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a vehicle.
pub async fn update(db: &mut Db, vehicle: &Vehicle) -> Result<bool> {
    TABLE.update(db, vehicle.id, vehicle.tenant_id, vehicle.version, values(vehicle)?).await
}

/// Removes a vehicle; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a driver or device still names it.
pub async fn delete(db: &mut Db, id: VehicleId) -> Result<bool> {
    TABLE.delete(db, id).await
}
