//! How fast one may go in a zone: too fast for long enough is told, once until it has ended.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
pub use tracklane_core::model::SpeedLimit;

use super::state::time;

/// What is known of one device and the speed limit of one zone.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Speeding {
    /// Since when it is too fast, in microseconds, and the highest speed since.
    over: Option<(i64, f32)>,
    told: bool,
}

/// Too fast in a zone for as long as its limit asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TooFast {
    /// Since when.
    pub since: Timestamp,
    /// The highest speed until now, in metres per second.
    pub peak_mps: f32,
}

impl Speeding {
    /// Takes one fix inside the zone, later than the one before: how fast does it say that the device goes? A fix without a
    /// speed changes nothing.
    pub fn step(&mut self, at: Timestamp, speed_mps: Option<f32>, limit: &SpeedLimit) -> Option<TooFast> {
        let speed_mps = speed_mps?;
        if speed_mps <= limit.limit_mps {
            *self = Self::default();
            return None;
        }
        let (since, peak_mps) = self.over.map_or((at.as_microsecond(), speed_mps), |(s, p)| (s, p.max(speed_mps)));
        self.over = Some((since, peak_mps));
        let long_enough = at.as_microsecond() - since >= i64::from(limit.for_s) * 1_000_000;
        if self.told || !long_enough {
            return None;
        }
        self.told = true;
        Some(TooFast { since: time(since), peak_mps })
    }
}
