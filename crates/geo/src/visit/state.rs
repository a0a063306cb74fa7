//! What is known of one device and one zone: 48 bytes, of which nothing is kept while the device is outside.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use super::fix::Passed;

/// What is known of one device and one zone. The default is outside, with nothing pending.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Visit {
    /// Since when it is inside, in microseconds.
    pub(super) since: i64,
    /// What speaks for the other side of the edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pending: Option<Pending>,
    /// True once it is inside for certain.
    #[serde(rename = "in")]
    pub(super) inside: bool,
    /// True when the zone was not seen from outside before: it was not entered.
    pub(super) silent: bool,
    /// True when the dwell event of this visit was told.
    pub(super) dwelled: bool,
}

/// An edge that was passed, and the certain fixes beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// When the edge was passed, in microseconds.
    at: i64,
    /// How long after that the first certain fix was taken, in milliseconds.
    first_after_ms: u32,
    /// Where the edge was passed, in 1e-7 degrees.
    lat: i32,
    lon: i32,
    /// How many certain fixes there are.
    pub fixes: u8,
}

impl Pending {
    pub fn new(mark: Passed) -> Self {
        let small = |degrees: f64| (degrees * 1e7).round() as i32;
        let at = mark.at.as_microsecond();
        Self { at, first_after_ms: 0, lat: small(mark.point.lat), lon: small(mark.point.lon), fixes: 0 }
    }

    /// One more certain fix.
    pub fn confirm(&mut self, at: Timestamp) {
        if self.fixes == 0 {
            let after_ms = (at.as_microsecond() - self.at).max(0) / 1000;
            self.first_after_ms = u32::try_from(after_ms).unwrap_or(u32::MAX);
        }
        self.fixes = self.fixes.saturating_add(1);
    }

    /// When the edge was passed, in microseconds.
    pub fn passed(&self) -> i64 {
        self.at
    }

    /// When the first certain fix was taken, in microseconds.
    pub fn first(&self) -> i64 {
        self.at + i64::from(self.first_after_ms) * 1000
    }

    /// When and where the edge was passed.
    pub fn mark(&self) -> Passed {
        let point = Point { lat: f64::from(self.lat) / 1e7, lon: f64::from(self.lon) / 1e7 };
        Passed { at: time(self.at), point }
    }
}

/// The time of so many microseconds.
pub(super) fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

impl Visit {
    /// True when the device is inside for certain.
    pub fn is_inside(&self) -> bool {
        self.inside
    }

    /// Since when it is inside: the crossing, or the first fix that was seen inside; none outside.
    pub fn since(&self) -> Option<Timestamp> {
        self.inside.then(|| time(self.since))
    }

    /// Since when it is inside, when it was seen going in.
    pub(super) fn seen_since(&self) -> Option<Timestamp> {
        self.since().filter(|_| !self.silent)
    }

    /// True when there is nothing to remember.
    pub fn is_clear(&self) -> bool {
        !self.inside && !self.silent && self.pending.is_none()
    }
}
