//! The devices of the installation, by id, by the name they give themselves, and by driver.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};
use tracklane_core::id::{DeviceId, DriverId, TenantId};
use tracklane_core::model::{Device, DutyState};

use super::DeviceRef;
use crate::by_id::ById;

/// What the pipeline knows of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownDevice {
    /// Which device.
    pub device_id: DeviceId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// How it names itself.
    pub identifier: Box<str>,
    /// The driver who carries it.
    pub driver_id: Option<DriverId>,
    /// The highest speed that is believed of it, in metres per second: 0 for any; none for the setting.
    pub max_speed_mps: Option<f32>,
    /// True when it may not send any more.
    pub disabled: bool,
    /// True when messages need its credential.
    pub has_credential: bool,
    /// The version of the record that this was read from.
    pub version: i64,
}

/// Every device.
#[derive(Default)]
pub(crate) struct Registry {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    by_id: ById<DeviceId, Arc<KnownDevice>>,
    by_identifier: HashSet<Named>,
    by_driver: ById<DriverId, Vec<DeviceId>>,
    /// Whether drivers work, with the version of the record that says so.
    duties: ById<DriverId, (i64, DutyState)>,
}

/// A device by the name it gives itself. That is in no second place: there may be millions of them. Others choose these
/// names, so their hash is one that nobody can foresee.
#[derive(Debug)]
struct Named(Arc<KnownDevice>);

impl Borrow<str> for Named {
    fn borrow(&self) -> &str {
        &self.0.identifier
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.identifier == other.0.identifier
    }
}

impl Eq for Named {}

impl Hash for Named {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.identifier.hash(state);
    }
}

impl Registry {
    /// Puts a device in, or in place of what was known of it.
    pub fn put(&self, device: &Device) {
        let known = Arc::new(KnownDevice {
            device_id: device.id,
            tenant_id: device.tenant_id,
            identifier: device.identifier.as_str().into(),
            driver_id: device.driver_id,
            max_speed_mps: device.max_speed_mps,
            disabled: device.disabled,
            has_credential: device.has_credential,
            version: device.version,
        });
        let mut inner = self.inner.write();
        // Two commits may tell of themselves in the wrong order.
        if inner.by_id.get(&device.id).is_some_and(|newer| newer.version > device.version) {
            return;
        }
        inner.forget(device.id);
        inner.by_identifier.replace(Named(known.clone()));
        if let Some(driver) = device.driver_id {
            inner.by_driver.entry(driver).or_default().push(device.id);
        }
        inner.by_id.insert(device.id, known);
    }

    /// Takes a device out.
    pub fn remove(&self, id: DeviceId) {
        self.inner.write().forget(id);
    }

    /// Notes whether a driver works, as of a version of the driver's record.
    pub fn set_duty(&self, driver: DriverId, version: i64, duty: DutyState) {
        let mut inner = self.inner.write();
        // Two commits may tell of themselves in the wrong order.
        if inner.duties.get(&driver).is_none_or(|(newer, _)| *newer <= version) {
            inner.duties.insert(driver, (version, duty));
        }
    }

    /// Forgets a driver.
    pub fn forget_duty(&self, driver: DriverId) {
        self.inner.write().duties.remove(&driver);
    }

    /// The devices as they are for the moment. Whoever changes one waits: hold it for moments, and take no other lock meanwhile.
    pub fn now(&self) -> Devices<'_> {
        Devices(self.inner.read())
    }

    /// True when the driver works.
    pub fn on_duty(&self, driver: DriverId) -> bool {
        self.now().on_duty(driver)
    }

    /// The device with this id.
    pub fn by_id(&self, id: DeviceId) -> Option<Arc<KnownDevice>> {
        self.now().by_id(id).cloned()
    }

    /// The device with this identifier.
    pub fn by_identifier(&self, identifier: &str) -> Option<Arc<KnownDevice>> {
        self.now().by_identifier(identifier).cloned()
    }

    /// The devices that a driver carries.
    pub fn of_driver(&self, driver: DriverId) -> Vec<Arc<KnownDevice>> {
        self.now().of_driver(driver).cloned().collect()
    }

    /// The devices of a tenant.
    pub fn of_tenant(&self, tenant: TenantId) -> Vec<Arc<KnownDevice>> {
        let inner = self.inner.read();
        inner.by_id.values().filter(|device| device.tenant_id == tenant).cloned().collect()
    }

    /// Every device.
    pub fn ids(&self) -> Vec<DeviceId> {
        self.inner.read().by_id.keys().copied().collect()
    }

    /// True when it was told of any driver whether they work.
    pub fn knows_duties(&self) -> bool {
        !self.inner.read().duties.is_empty()
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.inner.read().by_id.len()
    }
}

/// The devices as they are for the moment.
pub(crate) struct Devices<'a>(RwLockReadGuard<'a, Inner>);

impl Devices<'_> {
    /// True when the driver works.
    pub fn on_duty(&self, driver: DriverId) -> bool {
        self.0.duties.get(&driver).is_none_or(|(_, duty)| *duty == DutyState::OnDuty)
    }

    /// The device with this id.
    pub fn by_id(&self, id: DeviceId) -> Option<&Arc<KnownDevice>> {
        self.0.by_id.get(&id)
    }

    /// The device with this identifier.
    pub fn by_identifier(&self, identifier: &str) -> Option<&Arc<KnownDevice>> {
        self.0.by_identifier.get(identifier).map(|named| &named.0)
    }

    /// The devices that a driver carries.
    pub fn of_driver(&self, driver: DriverId) -> impl Iterator<Item = &Arc<KnownDevice>> {
        let ids = self.0.by_driver.get(&driver).into_iter().flatten();
        ids.filter_map(|id| self.by_id(*id))
    }

    /// Reads what is known of those that are named by id, for nothing: memory answers for all of them in the time that it takes
    /// for a few.
    pub fn fetch<'a>(&self, named: impl Iterator<Item = &'a DeviceRef>) {
        for named in named {
            if let DeviceRef::Id(id) = named {
                let known = self.by_id(*id);
                std::hint::black_box(
                    known.map(|known| (known.tenant_id, known.driver_id, known.max_speed_mps, known.disabled)),
                );
            }
        }
    }

    /// Lets go of them for as long as something takes that needs another lock.
    pub fn without<T>(&mut self, work: impl FnOnce() -> T) -> T {
        RwLockReadGuard::unlocked(&mut self.0, work)
    }
}

impl Inner {
    fn forget(&mut self, id: DeviceId) {
        let Some(known) = self.by_id.remove(&id) else { return };
        // Another device may have been given the identifier in the meantime.
        if self.by_identifier.get(&*known.identifier).is_some_and(|named| named.0.device_id == id) {
            self.by_identifier.remove(&*known.identifier);
        }
        if let Some(driver) = known.driver_id
            && let Some(ids) = self.by_driver.get_mut(&driver)
        {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_driver.remove(&driver);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tracklane_core::Timestamp;
    use tracklane_core::id::Id as _;
    use uuid::Uuid;

    use super::*;

    fn device(number: u128, identifier: &str, version: i64) -> Device {
        Device {
            id: DeviceId::from_uuid(Uuid::from_u128(number)),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            identifier: identifier.to_owned(),
            name: identifier.to_owned(),
            driver_id: None,
            vehicle_id: None,
            max_speed_mps: None,
            disabled: false,
            has_credential: false,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            version,
        }
    }

    #[test]
    fn an_identifier_that_went_to_another_device_stays_with_it() {
        let registry = Registry::default();
        registry.put(&device(1, "old", 1));
        // The other one tells of itself before the first one says that it has a new name.
        let heir = device(2, "old", 1);
        registry.put(&heir);
        registry.put(&device(1, "new", 2));
        registry.put(&device(1, "stale", 1));
        assert_eq!(registry.by_identifier("old").map(|known| known.device_id), Some(heir.id));
        assert!(registry.by_identifier("new").is_some() && registry.by_identifier("stale").is_none());
    }

    #[test]
    fn the_last_word_on_duty_stands_whichever_is_heard_first() {
        let (registry, driver) = (Registry::default(), DriverId::from_uuid(Uuid::from_u128(7)));
        registry.set_duty(driver, 3, DutyState::OnDuty);
        registry.set_duty(driver, 2, DutyState::OffDuty);
        assert!(registry.on_duty(driver));
        registry.set_duty(driver, 4, DutyState::OffDuty);
        assert!(!registry.on_duty(driver));
    }
}
