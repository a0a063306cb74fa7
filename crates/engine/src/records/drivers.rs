//! Who carries.

use serde::{Deserialize, Serialize};
use tracklane_core::id::{DriverId, VehicleId};
use tracklane_core::model::{Caller, Driver, DutyState, Role};
use tracklane_core::{Env, Invalid};
use tracklane_store::{Db, vehicles};

use super::book::{Record, must_exist, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};

/// What a tenant says about a driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDriver {
    /// The tenant's own reference, unique in the tenant, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Phone number, E.164.
    #[serde(default)]
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
    /// Whether they work now; on duty unless said otherwise.
    #[serde(default = "on_duty")]
    pub duty: DutyState,
    /// The vehicle they drive.
    #[serde(default)]
    pub vehicle_id: Option<VehicleId>,
}

fn on_duty() -> DutyState {
    DutyState::OnDuty
}

impl From<&Driver> for NewDriver {
    fn from(driver: &Driver) -> Self {
        Self {
            reference: driver.reference.clone(),
            name: driver.name.clone(),
            phone: driver.phone.clone(),
            duty: driver.duty,
            vehicle_id: driver.vehicle_id,
        }
    }
}

impl NewDriver {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        check::name(&mut invalid, &self.name);
        if let Some(phone) = &self.phone {
            check::phone(&mut invalid, "/phone", phone);
        }
        invalid.into_result()
    }
}

impl Record for Driver {
    const WORD: &'static str = "driver";
    type Id = DriverId;
    type Input = NewDriver;

    stored_in!(drivers, DriverFilter);

    fn check(input: &NewDriver) -> Result<(), Invalid> {
        input.check()
    }

    fn build(input: NewDriver, caller: &Caller, env: &Env) -> Self {
        let now = env.now();
        Self {
            id: DriverId::new(env),
            tenant_id: caller.tenant_id,
            reference: input.reference,
            name: input.name,
            phone: input.phone,
            duty: input.duty,
            vehicle_id: input.vehicle_id,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewDriver, env: &Env) {
        let NewDriver { reference, name, phone, duty, vehicle_id } = input;
        (self.reference, self.name, self.phone) = (reference, name, phone);
        (self.duty, self.vehicle_id) = (duty, vehicle_id);
        self.updated_at = env.now();
    }

    fn own_of(caller: &Caller) -> Result<Option<DriverId>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => Ok(None),
            Role::Driver => caller.driver_id.map(Some).ok_or(Error::Forbidden),
            Role::Customer | Role::Device => Err(Error::Forbidden),
        }
    }

    async fn check_references(&self, db: &mut Db) -> Result<()> {
        if let Some(id) = self.vehicle_id {
            must_exist(vehicles::get(db, id).await?, "/vehicle_id")?;
        }
        Ok(())
    }

    fn remember(base: &Base, before: Option<&Self>, now: Option<&Self>) {
        match (before, now) {
            (_, Some(driver)) => base.memory.devices.set_duty(driver.id, driver.version, driver.duty),
            (Some(gone), None) => base.memory.devices.forget_duty(gone.id),
            (None, None) => {}
        }
    }
}
