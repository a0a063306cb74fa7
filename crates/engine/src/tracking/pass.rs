//! The stages that happen in memory, for one position after the other: order, filter, zones, milestones. Pure in
//! what they are given, so that a start after a crash runs the same ones over what was durable and not yet applied.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;
use tracklane_core::Timestamp;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, DriverId, TenantId};
use tracklane_core::milestone::{Whereabouts, next_milestone};
use tracklane_core::model::DeviceLatest;
use tracklane_core::ports::Lsn;
use tracklane_core::position::Position;
use tracklane_geo::tracker::{Crossing, CrossingKind, Rules, ZoneFix, step_all};

use super::dedupe::Known;
use super::expected::Expected;
use super::filter::Judge;
use super::memory::Memory;
use super::states::{DeviceState, ShardStates};
use super::turn::{Consequences, Kept, Seen};
use super::watch::WatchedLeg;
use super::zones::ZoneKey;
use crate::settings::TrackingSettings;
use crate::shipments::Proof;

/// What a run over positions has found.
#[derive(Default)]
pub(super) struct Found {
    /// The number of the run.
    pub run: u64,
    /// The devices of which a position was new.
    pub touched: SmallVec<[DeviceId; 1]>,
    /// What the positions led to, by tenant.
    pub led_to: BTreeMap<TenantId, Consequences>,
    /// The devices whose newest position moved, with their drivers.
    pub moved: SmallVec<[(DeviceId, Option<DriverId>); 1]>,
}

/// A run over positions, sorted by device and fix time.
pub(super) struct Pass<'a> {
    memory: &'a Memory,
    states: &'a mut ShardStates,
    worst_accuracy_m: f32,
    /// The fixes of this run that came out of order, so that the same one twice is a duplicate.
    unordered: Known,
    expected: &'a Expected,
    found: Found,
}

impl<'a> Pass<'a> {
    /// Begins a run over the states of one shard.
    pub fn new(
        memory: &'a Memory,
        states: &'a mut ShardStates,
        expected: &'a Expected,
        settings: &TrackingSettings,
    ) -> Self {
        let worst_accuracy_m = settings.worst_accuracy_m;
        let found = Found { run: expected.next_run(), ..Found::default() };
        Self { memory, states, worst_accuracy_m, unordered: Known::new(), expected, found }
    }

    /// Notes that the state of a device holds this record of the history.
    pub fn applied(&mut self, device: DeviceId, lsn: Lsn) {
        if let Some(state) = self.states.get_mut(&device) {
            state.applied_lsn = state.applied_lsn.max(lsn);
            state.dirty = true;
        }
    }

    /// What the run has found.
    pub fn finish(self) -> Found {
        self.found
    }

    /// Takes one position through the stages.
    pub fn take(&mut self, position: &mut Position, driver: Option<DriverId>, known: &Known, judge: Judge) -> Kept {
        let state = self.states.remove(&position.device_id);
        let mut state = state.unwrap_or_else(|| DeviceState::new(position.tenant_id));
        let mut kept = order(&state, position, known);
        let unordered = kept != Kept::Duplicate && Some(position.fix_time) < state.furthest;
        if unordered && !self.unordered.insert((position.device_id, position.fix_time)) {
            kept = Kept::Duplicate;
        }
        match kept {
            Kept::Duplicate | Kept::Marked(_) => {}
            Kept::Late => position.mark = judge.mark_late(position),
            Kept::Accepted => {
                position.mark = judge.mark(&mut state, position);
                go_on(&mut state, position);
            }
        }
        if let Some(mark) = position.mark.filter(|_| kept != Kept::Duplicate) {
            kept = Kept::Marked(mark);
        }
        if kept == Kept::Accepted {
            let (crossings, changed) = self.zones(&mut state, position);
            self.note_crossings(position, driver, &crossings);
            self.milestones(&mut state, position, driver, &crossings, changed);
            self.now(&mut state, position, driver);
        }
        if kept != Kept::Duplicate && self.found.touched.last() != Some(&position.device_id) {
            self.found.touched.push(position.device_id);
        }
        self.states.insert(position.device_id, state);
        kept
    }

    /// Steps the zones of the tenant. Says also whether the set of zones that the device is in changed, which can happen
    /// without a crossing: the first fix of a device, a zone drawn around it.
    fn zones(&self, state: &mut DeviceState, position: &Position) -> (Vec<Crossing<ZoneKey>>, bool) {
        let fix = &position.fix;
        if fix.accuracy_m.is_some_and(|accuracy| accuracy > self.worst_accuracy_m) {
            return (Vec::new(), false);
        }
        let fix = ZoneFix { at: moment(state, position), point: fix.point, accuracy_m: fix.accuracy_m };
        let previous = state.zone_fix.replace(fix);
        let Some(zones) = self.memory.zones.of(position.tenant_id) else { return (Vec::new(), false) };
        let before = state.inside.len();
        let crossings = step_all(&zones.read().index, &mut state.inside, previous, fix, Rules::default());
        let changed = !crossings.is_empty() || state.inside.len() != before;
        (crossings, changed)
    }

    /// Crossings of the zones that the tenant drew are told; those around the ends of legs only prove milestones.
    fn note_crossings(&mut self, position: &Position, driver: Option<DriverId>, crossings: &[Crossing<ZoneKey>]) {
        for crossing in crossings {
            let ZoneKey::Custom(zone_id) = crossing.zone else { continue };
            let zones = self.memory.zones.of(position.tenant_id);
            let name = zones.and_then(|zones| zones.read().name(zone_id));
            let seen = Seen {
                device_id: position.device_id,
                driver_id: driver,
                zone_id,
                zone_name: name.as_deref().unwrap_or_default().to_owned(),
                kind: match crossing.kind {
                    CrossingKind::Enter => EventKind::ZoneEntered,
                    CrossingKind::Exit => EventKind::ZoneExited,
                },
                at: crossing.at,
                point: crossing.point,
            };
            self.led_to(position).crossings.push(seen);
        }
    }

    /// Looks which shipments of the driver the vehicle's place moves: when it went somewhere, or when there is news about
    /// what it carries.
    fn milestones(
        &mut self,
        state: &mut DeviceState,
        position: &Position,
        driver: Option<DriverId>,
        crossings: &[Crossing<ZoneKey>],
        changed: bool,
    ) {
        let Some(driver) = driver else { return };
        let generation = self.memory.watch.generation();
        if !changed && state.watched == generation {
            return;
        }
        let at = moment(state, position);
        let mut all_seen = true;
        for leg in self.memory.watch.legs_of(driver) {
            if leg.since.is_some_and(|since| at < since) {
                // Where the vehicle was then proves nothing; look again with the next fix.
                all_seen = false;
                continue;
            }
            let place = leg.whereabouts(|key| state.inside.contains(key));
            if leg.tenant_id != position.tenant_id || !self.expect(&leg, place) {
                continue;
            }
            // The crossing that made the difference says when and where, if there was one.
            let mine = |crossing: &&Crossing<ZoneKey>| leg.concerns(crossing.zone);
            let crossing = crossings.iter().rev().find(mine);
            let proof = Proof {
                device_id: position.device_id,
                inside: state.inside.zones().filter(|key| leg.concerns(*key)).collect(),
                at: crossing.map_or(at, |crossing| crossing.at).max(leg.since.unwrap_or(Timestamp::MIN)),
                point: crossing.map_or(position.fix.point, |crossing| crossing.point),
                leg: WatchedLeg::clone(&leg),
            };
            self.led_to(position).proofs.push(proof);
        }
        if all_seen {
            state.watched = generation;
        }
    }

    /// Moves a shipment in mind as the milestone rule will move it; false when it will not.
    fn expect(&mut self, leg: &Arc<WatchedLeg>, place: Whereabouts) -> bool {
        let standing = self.expected.of(leg.shipment_id);
        let (mut status, mut substatus) = standing.unwrap_or((leg.status, None));
        let mut moved = false;
        // There are fewer milestones than rounds.
        for _ in 0..8 {
            let word = if moved || standing.is_some() { substatus } else { leg.substatus.as_deref() };
            let Some(milestone) = next_milestone(leg.policy, status, word, place, leg.last) else { break };
            (status, substatus, moved) = (milestone.status, Some(milestone.substatus), true);
        }
        if moved {
            self.expected.set(leg.shipment_id, (status, substatus), self.found.run);
        }
        moved
    }

    /// Makes the position the newest one.
    fn now(&mut self, state: &mut DeviceState, position: &Position, driver: Option<DriverId>) {
        state.latest = Some(Arc::new(DeviceLatest {
            device_id: position.device_id,
            driver_id: driver,
            fix_time: moment(state, position),
            received_at: position.received_at,
            point: position.fix.point,
            speed_mps: position.fix.speed_mps,
            course_deg: position.fix.course_deg,
            accuracy_m: position.fix.accuracy_m,
            altitude_m: position.fix.altitude_m,
            attributes: position.attributes.clone(),
        }));
        if self.found.moved.last().is_none_or(|(last, _)| *last != position.device_id) {
            self.found.moved.push((position.device_id, driver));
        }
    }

    fn led_to(&mut self, position: &Position) -> &mut Consequences {
        let led_to = self.found.led_to.entry(position.tenant_id).or_default();
        led_to.devices.insert(position.device_id);
        led_to
    }
}

/// Where a position stands among those of its device. Only what can be trusted makes others late, and what is ahead of our
/// clock only up to when it came: one jump of a device's clock must not make the honest fixes after it late.
fn order(state: &DeviceState, position: &Position, known: &Known) -> Kept {
    let at = Some(position.fix_time);
    if at == state.furthest || known.contains(&(position.device_id, position.fix_time)) {
        return Kept::Duplicate;
    }
    if at < state.newest { Kept::Late } else { Kept::Accepted }
}

/// Notes the time of a position that is not late.
fn go_on(state: &mut DeviceState, position: &Position) {
    let at = Some(position.fix_time);
    state.furthest = state.furthest.max(at);
    if position.mark.is_none() {
        state.newest = state.newest.max(at.min(Some(position.received_at)));
    }
}

/// When an accepted position is taken to have been: never ahead of our clock, never before the one it follows.
fn moment(state: &DeviceState, position: &Position) -> Timestamp {
    state.newest.unwrap_or(position.fix_time)
}
