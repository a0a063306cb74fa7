//! Questions about devices: whether they are heard of, what they did, what they measured.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracklane_core::bounds::BoundingBox;
use tracklane_core::id::{DeviceId, DriverId, TenantId, ZoneId};
use tracklane_core::model::{Caller, DeviceStatus, Movement, MovementKind, Presence, Role};
use tracklane_core::ports::{AreaCursor, AreaQuery, HistoryQuery};
use tracklane_core::position::{Point, Position};
use tracklane_core::{Invalid, Timestamp};
use tracklane_geo::Shape;
use tracklane_store::movements::{self, MovementFilter};

use super::dedupe::just_after;
use super::newest::Newest;
use super::service::may_see;
use super::states::Ended;
use super::{KnownDevice, Tracking, ZoneKey, clock, presence, trips as segmentation};
use crate::base::{Base, must_own};
use crate::error::{Error, Result};

/// How many positions one question about readings looks at, at most.
const LOOKED_AT: usize = 50_000;
/// How many pages of an area one question looks at, at most.
const PAGES: usize = 20;
/// How many positions are read at once.
const BATCH: usize = 5_000;

/// What a device did.
#[derive(Debug, Clone, PartialEq)]
pub struct Movements {
    /// What is over, oldest first.
    pub ended: Vec<Movement>,
    /// What goes on, as it would end with the last position.
    pub ongoing: Option<Movement>,
    /// True when there is more.
    pub has_more: bool,
}

/// What a device said of one thing at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// When, by the device's clock.
    pub time: Timestamp,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// The attribute.
    pub name: String,
    /// What it said.
    pub value: Value,
}

/// What a device measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Readings {
    /// By time, oldest first.
    pub items: Vec<Reading>,
    /// From where to ask on; none when everything was looked at.
    pub next: Option<Timestamp>,
}

/// A device that is in a zone now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneOccupant {
    /// Which device.
    pub device_id: DeviceId,
    /// The driver who carries it now.
    pub driver_id: Option<DriverId>,
    /// Since when it is known to be inside: when it passed the edge, or its first position inside.
    pub inside_since: Timestamp,
    /// Whether it is heard of.
    pub state: Presence,
    /// When its newest position was taken.
    pub fix_time: Option<Timestamp>,
    /// Where that was.
    pub point: Option<Point>,
}

/// Where a device may have been.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Area {
    /// In a box.
    Box(BoundingBox),
    /// In a zone of the tenant.
    Zone(ZoneId),
}

/// A device that was in an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Visitor {
    /// Which device.
    pub device_id: DeviceId,
    /// Who carries it now.
    pub driver_id: Option<DriverId>,
    /// When its first position in the area was taken.
    pub first_at: Timestamp,
    /// When its last one was.
    pub last_at: Timestamp,
    /// Where the first one was.
    pub first: Point,
    /// Where the last one was.
    pub last: Point,
    /// How many there were.
    pub positions: usize,
}

/// Who was in an area.
#[derive(Debug, Clone, PartialEq)]
pub struct Visitors {
    /// By device. The last one may go on as the first of the next answer.
    pub items: Vec<Visitor>,
    /// Where to go on; none when everything was looked at.
    pub next: Option<AreaPlace>,
}

/// A place in the positions of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AreaPlace(AreaCursor);

impl std::fmt::Display for AreaPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0.device_id, self.0.fix_time.as_microsecond())
    }
}

impl std::str::FromStr for AreaPlace {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parsed = text.split_once('-').and_then(|(device, micros)| {
            let fix_time = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
            Some(Self(AreaCursor { device_id: device.parse().ok()?, fix_time }))
        });
        parsed.ok_or_else(|| Invalid::one("/cursor", "must be a next_cursor as given in the page before"))
    }
}

/// The devices of a tenant that are so by now.
pub(crate) fn devices_in(base: &Base, tenant: TenantId, wanted: Presence) -> Vec<DeviceId> {
    let (memory, now) = (&base.memory, base.env.now());
    let is_wanted = |device: &Arc<KnownDevice>| {
        let states = memory.states.lock(memory.states.shard_of(device.device_id));
        presence::status(states.get(&device.device_id).map(Box::as_ref), now, base).state == wanted
    };
    let devices = memory.devices.of_tenant(tenant);
    devices.iter().filter(|device| is_wanted(device)).map(|device| device.device_id).collect()
}

impl Tracking {
    /// Who was in an area between two instants, the later one not included: at most `limit` devices. Positions that are not
    /// believed do not count; of devices that the caller may not see nothing is told.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a zone that the tenant does not have; [`Error::Forbidden`] for customers.
    pub async fn search(
        &self,
        caller: &Caller,
        area: Area,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
        after: Option<AreaPlace>,
    ) -> Result<Visitors> {
        if caller.role == Role::Customer {
            return Err(Error::Forbidden);
        }
        let (bounds, shape) = self.bounds(caller, area)?;
        let memory = &self.base().memory;
        let mut query = AreaQuery {
            tenant_id: caller.tenant_id,
            area: bounds,
            from,
            to,
            after: after.map(|place| place.0),
            limit: BATCH,
        };
        let mut items: Vec<Visitor> = Vec::new();
        for _ in 0..PAGES {
            let page = self.works().history.area(query.clone()).await?;
            let inside = |position: &Position| {
                let point = position.fix.point;
                position.mark.is_none() && shape.as_ref().is_none_or(|shape| shape.contains(point))
            };
            for position in page.positions.iter().filter(|position| inside(position)) {
                let (at, point) = (position.fix_time, position.fix.point);
                if let Some(visitor) = items.last_mut().filter(|visitor| visitor.device_id == position.device_id) {
                    (visitor.last_at, visitor.last) = (at, point);
                    visitor.positions += 1;
                    continue;
                }
                let known = memory.devices.by_id(position.device_id).filter(|device| may_see(caller, device));
                let Some(known) = known else { continue };
                if items.len() >= limit {
                    // Everything before this device has been looked at.
                    let next = items.last().map(|last| AreaCursor { device_id: last.device_id, fix_time: to });
                    return Ok(Visitors { items, next: next.map(AreaPlace) });
                }
                items.push(Visitor {
                    device_id: position.device_id,
                    driver_id: known.driver_id,
                    first_at: at,
                    last_at: at,
                    first: point,
                    last: point,
                    positions: 1,
                });
            }
            query.after = page.next;
            if page.next.is_none() {
                return Ok(Visitors { items, next: None });
            }
        }
        Ok(Visitors { items, next: query.after.map(AreaPlace) })
    }

    /// The box around an area, and its shape where that is not all of the box.
    fn bounds(&self, caller: &Caller, area: Area) -> Result<(BoundingBox, Option<Arc<Shape>>)> {
        let zone = match area {
            Area::Box(bounds) => return Ok((bounds, None)),
            Area::Zone(zone) => zone,
        };
        let zones = self.base().memory.zones.of(caller.tenant_id).ok_or(Error::NotFound)?;
        let shape = zones.read().index.get(ZoneKey::Custom(zone)).cloned().ok_or(Error::NotFound)?;
        let boxes = shape.bboxes();
        let (west, east) = (boxes.iter().map(|b| b.west), boxes.iter().map(|b| b.east));
        let (south, north) = (boxes.iter().map(|b| b.south), boxes.iter().map(|b| b.north));
        // Several boxes may lie on both sides of the antimeridian: then all of the way around is asked for.
        let bounds = BoundingBox {
            west: west.fold(180.0, f64::min),
            east: east.fold(-180.0, f64::max),
            south: south.fold(90.0, f64::min),
            north: north.fold(-90.0, f64::max),
        };
        Ok((bounds, Some(shape)))
    }

    /// Who is in a zone by now, by device: whom its rules have confirmed in, and not out again since, however long ago that was.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a zone that the tenant does not have; [`Error::Forbidden`] for roles that do not see all positions.
    pub fn zone_occupants(&self, caller: &Caller, zone: ZoneId) -> Result<Vec<ZoneOccupant>> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => {}
            Role::Driver | Role::Device | Role::Customer => return Err(Error::Forbidden),
        }
        let (base, key) = (self.base(), ZoneKey::Custom(zone));
        let zones = base.memory.zones.of(caller.tenant_id).ok_or(Error::NotFound)?;
        zones.read().drawn(zone).ok_or(Error::NotFound)?;
        let (mut found, now) = (Vec::new(), base.env.now());
        for shard in 0..base.memory.states.shards() {
            let states = base.memory.states.lock(shard);
            let mine = states.iter().filter(|(_, state)| state.tenant_id == caller.tenant_id);
            found.extend(mine.filter_map(|(device_id, state)| {
                let since = state.visits.get(key).since()?;
                // As the entry was told.
                let inside_since = clock::ours(state.dating(now), since, state.heard.map_or(now, Into::into));
                let known = base.memory.devices.by_id(*device_id)?;
                Some(ZoneOccupant {
                    device_id: *device_id,
                    driver_id: known.driver_id,
                    inside_since,
                    state: presence::status(Some(state), now, base).state,
                    fix_time: state.latest.as_ref().map(Newest::fix_time),
                    point: state.latest.as_ref().map(|latest| latest.point),
                })
            }));
        }
        found.sort_unstable_by_key(|occupant| occupant.device_id);
        Ok(found)
    }

    /// Whether a device is heard of by now.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that the caller may not see.
    pub fn status(&self, caller: &Caller, device: DeviceId) -> Result<DeviceStatus> {
        self.seen(caller, device)?;
        let base = self.base();
        let states = base.memory.states.lock(base.memory.states.shard_of(device));
        Ok(presence::status(states.get(&device).map(Box::as_ref), base.env.now(), base))
    }

    /// What a device did between two instants, as far as it overlaps them: movements of these kinds (none means any), at most
    /// `limit` that are over.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that the caller may not see.
    pub async fn movements(
        &self,
        caller: &Caller,
        device: DeviceId,
        kinds: &[MovementKind],
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Movements> {
        let known = self.seen(caller, device)?;
        let base = self.base();
        let filter = MovementFilter { device_id: device, kinds: kinds.to_vec(), from, to };
        let mut db = base.read(caller).await?;
        let most = u32::try_from(limit + 1).unwrap_or(u32::MAX);
        let mut ended = movements::list(&mut db, &filter, most).await?;
        let wanted = |movement: &Movement| {
            let kind = kinds.is_empty() || kinds.contains(&movement.kind);
            kind && movement.ended_at > from && movement.started_at < to
        };
        let (pending, open) = {
            let states = base.memory.states.lock(base.memory.states.shard_of(device));
            let state = states.get(&device);
            let pending = state.map(|state| Ended::all(state.ended.as_deref()).to_vec()).unwrap_or_default();
            (pending, state.and_then(|state| state.track.open()))
        };
        // What the store does not have yet.
        let last = ended.last().map(|movement| movement.started_at);
        let news = pending.into_iter().filter(|movement| Some(movement.started_at) > last);
        ended.extend(news.filter(|movement| wanted(movement)));
        let has_more = ended.len() > limit;
        ended.truncate(limit);
        let ongoing = open.map(|open| segmentation::movement(device, known.driver_id, open)).filter(|ongoing| {
            let kind = kinds.is_empty() || kinds.contains(&ongoing.kind);
            !has_more && kind && ongoing.started_at < to && ongoing.ended_at >= from
        });
        Ok(Movements { ended, ongoing, has_more })
    }

    /// What a device measured between two instants, the later one not included: of these attributes (none means every one), at
    /// most `limit`, and those beyond that were said together with the last one.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that the caller may not see.
    pub async fn readings(
        &self,
        caller: &Caller,
        device: DeviceId,
        names: &[String],
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Readings> {
        let known = self.seen(caller, device)?;
        let mut query = HistoryQuery { tenant_id: known.tenant_id, device_id: device, from, to, limit: BATCH };
        let mut items = Vec::new();
        let mut looked_at = 0;
        loop {
            let some = self.works().history.range(query.clone()).await?;
            let full = some.len() >= BATCH;
            looked_at += some.len();
            for position in some {
                if items.len() >= limit {
                    return Ok(Readings { items, next: Some(position.fix_time) });
                }
                let wanted = |name: &String| names.is_empty() || names.contains(name);
                let (time, received_at) = (position.fix_time, position.received_at);
                let said = position.attributes.into_iter().filter(|(name, _)| wanted(name));
                items.extend(said.map(|(name, value)| Reading { time, received_at, name, value }));
                query.from = just_after(time);
            }
            if !full {
                return Ok(Readings { items, next: None });
            }
            if looked_at >= LOOKED_AT {
                return Ok(Readings { items, next: Some(query.from) });
            }
        }
    }

    /// A device that the caller may see.
    fn seen(&self, caller: &Caller, device: DeviceId) -> Result<Arc<KnownDevice>> {
        let known = self.base().memory.devices.by_id(device).ok_or(Error::NotFound)?;
        must_own(caller, known.tenant_id)?;
        if may_see(caller, &known) { Ok(known) } else { Err(Error::NotFound) }
    }
}
