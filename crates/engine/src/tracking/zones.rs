//! The zones of every tenant, in the order of the map: those that tenants draw, and those that stand around the ends of
//! active fleet legs, which appear and vanish with the legs.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tracklane_core::id::{LocationId, TenantId, ZoneId};
use tracklane_core::model::{Location, TenantSettings, Zone};
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
}

/// A location that active legs start or end at.
struct Surrounded {
    point: Option<Point>,
    hub_m: f64,
    approach_m: f64,
    /// How many legs need it.
    needed: usize,
}

impl TenantZones {
    /// The name of a drawn zone.
    pub fn name(&self, id: ZoneId) -> Option<Arc<str>> {
        self.names.get(&id).map(|(name, _)| name.clone())
    }

    fn draw(&mut self, id: LocationId) {
        let Some(place) = self.places.get(&id) else { return };
        for (key, radius) in [(ZoneKey::Hub(id), place.hub_m), (ZoneKey::Approach(id), place.approach_m)] {
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
    pub fn need(&self, settings: &TenantSettings, location: &Location) {
        let hub_m = location.radius_m.unwrap_or(settings.hub_radius_m);
        let zones = self.made(location.tenant_id);
        let mut zones = zones.write();
        let needed = zones.places.get(&location.id).map_or(0, |place| place.needed);
        let place = Surrounded {
            point: location.address.point,
            hub_m,
            approach_m: settings.approach_radius_m.max(hub_m),
            needed: needed + 1,
        };
        zones.places.insert(location.id, place);
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
        place.point = location.address.point;
        if let Some(radius) = location.radius_m {
            place.hub_m = radius;
            place.approach_m = place.approach_m.max(radius);
        }
        zones.draw(location.id);
    }

    /// How many zones there are, drawn and derived, over all tenants.
    pub fn len(&self) -> usize {
        self.tenants.read().values().map(|zones| zones.read().index.len()).sum()
    }
}
