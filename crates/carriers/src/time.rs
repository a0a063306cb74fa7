//! Times as sources write them. A time that states its offset is exact; one that does not is taken in the zone of its place,
//! if that has one zone, else in the source's home zone, which is a guess and marked as one. A date stays a date.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use tracklane_core::lifecycle::Place;
use tracklane_core::time::{TzConfidence, to_micros};

use crate::report::When;
use crate::zones::zone_of;

/// The zone that local times are read in.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
    confidence: TzConfidence,
}

impl Zone {
    /// The zone of the place, else the source's home zone (an IANA name; UTC when there is no such zone).
    pub fn of(place: Option<&Place>, home: &str) -> Self {
        let of_place = place.and_then(|place| zone_of(place.country.as_deref()?, place.state.as_deref()));
        let found = of_place.and_then(|name| TimeZone::get(name).ok());
        match found {
            Some(zone) => Self { zone, confidence: TzConfidence::FromPlace },
            None => Self { zone: TimeZone::get(home).unwrap_or(TimeZone::UTC), confidence: TzConfidence::Assumed },
        }
    }

    /// A zone, and how sure it is.
    pub fn new(zone: TimeZone, confidence: TzConfidence) -> Self {
        Self { zone, confidence }
    }

    /// An offset that the source states apart from the time.
    pub fn stated(offset: Offset) -> Self {
        Self { zone: offset.to_time_zone(), confidence: TzConfidence::Exact }
    }

    /// A local time in this zone. In the hour that summer time takes away or gives twice, the earlier offset holds, and is
    /// only assumed.
    pub fn at(&self, local: DateTime) -> When {
        let ambiguous = self.zone.to_ambiguous_zoned(local);
        let confidence = if ambiguous.is_ambiguous() { TzConfidence::Assumed } else { self.confidence };
        ambiguous.compatible().map_or(When::Undated, |zoned| When::Instant {
            at: to_micros(zoned.timestamp()),
            offset_seconds: zoned.offset().seconds(),
            confidence: confidence.min(self.confidence),
        })
    }

    /// A day in this zone.
    pub fn on(&self, date: Date) -> When {
        date.to_zoned(self.zone.clone()).map_or(When::Undated, |start| When::Day {
            date,
            offset_seconds: start.offset().seconds(),
            confidence: self.confidence,
        })
    }
}

/// Reads what most sources write: ISO 8601 in its usual shapes, with or without an offset, a time, colons and a `T`.
pub fn read(text: &str, zone: &Zone) -> When {
    let text = text.trim();
    if let Some(exact) = with_offset(text) {
        return exact;
    }
    if let Ok(local) = text.parse::<DateTime>().or_else(|_| text.replacen(' ', "T", 1).parse()) {
        let has_time = text.contains(':') || text.len() > 10;
        return if has_time { zone.at(local) } else { zone.on(local.date()) };
    }
    ["%Y%m%d%H%M%S", "%Y%m%d %H%M%S", "%Y%m%d%H%M", "%Y%m%d"]
        .into_iter()
        .map(|format| by_format(text, format, zone))
        .find(|when| *when != When::Undated)
        .unwrap_or(When::Undated)
}

/// A time that states its offset: RFC 3339, also without the colon in the offset, with a blank for the `T`, or with `GMT`
/// before the offset.
fn with_offset(text: &str) -> Option<When> {
    let plain = text.replacen(" GMT", "", 1);
    let tail_has_sign = plain.get(10..).is_some_and(|tail| tail.contains(['+', '-']));
    if !(plain.ends_with(['Z', 'z']) || tail_has_sign) {
        return None;
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M%z"];
    let joined = plain.replacen(' ', "T", 1).replace(' ', "");
    let joined = joined.strip_suffix(['Z', 'z']).map_or(joined.clone(), |start| format!("{start}+00:00"));
    formats.into_iter().find_map(|format| {
        let parts = strtime::parse(format, &joined).ok()?;
        let (offset, at) = (parts.offset()?, parts.to_timestamp().ok()?);
        Some(When::Instant { at: to_micros(at), offset_seconds: offset.seconds(), confidence: TzConfidence::Exact })
    })
}

/// Reads a time by a format of `strftime`. A format without a time of day gives a day; one with an offset is exact.
pub fn by_format(text: &str, format: &str, zone: &Zone) -> When {
    let Ok(parts) = strtime::parse(format, text.trim()) else { return When::Undated };
    match (parts.offset(), parts.to_date(), parts.to_time()) {
        (Some(offset), ..) => parts.to_timestamp().map_or(When::Undated, |at| When::Instant {
            at: to_micros(at),
            offset_seconds: offset.seconds(),
            confidence: TzConfidence::Exact,
        }),
        (None, Ok(date), Ok(time)) if parts.hour().is_some() => zone.at(date.to_datetime(time)),
        (None, Ok(date), _) => zone.on(date),
        _ => When::Undated,
    }
}

/// A date and a time of day that stand apart. Without a time that can be read the date stays a date.
pub fn joined(date: Option<&str>, time: Option<&str>, zone: &Zone) -> When {
    let Some(date) = date.map(str::trim).and_then(read_date) else { return When::Undated };
    match time.map(str::trim).and_then(read_time) {
        Some(time) => zone.at(date.to_datetime(time)),
        None => zone.on(date),
    }
}

fn read_date(text: &str) -> Option<Date> {
    let compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if compact { Date::strptime("%Y%m%d", text).ok() } else { text.get(..10)?.parse().ok() }
}

fn read_time(text: &str) -> Option<Time> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, text.len()) {
        (true, 6) => Time::strptime("%H%M%S", text).ok(),
        (true, 4) => Time::strptime("%H%M", text).ok(),
        (true, _) => None,
        _ => text.parse().ok(),
    }
}

/// An offset as `-05:00`, `-0500` or `+1`.
pub fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    if matches!(text, "Z" | "z" | "UTC" | "GMT") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes.get(..2)?),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if !(0..=18).contains(&hours) || !(0..60).contains(&minutes) {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// The offset of an abbreviation that North American carriers write (`EST`, `PDT`). Elsewhere the same letters mean other
/// zones, so only those carriers' readers ask.
pub fn north_american(abbreviation: &str) -> Option<Offset> {
    let minutes = match abbreviation.trim() {
        "NST" => -210,
        "NDT" => -150,
        "AST" => -240,
        "ADT" => -180,
        "EST" | "CDT" => -300,
        "EDT" => -240,
        "CST" | "MDT" => -360,
        "MST" | "PDT" => -420,
        "PST" | "AKDT" => -480,
        "AKST" => -540,
        "HST" => -600,
        _ => return None,
    };
    Offset::from_seconds(minutes * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(country: &str, state: &str) -> Place {
        Place { country: Some(country.to_owned()), state: Some(state.to_owned()), ..Place::default() }
    }

    fn show(when: When) -> String {
        match when {
            When::Instant { at, offset_seconds, confidence } => {
                format!("{at} {offset_seconds} {}", confidence.as_str())
            }
            When::Day { date, offset_seconds, confidence } => {
                format!("{date} {offset_seconds} {}", confidence.as_str())
            }
            When::Undated => "undated".to_owned(),
        }
    }

    #[test]
    fn times_say_how_sure_they_are() {
        let home = Zone::of(None, "Europe/Berlin");
        let cases = [
            ("2024-07-01T10:00:00Z", "2024-07-01T10:00:00Z 0 exact"),
            ("2024-07-01T10:00:00.123-07:00", "2024-07-01T17:00:00.123Z -25200 exact"),
            ("2024-10-11T15:24:57+0200", "2024-10-11T13:24:57Z 7200 exact"),
            ("2021-05-07 23:59:00 GMT-04:00", "2021-05-08T03:59:00Z -14400 exact"),
            ("2024-07-01T10:00:00", "2024-07-01T08:00:00Z 7200 assumed"),
            ("2024-01-01 10:00", "2024-01-01T09:00:00Z 3600 assumed"),
            ("20240701100000", "2024-07-01T08:00:00Z 7200 assumed"),
            ("2024-07-01", "2024-07-01 7200 assumed"),
            ("20240701", "2024-07-01 7200 assumed"),
            ("string", "undated"),
            ("", "undated"),
            ("2024-13-01", "undated"),
        ];
        for (text, expected) in cases {
            assert_eq!(show(read(text, &home)), expected, "{text}");
        }
        let new_york = Zone::of(Some(&place("US", "NY")), "Europe/Berlin");
        assert_eq!(show(read("2024-01-01T10:00:00", &new_york)), "2024-01-01T15:00:00Z -18000 from_place");
    }

    #[test]
    fn dates_and_times_that_stand_apart_are_joined() {
        let zone = Zone::stated(offset("-05:00").unwrap());
        assert_eq!(show(joined(Some("20240320"), Some("190838"), &zone)), "2024-03-21T00:08:38Z -18000 exact");
        assert_eq!(show(joined(Some("2011-02-03"), Some("11:59:59"), &zone)), "2011-02-03T16:59:59Z -18000 exact");
        assert_eq!(show(joined(Some("20240320"), Some("noon"), &zone)), "2024-03-20 -18000 exact");
        assert_eq!(show(joined(Some("string"), None, &zone)), "undated");
        assert_eq!(
            show(by_format("18.03.2016 10:02", "%d.%m.%Y %H:%M", &Zone::of(None, "Europe/Berlin"))),
            "2016-03-18T09:02:00Z 3600 assumed"
        );
        assert_eq!(offset("+0530").map(Offset::seconds), Some(19800));
        assert_eq!(offset("5"), None);
        assert_eq!(offset("-99:00"), None);
    }
}
