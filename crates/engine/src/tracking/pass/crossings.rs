//! The zone stage: what a position leads to between its device and the zones of the tenant.

use parking_lot::RwLockReadGuard;
use smallvec::SmallVec;
use tracklane_core::event::{EventKind, ZoneCrossing, ZoneSpeeding};
use tracklane_core::id::{DriverId, TenantId};
use tracklane_core::model::SpeedLimit;
use tracklane_core::position::Position;
use tracklane_core::time::Timestamp;
use tracklane_geo::visit::{self, Rules, Taken, Visits, ZoneFix};

use super::Pass;
use crate::tracking::clock::{Dating, ours};
use crate::tracking::said::Said;
use crate::tracking::states::DeviceState;
use crate::tracking::turn::Seen;
use crate::tracking::way::zone_fix;
use crate::tracking::zones::{TenantZones, ZoneKey};

/// What came of a position.
#[derive(Default)]
pub(super) struct Step {
    /// What it proved, in order of time.
    pub events: Vec<(ZoneKey, visit::Event)>,
    /// True when the device is in other zones than before, which can happen in silence.
    pub moved: bool,
}

/// Who was seen, and how late that was heard.
#[derive(Clone, Copy)]
pub(super) struct Witness {
    pub tenant_id: TenantId,
    pub device_id: tracklane_core::id::DeviceId,
    pub driver_id: Option<DriverId>,
    /// When the position that proves it came in.
    pub received_at: Timestamp,
    /// How the times of the device are told, when its clock is ahead of ours.
    pub dating: Option<Dating>,
    /// True when it came after later ones.
    pub late: bool,
}

impl Witness {
    /// A time of the device as it is told: by our clock, and never after it was heard of.
    pub fn ours(&self, at: Timestamp) -> Timestamp {
        ours(self.dating, at, self.received_at)
    }
}

impl<'a> Pass<'a> {
    /// Steps the zones of the tenant, and tells what happened at those that it drew itself. A fix that waited comes first.
    pub(super) fn zones(
        &mut self,
        state: &mut DeviceState,
        position: &Position,
        waiting: Option<ZoneFix>,
        who: &Witness,
    ) -> Step {
        let at = state.newest.map_or(position.fix_time, Into::into);
        let Some(fix) = zone_fix(position, at, self.worst_accuracy_m) else { return Step::default() };
        let zones = self.take_zones();
        let rules = |key| zones.rules(key, self.arrival);
        let vague = |fix: &ZoneFix| fix.accuracy_m.is_some_and(|accuracy| accuracy > self.worst_accuracy_m);
        let before = state.visits.previous().map(|previous| previous.at);
        let waiting = waiting.filter(|waiting| !vague(waiting) && Some(waiting.at) > before && waiting.at < fix.at);
        let mut step = Step::default();
        for fix in waiting.into_iter().chain([fix]) {
            let Taken::Stepped { events, moved } = state.visits.take(&zones.index, fix, zones.travel(), rules) else {
                continue;
            };
            state.window.note(&state.visits, self.window_s, position.received_at);
            step.events.extend(events);
            step.moved |= moved;
        }
        if self.window_s > 0 {
            Said::note(&mut state.said, &step.events);
            Said::forget(&mut state.said, state.window.reach());
        }
        self.tell(&zones, who, &step.events);
        if zones.limits_speed() {
            self.speed(&zones, &mut state.visits, position, who, fix.at);
        }
        self.held = Some(zones);
        step
    }

    /// The zones of the tenant, to be put back into `held` when nobody needs another lock next.
    pub(super) fn take_zones(&mut self) -> RwLockReadGuard<'a, TenantZones> {
        self.held.take().unwrap_or_else(|| self.zones.read())
    }

    /// Notes what happened at the zones that the tenant drew, where and when they tell; those around the ends of legs only
    /// prove milestones.
    pub(super) fn tell(&mut self, zones: &TenantZones, who: &Witness, events: &[(ZoneKey, visit::Event)]) {
        for (key, event) in events {
            let kind = match event.kind {
                visit::EventKind::Enter => EventKind::ZoneEntered,
                visit::EventKind::Dwell => EventKind::ZoneDwelled,
                visit::EventKind::Exit => EventKind::ZoneExited,
            };
            let inside_s = event.since.map(|since| seconds(since, event.at));
            let data = ZoneCrossing {
                point: event.point,
                proved_at: who.ours(event.proved_at),
                inferred: event.inferred,
                inside_s,
                ..blank(who.ours(event.proved_at))
            };
            self.note(zones, who, *key, kind, event.at, data);
        }
    }

    /// Asks the speed limits of the zones that the device is in.
    fn speed(
        &mut self,
        zones: &TenantZones,
        visits: &mut Visits<ZoneKey>,
        position: &Position,
        who: &Witness,
        at: Timestamp,
    ) {
        let limit = |key| Some((key, zones.speed_limit(key)?));
        let limits: SmallVec<[(ZoneKey, SpeedLimit); 2]> = visits.zones().filter_map(limit).collect();
        for (key, limit) in limits {
            let Some(fast) = visits.speed(key, at, position.fix.speed_mps, &limit) else { continue };
            let speeding = Some(ZoneSpeeding { limit_mps: limit.limit_mps, peak_mps: fast.peak_mps });
            let data = ZoneCrossing { point: position.fix.point, speeding, ..blank(who.ours(at)) };
            self.note(zones, who, key, EventKind::ZoneSpeeding, fast.since, data);
        }
    }

    fn note(
        &mut self,
        zones: &TenantZones,
        who: &Witness,
        key: ZoneKey,
        kind: EventKind,
        at: Timestamp,
        mut data: ZoneCrossing,
    ) {
        let ZoneKey::Custom(zone_id) = key else { return };
        let at = who.ours(at);
        let Some(drawn) = zones.drawn(zone_id).filter(|drawn| drawn.tells(at)) else { return };
        let fresh = zones.is_fresh(at, who.received_at);
        data.zone_name = drawn.name.to_string();
        (data.late, data.alert) = (who.late || !fresh, fresh);
        let (device_id, driver_id) = (who.device_id, who.driver_id);
        self.led_to(who).crossings.push(Seen { device_id, driver_id, zone_id, kind, at, data });
    }
}

/// From one time to another, to the second.
fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    ((to.as_microsecond() - from.as_microsecond()).max(0) as u64 + 500_000) / 1_000_000
}

/// What is the same whatever happened.
fn blank(proved_at: Timestamp) -> ZoneCrossing {
    ZoneCrossing {
        zone_name: String::new(),
        point: tracklane_core::position::Point { lat: 0.0, lon: 0.0 },
        proved_at,
        late: false,
        alert: true,
        inferred: false,
        inside_s: None,
        speeding: None,
    }
}

/// The rules of the zones around the ends of legs: the first of so many fixes that lies inside, whatever its accuracy as
/// long as that is smaller than the zone.
pub(super) fn arrival(fixes: u8) -> Rules {
    Rules { enter: visit::Confirm::fixes(fixes), ..Rules::at_once() }
}
