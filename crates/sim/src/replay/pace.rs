//! Which fix falls due when, and what it is dated.

use std::time::Duration;

use jiff::SignedDuration;
use tracklane_core::Timestamp;

use crate::trip::Trip;

/// What the fixes of a replay are dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixTimes {
    /// Time between fixes is kept: all are shifted by the same amount, so that the last one is taken at the moment when
    /// the replay ends. Speeds are true; the first fixes lie `span - span / speed` in the past. No shipments are made: a
    /// position from before a driver had a shipment proves nothing about it. For history and zones.
    Kept,
    /// Each fix is dated the moment when it falls due, as in a film that is shown too fast: everything happens now, and
    /// vehicles are `speed` times as fast as they say. What would be dated before its shipment was made, or the same as
    /// the fix before, is dated a millisecond after that.
    Now,
}

/// Which instant of the recording falls due when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    first: Timestamp,
    last: Timestamp,
    started: Timestamp,
    speed: f64,
    pub(super) fix_times: FixTimes,
}

impl Pace {
    pub(super) fn new(trips: &[Trip], speed: f64, fix_times: FixTimes, started: Timestamp) -> Self {
        let first = trips.iter().map(Trip::start).min().unwrap_or(started);
        let last = trips.iter().map(Trip::end).max().unwrap_or(started);
        Self { first, last, started, speed: speed.max(1.0), fix_times }
    }

    /// How long after the start it falls due, in real time.
    pub(super) fn due(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.first)).unwrap_or_default().div_f64(self.speed)
    }

    /// What a fix of then is dated.
    pub(super) fn fix_time(&self, at: Timestamp) -> Timestamp {
        let (due, before) = match self.fix_times {
            FixTimes::Kept => (self.due(self.last), self.last.duration_since(at)),
            FixTimes::Now => (self.due(at), SignedDuration::ZERO),
        };
        let dated = self.started.checked_add(due).and_then(|end| end.checked_sub(before));
        dated.unwrap_or(self.started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{FleetPlan, simulate};

    #[test]
    fn no_fix_lies_ahead_and_the_last_one_is_taken_when_the_replay_ends() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let trips = simulate(&FleetPlan::new(1, 3, 6, "2013-07-01T00:00:00Z".parse().unwrap()));
        let last = trips.iter().map(Trip::end).max().unwrap();
        for fix_times in [FixTimes::Kept, FixTimes::Now] {
            let pace = Pace::new(&trips, 60.0, fix_times, now);
            assert_eq!(pace.fix_time(last), now.checked_add(pace.due(last)).unwrap());
            for point in trips.iter().flat_map(|trip| &trip.points) {
                let sent_at = now.checked_add(pace.due(point.at)).unwrap();
                assert!(pace.fix_time(point.at) <= sent_at);
                assert!(fix_times == FixTimes::Kept || pace.fix_time(point.at) == sent_at);
            }
        }
        let (kept, [one, two]) = (Pace::new(&trips, 60.0, FixTimes::Kept, now), [0, 1].map(|i| trips[0].points[i].at));
        assert_eq!(kept.fix_time(two).duration_since(kept.fix_time(one)), two.duration_since(one));
    }
}
