//! A device for drivers who have none: whoever logs in as a driver can send positions at once.

use std::sync::Arc;

use tracklane_core::id::DriverId;
use tracklane_core::model::{Caller, Device, Role};
use tracklane_store::{Db, devices, drivers};

use super::{DeviceRef, Incoming, KnownDevice, Tracking};
use crate::error::{Error, Result};
use crate::records::{NewDevice, Record};

impl Tracking {
    /// The device that a driver carries: the oldest that may send, or a new one, named after the driver.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a driver of another tenant, or another driver's own caller; [`Error::Forbidden`] for roles
    /// that send no positions.
    pub async fn device_of_driver(&self, caller: &Caller, driver: DriverId) -> Result<Arc<KnownDevice>> {
        match caller.role {
            Role::Admin | Role::Operator => {}
            Role::Driver if caller.driver_id == Some(driver) => {}
            Role::Driver => return Err(Error::NotFound),
            Role::Viewer | Role::Customer | Role::Device => return Err(Error::Forbidden),
        }
        let base = self.base();
        let mine = |device: &Arc<KnownDevice>| device.tenant_id == caller.tenant_id && !device.disabled;
        let known = base.memory.devices.of_driver(driver).into_iter().filter(mine);
        if let Some(device) = known.min_by_key(|device| device.device_id) {
            return Ok(device);
        }
        let mut tx = base.begin(caller).await?;
        let device = make(&base.env, &mut tx, caller, driver).await?;
        base.audit(&mut tx, caller, "device.created", device.id.to_string()).await?;
        tx.commit().await?;
        base.memory.devices.put(&device);
        base.memory.devices.by_id(device.id).ok_or_else(|| Error::internal("a device was made and is not known"))
    }

    /// Makes sure that a driver who names no device has one.
    pub(super) async fn provide(&self, caller: &Caller, rows: &[Incoming]) -> Result<()> {
        let (Role::Driver, Some(driver)) = (caller.role, caller.driver_id) else { return Ok(()) };
        if rows.iter().any(|row| row.device == DeviceRef::Caller) {
            self.device_of_driver(caller, driver).await?;
        }
        Ok(())
    }
}

async fn make(env: &tracklane_core::Env, db: &mut Db, caller: &Caller, driver: DriverId) -> Result<Device> {
    let driver = drivers::get(db, driver).await?.ok_or(Error::NotFound)?;
    let input = NewDevice {
        identifier: driver.id.to_string(),
        name: Some(driver.name),
        driver_id: Some(driver.id),
        vehicle_id: None,
        disabled: false,
    };
    let device = Device::build(input, caller, env);
    devices::insert(db, &device).await?;
    Ok(device)
}
