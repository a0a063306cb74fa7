//! The zones of every tenant, in the order of the map: those that tenants draw, and those that stand around the ends of
//! active fleet legs, which appear and vanish with the legs.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::tz::TimeZone;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{LocationId, TenantId, ZoneId};
use tracklane_core::model::{Location, SpeedLimit, Tenant, TenantSettings, Zone, ZoneSchedule};
use tracklane_core::position::Point;
use tracklane_geo::shape::Sizes;
use tracklane_geo::visit::{Rules, Travel};
use tracklane_geo::{Shape, ZoneIndex};

use crate::by_id::ById;
use crate::settings::TrackingSettings;

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
    tenants: RwLock<ById<TenantId, Arc<RwLock<TenantZones>>>>,
}

/// The zones of one tenant.
#[derive(Default)]
pub(crate) struct TenantZones {
    /// All of them, by place.
    pub index: ZoneIndex<ZoneKey>,
    /// What is particular about the drawn ones.
    drawn: ById<ZoneId, Drawn>,
    /// The drawn ones that were deleted last: a change of one of them may be told late.
    gone: VecDeque<ZoneId>,
    /// How many of them tell of who passes through between two fixes.
    passages: usize,
    /// How many of them limit speed.
    limits: usize,
    /// Which locations have zones around them now.
    places: ById<LocationId, Surrounded>,
    /// How wide those are.
    radii: Radii,
    /// For how many seconds what a position proves is news enough to alert somebody; none for the default.
    alert_limit_s: Option<i64>,
    /// What the tenant sets about silence, standing and lateness.
    waits: Waits,
}

/// What a tenant sets itself; none of a field for the server's setting.
#[derive(Debug, Clone, Copy, Default)]
struct Waits {
    reorder_window_s: Option<u32>,
    offline_s: Option<u32>,
    idle_s: Option<u32>,
}

/// How long a device may be silent or stand, and how late a fix may come: as its tenant sets it, or else the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How far back a late fix is still taken up, in seconds.
    pub reorder_window_s: u32,
    /// After how many seconds of silence a device is offline.
    pub offline_s: i64,
    /// After how many seconds of standing it is idle.
    pub idle_s: i64,
}

/// A zone that the tenant drew, but for its shape.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    /// Its name.
    pub name: Arc<str>,
    /// What it asks for.
    pub rules: Rules,
    speed_limit: Option<SpeedLimit>,
    /// When it tells, by the clocks of this time zone; none for always.
    hours: Option<Arc<(ZoneSchedule, TimeZone)>>,
    /// When its record was last changed.
    changed_at: Timestamp,
    /// The version of the record that this was read from.
    version: i64,
}

impl Drawn {
    /// Reads what a record says; its schedule is dropped when nobody knows its time zone any more.
    pub fn new(zone: &Zone) -> Self {
        let hours = zone.schedule.as_ref().and_then(|schedule| match jiff::tz::db().get(&schedule.time_zone) {
            Ok(time_zone) => Some(Arc::new((schedule.clone(), time_zone))),
            Err(error) => {
                tracing::error!(zone = %zone.id, %error, "the time zone of a schedule is not known: the zone tells always");
                None
            }
        });
        Self {
            name: zone.name.as_str().into(),
            rules: zone.rules.unwrap_or_default(),
            speed_limit: zone.speed_limit,
            hours,
            changed_at: zone.updated_at,
            version: zone.version,
        }
    }

    /// True when what happened at this time is told.
    pub fn tells(&self, at: Timestamp) -> bool {
        let Some((schedule, time_zone)) = self.hours.as_deref() else { return true };
        let local = time_zone.to_datetime(at);
        let day = u16::from(local.weekday().to_monday_zero_offset().unsigned_abs());
        let minute =
            day * 24 * 60 + u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        schedule.is_open(minute)
    }
}

/// So many deleted zones are remembered.
const GONE: usize = 64;

/// Ways of up to so many metres between two fixes are looked at for zones that they lead through.
const PASS_THROUGH_M: f64 = 2_000.0;

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
    /// A drawn zone.
    pub fn drawn(&self, id: ZoneId) -> Option<&Drawn> {
        self.drawn.get(&id)
    }

    /// What a zone asks for; `arrival` stands in for those around the ends of legs.
    pub fn rules(&self, key: ZoneKey, arrival: Rules) -> Rules {
        match key {
            ZoneKey::Custom(id) => self.drawn.get(&id).map(|drawn| drawn.rules).unwrap_or_default(),
            ZoneKey::Hub(_) | ZoneKey::Approach(_) => arrival,
        }
    }

    /// How fast one may go in a zone.
    pub fn speed_limit(&self, key: ZoneKey) -> Option<SpeedLimit> {
        match key {
            ZoneKey::Custom(id) => self.drawn.get(&id)?.speed_limit,
            ZoneKey::Hub(_) | ZoneKey::Approach(_) => None,
        }
    }

    /// True when any zone limits speed.
    pub fn limits_speed(&self) -> bool {
        self.limits > 0
    }

    /// How devices are taken to move. Ways between fixes are only looked at where a zone asks for it: that costs time.
    pub fn travel(&self) -> Travel {
        travel(self.passages > 0)
    }

    /// True when a zone was drawn or changed after this time, or is gone. Those around the ends of legs tell nothing by
    /// themselves, and count as never changed while they are there.
    pub fn changed_since(&self, key: ZoneKey, at: Timestamp) -> bool {
        match key {
            ZoneKey::Custom(id) => self.drawn.get(&id).is_none_or(|drawn| drawn.changed_at > at),
            ZoneKey::Hub(_) | ZoneKey::Approach(_) => self.index.get(key).is_none(),
        }
    }

    /// True when what happened at one time and was heard of at another is fresh enough to alert somebody.
    pub fn is_fresh(&self, at: Timestamp, heard: Timestamp) -> bool {
        let limit_s = self.alert_limit_s.unwrap_or_else(|| TenantSettings::default().alert_limit_device_seconds);
        heard.as_second() - at.as_second() <= limit_s
    }

    /// What holds for the devices of the tenant.
    pub fn limits(&self, server: &TrackingSettings) -> Limits {
        let Waits { reorder_window_s, offline_s, idle_s } = self.waits;
        Limits {
            reorder_window_s: reorder_window_s.unwrap_or(server.reorder_window_seconds),
            offline_s: offline_s.map_or(server.offline_seconds, i64::from),
            idle_s: idle_s.map_or(server.idle_seconds, i64::from),
        }
    }

    /// Puts a drawn zone in, or in place of the one there was.
    fn put(&mut self, id: ZoneId, drawn: Drawn, shape: Shape) {
        self.take_out(id);
        self.passages += usize::from(drawn.rules.pass_through);
        self.limits += usize::from(drawn.speed_limit.is_some());
        self.index.insert(ZoneKey::Custom(id), Arc::new(shape));
        self.drawn.insert(id, drawn);
    }

    fn take_out(&mut self, id: ZoneId) {
        if let Some(gone) = self.drawn.remove(&id) {
            self.passages -= usize::from(gone.rules.pass_through);
            self.limits -= usize::from(gone.speed_limit.is_some());
            self.index.remove(ZoneKey::Custom(id));
        }
    }

    /// Takes over what a tenant sets, and draws every derived zone anew when that is news.
    fn learn(&mut self, tenant: &Tenant) {
        if tenant.version <= self.radii.version {
            return;
        }
        self.alert_limit_s = Some(tenant.settings.alert_limit_device_seconds);
        self.waits = Waits {
            reorder_window_s: tenant.settings.reorder_window_seconds,
            offline_s: tenant.settings.offline_seconds,
            idle_s: tenant.settings.idle_seconds,
        };
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

/// How devices are taken to move, where zones are told that are passed through, and where not.
pub(super) fn travel(passages: bool) -> Travel {
    Travel { max_speed_mps: None, pass_through_m: if passages { PASS_THROUGH_M } else { 0.0 } }
}

impl Zones {
    /// The zones of a tenant; none when it has never had any.
    pub fn of(&self, tenant: TenantId) -> Option<Arc<RwLock<TenantZones>>> {
        self.tenants.read().get(&tenant).cloned()
    }

    /// The zones of a tenant, with room for them when it has never had any.
    pub fn made(&self, tenant: TenantId) -> Arc<RwLock<TenantZones>> {
        if let Some(found) = self.of(tenant) {
            return found;
        }
        self.tenants.write().entry(tenant).or_default().clone()
    }

    /// Puts a drawn zone in, or in place of what was there.
    pub fn put(&self, zone: &Zone) {
        let sizes = Sizes { radius_m: zone.radius_m, width_m: zone.width_m };
        let shape = match Shape::read(&zone.geometry, sizes) {
            Ok(shape) => shape,
            Err(error) => {
                tracing::error!(zone = %zone.id, %error, "a stored zone cannot be drawn and is left out");
                return;
            }
        };
        let zones = self.made(zone.tenant_id);
        let mut zones = zones.write();
        // Two commits may tell of themselves in the wrong order.
        let newer = zones.drawn.get(&zone.id).is_some_and(|newer| newer.version > zone.version);
        if newer || zones.gone.contains(&zone.id) {
            return;
        }
        zones.put(zone.id, Drawn::new(zone), shape);
    }

    /// Takes a drawn zone out.
    pub fn remove(&self, tenant: TenantId, id: ZoneId) {
        let zones = self.made(tenant);
        let mut zones = zones.write();
        zones.take_out(id);
        if zones.gone.len() >= GONE {
            zones.gone.pop_front();
        }
        zones.gone.push_back(id);
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

    /// What holds for the devices of a tenant.
    pub fn limits(&self, tenant: TenantId, server: &TrackingSettings) -> Limits {
        self.of(tenant).map_or_else(|| TenantZones::default().limits(server), |zones| zones.read().limits(server))
    }

    /// Every drawn zone, and whose it is.
    pub fn drawn(&self) -> Vec<(TenantId, ZoneId)> {
        let tenants = self.tenants.read();
        let of = |(tenant, zones): (&TenantId, &Arc<RwLock<TenantZones>>)| {
            let ids: Vec<_> = zones.read().drawn.keys().map(|id| (*tenant, *id)).collect();
            ids
        };
        tenants.iter().flat_map(of).collect()
    }

    /// How many zones there are, drawn and derived, over all tenants.
    pub fn len(&self) -> usize {
        self.tenants.read().values().map(|zones| zones.read().index.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_is_told_behind_the_end_of_a_zone_does_not_bring_it_back() {
        let id = |text: &str| serde_json::Value::from(text);
        let zone: Zone = serde_json::from_value(serde_json::json!({
            "id": id("zon_00000000000000000000000001"), "tenant_id": id("ten_00000000000000000000000001"),
            "name": "Yard", "kind": "custom", "geometry": { "type": "Point", "coordinates": [1.0, 2.0] }, "radius_m": 50.0,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "version": 2,
        }))
        .expect("a zone");
        let zones = Zones::default();
        zones.put(&zone);
        zones.put(&Zone { version: 1, radius_m: Some(60.0), ..zone.clone() });
        assert_eq!(zones.len(), 1);
        zones.remove(zone.tenant_id, zone.id);
        zones.put(&zone);
        assert_eq!(zones.len(), 0);
    }
}
