//! When a zone tells at all: windows of the week. What time of the week it is, in the zone's own clock, is for the caller to
//! say, who knows time zones and their changes.

use serde::{Deserialize, Serialize};
use tracklane_core::{Invalid, Timestamp};

use super::Event;

/// Minutes in a week.
pub const WEEK_MINUTES: u16 = 7 * 24 * 60;

/// From when to when, in minutes since Monday 00:00. A window may run over the end of the week: then `until` is the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The first minute, 0 to 10,079.
    pub from: u16,
    /// The minute after the last one, 0 to 10,080. The same as `from` is the whole week.
    pub until: u16,
}

/// Windows of the week; none is always.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schedule {
    /// In any order; they may overlap.
    pub windows: Vec<Window>,
}

impl Schedule {
    /// Checks that every minute is one of a week.
    ///
    /// # Errors
    /// Names each window that is not.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        for (number, window) in self.windows.iter().enumerate() {
            let fits = window.from < WEEK_MINUTES && window.until <= WEEK_MINUTES;
            invalid.require(fits, &format!("/{number}"), "must be minutes of a week: from 0 to 10080");
        }
        invalid.into_result()
    }

    /// True at this minute of the week.
    pub fn is_open(&self, minute: u16) -> bool {
        let holds = |Window { from, until }: &Window| {
            if from < until { (*from..*until).contains(&minute) } else { minute >= *from || minute < *until }
        };
        self.windows.is_empty() || self.windows.iter().any(holds)
    }

    /// True when an event is told: the zone is open at the time of the crossing. Visits are followed all the time, so
    /// that a window that opens is no entry.
    pub fn tells(&self, event: &Event, minute_of_week: impl Fn(Timestamp) -> u16) -> bool {
        self.windows.is_empty() || self.is_open(minute_of_week(event.at))
    }
}

/// The minute of the week at a fixed offset from UTC, in seconds east.
pub fn minute_at_offset(at: Timestamp, offset_seconds: i32) -> u16 {
    // 1970-01-01 was a Thursday.
    const THURSDAY_MINUTES: i64 = 3 * 24 * 60;
    let minutes = (at.as_second() + i64::from(offset_seconds)).div_euclid(60) + THURSDAY_MINUTES;
    minutes.rem_euclid(i64::from(WEEK_MINUTES)) as u16
}
