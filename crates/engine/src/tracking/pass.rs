//! The stages that happen in memory, for one position after the other: order, filter, alarms, zones, milestones, trips. Pure
//! in what they are given, so that a start after a crash runs the same ones over what was durable and not yet applied.

mod crossings;
mod late;
mod news;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};
use smallvec::SmallVec;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, TenantId};
use tracklane_core::milestone::{Whereabouts, next_milestone};
use tracklane_core::position::{Point, Position};
use tracklane_geo::visit::{self, Rules, Visits};

use self::crossings::{Step, Witness, arrival};
use self::late::Late;
use super::dedupe::Known;
use super::expected::Expected;
use super::filter::{Judge, Verdict};
use super::memory::Memory;
use super::newest::Newest;
use super::states::{DeviceState, ShardStates};
use super::trips;
use super::turn::{Consequences, Kept};
use super::watch::WatchedLeg;
use super::zones::{TenantZones, ZoneKey};
use crate::settings::Settings;
use crate::shipments::Proof;

/// What a run over positions has found.
#[derive(Default)]
pub(super) struct Found {
    /// The number of the run.
    pub run: u64,
    /// The devices of which a position was new.
    pub touched: SmallVec<[Touched; 1]>,
    /// What the positions led to, by tenant.
    pub led_to: BTreeMap<TenantId, Consequences>,
}

/// A device of which a position was new.
pub(super) struct Touched {
    pub device_id: DeviceId,
    /// The driver who carried it.
    pub driver_id: Option<DriverId>,
    /// True when its newest position is another one now.
    pub moved: bool,
}

/// A run over positions of one tenant, sorted by device and fix time.
pub(super) struct Pass<'a> {
    memory: &'a Memory,
    settings: &'a Settings,
    worst_accuracy_m: f32,
    /// How far back late fixes are still taken up, in seconds.
    window_s: u32,
    /// What the zones around the ends of legs ask for.
    arrival: Rules,
    /// The fixes of this run that came out of order, and whether they are marked, so that the same one twice is a duplicate.
    unordered: HashMap<(DeviceId, Timestamp), bool>,
    /// The late ones of the device whose turn it is.
    late: Option<Late>,
    /// The zones of the tenant.
    zones: &'a RwLock<TenantZones>,
    /// The same, while they are held from one position to the next: to take the lock again and again costs more than to look.
    held: Option<RwLockReadGuard<'a, TenantZones>>,
    expected: &'a Expected,
    found: Found,
}

/// Where a vehicle was, and what that fix led to.
struct Sighting<'a> {
    at: Timestamp,
    point: Point,
    visits: &'a Visits<ZoneKey>,
    events: &'a [(ZoneKey, visit::Event)],
}

impl<'a> Pass<'a> {
    /// Begins a run over positions of the tenant whose zones these are.
    pub fn new(
        memory: &'a Memory,
        zones: &'a RwLock<TenantZones>,
        expected: &'a Expected,
        settings: &'a Settings,
    ) -> Self {
        let tracking = &settings.tracking;
        let held = zones.read();
        Self {
            memory,
            settings,
            worst_accuracy_m: tracking.worst_accuracy_m,
            window_s: held.limits(tracking).reorder_window_s,
            arrival: arrival(tracking.arrival_fixes),
            unordered: HashMap::new(),
            late: None,
            zones,
            held: Some(held),
            expected,
            found: Found { run: expected.next_run(), ..Found::default() },
        }
    }

    /// What the run over the states of a shard has found.
    pub fn finish(mut self, states: &mut ShardStates, known: &Known) -> Found {
        self.settle_late(states, None, known);
        self.found
    }

    /// Takes one position through the stages.
    pub fn take(
        &mut self,
        states: &mut ShardStates,
        position: &mut Position,
        driver: Option<DriverId>,
        known: &Known,
        judge: Judge,
    ) -> Kept {
        self.settle_late(states, Some(position.device_id), known);
        let state = states.entry(position.device_id);
        let state = &mut **state.or_insert_with(|| Box::new(DeviceState::new(position.tenant_id)));
        state.look_at_clock(position);
        let at = state.time_of(position);
        let mut kept = if Some(at.into()) < state.newest { Kept::Late } else { Kept::Accepted };
        let around = self.neighbours(state, position, known);
        if let Some(marked) = self.before(state, position, known) {
            // One that is believed takes the place of one that is not: both cannot be kept.
            let objects = || match kept {
                Kept::Late => judge.of_late(position, around).is_some(),
                Kept::Accepted | Kept::Duplicate | Kept::Marked(_) => judge.of(state, position, at).is_some(),
            };
            if !marked || objects() {
                kept = Kept::Duplicate;
            }
        }
        let asks_zones = state.asks_zones(position);
        let waiting = state.waiting_fix(position).filter(|waiting| judge.believes_way(*waiting, position));
        match kept {
            Kept::Duplicate | Kept::Marked(_) => {}
            Kept::Late => {
                position.mark = judge.of_late(position, around);
                if position.mark.is_none() {
                    state.learn_clock(position);
                    if trips::is_worth_redoing(state, position.fix_time) {
                        let late = position.fix_time.into();
                        state.redo = Some(state.redo.map_or(late, |redo| redo.min(late)));
                    }
                }
            }
            Kept::Accepted => {
                let verdict = judge.take(state, position, at);
                position.mark = verdict.mark;
                go_on(state, position, at, verdict, waiting.is_some());
            }
        }
        if kept != Kept::Duplicate {
            self.keep_time(state, position);
        }
        let who = witness(state, position, driver, kept);
        self.hear(state, &who);
        if kept != Kept::Duplicate {
            self.alarms(state, position, &who);
        }
        if let Some(mark) = position.mark.filter(|_| kept != Kept::Duplicate) {
            kept = Kept::Marked(mark);
        }
        if kept == Kept::Late {
            self.keep_late(state, position, who, judge);
        }
        if kept == Kept::Accepted {
            if let Some(late) = self.late.take() {
                self.redo(state, &late, known);
            }
            let step = if asks_zones { self.zones(state, position, waiting, &who) } else { Step::default() };
            self.look(state, position, &who, &step);
            now(state, position, &who);
            trips::step(state, position, driver, self.settings);
        }
        if kept != Kept::Duplicate {
            self.touch(&who, kept == Kept::Accepted);
        }
        kept
    }

    /// Takes what a device raises of which nobody knows where it is.
    pub fn raise(&mut self, states: &mut ShardStates, position: &Position, driver: Option<DriverId>) {
        let state = states.entry(position.device_id);
        let state = &mut **state.or_insert_with(|| Box::new(DeviceState::new(position.tenant_id)));
        let who = witness(state, position, driver, Kept::Accepted);
        self.hear(state, &who);
        self.alarms(state, position, &who);
        state.dirty = true;
    }

    /// Notes that a position of a device was new.
    fn touch(&mut self, who: &Witness, moved: bool) {
        let Witness { device_id, driver_id, .. } = *who;
        match self.found.touched.last_mut().filter(|last| last.device_id == device_id) {
            Some(last) => last.moved |= moved,
            None => self.found.touched.push(Touched { device_id, driver_id, moved }),
        }
    }

    /// Whether what is known of this device and fix time already is marked; none when nothing is.
    fn before(&self, state: &DeviceState, position: &Position, known: &Known) -> Option<bool> {
        let at = Some(position.fix_time.into());
        if at >= state.furthest {
            return Some(state.furthest_marked).filter(|_| at == state.furthest);
        }
        let here = self.unordered.get(&(position.device_id, position.fix_time)).copied();
        here.or_else(|| known.is_marked(position))
    }

    /// Notes that there is a position of this time.
    fn keep_time(&mut self, state: &mut DeviceState, position: &Position) {
        let (at, marked) = (Some(position.fix_time.into()), position.mark.is_some());
        if at < state.furthest {
            self.unordered.insert((position.device_id, position.fix_time), marked);
        } else {
            (state.furthest, state.furthest_marked) = (at, marked);
        }
    }

    /// Looks at the shipments on board when the vehicle went somewhere, or when there is news about what it carries.
    fn look(&mut self, state: &mut DeviceState, position: &Position, who: &Witness, step: &Step) {
        let generation = self.memory.watch.generation();
        if who.driver_id.is_none() || (!step.moved && state.watched == generation) {
            return;
        }
        let (at, point) = (moment(state, position, who), position.fix.point);
        if self.milestones(who, &Sighting { at, point, visits: &state.visits, events: &step.events }) {
            state.watched = generation;
        }
    }

    /// Looks which shipments of the driver the vehicle's place moves. Answers whether all of them could be looked at.
    fn milestones(&mut self, who: &Witness, seen: &Sighting) -> bool {
        let Some(driver) = who.driver_id else { return true };
        // Whoever changes what is watched changes zones meanwhile.
        self.held = None;
        let mut all_seen = true;
        for leg in self.memory.watch.legs_of(driver) {
            if leg.since.is_some_and(|since| seen.at < since) {
                // Where the vehicle was then proves nothing; look again with the next fix.
                all_seen = false;
                continue;
            }
            let place = leg.whereabouts(|key| seen.visits.contains(key));
            if leg.tenant_id != who.tenant_id || !self.expect(&leg, place) {
                continue;
            }
            // The crossing that made the difference says when and where, if there was one.
            let event = seen.events.iter().rev().find(|(key, _)| leg.concerns(*key)).map(|(_, event)| event);
            let proof = Proof {
                device_id: who.device_id,
                inside: seen.visits.zones().filter(|key| leg.concerns(*key)).collect(),
                at: event.map_or(seen.at, |event| who.ours(event.at)).max(leg.since.unwrap_or(Timestamp::MIN)),
                point: event.map_or(seen.point, |event| event.point),
                leg: WatchedLeg::clone(&leg),
            };
            self.led_to(who).proofs.push(proof);
        }
        all_seen
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

    fn led_to(&mut self, who: &Witness) -> &mut Consequences {
        let led_to = self.found.led_to.entry(who.tenant_id).or_default();
        led_to.devices.insert(who.device_id);
        led_to
    }
}

fn witness(state: &DeviceState, position: &Position, driver_id: Option<DriverId>, kept: Kept) -> Witness {
    let Position { tenant_id, device_id, received_at, .. } = *position;
    let dating = state.dating(received_at);
    Witness { tenant_id, device_id, driver_id, received_at, dating, late: kept == Kept::Late }
}

/// Makes the position the newest one.
fn now(state: &mut DeviceState, position: &Position, who: &Witness) {
    state.latest = Some(Newest::of(position, moment(state, position, who)));
}

/// Notes the time of a position that is not late, and what it says about those before it; `anew` when zones are asked with the one
/// before it again.
fn go_on(state: &mut DeviceState, position: &Position, at: Timestamp, verdict: Verdict, anew: bool) {
    if verdict.mark.is_some() {
        return;
    }
    state.learn_clock(position);
    state.newest = state.newest.max(Some(at.into()));
    if (verdict.jumped || anew) && state.lone {
        // The very first one was wrong, so that nobody came from there; or its time was, and zones are asked with it again.
        state.visits = Visits::default();
        state.begin_anew();
    }
    state.lone = state.latest.is_none();
}

/// When an accepted position is taken to have been: never ahead of our clock, never before the one it follows.
fn moment(state: &DeviceState, position: &Position, who: &Witness) -> Timestamp {
    let at = who.ours(state.newest.map_or(position.fix_time, Into::into));
    state.latest.as_ref().map_or(at, |latest| latest.fix_time().max(at))
}
