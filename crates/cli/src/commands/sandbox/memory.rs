//! The numbers that were asked for: since when, how often, and when their next scan comes. Forgotten a day after the last ask,
//! or when too many others were asked for since.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tracklane_core::time::Timestamp;

use super::answer::Asked;
use super::number::Number;

/// How many numbers are known at once.
const MOST: usize = 100_000;
/// How long a number is known after it was asked for last, or after its last scan if that comes later.
const KEPT: Duration = Duration::from_secs(86_400);

/// The numbers that are known.
pub struct Memory {
    speed: u32,
    most: usize,
    known: HashMap<String, Entry>,
    /// The numbers by when they were asked for last; a turn tells those of one instant apart.
    by_use: BTreeMap<(Timestamp, u64), String>,
    /// The numbers by when there is something to tell of them.
    due: BTreeSet<(Timestamp, String)>,
    turn: u64,
}

struct Entry {
    asked: Asked,
    used: (Timestamp, u64),
    due: Option<Timestamp>,
    told: usize,
}

impl Memory {
    /// Nothing was asked for yet.
    pub fn new(speed: u32) -> Self {
        Self { speed, most: MOST, known: HashMap::new(), by_use: BTreeMap::new(), due: BTreeSet::new(), turn: 0 }
    }

    /// Notes that a number is asked for.
    pub fn ask(&mut self, number: Number, now: Timestamp) -> Asked {
        self.note(number, now, 1)
    }

    /// Notes that somebody wants to be told of a number: its time begins, but nobody has asked.
    pub fn expect(&mut self, number: Number, now: Timestamp) {
        self.note(number, now, 0);
    }

    fn note(&mut self, number: Number, now: Timestamp, asks: u32) -> Asked {
        self.forget_old(now);
        let text = number.text();
        self.turn += 1;
        let used = (now, self.turn);
        let fresh = Asked { number, first: now, asks: 0, speed: self.speed };
        let entry = self.known.entry(text.clone()).or_insert(Entry { asked: fresh, used, due: None, told: 0 });
        entry.asked.asks = entry.asked.asks.saturating_add(asks);
        self.by_use.remove(&entry.used);
        entry.used = used;
        self.by_use.insert(used, text.clone());
        let asked = entry.asked;
        let due = if asked.scans(now) > entry.told { Some(now) } else { asked.next(now) };
        self.plan(&text, due);
        while self.known.len() > self.most {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            self.forget(&oldest);
        }
        asked
    }

    /// The next number of which there is something to tell by `now`. Each scan is told once.
    pub fn news(&mut self, now: Timestamp) -> Option<Asked> {
        loop {
            let (at, text) = self.due.first()?;
            if *at > now {
                return None;
            }
            let text = text.clone();
            let entry = self.known.get_mut(&text)?;
            let (asked, scans) = (entry.asked, entry.asked.scans(now));
            let more = scans > entry.told;
            entry.told = scans;
            self.plan(&text, asked.next(now));
            if more {
                return Some(asked);
            }
        }
    }

    /// When there is next something to tell.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    fn plan(&mut self, text: &str, due: Option<Timestamp>) {
        let Some(entry) = self.known.get_mut(text) else { return };
        if let Some(old) = std::mem::replace(&mut entry.due, due) {
            self.due.remove(&(old, text.to_owned()));
        }
        self.due.extend(due.map(|due| (due, text.to_owned())));
    }

    fn forget(&mut self, text: &str) {
        self.plan(text, None);
        self.known.remove(text);
    }

    fn forget_old(&mut self, now: Timestamp) {
        let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        while let Some(oldest) = self.by_use.first_entry().filter(|oldest| oldest.key().0 < before) {
            let used = *oldest.key();
            let text = oldest.remove();
            // What still has a scan to come lives on; it is looked at again a day later.
            let goes_on = self.known.get(&text).is_some_and(|entry| entry.due.is_some());
            if goes_on {
                let again = (now, used.1);
                self.known.entry(text.clone()).and_modify(|entry| entry.used = again);
                self.by_use.insert(again, text);
            } else {
                self.forget(&text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::sandbox::fault::FAULTS;
    use crate::commands::sandbox::path::PATHS;

    fn number(pace: u8, serial: u32) -> Number {
        Number { path: &PATHS[0], pace, fault: &FAULTS[0], serial }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn every_scan_is_told_once() {
        let mut memory = Memory::new(1);
        memory.ask(number(3, 1), at(0));
        memory.ask(number(3, 1), at(0));
        assert!(memory.news(at(0)).is_some());
        assert!(memory.news(at(9)).is_none());
        assert_eq!(memory.next(), Some(at(10)));
        // Two at once are one piece of news.
        assert!(memory.news(at(25)).is_some());
        assert!(memory.news(at(25)).is_none());
        assert!(memory.news(at(1_000)).is_some());
        assert_eq!(memory.next(), None);
        memory.ask(number(3, 1), at(1_001));
        assert!(memory.news(at(1_001)).is_none());
    }

    #[test]
    fn a_number_is_forgotten_after_a_day_unless_something_is_still_to_come() {
        let mut memory = Memory::new(1);
        memory.ask(number(0, 1), at(0));
        memory.ask(number(9, 2), at(0));
        while memory.news(at(0)).is_some() {}
        memory.ask(number(0, 3), at(90_000));
        assert_eq!(memory.known.len(), 2);
        assert_eq!(memory.ask(number(0, 1), at(90_000)).first, at(90_000));
        assert_eq!(memory.ask(number(9, 2), at(90_000)).first, at(0));
        assert_eq!((memory.known.len(), memory.by_use.len()), (3, 3));
    }

    #[test]
    fn the_number_that_was_asked_for_longest_ago_makes_room() {
        let mut memory = Memory { most: 2, ..Memory::new(1) };
        memory.ask(number(3, 1), at(0));
        memory.ask(number(3, 2), at(1));
        memory.ask(number(3, 1), at(2));
        memory.ask(number(3, 3), at(3));
        assert_eq!((memory.known.len(), memory.by_use.len(), memory.due.len()), (2, 2, 2));
        assert_eq!(memory.ask(number(3, 1), at(4)).first, at(0));
        assert_eq!(memory.ask(number(3, 2), at(5)).first, at(5));
    }
}
