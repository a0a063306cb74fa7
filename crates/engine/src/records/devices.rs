//! What sends GPS fixes.

use serde::{Deserialize, Serialize};
use tracklane_core::id::{DeviceId, DriverId, VehicleId};
use tracklane_core::model::{Caller, Device, Presence, Role};
use tracklane_core::{Env, Invalid};
use tracklane_store::{Db, Listing, Page, devices, drivers, vehicles};

use super::book::{Record, must_exist, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};
use crate::tracking::devices_in;

/// Which devices are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct DeviceFilter {
    /// What their records say.
    pub stored: devices::DeviceFilter,
    /// That are so by now.
    pub state: Option<Presence>,
}

/// What a tenant says about a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// How it names itself (IMEI, user/device, free id), unique in the installation, 1 to 100 characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^(?!dev_)[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
    )]
    pub identifier: String,
    /// Name, 1 to 200 characters; the identifier when left out.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// The driver who carries it.
    #[serde(default)]
    pub driver_id: Option<DriverId>,
    /// The vehicle it sits in.
    #[serde(default)]
    pub vehicle_id: Option<VehicleId>,
    /// The highest speed that is believed of it, in metres per second, 0 to 10,000; 0 for any. When left out, the setting
    /// `filter.max_speed_mps`.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10000)]
    pub max_speed_mps: Option<f32>,
    /// True when it may not send any more.
    #[serde(default)]
    pub disabled: bool,
}

impl From<&Device> for NewDevice {
    fn from(device: &Device) -> Self {
        Self {
            identifier: device.identifier.clone(),
            name: Some(device.name.clone()),
            driver_id: device.driver_id,
            vehicle_id: device.vehicle_id,
            max_speed_mps: device.max_speed_mps,
            disabled: device.disabled,
        }
    }
}

impl NewDevice {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::text(&mut invalid, "/identifier", &self.identifier, 100);
        // The text form of an id would make a position's `device` field ambiguous.
        invalid.require(!self.identifier.starts_with("dev_"), "/identifier", "must not begin with dev_");
        check::optional(&mut invalid, "/name", self.name.as_deref(), 200);
        let speed = self.max_speed_mps.is_none_or(|speed| (0.0..=10_000.0).contains(&speed));
        invalid.require(speed, "/max_speed_mps", "must be from 0 to 10000 metres per second");
        invalid.into_result()
    }
}

impl Record for Device {
    const WORD: &'static str = "device";
    type Id = DeviceId;
    type Input = NewDevice;

    type Filter = DeviceFilter;

    stored_in!(devices);

    async fn list(
        base: &Base,
        db: &mut Db,
        filter: &DeviceFilter,
        page: Page,
    ) -> tracklane_store::Result<Listing<Self>> {
        let mut stored = filter.stored.clone();
        if let Some(state) = filter.state {
            let such = devices_in(base, db.tenant()?, state);
            stored.ids = Some(match stored.ids {
                Some(ids) => ids.into_iter().filter(|id| such.contains(id)).collect(),
                None => such,
            });
        }
        devices::list(db, &stored, page).await
    }

    fn check(input: &NewDevice) -> Result<(), Invalid> {
        input.check()
    }

    fn build(input: NewDevice, caller: &Caller, env: &Env) -> Self {
        let now = env.now();
        Self {
            id: DeviceId::new(env),
            tenant_id: caller.tenant_id,
            name: input.name.unwrap_or_else(|| input.identifier.clone()),
            identifier: input.identifier,
            driver_id: input.driver_id,
            vehicle_id: input.vehicle_id,
            max_speed_mps: input.max_speed_mps,
            disabled: input.disabled,
            has_credential: false,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewDevice, env: &Env) {
        let NewDevice { identifier, name, driver_id, vehicle_id, max_speed_mps, disabled } = input;
        self.name = name.unwrap_or_else(|| identifier.clone());
        (self.identifier, self.driver_id, self.vehicle_id) = (identifier, driver_id, vehicle_id);
        (self.max_speed_mps, self.disabled) = (max_speed_mps, disabled);
        self.updated_at = env.now();
    }

    fn own_of(caller: &Caller) -> Result<Option<DeviceId>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => Ok(None),
            Role::Device => caller.device_id.map(Some).ok_or(Error::Forbidden),
            Role::Customer | Role::Driver => Err(Error::Forbidden),
        }
    }

    async fn check_references(&self, db: &mut Db) -> Result<()> {
        if let Some(id) = self.driver_id {
            must_exist(drivers::get(db, id).await?, "/driver_id")?;
        }
        if let Some(id) = self.vehicle_id {
            must_exist(vehicles::get(db, id).await?, "/vehicle_id")?;
        }
        Ok(())
    }

    fn remember(base: &Base, before: Option<&Self>, now: Option<&Self>) {
        match (before, now) {
            (_, Some(device)) => base.memory.devices.put(device),
            (Some(gone), None) => {
                base.memory.devices.remove(gone.id);
                base.memory.states.remove(gone.id);
            }
            (None, None) => {}
        }
    }
}
