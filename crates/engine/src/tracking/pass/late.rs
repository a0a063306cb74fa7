//! Fixes that come after later ones. Inside the window the way is done again from before them, twice: as it was known and
//! as it is known now. What the second time tells and the first did not is news; "now" never moves back. Where the two
//! contradict each other, what was told stands: the log is never taken back.

use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::position::Position;
use tracklane_geo::filter::Spot;
use tracklane_geo::visit::replay::{believable, compare};
use tracklane_geo::visit::{self, EventKind, Taken, Travel, Visits, ZoneFix};

use super::crossings::Witness;
use super::{Pass, Sighting};
use crate::tracking::dedupe::Known;
use crate::tracking::filter::{Judge, Neighbours, spot};
use crate::tracking::states::{DeviceState, ShardStates, Start};
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
        let Some(fix) = self.zone_fix(position, position.fix_time) else { return };
        let late = self.late.get_or_insert_with(|| Late { who, fixes: Vec::new(), travel: judge.travel() });
        late.fixes.push(fix);
    }

    /// The believed positions around one that may be late, where they are at hand.
    pub(super) fn neighbours<'k>(&self, state: &DeviceState, position: &Position, known: &'k Known) -> Neighbours<'k> {
        let at = position.fix_time;
        if Some(at) >= state.newest || state.start_before(at, self.window_s).is_none() {
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
        let is = believable(from, &merged(was, &late.fixes), late.travel);
        let was = believable(from, was, late.travel);
        let zones = self.take_zones();
        let before = self.walk(&zones, visits.clone(), &was, |_| {});
        let now = self.walk(&zones, visits, &is, |visits| state.window.renew(visits));
        let mut news: Vec<(ZoneKey, visit::Event)> = Vec::new();
        for zone in zones_seen(&[&before, &now], &state.visits) {
            // What was drawn or changed since then said other things at the time.
            let changed = zones.changed_since(zone, noted);
            if changed || state.visits.contains(zone) != before.visits.contains(zone) {
                continue;
            }
            let changes = compare(&before.events(zone), &now.events(zone), self.window_s);
            if changes.withdrawn.is_empty() {
                let goes_on = changes.added.iter().all(|event| event.kind != EventKind::Enter);
                let may_dwell = state.visits.may_dwell(zone);
                news.extend(
                    changes
                        .added
                        .iter()
                        .filter(|event| is_news(event, &changes.added, may_dwell))
                        .map(|event| (zone, *event)),
                );
                state.visits.adopt(&now.visits, zone, goes_on);
            }
        }
        news.sort_by_key(|(_, event)| event.at);
        self.tell(&zones, &late.who, &news);
        self.held = Some(zones);
        self.prove_late(state, late, &now, &news);
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

    /// The fixes of a device as zones were asked with them, from one time on, without these; those that are ahead of our
    /// clock only when the device's clock is.
    fn way(&self, track: &[Position], from: Timestamp, without: &[ZoneFix], ahead: bool) -> Vec<ZoneFix> {
        let believed = track.iter().filter(|position| position.mark.is_none() && position.fix_time >= from);
        let dated = believed.filter(|position| ahead || position.fix_time <= position.received_at);
        let heard =
            dated.filter_map(|position| Some((position.received_at, self.zone_fix(position, position.fix_time)?)));
        let mut way = in_time(&heard.collect::<Vec<_>>(), self.window_s);
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

/// False for the dwell of a visit of which it was told already: a late fix may have dated it anew.
fn is_news(event: &visit::Event, added: &[visit::Event], may_dwell: bool) -> bool {
    let of_this = |entry: &visit::Event| entry.kind == EventKind::Enter && Some(entry.at) == event.since;
    event.kind != EventKind::Dwell || may_dwell || added.iter().any(of_this)
}

/// The fixes, each with when it came, without those that came too late: zones were never asked with them, so that nothing was
/// told of them. Such a one came after another that was taken more than so many seconds later.
fn in_time(heard: &[(Timestamp, ZoneFix)], window_s: u32) -> Vec<ZoneFix> {
    let window = i64::from(window_s) * 1_000_000;
    let mut way = Vec::with_capacity(heard.len());
    // When the first of those came that were taken so much later.
    let (mut later, mut came) = (heard.len(), Timestamp::MAX);
    for (received_at, fix) in heard.iter().rev() {
        while later > 0 && heard[later - 1].1.at.as_microsecond() - fix.at.as_microsecond() > window {
            later -= 1;
            came = came.min(heard[later].0);
        }
        if *received_at <= came {
            way.push(*fix);
        }
    }
    way.reverse();
    way
}

/// Two ways in order of time as one.
fn merged(way: &[ZoneFix], late: &[ZoneFix]) -> Vec<ZoneFix> {
    let mut all: Vec<ZoneFix> = way.iter().chain(late).copied().collect();
    all.sort_by_key(|fix| fix.at);
    all
}

/// Every zone that any of these knows of, each once.
fn zones_seen(walks: &[&Walk], now: &Visits<ZoneKey>) -> Vec<ZoneKey> {
    let told = walks.iter().flat_map(|walk| walk.steps.iter().flat_map(|step| step.events.iter().map(|(key, _)| *key)));
    let known = walks.iter().flat_map(|walk| walk.visits.known()).chain(now.known());
    let mut seen = Vec::new();
    for zone in told.chain(known) {
        if !seen.contains(&zone) {
            seen.push(zone);
        }
    }
    seen
}
