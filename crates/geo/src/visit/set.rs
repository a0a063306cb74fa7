//! One device against all zones.

use std::hash::Hash;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use tracklane_core::Timestamp;

use super::ZoneFix;
use super::decision::{Decision, Held, Outcome};
use super::fix::SmallFix;
use super::machine::{explain, step};
use super::replay::passing;
use super::speed::{SpeedLimit, Speeding, TooFast};
use super::state::Visit;
use super::{Event, EventKind, Rules};
use crate::distance::distance_m;
use crate::index::ZoneIndex;
use crate::shape::Shape;

/// How a device can move, the same for all zones.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Travel {
    /// A fix that could only be reached faster than this, in metres per second, waits for another one that confirms it; none
    /// to believe every jump.
    pub max_speed_mps: Option<f64>,
    /// Ways of up to so many metres between two fixes are looked at for zones that they lead through; 0 for none.
    pub pass_through_m: f64,
}

impl Travel {
    /// Stated accuracy excuses no more than this, in metres: it cannot be trusted.
    const EXCUSED_M: f64 = 100.0;

    /// True when `to` cannot be reached from `from` in its time.
    pub fn is_impossible(self, from: ZoneFix, to: ZoneFix) -> bool {
        let Some(max_speed_mps) = self.max_speed_mps else { return false };
        let excused = |fix: ZoneFix| fix.accuracy_m.map_or(0.0, |metres| f64::from(metres).clamp(0.0, Self::EXCUSED_M));
        let metres = distance_m(from.point, to.point) - excused(from) - excused(to);
        let seconds = (to.at.as_microsecond() - from.at.as_microsecond()) as f64 / 1e6;
        metres > max_speed_mps * seconds.max(0.0)
    }

    /// True when the way between two fixes is looked at for zones that it leads through.
    pub(super) fn looks_along(self, from: ZoneFix, to: ZoneFix) -> bool {
        self.pass_through_m > 0.0 && distance_m(from.point, to.point) <= self.pass_through_m
    }
}

/// What became of a fix.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken<K> {
    /// It was taken.
    Stepped {
        /// What came of it, in order of time, exits before entries of the same instant.
        events: Vec<(K, Event)>,
        /// True when the device is in other zones than before, which can happen in silence: the first fix of all, a zone that
        /// was drawn around it or deleted.
        moved: bool,
    },
    /// It could only be reached at an impossible speed, and waits for another one that confirms it.
    Suspected,
}

/// What is known of one device and one zone that it may be in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Known<K> {
    pub zone: K,
    pub visit: Visit,
    pub speeding: Speeding,
}

/// What is known of one device and all zones. Zones that it is outside of take no room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved<K>", into = "Saved<K>", bound(serialize = "K: Clone + Serialize"))]
pub struct Visits<K> {
    pub(super) previous: Option<SmallFix>,
    /// Seldom there: behind a pointer it takes little room.
    suspect: Option<Box<ZoneFix>>,
    pub(super) zones: Vec<Known<K>>,
}

impl<K> Default for Visits<K> {
    fn default() -> Self {
        Self { previous: None, suspect: None, zones: Vec::new() }
    }
}

impl<K> Visits<K> {
    /// What was known right after a fix.
    pub(super) fn known_at(fix: ZoneFix, zones: Vec<Known<K>>) -> Self {
        Self { previous: Some(fix.into()), suspect: None, zones }
    }
}

impl<K: Copy + Eq> Visits<K> {
    /// The zones that the device is in for certain.
    pub fn zones(&self) -> impl Iterator<Item = K> {
        self.zones.iter().filter(|known| known.visit.is_inside()).map(|known| known.zone)
    }

    /// The zones that the device is in for certain, and those that it may be in.
    pub fn known(&self) -> impl Iterator<Item = K> {
        self.zones.iter().map(|known| known.zone)
    }

    /// True when the device is in `zone` for certain.
    pub fn contains(&self, zone: K) -> bool {
        self.zones().any(|known| known == zone)
    }

    /// What is known of `zone`.
    pub fn get(&self, zone: K) -> Visit {
        self.zones.iter().find(|known| known.zone == zone).map(|known| known.visit).unwrap_or_default()
    }

    /// The last fix that was taken.
    pub fn previous(&self) -> Option<ZoneFix> {
        self.previous.map(Into::into)
    }

    /// Forgets a zone without an exit (it was deleted).
    pub fn forget(&mut self, zone: K) {
        self.zones.retain(|known| known.zone != zone);
    }

    /// Takes the last fix to have been no later than this: the clock that dated it was ahead.
    pub fn put_back(&mut self, at: Timestamp) {
        self.suspect = None;
        if let Some(previous) = &mut self.previous {
            previous.at = previous.at.min(at.into());
        }
    }

    /// True when the device was told to be in `zone`, false when outside; none when it was inside from the first, for then nobody
    /// was told.
    pub fn told_inside(&self, zone: K) -> Option<bool> {
        let visit = self.get(zone);
        Some(visit.inside).filter(|_| !visit.inside || !visit.silent)
    }

    /// The entry that began the visit to `zone` that the device is on, if it was seen, as the last fix proves it.
    pub fn entry(&self, zone: K) -> Option<Event> {
        let (at, fix) = (self.get(zone).seen_since()?, self.previous()?);
        Some(Event {
            kind: EventKind::Enter,
            at,
            point: fix.point,
            proved_at: fix.at.max(at),
            since: None,
            inferred: false,
        })
    }

    /// True when the device is or may be in `zone`, and was not seen outside before.
    pub fn is_silent(&self, zone: K) -> bool {
        self.get(zone).silent
    }

    /// True when the device is in `zone`, and a dwell event of this visit was told.
    pub fn has_dwelled(&self, zone: K) -> bool {
        let visit = self.get(zone);
        visit.inside && visit.dwelled
    }

    /// Takes over what `other` knows of `zone`. How fast the device was is kept, and what was told: that it went in, when it
    /// `entered` by what was told; and of the visit that it is on, where that `goes_on`, a dwell and the entry that it was
    /// counted from.
    pub fn adopt(&mut self, other: &Self, zone: K, entered: bool, goes_on: bool) {
        let speeding = self.zones.iter().find(|known| known.zone == zone).map(|known| known.speeding);
        let told = self.get(zone);
        self.forget(zone);
        let found = other.zones.iter().find(|known| known.zone == zone);
        self.zones.extend(found.map(|known| {
            let mut visit = Visit { silent: known.visit.silent && !(entered && known.visit.inside), ..known.visit };
            if goes_on && told.dwelled && visit.inside {
                (visit.since, visit.dwelled) = (told.since, true);
            }
            Known { visit, speeding: speeding.unwrap_or_default(), ..*known }
        }));
    }

    /// Takes the speed of a fix that was taken, for a zone that the device is in for certain. Answers when it has been too
    /// fast there for as long as the limit asks, once until it has ended.
    pub fn speed(&mut self, zone: K, at: Timestamp, speed_mps: Option<f32>, limit: &SpeedLimit) -> Option<TooFast> {
        let inside = |known: &&mut Known<K>| known.zone == zone && known.visit.is_inside();
        self.zones.iter_mut().find(inside)?.speeding.step(at, speed_mps, limit)
    }

    /// Why a fix would or would not lead to an event of `zone`, without taking it.
    pub fn explain(&self, zone: K, shape: &Shape, fix: ZoneFix, travel: Travel, rules: &Rules) -> Decision {
        let mut decision = explain(self.get(zone), shape, self.previous(), fix, rules);
        if self.previous().is_some_and(|previous| travel.is_impossible(previous, fix)) && !self.confirms(fix, travel) {
            decision.inside_after = decision.inside_before;
            decision.outcome = Outcome::Held(Held::ImpossibleSpeed);
        }
        decision
    }

    /// True when the fix that waits was no mistake.
    fn confirms(&self, fix: ZoneFix, travel: Travel) -> bool {
        self.suspect.as_ref().is_some_and(|suspect| suspect.at < fix.at && !travel.is_impossible(**suspect, fix))
    }
}

impl<K: Copy + Eq + Hash> Visits<K> {
    /// Takes one fix of the device, later than the one before, against all zones: those it is in, those that may contain it,
    /// and those that the way may lead through. A zone that is gone from the index is forgotten without an exit. Outside of
    /// all zones this needs no memory.
    pub fn take(&mut self, index: &ZoneIndex<K>, fix: ZoneFix, travel: Travel, rules: impl Fn(K) -> Rules) -> Taken<K> {
        let jumped = self.previous().is_some_and(|previous| travel.is_impossible(previous, fix));
        if jumped && !self.confirms(fix, travel) {
            self.suspect = Some(Box::new(fix));
            return Taken::Suspected;
        }
        let mut events = Vec::new();
        let waiting = self.suspect.take();
        let mut moved = false;
        if let Some(suspect) = waiting.filter(|_| jumped) {
            let travel = Travel { pass_through_m: 0.0, ..travel };
            moved |= self.settle(index, *suspect, travel, &rules, &mut events);
        }
        moved |= self.settle(index, fix, travel, &rules, &mut events);
        events.sort_by_key(|(_, event)| (event.at, order(event.kind)));
        Taken::Stepped { events, moved }
    }

    /// Answers whether the device is in other zones than before.
    fn settle(
        &mut self,
        index: &ZoneIndex<K>,
        fix: ZoneFix,
        travel: Travel,
        rules: impl Fn(K) -> Rules,
        events: &mut Vec<(K, Event)>,
    ) -> bool {
        let previous = self.previous.replace(fix.into()).map(ZoneFix::from);
        let known = self.zones.len();
        let mut moved = false;
        // The shapes of known zones, where they were come by: they need not be looked up.
        let mut met: SmallVec<[(usize, &Shape); 4]> = SmallVec::new();
        for candidate in index.candidates(fix.point) {
            if let Some(number) = self.zones[..known].iter().position(|known| known.zone == candidate.key) {
                met.push((number, candidate.shape));
                continue;
            }
            if !candidate.contains(fix.point) {
                continue;
            }
            let mut visit = Visit::default();
            let (told, _) = step(&mut visit, candidate.shape, previous, fix, &rules(candidate.key));
            moved |= visit.is_inside();
            events.extend(told.into_iter().map(|event| (candidate.key, event)));
            self.zones.push(Known { zone: candidate.key, visit, speeding: Speeding::default() });
        }
        if let Some(from) = previous.filter(|from| travel.looks_along(*from, fix)) {
            for candidate in index.along(from.point, fix.point) {
                if self.zones.iter().any(|known| known.zone == candidate.key) {
                    continue;
                }
                let passed = passing(candidate.shape, from, fix, &rules(candidate.key));
                events.extend(passed.into_iter().flatten().map(|event| (candidate.key, event)));
            }
        }
        for (number, Known { zone, visit, .. }) in self.zones[..known].iter_mut().enumerate() {
            let before = visit.is_inside();
            let found = met.iter().find(|(met, _)| *met == number).map(|(_, shape)| *shape);
            match found.or_else(|| index.get(*zone).map(Arc::as_ref)) {
                Some(shape) => {
                    let (told, _) = step(visit, shape, previous, fix, &rules(*zone));
                    events.extend(told.into_iter().map(|event| (*zone, event)));
                }
                None => *visit = Visit::default(),
            }
            moved |= visit.is_inside() != before;
        }
        self.zones.retain(|known| !known.visit.is_clear());
        moved
    }
}

/// Of events at the same instant: what ends a visit comes before what begins one.
fn order(kind: EventKind) -> u8 {
    match kind {
        EventKind::Dwell => 0,
        EventKind::Exit => 1,
        EventKind::Enter => 2,
    }
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Saved<K> {
    version: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<ZoneFix>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspect: Option<Box<ZoneFix>>,
    zones: Vec<Known<K>>,
}

/// The form that is written.
const VERSION: u8 = 1;

/// A stored state is of a form that this build does not know.
#[derive(Debug, thiserror::Error)]
#[error("visits are stored in form {0}, this build reads form {VERSION}")]
pub struct UnknownForm(u8);

impl<K> TryFrom<Saved<K>> for Visits<K> {
    type Error = UnknownForm;

    fn try_from(saved: Saved<K>) -> Result<Self, UnknownForm> {
        let Saved { version, previous, suspect, zones } = saved;
        let previous = previous.map(Into::into);
        if version == VERSION { Ok(Self { previous, suspect, zones }) } else { Err(UnknownForm(version)) }
    }
}

impl<K> From<Visits<K>> for Saved<K> {
    fn from(visits: Visits<K>) -> Self {
        let Visits { previous, suspect, zones } = visits;
        Self { version: VERSION, previous: previous.map(Into::into), suspect, zones }
    }
}
