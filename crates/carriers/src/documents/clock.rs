//! Local times as documents write them, and the zones that go with them.

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use tracklane_core::lifecycle::Place;
use tracklane_core::time::TzConfidence;

use crate::report::When;
pub(super) use crate::time::Zone;
use crate::zones::zone_of;

/// An offset that the source states, in seconds east of UTC; none beyond what offsets can be.
pub(super) fn fixed(seconds: i32) -> Option<Zone> {
    let offset = Offset::from_seconds(seconds).ok().filter(|_| seconds.abs() <= 64_800)?;
    Some(Zone::stated(offset))
}

/// A zone of the IANA database.
pub(super) fn named(name: &str, confidence: TzConfidence) -> Option<Zone> {
    TimeZone::get(name).ok().map(|zone| Zone::new(zone, confidence))
}

/// The zone of a time that says none: of the place when it has one alone, else the partner's, else UTC.
pub(super) fn of_place(place: Option<&Place>, partner: Option<&TimeZone>) -> Zone {
    let found = place.and_then(|place| zone_of(place.country.as_deref()?, place.state.as_deref()));
    let found = found.and_then(|name| named(name, TzConfidence::FromPlace));
    found.unwrap_or_else(|| Zone::new(partner.cloned().unwrap_or(TimeZone::UTC), TzConfidence::Assumed))
}

/// The point in time of a local time, or the day when there is no time of day.
pub(super) fn when(date: Date, time: Option<Time>, zone: &Zone) -> When {
    match time {
        Some(time) => zone.at(date.to_datetime(time)),
        None => zone.on(date),
    }
}

/// `20260314`, or `260314` (years 70 to 99 are those of the last century).
pub(super) fn date(text: &str) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i16>().ok();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match text.len() {
        8 => (number(0..4)?, 4),
        6 => (number(0..2).map(|year| if year < 70 { 2000 + year } else { 1900 + year })?, 2),
        _ => return None,
    };
    Date::new(year, i8::try_from(number(rest..rest + 2)?).ok()?, i8::try_from(number(rest + 2..rest + 4)?).ok()?).ok()
}

/// `HHMM`, `HHMMSS` or `HHMMSSd..` with decimals of a second.
pub(super) fn time(text: &str) -> Option<Time> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i8>().ok();
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(text.len(), 4 | 6 | 7 | 8) {
        return None;
    }
    let second = if text.len() >= 6 { number(4..6)? } else { 0 };
    let hundredths = text.get(6..).filter(|rest| !rest.is_empty());
    let nanos = match hundredths.map(|rest| (rest.len(), rest.parse::<i32>())) {
        Some((1, Ok(tenths))) => tenths * 100_000_000,
        Some((_, Ok(hundredths))) => hundredths * 10_000_000,
        _ => 0,
    };
    Time::new(number(0..2)?, number(2..4)?, second, nanos).ok()
}
