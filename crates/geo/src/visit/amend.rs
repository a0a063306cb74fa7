//! What to tell of a zone once its way was done again: what was told stands, and what is told with it must make one story.

use tracklane_core::Timestamp;

use super::{Event, EventKind};

/// One event of a zone as it was told, as far as it is held against what is known now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// What happened.
    pub kind: EventKind,
    /// When, as it was told.
    pub at: Timestamp,
}

/// What doing a way again means for one zone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Amended {
    /// The events to tell: their place in what is known now, and each dated so that it stands between those that were told
    /// around it.
    pub news: Vec<(usize, Event)>,
    /// For each event that was told the one of what is known now that it is, by place; none for one that did not happen.
    pub known_as: Vec<Option<usize>>,
    /// On which side the story ends; none when nothing of it was ever told.
    pub ends_inside: Option<bool>,
}

/// Holds the events of a way as it is known now against those that were told. `told` is in order of time; `inside` says on which
/// side the device was taken to be before the first of them, none when it was on no side or in silence: then an entry may be
/// told as well as an exit. `dwelled` says that a dwell of the visit that it was on then was told. `now` is in order. Events of
/// one kind that differ by no more than `tolerance_s` seconds are the same.
///
/// Entries and exits take turns in what comes of it, whatever was told.
pub fn amend(told: &[Told], inside: Option<bool>, dwelled: bool, now: &[Event], tolerance_s: u32) -> Amended {
    let was: Vec<usize> = (0..told.len()).filter(|place| told[*place].kind != EventKind::Dwell).collect();
    let is: Vec<usize> = (0..now.len()).filter(|place| now[*place].kind != EventKind::Dwell).collect();
    let mut amended = Amended { known_as: vec![None; told.len()], ends_inside: inside, ..Amended::default() };
    let pairs = pairs(&was, &is, told, now, i64::from(tolerance_s) * 1_000_000);
    for (one, other) in &pairs {
        amended.known_as[*one] = Some(*other);
    }
    let mut next = is.iter().copied().peekable();
    for (number, one) in was.iter().copied().enumerate() {
        let event = told[one];
        let until = match amended.known_as[one] {
            Some(other) => other,
            // One that did not happen stands where its time puts it, before the next one that did.
            None => {
                let limit = was[number..].iter().find_map(|one| amended.known_as[*one]).unwrap_or(usize::MAX);
                is.iter().copied().find(|other| *other >= limit || now[*other].at > event.at).unwrap_or(usize::MAX)
            }
        };
        let mut gap = Vec::new();
        while let Some(other) = next.next_if(|other| *other < until) {
            gap.push(other);
        }
        if amended.known_as[one].is_some() {
            next.next_if_eq(&until);
        }
        let before = number.checked_sub(1).map(|before| told[was[before]].at);
        amended.fill(&gap, now, (before, Some(&event)));
        amended.ends_inside = Some(event.kind == EventKind::Enter);
    }
    let rest: Vec<usize> = next.collect();
    amended.fill(&rest, now, (was.last().map(|last| told[*last].at), None));
    amended.dwells(told, (inside, dwelled), now);
    amended.news.sort_by_key(|(place, _)| *place);
    amended
}

impl Amended {
    /// Adds what happened between one event that was told and the next one, as far as it takes turns with them.
    fn fill(&mut self, gap: &[usize], now: &[Event], (after, before): (Option<Timestamp>, Option<&Told>)) {
        let mut added = Vec::new();
        for place in gap {
            let enters = now[*place].kind == EventKind::Enter;
            if self.ends_inside != Some(enters) {
                added.push(*place);
                self.ends_inside = Some(enters);
            }
        }
        if before.is_some_and(|next| self.ends_inside == Some(next.kind == EventKind::Enter)) {
            added.pop();
        }
        let before = before.map(|told| told.at);
        self.news.extend(added.into_iter().map(|place| (place, between(now[place], after, before))));
    }

    /// Adds the dwells of visits of which none was told.
    fn dwells(&mut self, told: &[Told], (inside, dwelled): (Option<bool>, bool), now: &[Event]) {
        for (place, event) in now.iter().enumerate().filter(|(_, event)| event.kind == EventKind::Dwell) {
            let entry = now[..place].iter().rposition(|event| event.kind != EventKind::Dwell);
            let entry = entry.filter(|entry| now[*entry].kind == EventKind::Enter);
            if entry.is_some_and(|entry| self.news.iter().any(|(news, _)| *news == entry)) {
                self.news.push((place, *event));
                continue;
            }
            // The visit of it that was told: by its entry; or, where that is not the same, the one that the device was on then.
            let same = entry.and_then(|entry| self.known_as.iter().position(|known| *known == Some(entry)));
            let last = || told.iter().rposition(|told| told.kind == EventKind::Enter && told.at <= event.at);
            let begun = same.or_else(|| entry.and_then(|_| last()));
            let from = begun.map_or(0, |begun| begun + 1);
            let length = told[from..].iter().position(|told| told.kind != EventKind::Dwell);
            let until = length.map_or(told.len(), |length| from + length);
            if let Some(one) = (from..until).find(|one| told[*one].kind == EventKind::Dwell) {
                self.known_as[one] = Some(place);
            } else if begun.is_some() || (inside != Some(false) && !dwelled) {
                // A visit that was told to have ended before was not long enough, as it was told.
                if told.get(until).is_none_or(|exit| event.at < exit.at) {
                    self.news.push((place, between(*event, begun.map(|begun| told[begun].at), None)));
                }
            }
        }
    }
}

/// The event, dated behind the one told before it and before the one told behind it.
fn between(event: Event, after: Option<Timestamp>, before: Option<Timestamp>) -> Event {
    let moved = |at: Timestamp, micros: i64| Timestamp::from_microsecond(at.as_microsecond() + micros).unwrap_or(at);
    let at = before.map_or(event.at, |before| event.at.min(moved(before, -1)));
    let at = after.map_or(at, |after| at.max(moved(after, 1)));
    Event { at, proved_at: event.proved_at.max(at), ..event }
}

/// Which of the events that were told is which of those known now: as many as can be in one order, and of these the nearest in
/// time. Places in `told` and `now`.
fn pairs(was: &[usize], is: &[usize], told: &[Told], now: &[Event], tolerance: i64) -> Vec<(usize, usize)> {
    let apart = |one: usize, other: usize| {
        let (one, other) = (&told[was[one]], &now[is[other]]);
        let apart = (one.at.as_microsecond() - other.at.as_microsecond()).abs();
        (one.kind == other.kind && apart <= tolerance).then_some(apart)
    };
    // The least cost of what is left from each place on. What is in no pair costs so much that a pair is always cheaper.
    let alone = tolerance + 1;
    let mut costs = vec![vec![0i64; is.len() + 1]; was.len() + 1];
    for one in (0..=was.len()).rev() {
        for other in (0..=is.len()).rev() {
            let skips = [
                (one < was.len()).then(|| costs[one + 1][other] + alone),
                (other < is.len()).then(|| costs[one][other + 1] + alone),
                (one < was.len() && other < is.len())
                    .then(|| apart(one, other).map(|apart| costs[one + 1][other + 1] + apart))
                    .flatten(),
            ];
            costs[one][other] = skips.into_iter().flatten().min().unwrap_or(0);
        }
    }
    let (mut one, mut other, mut pairs) = (0, 0, Vec::new());
    while one < was.len() && other < is.len() {
        let cost = costs[one][other];
        if apart(one, other).is_some_and(|apart| cost == costs[one + 1][other + 1] + apart) {
            pairs.push((was[one], is[other]));
            (one, other) = (one + 1, other + 1);
        } else if cost == costs[one + 1][other] + alone {
            one += 1;
        } else {
            other += 1;
        }
    }
    pairs
}
