//! Where to go back to when a late fix turns up: what was known at two places of the way, of which the older lies at least a
//! span behind the newest fix. A device in no zone keeps two numbers for each.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;

use super::ZoneFix;
use super::set::{Known, Visits};

/// What was known right after one fix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place<K> {
    /// The time of the fix, in microseconds.
    at: i64,
    /// When it was noted, in microseconds, by the clock of who noted it.
    noted: i64,
    zones: Box<[Known<K>]>,
}

impl<K: Copy + Eq> Place<K> {
    /// The time of the fix.
    pub fn at(&self) -> Timestamp {
        super::state::time(self.at)
    }

    /// When it was noted, as [`Window::note`] was told.
    pub fn noted(&self) -> Timestamp {
        super::state::time(self.noted)
    }

    /// What was known, given the fix.
    pub fn visits(&self, fix: ZoneFix) -> Visits<K> {
        Visits::known_at(fix, self.zones.to_vec())
    }
}

/// The places of one device to go back to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window<K> {
    older: Option<Place<K>>,
    newer: Option<Place<K>>,
}

impl<K> Default for Window<K> {
    fn default() -> Self {
        Self { older: None, newer: None }
    }
}

impl<K: Copy + Eq> Window<K> {
    /// Notes what is known after a fix, if the last place lies at least `span_s` seconds behind it; 0 for no
    /// window at all. `now` is the time of the noting.
    pub fn note(&mut self, visits: &Visits<K>, span_s: u32, now: Timestamp) {
        let Some(fix) = visits.previous().filter(|_| span_s > 0) else { return };
        let at = fix.at.as_microsecond();
        if self.newer.as_ref().is_some_and(|newer| at < newer.at.saturating_add(i64::from(span_s) * 1_000_000)) {
            return;
        }
        self.older = self.newer.take();
        self.newer = Some(Place { at, noted: now.as_microsecond(), zones: visits.zones.as_slice().into() });
    }

    /// The last place before a fix of this time; none when it is older than the window.
    pub fn before(&self, at: Timestamp) -> Option<&Place<K>> {
        let at = at.as_microsecond();
        [&self.newer, &self.older].into_iter().flatten().find(|place| place.at < at)
    }

    /// The first place of all, when what was known before it is nothing: the window reaches back to where the device was first
    /// seen.
    pub fn first(&self) -> Option<&Place<K>> {
        self.newer.as_ref().filter(|_| self.older.is_none())
    }

    /// The time of the older place: nothing is done again from before it. None while there is no such place.
    pub fn reach(&self) -> Option<Timestamp> {
        self.older.as_ref().map(Place::at)
    }

    /// Takes over what is known after a fix that was taken again, if it is that of a place.
    pub fn renew(&mut self, visits: &Visits<K>) {
        let Some(fix) = visits.previous() else { return };
        let at = fix.at.as_microsecond();
        for place in [&mut self.newer, &mut self.older].into_iter().flatten().filter(|place| place.at == at) {
            place.zones = visits.zones.as_slice().into();
        }
    }
}
