//! What sends GPS fixes. The hash of a device's credential is never part of the record.

use tracklane_core::id::{DeviceId, DriverId, VehicleId};
use tracklane_core::model::Device;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which devices are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct DeviceFilter {
    /// Carried by this driver.
    pub driver_id: Option<DriverId>,
    /// In this vehicle.
    pub vehicle_id: Option<VehicleId>,
    /// With exactly this identifier.
    pub identifier: Option<String>,
    /// Disabled, or not.
    pub disabled: Option<bool>,
    /// Whose name or identifier contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a device, without a credential whatever `has_credential` says: see [`set_credential_hash`].
pub async fn insert(db: &mut Db, device: &Device) -> Result<()> {
    todo!()
}

/// The device with this id.
pub async fn get(db: &mut Db, id: DeviceId) -> Result<Option<Device>> {
    todo!()
}

/// The device with this identifier and the hash of its credential, if one is set.
pub async fn find_by_identifier_any_tenant(db: &mut Db, identifier: &str) -> Result<Option<(Device, Option<Vec<u8>>)>> {
    todo!()
}

/// The device with this id and the hash of its credential, if one is set.
pub async fn find_any_tenant(db: &mut Db, id: DeviceId) -> Result<Option<(Device, Option<Vec<u8>>)>> {
    todo!()
}

/// Every device of every tenant, in no order.
pub async fn load_all_any_tenant(db: &mut Db) -> Result<Vec<Device>> {
    todo!()
}

/// The devices of the tenant.
pub async fn list(db: &mut Db, filter: &DeviceFilter, page: Page) -> Result<Listing<Device>> {
    todo!()
}

/// The devices that a driver carries, oldest first.
pub async fn list_of_driver(db: &mut Db, driver_id: DriverId) -> Result<Vec<Device>> {
    todo!()
}

/// Changes a device; `has_credential` is not written.
pub async fn update(db: &mut Db, device: &Device) -> Result<bool> {
    todo!()
}

/// Removes a device and its state; false when there is none.
pub async fn delete(db: &mut Db, id: DeviceId) -> Result<bool> {
    todo!()
}

/// Sets the hash of the credential, or takes it away; false when there is no such device.
pub async fn set_credential_hash(db: &mut Db, id: DeviceId, hash: Option<&[u8]>) -> Result<bool> {
    todo!()
}
