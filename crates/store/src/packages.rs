//! Parcels.

use tracklane_core::id::{PackageId, ShipmentId};
use tracklane_core::model::Package;

use crate::db::Db;
use crate::error::Result;

/// Adds a package.
pub async fn insert(db: &mut Db, package: &Package) -> Result<()> {
    todo!()
}

/// The package with this id.
pub async fn get(db: &mut Db, id: PackageId) -> Result<Option<Package>> {
    todo!()
}

/// The package with this tracking number.
pub async fn find_by_tracking_number(db: &mut Db, number: &str) -> Result<Option<Package>> {
    todo!()
}

/// The packages of a shipment, oldest first.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<Package>> {
    todo!()
}

/// Changes a package.
pub async fn update(db: &mut Db, package: &Package) -> Result<bool> {
    todo!()
}

/// Removes a package; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a fact names it.
pub async fn delete(db: &mut Db, id: PackageId) -> Result<bool> {
    todo!()
}
