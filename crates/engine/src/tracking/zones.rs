//! The zones of every tenant, in the order of the map: those that tenants draw, and those that stand around the ends of
//! active fleet legs, which appear and vanish with the legs.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tracklane_core::id::{LocationId, TenantId, ZoneId};
use tracklane_core::model::{Location, Tenant, TenantSettings, Zone};
use tracklane_core::position::Point;
use tracklane_geo::{Shape, ZoneIndex};

/// Which zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ZoneKey {
    /// Drawn by the tenant.
    Custom(ZoneId),
    /// Around a location.
    Hub(LocationId),
    /// The wide zone around a location.
    Approach(LocationId),
}

/// The zones of every tenant.
#[derive(Default)]
pub(crate) struct Zones {
    tenants: RwLock<HashMap<TenantId, Arc<RwLock<TenantZones>>>>,
}

/// The zones of one tenant.
#[derive(Default)]
pub(crate) struct TenantZones {
    /// All of them, by place.
    pub index: ZoneIndex<ZoneKey>,
    /// The names of the drawn ones, with the versions of the records that they were read from.
    names: HashMap<ZoneId, (Arc<str>, i64)>,
    /// Which locations have zones around them now.
    places: HashMap<LocationId, Surrounded>,
    /// How wide those are.
    radii: Radii,
}

/// How wide the zones around a tenant's locations are, where a location says nothing else.
struct Radii {
    hub_m: f64,
    approach_m: f64,
    /// The version of the tenant that this was read from.
    version: i64,
}

impl Default for Radii {
    fn default() -> Self {
        let TenantSettings { hub_radius_m, approach_radius_m, .. } = TenantSettings::default();
        Self { hub_m: hub_radius_m, approach_m: approach_radius_m, version: 0 }
    }
}

/// A location that active legs start or end at.
#[derive(Default)]
struct Surrounded {
    point: Option<Point>,
    /// What the location itself says.
    radius_m: Option<f64>,
    /// The version of the location that this was read from.
    version: i64,
    /// How many legs need it.
    needed: usize,
}

impl Surrounded {
    /// Takes over what a location says. Two commits may tell of themselves in the wrong order.
    fn learn(&mut self, location: &Location) {
        if location.version >= self.version {
            (self.point, self.radius_m) = (location.address.point, location.radius_m);
            self.version = location.version;
        }
    }
}

impl TenantZones {
    /// The name of a drawn zone.
    pub fn name(&self, id: ZoneId) -> Option<Arc<str>> {
        self.names.get(&id).map(|(name, _)| name.clone())
    }

    /// Takes over what a tenant sets, and draws every derived zone anew when that is news.
    fn learn(&mut self, tenant: &Tenant) {
        if tenant.version <= self.radii.version {
            return;
        }
        let TenantSettings { hub_radius_m: hub_m, approach_radius_m: approach_m, .. } = tenant.settings;
        let news = (hub_m, approach_m) != (self.radii.hub_m, self.radii.approach_m);
        self.radii = Radii { hub_m, approach_m, version: tenant.version };
        if news {
            for id in self.places.keys().copied().collect::<Vec<_>>() {
                self.draw(id);
            }
        }
    }

    fn draw(&mut self, id: LocationId) {
        let Some(place) = self.places.get(&id) else { return };
        let hub_m = place.radius_m.unwrap_or(self.radii.hub_m);
        let approach_m = self.radii.approach_m.max(hub_m);
        for (key, radius) in [(ZoneKey::Hub(id), hub_m), (ZoneKey::Approach(id), approach_m)] {
            match place.point.map(|point| tracklane_geo::shape::Circle::new(point, radius)) {
                Some(Ok(circle)) => {
                    self.index.insert(key, Arc::new(Shape::Circle(circle)));
                }
                // Without a point, or with one that no circle fits around, nothing arrives there by position.
                Some(Err(_)) | None => {
                    self.index.remove(key);
                }
            }
        }
    }
}

impl Zones {
    /// The zones of a tenant; none when it has never had any.
    pub fn of(&self, tenant: TenantId) -> Option<Arc<RwLock<TenantZones>>> {
        self.tenants.read().get(&tenant).cloned()
    }

    fn made(&self, tenant: TenantId) -> Arc<RwLock<TenantZones>> {
        if let Some(found) = self.of(tenant) {
            return found;
        }
        self.tenants.write().entry(tenant).or_default().clone()
    }

    /// Puts a drawn zone in, or in place of what was there.
    pub fn put(&self, zone: &Zone) {
        let shape = match Shape::parse(&zone.geometry, zone.radius_m) {
            Ok(shape) => shape,
            Err(error) => {
                tracing::error!(zone = %zone.id, %error, "a stored zone cannot be drawn and is left out");
                return;
            }
        };
        let zones = self.made(zone.tenant_id);
        let mut zones = zones.write();
        // Two commits may tell of themselves in the wrong order.
        if zones.names.get(&zone.id).is_some_and(|(_, newer)| *newer > zone.version) {
            return;
        }
        zones.index.insert(ZoneKey::Custom(zone.id), Arc::new(shape));
        zones.names.insert(zone.id, (zone.name.as_str().into(), zone.version));
    }

    /// Takes a drawn zone out.
    pub fn remove(&self, tenant: TenantId, id: ZoneId) {
        let Some(zones) = self.of(tenant) else { return };
        let mut zones = zones.write();
        zones.index.remove(ZoneKey::Custom(id));
        zones.names.remove(&id);
    }

    /// One more leg starts or ends at this location.
    pub fn need(&self, tenant: &Tenant, location: &Location) {
        let zones = self.made(location.tenant_id);
        let mut zones = zones.write();
        zones.learn(tenant);
        let place = zones.places.entry(location.id).or_default();
        place.needed += 1;
        place.learn(location);
        zones.draw(location.id);
    }

    /// One leg fewer starts or ends at this location.
    pub fn release(&self, tenant: TenantId, id: LocationId) {
        let Some(zones) = self.of(tenant) else { return };
        let mut zones = zones.write();
        let Some(place) = zones.places.get_mut(&id) else { return };
        place.needed -= 1;
        if place.needed == 0 {
            zones.places.remove(&id);
            zones.index.remove(ZoneKey::Hub(id));
            zones.index.remove(ZoneKey::Approach(id));
        }
    }

    /// A location was moved or resized.
    pub fn relocate(&self, location: &Location) {
        let Some(zones) = self.of(location.tenant_id) else { return };
        let mut zones = zones.write();
        let Some(place) = zones.places.get_mut(&location.id) else { return };
        place.learn(location);
        zones.draw(location.id);
    }

    /// A tenant was changed: the zones around its locations may be wider or narrower now.
    pub fn resize(&self, tenant: &Tenant) {
        self.made(tenant.id).write().learn(tenant);
    }

    /// How many zones there are, drawn and derived, over all tenants.
    pub fn len(&self) -> usize {
        self.tenants.read().values().map(|zones| zones.read().index.len()).sum()
    }
}
