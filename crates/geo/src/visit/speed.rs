//! How fast one may go in a zone: too fast for long enough is told once, and told again when it ends.

use serde::{Deserialize, Serialize};
use tracklane_core::{Invalid, Timestamp};

use super::state::time;

/// The speed limit of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeedLimit {
    /// Metres per second, above 0 up to 500.
    pub limit_mps: f32,
    /// How many seconds one must go faster before it counts, 0 to 86,400.
    #[serde(default)]
    pub for_s: u32,
}

impl SpeedLimit {
    /// Checks both ranges.
    ///
    /// # Errors
    /// Names what is out of its range.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let fits = self.limit_mps > 0.0 && self.limit_mps <= 500.0;
        invalid.require(fits, "/limit_mps", "must be above 0 and at most 500 metres per second");
        invalid.require(self.for_s <= 86_400, "/for_s", "must be at most 86400 seconds");
        invalid.into_result()
    }
}

/// What is known of one device and the speed limit of one zone.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Speeding {
    /// Since when it is too fast, in microseconds, and the highest speed since.
    over: Option<(i64, f32)>,
    told: bool,
}

/// Too fast in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeedEvent {
    /// The device has been too fast for as long as the limit allows.
    Began {
        /// Since when.
        since: Timestamp,
        /// The highest speed until now, in metres per second.
        peak_mps: f32,
    },
    /// It has slowed down, or left the zone.
    Ended {
        /// Since when it had been too fast.
        since: Timestamp,
        /// The time of the first fix that was not.
        until: Timestamp,
        /// The highest speed, in metres per second.
        peak_mps: f32,
    },
}

impl Speeding {
    /// Takes one fix, later than the one before: is the device in the zone, and how fast does it say it goes? A fix without
    /// a speed changes nothing while the device is inside.
    pub fn step(
        &mut self,
        at: Timestamp,
        inside: bool,
        speed_mps: Option<f32>,
        limit: &SpeedLimit,
    ) -> Option<SpeedEvent> {
        let speed_mps = match (inside, speed_mps) {
            (true, None) => return None,
            (true, Some(speed_mps)) => speed_mps,
            (false, _) => 0.0,
        };
        if speed_mps > limit.limit_mps {
            let (since, peak_mps) = self.over.map_or((at.as_microsecond(), speed_mps), |(s, p)| (s, p.max(speed_mps)));
            self.over = Some((since, peak_mps));
            let long_enough = at.as_microsecond() - since >= i64::from(limit.for_s) * 1_000_000;
            if self.told || !long_enough {
                return None;
            }
            self.told = true;
            return Some(SpeedEvent::Began { since: time(since), peak_mps });
        }
        let ended = self.over.filter(|_| self.told);
        *self = Self::default();
        ended.map(|(since, peak_mps)| SpeedEvent::Ended { since: time(since), until: at, peak_mps })
    }
}
