//! Geofences that tenants draw.

use serde::{Deserialize, Serialize};
use tracklane_core::id::{LocationId, ZoneId};
use tracklane_core::model::{Caller, Role, Zone, ZoneKind};
use tracklane_core::{Env, Invalid};
use tracklane_geo::Shape;
use tracklane_store::{Db, locations};

use super::book::{Record, must_exist, stored_in};
use crate::base::Base;
use crate::check;
use crate::error::{Error, Result};

/// What a tenant says about a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewZone {
    /// Name, 1 to 200 characters.
    pub name: String,
    /// The location it surrounds.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// GeoJSON geometry: `Polygon`, `MultiPolygon`, or a `Point` together with `radius_m` for a circle.
    #[schema(value_type = Object)]
    pub geometry: serde_json::Value,
    /// Radius of a circle, in metres, 1 to 1,000,000; none for polygons.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000000)]
    pub radius_m: Option<f64>,
}

impl From<&Zone> for NewZone {
    fn from(zone: &Zone) -> Self {
        Self {
            name: zone.name.clone(),
            location_id: zone.location_id,
            geometry: zone.geometry.clone(),
            radius_m: zone.radius_m,
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
        check::name(&mut invalid, &self.name);
        if let Err(wrong) = Shape::parse(&self.geometry, self.radius_m) {
            invalid.nest("", wrong);
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
            name: input.name,
            kind: ZoneKind::Custom,
            location_id: input.location_id,
            geometry: input.geometry,
            radius_m: input.radius_m,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn revise(&mut self, input: NewZone, env: &Env) {
        let NewZone { name, location_id, geometry, radius_m } = input;
        (self.name, self.location_id, self.geometry, self.radius_m) = (name, location_id, geometry, radius_m);
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
