//! When a zone tells at all: windows of the week, by the clocks of a time zone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

const DAY_MINUTES: u16 = 24 * 60;
const WEEK_MINUTES: u16 = 7 * DAY_MINUTES;

/// The most windows that a schedule may have.
const MAX_WINDOWS: usize = 50;

/// When a zone tells events: only those that happened in one of the windows. Visits are followed all the time, so a window
/// that opens is no entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneSchedule {
    /// By whose clocks: an IANA time zone.
    #[schema(example = "Europe/Lisbon")]
    pub time_zone: String,
    /// 1 to 50, in any order; they may overlap.
    #[schema(min_items = 1, max_items = 50)]
    pub windows: Vec<ScheduleWindow>,
}

/// The same hours of some days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleWindow {
    /// On which days it begins.
    #[schema(min_items = 1)]
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: DayTime,
    /// When it is over; on the next day when that is not after `from`.
    pub until: DayTime,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// Every day, Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];
}

/// A time of the day to the minute, `08:30`; `24:00` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, utoipa::ToSchema)]
#[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", example = "08:30")]
pub struct DayTime(u16);

impl FromStr for DayTime {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let two = |text: &str| -> Option<u16> {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        };
        let minutes = text.split_once(':').and_then(|(hours, minutes)| {
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            (minutes < 60).then_some(hours * 60 + minutes)
        });
        let known = minutes.filter(|minutes| *minutes <= DAY_MINUTES).map(Self);
        known.ok_or_else(|| Invalid::one("", "must be a time of the day from 00:00 to 24:00"))
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for DayTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DayTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom(format!("{text:?} is no time of the day such as 08:30")))
    }
}

impl ZoneSchedule {
    /// Checks the number of windows and that each has a day. Whether the time zone is known is for who has a list of them.
    ///
    /// # Errors
    /// Names what is out of its range.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let fits = (1..=MAX_WINDOWS).contains(&self.windows.len());
        invalid.require(fits, "/windows", format!("must be 1 to {MAX_WINDOWS} windows"));
        for (number, window) in self.windows.iter().enumerate() {
            let fits = (1..=7).contains(&window.days.len());
            invalid.require(fits, &format!("/windows/{number}/days"), "must be 1 to 7 days");
        }
        invalid.into_result()
    }

    /// True at this minute of the week, counted from Monday 00:00 by the clocks of the time zone.
    pub fn is_open(&self, minute: u16) -> bool {
        let minute = minute % WEEK_MINUTES;
        let holds = |window: &ScheduleWindow, day: Weekday| {
            let begins = day as u16 * DAY_MINUTES + window.from.0;
            let lasts = if window.from.0 < window.until.0 {
                window.until.0 - window.from.0
            } else {
                DAY_MINUTES - window.from.0 + window.until.0
            };
            (minute + WEEK_MINUTES - begins % WEEK_MINUTES) % WEEK_MINUTES < lasts
        };
        self.windows.iter().any(|window| window.days.iter().any(|day| holds(window, *day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(json: &str) -> ZoneSchedule {
        let schedule: ZoneSchedule = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_str::<ZoneSchedule>(&serde_json::to_string(&schedule).unwrap()).unwrap(), schedule);
        schedule
    }

    #[test]
    fn windows_run_over_midnight_and_over_the_end_of_the_week() {
        let schedule = schedule(
            r#"{"time_zone":"Europe/Lisbon","windows":[
                {"days":["mon","tue"],"from":"08:00","until":"17:30"},
                {"days":["sun"],"from":"22:00","until":"01:00"}]}"#,
        );
        schedule.check().unwrap();
        let at = |day: Weekday, hours: u16, minutes: u16| day as u16 * DAY_MINUTES + hours * 60 + minutes;
        for (minute, open) in [
            (at(Weekday::Mon, 0, 59), true),
            (at(Weekday::Mon, 1, 0), false),
            (at(Weekday::Mon, 7, 59), false),
            (at(Weekday::Mon, 8, 0), true),
            (at(Weekday::Tue, 17, 29), true),
            (at(Weekday::Tue, 17, 30), false),
            (at(Weekday::Wed, 12, 0), false),
            (at(Weekday::Sun, 21, 59), false),
            (at(Weekday::Sun, 23, 59), true),
        ] {
            assert_eq!(schedule.is_open(minute), open, "{minute}");
        }
    }

    #[test]
    fn the_whole_day_is_from_0_to_24() {
        for hours in [r#""from":"00:00","until":"24:00""#, r#""from":"00:00","until":"00:00""#] {
            let all = schedule(&format!(r#"{{"time_zone":"UTC","windows":[{{"days":["wed"],{hours}}}]}}"#));
            let open = (0..WEEK_MINUTES).filter(|minute| all.is_open(*minute)).collect::<Vec<_>>();
            assert_eq!(open, (2 * DAY_MINUTES..3 * DAY_MINUTES).collect::<Vec<_>>(), "{hours}");
        }
    }

    #[test]
    fn other_times_are_refused() {
        for text in ["8:00", "08:60", "24:01", "0800", "08:00:00", "", "aa:bb", "-1:00", "+8:00"] {
            assert!(text.parse::<DayTime>().is_err(), "{text}");
        }
        let none = ZoneSchedule { time_zone: "UTC".to_owned(), windows: Vec::new() };
        assert!(none.check().is_err());
    }
}
