//! The zone state machine: which crossings does a new fix of a device prove?

use std::hash::Hash;

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use crate::index::ZoneIndex;
use crate::shape::Shape;

/// What a tenant may set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// How far beyond the edge a fix must be for an exit, in metres, 0 or more.
    pub band_m: f64,
    /// The band grows with the stated accuracy of the fix up to this, in metres; not below `band_m`.
    pub band_cap_m: f64,
}

/// One fix, as far as zones care.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// When and where the edge was last crossed outwards, while the exit is not confirmed.
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
        /// The first time that it was seen inside.
        since: Timestamp,
        /// Set while the last fix was outside the edge, within the band.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leaving: Option<Mark>,
    },
}

/// The zones that a device is in, with what is known of each. Zones that it is outside of take no room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InsideSet<K> {
    zones: Vec<(K, ZoneState)>,
}

/// Takes one fix of a device against one zone.
pub fn step(
    _state: &mut ZoneState,
    _shape: &Shape,
    _previous: Option<ZoneFix>,
    _fix: ZoneFix,
    _rules: Rules,
) -> Option<(CrossingKind, Mark)> {
    todo!()
}

/// Takes one fix of a device against all zones.
pub fn step_all<K: Copy + Eq + Hash>(
    _index: &ZoneIndex<K>,
    _inside: &mut InsideSet<K>,
    _previous: Option<ZoneFix>,
    _fix: ZoneFix,
    _rules: Rules,
) -> Vec<Crossing<K>> {
    todo!()
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
}
