//! The way of a device as zones are asked with it: the one rule for the stage itself, for ways that are done again when late
//! positions turn up, and for questions about the past.

use tracklane_core::Timestamp;
use tracklane_core::position::Position;
use tracklane_geo::visit::replay::believable;
use tracklane_geo::visit::{Travel, ZoneFix};

use super::clock::{Clocks, asked_at};

/// A position as zones are asked with it, dated so; none when it is too inaccurate to say anything.
pub(super) fn zone_fix(position: &Position, at: Timestamp, worst_accuracy_m: f32) -> Option<ZoneFix> {
    let accuracy_m = position.fix.accuracy_m;
    let fits = accuracy_m.is_none_or(|accuracy| accuracy <= worst_accuracy_m);
    fits.then_some(ZoneFix { at, point: position.fix.point, accuracy_m })
}

/// The believed positions of a track as zones are asked with them, each with when it came in; `ahead` says that the clock of the
/// device is taken to be ahead of ours.
pub(super) fn heard(track: &[Position], ahead: bool, worst_accuracy_m: f32) -> Vec<(Timestamp, ZoneFix)> {
    let believed = track.iter().filter(|position| position.mark.is_none());
    let fixes = believed.filter_map(|position| {
        let fix = zone_fix(position, asked_at(position, ahead)?, worst_accuracy_m)?;
        Some((position.received_at, fix))
    });
    let mut heard: Vec<_> = fixes.collect();
    // Stable, and hardly ever out of order: only where one counts for when it came.
    heard.sort_by_key(|(_, fix)| fix.at);
    heard
}

/// Which of the fixes, each with when it came, came in time. Zones were never asked with the others, so that nothing was told of
/// them. Such a one came after another that was taken more than so many seconds later.
pub(super) fn in_time(heard: &[(Timestamp, ZoneFix)], window_s: u32) -> Vec<bool> {
    let window = i64::from(window_s) * 1_000_000;
    let mut in_time = vec![false; heard.len()];
    // When the first of those came that were taken so much later.
    let (mut later, mut came) = (heard.len(), Timestamp::MAX);
    for (place, (received_at, fix)) in heard.iter().enumerate().rev() {
        while later > 0 && heard[later - 1].1.at.as_microsecond() - fix.at.as_microsecond() > window {
            later -= 1;
            came = came.min(heard[later].0);
        }
        in_time[place] = *received_at <= came;
    }
    in_time
}

/// What is known of a device over some time, in the order of its own clock.
pub(super) struct Way {
    /// The positions, oldest first, those that are not believed among them.
    pub positions: Vec<Position>,
    clocks: Clocks,
    worst_accuracy_m: f32,
    /// The fixes that zones are asked with, each with when it came in.
    pub heard: Vec<(Timestamp, ZoneFix)>,
}

impl Way {
    /// The way over these positions.
    pub fn new(positions: Vec<Position>, worst_accuracy_m: f32) -> Self {
        let clocks = Clocks::of(&positions);
        let heard = heard(&positions, clocks.is_ahead(), worst_accuracy_m);
        Self { positions, clocks, worst_accuracy_m, heard }
    }

    /// A position as zones are asked with it; none when they are not.
    pub fn fix(&self, position: &Position) -> Option<ZoneFix> {
        let at = asked_at(position, self.clocks.is_ahead()).filter(|_| position.mark.is_none())?;
        zone_fix(position, at, self.worst_accuracy_m)
    }

    /// The fixes that zones are asked with, without those that contradict their neighbours.
    pub fn believable(&self, travel: Travel) -> Vec<ZoneFix> {
        let fixes: Vec<ZoneFix> = self.heard.iter().map(|(_, fix)| *fix).collect();
        believable(None, &fixes, travel)
    }

    /// When the fix came in that was taken then; the next one when there is none.
    pub fn received_at(&self, at: Timestamp) -> Timestamp {
        let place = self.heard.partition_point(|(_, fix)| fix.at < at);
        self.heard.get(place).or(self.heard.last()).map_or(at, |(received_at, _)| *received_at)
    }

    /// A time of the device as it is told by the fix that was taken at `proved_at`.
    pub fn ours(&self, at: Timestamp, proved_at: Timestamp) -> Timestamp {
        self.clocks.ours(at, self.received_at(proved_at))
    }

    /// The time of a position as it is told by itself.
    pub fn time_of(&self, position: &Position) -> Timestamp {
        self.clocks.ours(position.fix_time, position.received_at)
    }
}
