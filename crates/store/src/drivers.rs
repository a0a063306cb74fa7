//! Who carries.

use tracklane_core::id::{DriverId, VehicleId};
use tracklane_core::model::{Driver, DutyState};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which drivers are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct DriverFilter {
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
    todo!()
}

/// The driver with this id.
pub async fn get(db: &mut Db, id: DriverId) -> Result<Option<Driver>> {
    todo!()
}

/// The drivers of the tenant.
pub async fn list(db: &mut Db, filter: &DriverFilter, page: Page) -> Result<Listing<Driver>> {
    todo!()
}

/// Changes a driver.
pub async fn update(db: &mut Db, driver: &Driver) -> Result<bool> {
    todo!()
}

/// Removes a driver; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a device, leg, shipment, user or key still names them.
pub async fn delete(db: &mut Db, id: DriverId) -> Result<bool> {
    todo!()
}
