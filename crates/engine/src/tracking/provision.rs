//! A device for drivers who have none: whoever logs in as a driver can send positions at once.

use std::sync::Arc;

use tracklane_core::id::DriverId;
use tracklane_core::model::{Caller, Device, Role};
use tracklane_store::{devices, drivers};

use super::{DeviceRef, Incoming, KnownDevice, Tracking};
use crate::access::Access;
use crate::error::{Error, Result};
use crate::records::{NewDevice, Record};

impl Tracking {
    /// The device that a driver carries: the oldest that may send, or a new one, named after the driver. A driver's name
    /// is no secret, so nobody can use the new one by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a driver of another tenant, or another driver's own caller; [`Error::Forbidden`] for roles
    /// that send no positions; [`Error::Conflict`] when a device that is not theirs has the driver's name.
    pub async fn device_of_driver(&self, caller: &Caller, driver: DriverId) -> Result<Arc<KnownDevice>> {
        match caller.role {
            Role::Admin | Role::Operator => {}
            Role::Driver if caller.driver_id == Some(driver) => {}
            Role::Driver => return Err(Error::NotFound),
            Role::Viewer | Role::Customer | Role::Device => return Err(Error::Forbidden),
        }
        if let Some(device) = self.carried(caller, driver) {
            return Ok(device);
        }
        // Carried out to its end though nobody waits any more: what the store was told, memory must hear too.
        let (tracking, by) = (self.clone(), caller.clone());
        let made = tokio::spawn(async move {
            let device = tracking.make(&by, driver).await?;
            tracking.base().memory.devices.put(&device);
            Ok(())
        });
        match made.await.unwrap_or_else(|fault| Err(Error::Internal(Box::new(fault)))) {
            Ok(()) => {}
            Err(Error::Conflict(taken)) => {
                // Two first positions at the same time: the other one has made it, and perhaps not told of it yet.
                let mut db = self.base().read(caller).await?;
                for device in devices::list_of_driver(&mut db, driver).await? {
                    self.base().memory.devices.put(&device);
                }
                return self.carried(caller, driver).ok_or(Error::Conflict(taken));
            }
            Err(other) => return Err(other),
        }
        self.carried(caller, driver).ok_or_else(|| Error::internal("a device was made and is not known"))
    }

    fn carried(&self, caller: &Caller, driver: DriverId) -> Option<Arc<KnownDevice>> {
        let mine = |device: &Arc<KnownDevice>| device.tenant_id == caller.tenant_id && !device.disabled;
        let known = self.base().memory.devices.of_driver(driver).into_iter().filter(mine);
        known.min_by_key(|device| device.device_id)
    }

    async fn make(&self, caller: &Caller, driver: DriverId) -> Result<Device> {
        let base = self.base();
        let mut tx = base.begin(caller).await?;
        let driver = drivers::get(&mut tx, driver).await?.ok_or(Error::NotFound)?;
        let input = NewDevice {
            identifier: driver.id.to_string(),
            name: Some(driver.name),
            driver_id: Some(driver.id),
            vehicle_id: None,
            max_speed_mps: None,
            disabled: false,
        };
        let mut device = Device::build(input, caller, &base.env);
        devices::insert(&mut tx, &device).await?;
        Access::keep_from_all(&base.env, &mut tx, &mut device).await?;
        base.audit(&mut tx, caller, "device.created", device.id.to_string()).await?;
        tx.commit().await?;
        Ok(device)
    }

    /// Makes sure that a driver who names no device has one.
    pub(super) async fn provide(&self, caller: &Caller, rows: &[Incoming]) -> Result<()> {
        let (Role::Driver, Some(driver)) = (caller.role, caller.driver_id) else { return Ok(()) };
        if rows.iter().any(|row| row.device == DeviceRef::Caller) {
            // Boxed, because every submission holds this future and hardly any needs it.
            Box::pin(self.device_of_driver(caller, driver)).await?;
        }
        Ok(())
    }
}
