//! Parcels.

use tracklane_core::id::{PackageId, ShipmentId};
use tracklane_core::model::Package;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "packages",
    fixed: "shipment_id, created_at, version",
    changing: "tracking_number, description, weight_kg, metadata, search",
};

fn values(package: &Package) -> Vec<Value> {
    args![
        &package.tracking_number,
        &package.description,
        package.weight_kg,
        &package.metadata,
        search_text(&[package.tracking_number.as_deref()]),
    ]
}

fn read(row: &Row) -> Result<Package> {
    Ok(Package {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        shipment_id: row.get("shipment_id")?,
        tracking_number: row.opt("tracking_number")?,
        description: row.opt("description")?,
        weight_kg: row.opt("weight_kg")?,
        metadata: row.get("metadata")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

/// Adds a package.
pub async fn insert(db: &mut Db, package: &Package) -> Result<()> {
    let fixed = args![package.shipment_id, package.created_at, package.version];
    TABLE.insert(db, package.id, package.tenant_id, fixed, values(package)).await
}

/// The package with this id.
pub async fn get(db: &mut Db, id: PackageId) -> Result<Option<Package>> {
    TABLE.get(db, id, read).await
}

/// The packages of a shipment, oldest first.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<Package>> {
    TABLE.select(db)?.is("shipment_id", Some(shipment_id)).ordered(db, "id", read).await
}

/// Changes a package.
pub async fn update(db: &mut Db, package: &Package) -> Result<bool> {
    TABLE.update(db, package.id, package.tenant_id, package.version, values(package)).await
}

/// Removes a package; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a fact names it.
pub async fn delete(db: &mut Db, id: PackageId) -> Result<bool> {
    TABLE.delete(db, id).await
}
