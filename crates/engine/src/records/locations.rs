//! Hubs, warehouses, stores, lockers, ports and doors.

use serde::{Deserialize, Serialize};
use tracklane_core::id::LocationId;
use tracklane_core::model::{Address, Caller, Location, LocationType, Role};
use tracklane_core::{Env, Invalid};
use tracklane_store::Db;

use super::book::{Record, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};

/// What a tenant says about a location.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLocation {
    /// The tenant's own reference, unique in the tenant, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What kind of place it is.
    #[serde(default = "address_type")]
    pub location_type: LocationType,
    /// Address; without its point nothing can arrive there by position.
    #[serde(default)]
    pub address: Address,
    /// Time zone, IANA name.
    #[serde(default)]
    #[schema(max_length = 100, pattern = r"^[A-Za-z][A-Za-z0-9_+\-/]*$")]
    pub time_zone: Option<String>,
    /// Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
    #[serde(default)]
    #[schema(minimum = 20, maximum = 5000)]
    pub radius_m: Option<f64>,
}

fn address_type() -> LocationType {
    LocationType::Address
}

impl From<&Location> for NewLocation {
    fn from(location: &Location) -> Self {
        Self {
            reference: location.reference.clone(),
            name: location.name.clone(),
            location_type: location.location_type,
            address: location.address.clone(),
            time_zone: location.time_zone.clone(),
            radius_m: location.radius_m,
        }
    }
}

impl NewLocation {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        check::name(&mut invalid, &self.name);
        check::address(&mut invalid, "/address", &self.address);
        if let Some(zone) = &self.time_zone {
            check::time_zone(&mut invalid, "/time_zone", zone);
        }
        check::range(&mut invalid, "/radius_m", self.radius_m, 20.0, 5_000.0);
        invalid.into_result()
    }
}

impl Record for Location {
    const WORD: &'static str = "location";
    type Id = LocationId;
    type Input = NewLocation;

    stored_in!(locations, LocationFilter);

    fn check(input: &NewLocation) -> Result<(), Invalid> {
        input.check()
    }

    fn build(input: NewLocation, caller: &Caller, env: &Env) -> Self {
        let now = env.now();
        Self {
            id: LocationId::new(env),
            tenant_id: caller.tenant_id,
            reference: input.reference,
            name: input.name,
            location_type: input.location_type,
            address: input.address,
            time_zone: input.time_zone,
            radius_m: input.radius_m,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewLocation, env: &Env) {
        let NewLocation { reference, name, location_type, address, time_zone, radius_m } = input;
        (self.reference, self.name, self.location_type) = (reference, name, location_type);
        (self.address, self.time_zone, self.radius_m) = (address, time_zone, radius_m);
        self.updated_at = env.now();
    }

    fn own_of(caller: &Caller) -> Result<Option<LocationId>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => Ok(None),
            Role::Customer | Role::Driver | Role::Device => Err(Error::Forbidden),
        }
    }

    async fn check_references(&self, _: &mut Db) -> Result<()> {
        Ok(())
    }

    fn remember(base: &Base, _: Option<&Self>, now: Option<&Self>) {
        if let Some(location) = now {
            base.memory.zones.relocate(location);
        }
    }
}
