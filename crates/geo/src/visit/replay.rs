//! The reference: the events of a whole track, computed at once without an index; and which fixes of a track say anything.

use super::ZoneFix;
use super::decision::Side;
use super::fix::Passed;
use super::machine::{Look, mark_at, seconds, step};
use super::state::Visit;
use super::{Event, EventKind, Events, Rules};
use crate::distance::interpolate;
use crate::shape::Shape;
use crate::visit::Travel;

/// The events of a track, which is in order of time, and one zone.
pub fn replay(track: &[ZoneFix], shape: &Shape, travel: Travel, rules: &Rules) -> Vec<Event> {
    let mut walk = Walk::default();
    track.iter().flat_map(|fix| walk.take(shape, *fix, travel, rules)).collect()
}

/// One device against one zone. A copy of it is a place to go back to when a late fix turns up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Walk {
    /// What is known of the zone.
    pub visit: Visit,
    /// The last fix that was taken.
    pub previous: Option<ZoneFix>,
    /// A fix that waits to be confirmed.
    pub suspect: Option<ZoneFix>,
}

impl Walk {
    /// Takes one fix, later than the one before.
    pub fn take(&mut self, shape: &Shape, fix: ZoneFix, travel: Travel, rules: &Rules) -> Events {
        let jumped = self.previous.is_some_and(|previous| travel.is_impossible(previous, fix));
        let waiting = self.suspect.take();
        let confirmed = waiting.filter(|suspect| suspect.at < fix.at && !travel.is_impossible(*suspect, fix));
        if jumped && confirmed.is_none() {
            self.suspect = Some(fix);
            return Events::new();
        }
        let mut events = Events::new();
        if let Some(suspect) = confirmed.filter(|_| jumped) {
            events.extend(self.settle(shape, suspect, Travel { pass_through_m: 0.0, ..travel }, rules));
        }
        events.extend(self.settle(shape, fix, travel, rules));
        events
    }

    fn settle(&mut self, shape: &Shape, fix: ZoneFix, travel: Travel, rules: &Rules) -> Events {
        let previous = self.previous.replace(fix);
        let clear = self.visit.is_clear();
        let (events, _) = step(&mut self.visit, shape, previous, fix, rules);
        let Some(from) = previous.filter(|_| clear && self.visit.is_clear() && events.is_empty()) else {
            return events;
        };
        if !travel.looks_along(from, fix) {
            return events;
        }
        passing(shape, from, fix, rules).into_iter().flatten().collect()
    }
}

/// The entry and exit of a zone that the way between two fixes leads through, when the rules ask for it: both fixes lie
/// certainly outside, the way leads certainly inside, and for as long as a visit must last.
pub(super) fn passing(shape: &Shape, from: ZoneFix, to: ZoneFix, rules: &Rules) -> Option<[Event; 2]> {
    if !rules.pass_through || from.at >= to.at {
        return None;
    }
    let cuts = shape.cuts(from.point, to.point);
    let (first, last) = (*cuts.first()?, *cuts.last()?);
    let outside = |fix| Look::at(shape, fix, rules).side == Side::Outside;
    if first >= last || !outside(from) || !outside(to) {
        return None;
    }
    let middle = f64::midpoint(first, cuts.get(1).copied().unwrap_or(last));
    let worse = if from.accuracy_m > to.accuracy_m { from } else { to };
    let deepest = ZoneFix { point: interpolate(from.point, to.point, middle), ..worse };
    let (enter, exit) = (mark_at(from, to, first), mark_at(from, to, last));
    let long_enough = exit.at.as_microsecond() - enter.at.as_microsecond() >= seconds(rules.min_dwell_s);
    if !long_enough || Look::at(shape, deepest, rules).side != Side::Inside {
        return None;
    }
    let event = |kind, mark: Passed, since| Event {
        kind,
        at: mark.at,
        point: mark.point,
        proved_at: to.at,
        since,
        inferred: true,
    };
    Some([event(EventKind::Enter, enter, None), event(EventKind::Exit, exit, Some(enter.at))])
}

/// A track, from `start` on if something is known before it, without the fixes that contradict their neighbours: nobody gets
/// there and away again, or it is the odd one out between two places that agree with each other. A filter that takes fixes as
/// they come in cannot see that of one that comes late, or after a hole.
pub fn believable(start: Option<ZoneFix>, track: &[ZoneFix], travel: Travel) -> Vec<ZoneFix> {
    let mut kept: Vec<ZoneFix> = Vec::with_capacity(track.len());
    for (number, fix) in track.iter().enumerate() {
        let before = kept.last().copied().or(start);
        let next = track.get(number + 1).copied();
        let stuck = next.is_some_and(|next| travel.is_impossible(*fix, next));
        if stuck {
            let there = before.is_some_and(|before| travel.is_impossible(before, *fix));
            let passed_by = next.zip(track.get(number + 2)).is_some_and(|(next, after)| {
                !travel.is_impossible(next, *after) && before.is_none_or(|before| !travel.is_impossible(before, next))
            });
            if there || passed_by {
                continue;
            }
        }
        kept.push(*fix);
    }
    kept
}
