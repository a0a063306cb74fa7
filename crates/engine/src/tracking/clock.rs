//! Devices whose clock is ahead of ours.
//!
//! One fix from the future may be a jump of the clock: it counts for when it came, and zones are not asked with it, unless
//! it is ahead by seconds alone. When another one follows, the clock is taken to be ahead. From then on the device's fixes are in order by its own clock, so
//! that a late one finds its place, and what they prove is dated earlier by as much as the clock was ahead at least.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::Position;
use tracklane_geo::visit::ZoneFix;

use super::newest::Newest;
use super::states::DeviceState;

/// A clock that was not ahead for so many seconds, while the device was heard of, is not taken to be ahead any more.
const FORGOTTEN_S: i64 = 3_600;
/// A fix that comes within so many seconds was on its way no longer than usual.
const IN_TIME_S: i64 = 10;
/// So many fixes in a row that would be in time by a right clock, but late by one that is ahead, say that it was put right.
const PUT_RIGHT: u8 = 5;

/// How times of a device are told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dating {
    /// By how much the clock is ahead at least, in microseconds.
    by: i64,
    /// By how much less it was taken to be ahead before.
    less: i64,
    /// Up to when, by the device, and by our clock.
    until: (Timestamp, Timestamp),
}

impl Dating {
    /// A time of the device by our clock. Never against the order of what was told before more was known of its clock.
    pub fn ours(&self, at: Timestamp) -> Timestamp {
        let earlier = |by: i64| Timestamp::from_microsecond(at.as_microsecond() - by).unwrap_or(at);
        let (until, told) = self.until;
        if at <= until { earlier(self.by - self.less).min(told) } else { earlier(self.by).max(told) }
    }
}

/// A clock that turns out to be ahead by so much more, in microseconds, is dated anew.
const MORE: i64 = 5_000_000;

/// What is known of a clock that was ahead.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ahead {
    dating: Dating,
    /// True once there was more than one fix.
    sure: bool,
    /// When the last of them came.
    heard: Timestamp,
    /// How many fixes in a row say that it was put right.
    right: u8,
    /// The fix time of the last of these, and when it came.
    last: (Timestamp, Timestamp),
}

impl DeviceState {
    /// What is known of a clock that is ahead, as long as that holds: for an hour, and for as long as the device has not
    /// been heard of since. One that reports less often must not begin anew each time.
    fn ahead(&self, now: Timestamp) -> Option<&Ahead> {
        let heard_since = |ahead: &Ahead| self.latest.as_ref().is_some_and(|latest| latest.received_at() > ahead.heard);
        self.ahead.as_deref().filter(|ahead| ahead.is_fresh(now) || !heard_since(ahead))
    }

    /// How the times of the device are told, when its clock is taken to be ahead of ours.
    pub fn dating(&self, now: Timestamp) -> Option<Dating> {
        self.ahead(now).filter(|ahead| ahead.sure).map(|ahead| ahead.dating)
    }

    /// By how many seconds it is taken to be ahead, at least.
    pub fn ahead_s(&self, now: Timestamp) -> i64 {
        self.dating(now).map_or(0, |dating| dating.by / 1_000_000 + 1)
    }

    /// True when the time of a fix is to be trusted: it is not ahead of our clock, or not the first one that is.
    pub fn trusts_time_of(&self, position: &Position) -> bool {
        let known = self.ahead(position.received_at).is_some();
        position.fix_time <= position.received_at || known
    }

    /// True when zones are asked with a fix: one that is not trusted and ahead by little counts for when it came, which is
    /// little wrong; left out, it would be missed where a device is seen in a zone once.
    pub fn asks_zones(&self, position: &Position) -> bool {
        asked_at(position, self.trusts_time_of(position)).is_some()
    }

    /// When a position was, in the order of the device.
    pub fn time_of(&self, position: &Position) -> Timestamp {
        if self.trusts_time_of(position) { position.fix_time } else { position.received_at }
    }

    /// The first fix that was ahead, when this position is the next one and is ahead, too: zones are asked with it now that
    /// its time is to be trusted. Where it is the first one of all they are, even if they were before: by another time.
    pub fn waiting_fix(&self, position: &Position) -> Option<ZoneFix> {
        let ahead = self.ahead(position.received_at).filter(|ahead| !ahead.sure)?;
        let latest = self.latest.as_ref().filter(|latest| latest.received_at() == ahead.heard)?;
        if is_little(ahead.last.0, ahead.last.1) && !self.lone {
            // They were asked with it when it came.
            return None;
        }
        let more = position.fix_time > position.received_at && position.fix_time > ahead.last.0;
        more.then_some(ZoneFix { at: ahead.last.0, point: latest.point, accuracy_m: latest.accuracy_m() })
    }

    /// Notes how far ahead a position is that is believed.
    pub fn learn_clock(&mut self, position: &Position) {
        let Position { fix_time, received_at, .. } = *position;
        let by = fix_time.as_microsecond() - received_at.as_microsecond();
        if by <= 0 {
            return;
        }
        let before = self.ahead(received_at).copied();
        let known = before.map(|before| before.dating);
        let dating = match known {
            // What is known of the first one is not used yet.
            Some(known) if by <= known.by + MORE && before.is_some_and(|before| before.sure) => {
                Dating { by: by.max(known.by), less: known.less + (by - known.by).max(0), ..known }
            }
            _ => {
                let used = self.dating(received_at);
                let until = self.newest.map_or(Timestamp::MIN, Into::into);
                let told = used.map_or(until, |used| used.ours(until)).min(received_at);
                let by = known.map_or(by, |known| known.by.max(by));
                Dating { by, less: by - used.map_or(0, |used| used.by), until: (until, told) }
            }
        };
        let last = (fix_time, received_at);
        self.ahead = Some(Box::new(Ahead { dating, sure: before.is_some(), heard: received_at, right: 0, last }));
    }

    /// Looks whether the clock was put right, and begins anew then: what was known by the old time is in no order with what
    /// comes now.
    pub fn look_at_clock(&mut self, position: &Position) {
        let Position { fix_time, received_at, .. } = *position;
        let Some(by) = self.dating(received_at).map(|dating| dating.by) else { return };
        let Some(ahead) = self.ahead.as_deref_mut() else { return };
        let in_time = |from: i64| (0..=IN_TIME_S * 1_000_000).contains(&(received_at.as_microsecond() - from));
        if by <= IN_TIME_S * 1_000_000 || !in_time(fix_time.as_microsecond()) || Some(fix_time.into()) >= self.newest {
            ahead.right = 0;
            return;
        }
        let goes_on = fix_time > ahead.last.0 && received_at > ahead.last.1;
        ahead.right = if goes_on && ahead.right > 0 { ahead.right + 1 } else { 1 };
        ahead.last = (fix_time, received_at);
        if ahead.right >= PUT_RIGHT {
            self.ahead = None;
            self.newest = Some(fix_time.into());
            self.visits.put_back(fix_time);
            self.begin_anew();
        }
    }
}

/// When zones take a position to have been, by the clock of its device; `trusted` says that its time is to be trusted though it
/// is ahead of ours. None when they are not asked with it.
pub(super) fn asked_at(position: &Position, trusted: bool) -> Option<Timestamp> {
    let Position { fix_time, received_at, .. } = *position;
    if trusted || fix_time <= received_at {
        return Some(fix_time);
    }
    Some(received_at).filter(|_| is_little(fix_time, received_at))
}

/// True when a clock that shows this time, when it is that, is right for our purposes.
fn is_little(shown: Timestamp, now: Timestamp) -> bool {
    shown.as_microsecond() - now.as_microsecond() <= IN_TIME_S * 1_000_000
}

impl Ahead {
    fn is_fresh(&self, now: Timestamp) -> bool {
        now.as_second() - self.heard.as_second() <= FORGOTTEN_S
    }
}

/// The clock of a device over a way of it, learned again from its positions in the order in which they came in: by the same rule
/// by which events are told.
pub(super) struct Clocks {
    /// How times were told, from each arrival on that changed it.
    datings: Vec<(Timestamp, Option<Dating>)>,
}

impl Clocks {
    /// The clock over these positions, oldest first.
    pub fn of(way: &[Position]) -> Self {
        let mut datings = Vec::new();
        let ahead = |position: &&Position| position.mark.is_none() && position.fix_time > position.received_at;
        let Some(first) = way.iter().find(ahead) else { return Self { datings } };
        let mut heard: Vec<&Position> = way.iter().filter(|position| position.mark.is_none()).collect();
        heard.sort_by_key(|position| (position.received_at, position.fix_time));
        let mut state = DeviceState::new(first.tenant_id);
        for position in heard {
            state.look_at_clock(position);
            let at = Some(state.time_of(position).into());
            state.learn_clock(position);
            if at >= state.newest {
                state.newest = at;
                state.latest = Some(Newest::of(position, position.fix_time));
            }
            let dating = state.dating(position.received_at);
            if datings.last().is_none_or(|(_, last)| *last != dating) {
                datings.push((position.received_at, dating));
            }
        }
        Self { datings }
    }

    /// True when the clock was taken to be ahead of ours at any time of the way: then its positions are in order by it.
    pub fn is_ahead(&self) -> bool {
        self.datings.iter().any(|(_, dating)| dating.is_some())
    }

    /// A time of the device as it is told by a position that came in then: by our clock, and never after it was heard of.
    pub fn ours(&self, at: Timestamp, received_at: Timestamp) -> Timestamp {
        let place = self.datings.partition_point(|(from, _)| *from <= received_at);
        let dating = place.checked_sub(1).and_then(|place| self.datings[place].1);
        ours(dating, at, received_at)
    }
}

/// A time of a device as it is told by a position that came in then: by our clock, and never after it was heard of.
pub(super) fn ours(dating: Option<Dating>, at: Timestamp, received_at: Timestamp) -> Timestamp {
    dating.map_or(at, |dating| dating.ours(at)).min(received_at)
}
