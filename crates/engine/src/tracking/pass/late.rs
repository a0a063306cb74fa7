//! Fixes that come after later ones. Inside the window the way is done again from before them. What that tells and was not
//! told before is news; "now" never moves back. What was told stands, whatever is known now: the log is never taken back.

use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::position::Position;
use tracklane_geo::filter::Spot;
use tracklane_geo::visit::replay::believable;
use tracklane_geo::visit::{self, EventKind, Taken, Travel, Visits, ZoneFix, amend};

use super::crossings::Witness;
use super::{Pass, Sighting};
use crate::tracking::dedupe::Known;
use crate::tracking::filter::{Judge, Neighbours, spot};
use crate::tracking::said::Said;
use crate::tracking::states::{DeviceState, ShardStates, Start};
use crate::tracking::way::{heard, in_time, zone_fix};
use crate::tracking::zones::{TenantZones, ZoneKey};

/// The late fixes of one device in one run, in order of their time.
pub(super) struct Late {
    pub who: Witness,
    pub fixes: Vec<ZoneFix>,
    /// How the device moves.
    travel: Travel,
}

/// One way through the zones.
struct Walk {
    visits: Visits<ZoneKey>,
    steps: Vec<Step>,
}

/// A fix that led to something, and where the device was then.
struct Step {
    fix: ZoneFix,
    events: Vec<(ZoneKey, visit::Event)>,
    visits: Visits<ZoneKey>,
}

impl Walk {
    fn events(&self, zone: ZoneKey) -> Vec<visit::Event> {
        let all = self.steps.iter().flat_map(|step| &step.events);
        all.filter(|(key, _)| *key == zone).map(|(_, event)| *event).collect()
    }
}

impl Pass<'_> {
    /// Keeps a late position for when all of its device have been seen, if it is not too late.
    pub(super) fn keep_late(&mut self, state: &DeviceState, position: &Position, who: Witness, judge: Judge) {
        if state.start_before(position.fix_time, self.window_s).is_none() {
            return;
        }
        let Some(fix) = zone_fix(position, position.fix_time, self.worst_accuracy_m) else { return };
        let late = self.late.get_or_insert_with(|| Late { who, fixes: Vec::new(), travel: judge.travel() });
        late.fixes.push(fix);
    }

    /// The believed positions around one that may be late, where they are at hand.
    pub(super) fn neighbours<'k>(&self, state: &DeviceState, position: &Position, known: &'k Known) -> Neighbours<'k> {
        let at = position.fix_time;
        if Some(at.into()) >= state.newest || state.start_before(at, self.window_s).is_none() {
            return Neighbours::default();
        }
        let track = known.track(position.device_id);
        let (before, behind) = track.split_at(track.partition_point(|known| known.fix_time < at));
        let before = before.iter().rfind(|known| known.mark.is_none()).map(spot);
        let behind = behind.iter().find(|known| known.mark.is_none() && known.fix_time > at);
        // Late ones of the same run are not in history yet.
        let late = self.late.as_ref().and_then(|late| late.fixes.last());
        let late = late.map(|fix| Spot { at: fix.at, point: fix.point, accuracy_m: fix.accuracy_m.unwrap_or(0.0) });
        Neighbours { before: before.into_iter().chain(late).max_by_key(|spot| spot.at), behind }
    }

    /// Does the way again for the late positions of a device, if there are any, of any device but this one.
    pub(super) fn settle_late(&mut self, states: &mut ShardStates, but: Option<DeviceId>, known: &Known) {
        let Some(late) = self.late.take_if(|late| Some(late.who.device_id) != but) else { return };
        if let Some(state) = states.get_mut(&late.who.device_id) {
            self.redo(state, &late, known);
        }
    }

    /// Does the way again from before the late fixes.
    pub(super) fn redo(&mut self, state: &mut DeviceState, late: &Late, known: &Known) {
        let (Some(first), Some(newest)) = (late.fixes.first(), state.visits.previous()) else { return };
        let Some(start) = state.start_before(first.at, self.window_s) else { return };
        let sure = state.dating(late.who.received_at).is_some();
        let was = self.way(known.track(late.who.device_id), start.from(self.window_s), &late.fixes, sure);
        // Another submission may have got in between, and what history said before is out of date: then it stays as it is.
        if was.last().is_none_or(|last| last.at != newest.at) {
            return;
        }
        let (visits, from, was) = match start {
            Start::Place(place) => match was.split_first() {
                Some((from, rest)) if from.at == place.at() => (place.visits(*from), Some(*from), rest),
                _ => return,
            },
            Start::Birth(_) => (Visits::default(), None, &was[..]),
        };
        let noted = start.place().noted();
        let since = from.map_or(Timestamp::MIN, |from| from.at);
        let way = believable(from, &merged(was, &late.fixes), late.travel);
        let zones = self.take_zones();
        let begun = visits.clone();
        let walk = self.walk(&zones, visits, &way, |visits| state.window.renew(visits));
        let (mut news, mut found) = (Vec::new(), Vec::new());
        for zone in zones_seen(&walk, state) {
            // What was drawn or changed since then said other things at the time.
            if zones.changed_since(zone, noted) {
                continue;
            }
            let (told, before) = Said::of(state.said.as_deref(), zone, since);
            // Who was never seen outside may have been inside all the time: then an exit is news.
            let unseen = from.is_none() || begun.is_silent(zone);
            let inside = before.unwrap_or_else(|| state.visits.told_inside(zone)).filter(|inside| *inside || !unseen);
            let dwelled = told.is_empty() && state.visits.has_dwelled(zone);
            let mut now = walk.events(zone);
            if let Some(entry) = begun.entry(zone).filter(|_| inside == Some(false)) {
                // It went in before the way begins, as it is known now, and was told to go in later.
                now.insert(0, entry);
            }
            let amended = amend(&told, inside, dwelled, &now, self.window_s);
            let proofs = amended.known_as.iter().map(|known| known.map(|place| now[place].proved_at));
            Said::prove(&mut state.said, zone, since, newest.at, proofs);
            if amended.ends_inside.is_none_or(|inside| inside == walk.visits.contains(zone)) {
                let goes_on = amended.news.iter().all(|(_, event)| event.kind != EventKind::Enter);
                state.visits.adopt(&walk.visits, zone, amended.ends_inside == Some(true), goes_on);
            }
            found.extend(amended.news.iter().map(|(place, _)| (zone, now[*place])));
            news.extend(amended.news.into_iter().map(|(_, event)| (zone, event)));
        }
        news.sort_by_key(|(_, event): &(ZoneKey, visit::Event)| event.at);
        Said::note(&mut state.said, &news);
        self.tell(&zones, &late.who, &news);
        self.held = Some(zones);
        self.prove_late(state, late, &walk, &found);
    }

    /// What the late positions prove about the shipments on board: where the vehicle was at each step that is news, and
    /// where it is now.
    fn prove_late(&mut self, state: &DeviceState, late: &Late, now: &Walk, news: &[(ZoneKey, visit::Event)]) {
        if news.is_empty() {
            return;
        }
        for step in now.steps.iter().filter(|step| step.events.iter().any(|event| news.contains(event))) {
            let sighting = Sighting {
                at: late.who.ours(step.fix.at),
                point: step.fix.point,
                visits: &step.visits,
                events: &step.events,
            };
            self.milestones(&late.who, &sighting);
        }
        if let Some(newest) = state.visits.previous() {
            let sighting =
                Sighting { at: late.who.ours(newest.at), point: newest.point, visits: &state.visits, events: &[] };
            self.milestones(&late.who, &sighting);
        }
    }

    /// The fixes of a device as zones were asked with them, from one time on, without these.
    fn way(&self, track: &[Position], from: Timestamp, without: &[ZoneFix], ahead: bool) -> Vec<ZoneFix> {
        let track = &track[track.partition_point(|position| position.fix_time < from)..];
        let heard = heard(track, ahead, self.worst_accuracy_m);
        let in_time = in_time(&heard, self.window_s).into_iter();
        let mut way: Vec<ZoneFix> =
            heard.iter().zip(in_time).filter(|(_, in_time)| *in_time).map(|((_, fix), _)| *fix).collect();
        way.retain(|fix| without.iter().all(|late| late.at != fix.at));
        way
    }

    fn walk(
        &self,
        zones: &TenantZones,
        mut visits: Visits<ZoneKey>,
        way: &[ZoneFix],
        mut each: impl FnMut(&Visits<ZoneKey>),
    ) -> Walk {
        let mut steps = Vec::new();
        for fix in way {
            let rules = |key| zones.rules(key, self.arrival);
            if let Taken::Stepped { events, .. } = visits.take(&zones.index, *fix, zones.travel(), rules)
                && !events.is_empty()
            {
                steps.push(Step { fix: *fix, events, visits: visits.clone() });
            }
            each(&visits);
        }
        Walk { visits, steps }
    }
}

/// Two ways in order of time as one.
fn merged(way: &[ZoneFix], late: &[ZoneFix]) -> Vec<ZoneFix> {
    let mut all: Vec<ZoneFix> = way.iter().chain(late).copied().collect();
    all.sort_by_key(|fix| fix.at);
    all
}

/// Every zone that a walk or what was said knows of, or in which the device is, each once.
fn zones_seen(walk: &Walk, state: &DeviceState) -> Vec<ZoneKey> {
    let told = walk.steps.iter().flat_map(|step| step.events.iter().map(|(key, _)| *key));
    let known = walk.visits.known().chain(state.visits.known()).chain(Said::zones(state.said.as_deref()));
    let mut seen = Vec::new();
    for zone in told.chain(known) {
        if !seen.contains(&zone) {
            seen.push(zone);
        }
    }
    seen
}
