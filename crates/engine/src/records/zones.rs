//! Geofences that tenants draw.

use serde::{Deserialize, Serialize};
use tracklane_core::id::{LocationId, ZoneId};
use tracklane_core::model::{Caller, Role, SpeedLimit, Zone, ZoneKind, ZoneRules, ZoneSchedule};
use tracklane_core::{Env, Invalid};
use tracklane_geo::Shape;
use tracklane_geo::shape::Sizes;
use tracklane_store::{Db, locations};

use super::book::{Record, must_exist, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};

/// What a tenant says about a zone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewZone {
    /// The tenant's own reference, unique in the tenant, 1 to 100 characters: imports find the zone by it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// The location it surrounds.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// GeoJSON geometry of at most 100,000 positions: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a
    /// circle, or a `LineString` together with `width_m` for a corridor.
    #[schema(value_type = Object)]
    pub geometry: serde_json::Value,
    /// Radius of a circle, in metres, 1 to 1,000,000; none for everything else.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000000)]
    pub radius_m: Option<f64>,
    /// Width of a corridor in all, in metres, 1 to 100,000; none for everything else.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100000)]
    pub width_m: Option<f64>,
    /// What it asks for before it tells an event; none for the defaults.
    #[serde(default)]
    pub rules: Option<ZoneRules>,
    /// When it tells events; none for always.
    #[serde(default)]
    pub schedule: Option<ZoneSchedule>,
    /// How fast one may go in it; none for any speed.
    #[serde(default)]
    pub speed_limit: Option<SpeedLimit>,
}

impl From<&Zone> for NewZone {
    fn from(zone: &Zone) -> Self {
        Self {
            reference: zone.reference.clone(),
            name: zone.name.clone(),
            location_id: zone.location_id,
            geometry: zone.geometry.clone(),
            radius_m: zone.radius_m,
            width_m: zone.width_m,
            rules: zone.rules,
            schedule: zone.schedule.clone(),
            speed_limit: zone.speed_limit,
        }
    }
}

impl NewZone {
    /// Checks every field; the geometry must be drawable: closed rings, no crossings, not over the antimeridian.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        check::name(&mut invalid, &self.name);
        let mut nest = |under: &str, checked: Result<(), Invalid>| {
            if let Err(wrong) = checked {
                invalid.nest(under, wrong);
            }
        };
        let sizes = Sizes { radius_m: self.radius_m, width_m: self.width_m };
        nest("", Shape::read(&self.geometry, sizes).map(drop));
        nest("/rules", self.rules.as_ref().map_or(Ok(()), ZoneRules::check));
        nest("/speed_limit", self.speed_limit.as_ref().map_or(Ok(()), SpeedLimit::check));
        if let Some(schedule) = &self.schedule {
            nest("/schedule", schedule.check());
            check::time_zone(&mut invalid, "/schedule/time_zone", &schedule.time_zone);
        }
        invalid.into_result()
    }
}

impl Record for Zone {
    const WORD: &'static str = "zone";
    type Id = ZoneId;
    type Input = NewZone;

    stored_in!(zones, ZoneFilter);

    fn check(input: &NewZone) -> Result<(), Invalid> {
        input.check()
    }

    fn build(input: NewZone, caller: &Caller, env: &Env) -> Self {
        let now = env.now();
        Self {
            id: ZoneId::new(env),
            tenant_id: caller.tenant_id,
            reference: input.reference,
            name: input.name,
            kind: ZoneKind::Custom,
            location_id: input.location_id,
            geometry: input.geometry,
            radius_m: input.radius_m,
            width_m: input.width_m,
            rules: input.rules,
            schedule: input.schedule,
            speed_limit: input.speed_limit,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewZone, env: &Env) {
        let NewZone { reference, name, location_id, geometry, radius_m, width_m, rules, schedule, speed_limit } = input;
        (self.reference, self.name, self.location_id) = (reference, name, location_id);
        (self.geometry, self.radius_m, self.width_m) = (geometry, radius_m, width_m);
        (self.rules, self.schedule, self.speed_limit) = (rules, schedule, speed_limit);
        self.updated_at = env.now();
    }

    fn own_of(caller: &Caller) -> Result<Option<ZoneId>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer | Role::Driver => Ok(None),
            Role::Customer | Role::Device => Err(Error::Forbidden),
        }
    }

    async fn check_references(&self, db: &mut Db) -> Result<()> {
        if let Some(id) = self.location_id {
            must_exist(locations::get(db, id).await?, "/location_id")?;
        }
        Ok(())
    }

    fn remember(base: &Base, before: Option<&Self>, now: Option<&Self>) {
        match (before, now) {
            (_, Some(zone)) => base.memory.zones.put(zone),
            (Some(gone), None) => base.memory.zones.remove(gone.tenant_id, gone.id),
            (None, None) => {}
        }
    }
}
