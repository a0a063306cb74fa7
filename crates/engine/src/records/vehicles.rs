//! What shipments are carried with.

use serde::{Deserialize, Serialize};
use tracklane_core::id::VehicleId;
use tracklane_core::model::{Caller, Role, Vehicle};
use tracklane_core::{Env, Invalid};
use tracklane_store::Db;

use super::book::{Record, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};

/// What a tenant says about a vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVehicle {
    /// The tenant's own reference (plate), unique in the tenant, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// What kind it is: bicycle, van, truck, or the tenant's own word, 1 to 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    pub vehicle_type: String,
    /// What it can carry, in kilograms, 0 to 1,000,000.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub capacity_kg: Option<f64>,
    /// What it can do: refrigerated, tail lift, the tenant's own words; at most 50 of 1 to 50 characters.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub skills: Vec<String>,
}

impl From<&Vehicle> for NewVehicle {
    fn from(vehicle: &Vehicle) -> Self {
        Self {
            reference: vehicle.reference.clone(),
            vehicle_type: vehicle.vehicle_type.clone(),
            capacity_kg: vehicle.capacity_kg,
            skills: vehicle.skills.clone(),
        }
    }
}

impl NewVehicle {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        check::text(&mut invalid, "/vehicle_type", &self.vehicle_type, 50);
        check::range(&mut invalid, "/capacity_kg", self.capacity_kg, 0.0, 1_000_000.0);
        invalid.require(self.skills.len() <= 50, "/skills", "must be at most 50");
        for (index, skill) in self.skills.iter().enumerate() {
            check::text(&mut invalid, &format!("/skills/{index}"), skill, 50);
        }
        invalid.into_result()
    }
}

impl Record for Vehicle {
    const WORD: &'static str = "vehicle";
    type Id = VehicleId;
    type Input = NewVehicle;

    stored_in!(vehicles, VehicleFilter);

    fn check(input: &NewVehicle) -> Result<(), Invalid> {
        input.check()
    }

    fn build(input: NewVehicle, caller: &Caller, env: &Env) -> Self {
        let now = env.now();
        Self {
            id: VehicleId::new(env),
            tenant_id: caller.tenant_id,
            reference: input.reference,
            vehicle_type: input.vehicle_type,
            capacity_kg: input.capacity_kg,
            skills: input.skills,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewVehicle, env: &Env) {
        let NewVehicle { reference, vehicle_type, capacity_kg, skills } = input;
        (self.reference, self.vehicle_type) = (reference, vehicle_type);
        (self.capacity_kg, self.skills) = (capacity_kg, skills);
        self.updated_at = env.now();
    }

    fn own_of(caller: &Caller) -> Result<Option<VehicleId>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => Ok(None),
            Role::Customer | Role::Driver | Role::Device => Err(Error::Forbidden),
        }
    }

    async fn check_references(&self, _: &mut Db) -> Result<()> {
        Ok(())
    }

    fn remember(_: &Base, _: Option<&Self>, _: Option<&Self>) {}
}
