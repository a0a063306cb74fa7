//! What shipments are carried with.

use tracklane_core::id::VehicleId;
use tracklane_core::model::Vehicle;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which vehicles are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct VehicleFilter {
    /// Of exactly this type.
    pub vehicle_type: Option<String>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// Whose type or reference contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a vehicle.
pub async fn insert(db: &mut Db, vehicle: &Vehicle) -> Result<()> {
    todo!()
}

/// The vehicle with this id.
pub async fn get(db: &mut Db, id: VehicleId) -> Result<Option<Vehicle>> {
    todo!()
}

/// The vehicles of the tenant.
pub async fn list(db: &mut Db, filter: &VehicleFilter, page: Page) -> Result<Listing<Vehicle>> {
    todo!()
}

/// Changes a vehicle.
pub async fn update(db: &mut Db, vehicle: &Vehicle) -> Result<bool> {
    todo!()
}

/// Removes a vehicle; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a driver or device still names it.
pub async fn delete(db: &mut Db, id: VehicleId) -> Result<bool> {
    todo!()
}
