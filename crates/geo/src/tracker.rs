//! The zone state machine: which crossings does a new fix of a device prove?
//!
//! - A device goes in when a fix lies inside after one that lay outside. Without a fix before, or when that one lay inside
//!   too (the zone is new, or was redrawn), it is known to be inside from then on, silently: nobody entered.
//! - It goes out when a fix lies further outside than the band. Between edge and band it still counts as inside, so a
//!   noisy fix at the edge rings no bell; the exit, once confirmed, is dated to when the edge was passed.
//! - When and where are interpolated on the straight line between the two fixes.
//!
//! A zone that was passed through between two fixes, with neither of them inside, is not noticed. Going in asks neither for
//! accuracy nor for a second fix that confirms it: fixes that are not to be believed must be kept away before.
//!
//! Fixes of a device must come in the order of their time. A zone that is gone from the index is forgotten without an exit.

use std::hash::Hash;

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use crate::distance::interpolate;
use crate::index::ZoneIndex;
use crate::shape::Shape;

/// What may be set about crossings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// How far beyond the edge a fix must be for an exit, in metres, 0 or more.
    pub band_m: f64,
    /// The band grows with the stated accuracy of the fix up to this, in metres. Not further: stated accuracy cannot be
    /// trusted either, and a device with a bad one must still be able to leave.
    pub band_cap_m: f64,
}

impl Default for Rules {
    /// A band of 20 metres that grows up to 100.
    fn default() -> Self {
        Self { band_m: 20.0, band_cap_m: 100.0 }
    }
}

impl Rules {
    /// The band for one fix, in metres.
    fn band(self, fix: ZoneFix) -> f64 {
        let stated = fix.accuracy_m.map_or(0.0, f64::from);
        stated.min(self.band_cap_m).max(self.band_m)
    }
}

/// One fix, as far as zones care.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ZoneFix {
    /// When it was taken.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// Stated accuracy, in metres.
    pub accuracy_m: Option<f32>,
}

/// The side of the edge that a crossing leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrossingKind {
    /// Into the zone.
    Enter,
    /// Out of the zone.
    Exit,
}

/// A crossing of a zone's edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing<K> {
    /// The zone.
    pub zone: K,
    /// Which way.
    pub kind: CrossingKind,
    /// When, interpolated between the fixes around it.
    pub at: Timestamp,
    /// Where, interpolated likewise.
    pub point: Point,
}

/// When and where an edge was passed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
}

/// What is known of one device and one zone.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ZoneState {
    /// Outside, or nothing known.
    #[default]
    Outside,
    /// Inside, or so near outside that it counts as inside.
    Inside {
        /// Since when: the crossing, or the first fix that was seen inside.
        since: Timestamp,
        /// Where the edge was passed outwards, while the exit is not confirmed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leaving: Option<Mark>,
    },
}

/// Takes one fix of a device against one zone. `previous` is the fix before, if there was one.
pub fn step(
    state: &mut ZoneState,
    shape: &Shape,
    previous: Option<ZoneFix>,
    fix: ZoneFix,
    rules: Rules,
) -> Option<(CrossingKind, Mark)> {
    match *state {
        ZoneState::Outside if shape.contains(fix.point) => enter(state, shape, previous, fix),
        ZoneState::Outside => None,
        ZoneState::Inside { since, leaving } => {
            let beyond = shape.signed_distance_m(fix.point);
            if beyond <= 0.0 {
                *state = ZoneState::Inside { since, leaving: None };
                return None;
            }
            let mark = leaving.unwrap_or_else(|| edge_between(shape, previous.unwrap_or(fix), fix));
            if beyond <= rules.band(fix) {
                *state = ZoneState::Inside { since, leaving: Some(mark) };
                return None;
            }
            *state = ZoneState::Outside;
            Some((CrossingKind::Exit, mark))
        }
    }
}

/// A fix inside a zone that the device was not known to be in.
fn enter(
    state: &mut ZoneState,
    shape: &Shape,
    previous: Option<ZoneFix>,
    fix: ZoneFix,
) -> Option<(CrossingKind, Mark)> {
    let crossed =
        previous.filter(|before| !shape.contains(before.point)).map(|before| edge_between(shape, before, fix));
    *state = ZoneState::Inside { since: crossed.map_or(fix.at, |mark| mark.at), leaving: None };
    crossed.map(|mark| (CrossingKind::Enter, mark))
}

/// Where the line between two fixes on different sides passes the edge (one such place, if there are several), by halving.
/// With both on one side, the later fix.
fn edge_between(shape: &Shape, from: ZoneFix, to: ZoneFix) -> Mark {
    const HALVINGS: usize = 24;
    let from_inside = shape.contains(from.point);
    if from_inside == shape.contains(to.point) {
        return Mark { at: to.at, point: to.point };
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if shape.contains(interpolate(from.point, to.point, middle)) == from_inside {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (start, end) = (from.at.as_microsecond(), to.at.as_microsecond());
    let micros = start + ((end - start) as f64 * high).round() as i64;
    let at = Timestamp::from_microsecond(micros).unwrap_or(to.at);
    Mark { at, point: interpolate(from.point, to.point, high) }
}

/// The zones that a device is in, with what is known of each. Zones that it is outside of take no room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InsideSet<K> {
    zones: Vec<(K, ZoneState)>,
}

impl<K> Default for InsideSet<K> {
    fn default() -> Self {
        Self { zones: Vec::new() }
    }
}

impl<K: Copy + Eq> InsideSet<K> {
    /// The zones that the device is in.
    pub fn zones(&self) -> impl Iterator<Item = K> {
        self.zones.iter().map(|(zone, _)| *zone)
    }

    /// True when the device is in `zone`.
    pub fn contains(&self, zone: K) -> bool {
        self.zones().any(|known| known == zone)
    }

    /// How many zones the device is in.
    pub fn len(&self) -> usize {
        self.zones.len()
    }

    /// True when the device is in no zone.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// Forgets a zone without an exit (it was deleted).
    pub fn forget(&mut self, zone: K) {
        self.zones.retain(|(known, _)| *known != zone);
    }
}

/// Takes one fix of a device against all zones: those it is in, and those that may contain the fix. `previous` is the fix
/// before, if there was one. Crossings are in order of their time, exits before entries of the same instant.
pub fn step_all<K: Copy + Eq + Hash>(
    index: &ZoneIndex<K>,
    inside: &mut InsideSet<K>,
    previous: Option<ZoneFix>,
    fix: ZoneFix,
    rules: Rules,
) -> Vec<Crossing<K>> {
    let mut crossings = Vec::new();
    let mut note = |zone: K, crossed: Option<(CrossingKind, Mark)>| {
        crossings.extend(crossed.map(|(kind, mark)| Crossing { zone, kind, at: mark.at, point: mark.point }));
    };
    // Looked at first, so that a zone that is entered now is not also asked about leaving.
    let known = inside.zones.len();
    for candidate in index.candidates(fix.point) {
        let already = inside.zones[..known].iter().any(|(zone, _)| *zone == candidate.key);
        if already || !candidate.contains(fix.point) {
            continue;
        }
        let mut state = ZoneState::Outside;
        note(candidate.key, step(&mut state, candidate.shape, previous, fix, rules));
        inside.zones.push((candidate.key, state));
    }
    for (zone, state) in &mut inside.zones[..known] {
        match index.get(*zone) {
            Some(shape) => note(*zone, step(state, shape, previous, fix, rules)),
            None => *state = ZoneState::Outside,
        }
    }
    inside.zones.retain(|(_, state)| *state != ZoneState::Outside);
    crossings.sort_by_key(|crossing| (crossing.at, crossing.kind == CrossingKind::Enter));
    crossings
}
