//! Local times of documents to points in time, and how sure that is.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use tracklane_core::time::TzConfidence;

use crate::report::When;

/// The zone of a local time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zone {
    pub(super) zone: TimeZone,
    pub(super) confidence: TzConfidence,
}

impl Zone {
    /// An offset that the source states, in seconds east of UTC; none beyond what offsets can be.
    pub(super) fn fixed(seconds: i32) -> Option<Self> {
        let offset = Offset::from_seconds(seconds).ok().filter(|_| seconds.abs() <= 64_800)?;
        Some(Self { zone: TimeZone::fixed(offset), confidence: TzConfidence::Exact })
    }

    /// A zone of the IANA database.
    pub(super) fn named(name: &str, confidence: TzConfidence) -> Option<Self> {
        TimeZone::get(name).ok().map(|zone| Self { zone, confidence })
    }

    /// What is taken when nothing is said: the partner's zone, else UTC.
    pub(super) fn assumed(partner: Option<&TimeZone>) -> Self {
        Self { zone: partner.cloned().unwrap_or(TimeZone::UTC), confidence: TzConfidence::Assumed }
    }
}

/// The point in time of a local time, or the day when there is no time of day. A local time that the zone has twice or
/// never (when clocks change) is only assumed.
pub(super) fn when(date: Date, time: Option<Time>, zone: &Zone) -> When {
    let local = date.to_datetime(time.unwrap_or_default());
    let ambiguous = zone.zone.to_ambiguous_timestamp(local);
    let sure = matches!(ambiguous.offset(), AmbiguousOffset::Unambiguous { .. });
    let confidence = if sure { zone.confidence } else { zone.confidence.min(TzConfidence::Assumed) };
    let Ok(at) = ambiguous.compatible() else { return When::Undated };
    let offset_seconds = zone.zone.to_offset(at).seconds();
    match time {
        Some(_) => When::Instant { at, offset_seconds, confidence },
        None => When::Day { date, offset_seconds, confidence },
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

/// Countries that have one zone alone, by ISO 3166-1 alpha-2, as far as goods often go there. Those with two or more are left
/// out: guessing is not knowing.
const COUNTRIES: &[(&str, &str)] = &[
    ("AE", "Asia/Dubai"),
    ("AT", "Europe/Vienna"),
    ("BD", "Asia/Dhaka"),
    ("BE", "Europe/Brussels"),
    ("BG", "Europe/Sofia"),
    ("CH", "Europe/Zurich"),
    ("CN", "Asia/Shanghai"),
    ("CO", "America/Bogota"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("DO", "America/Santo_Domingo"),
    ("EE", "Europe/Tallinn"),
    ("EG", "Africa/Cairo"),
    ("FI", "Europe/Helsinki"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("GR", "Europe/Athens"),
    ("HK", "Asia/Hong_Kong"),
    ("HR", "Europe/Zagreb"),
    ("HU", "Europe/Budapest"),
    ("IE", "Europe/Dublin"),
    ("IL", "Asia/Jerusalem"),
    ("IN", "Asia/Kolkata"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
    ("LK", "Asia/Colombo"),
    ("LT", "Europe/Vilnius"),
    ("LU", "Europe/Luxembourg"),
    ("LV", "Europe/Riga"),
    ("MA", "Africa/Casablanca"),
    ("MT", "Europe/Malta"),
    ("MY", "Asia/Kuala_Lumpur"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("PA", "America/Panama"),
    ("PE", "America/Lima"),
    ("PH", "Asia/Manila"),
    ("PK", "Asia/Karachi"),
    ("PL", "Europe/Warsaw"),
    ("QA", "Asia/Qatar"),
    ("RO", "Europe/Bucharest"),
    ("RS", "Europe/Belgrade"),
    ("SA", "Asia/Riyadh"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("SI", "Europe/Ljubljana"),
    ("SK", "Europe/Bratislava"),
    ("TH", "Asia/Bangkok"),
    ("TR", "Europe/Istanbul"),
    ("TW", "Asia/Taipei"),
    ("VN", "Asia/Ho_Chi_Minh"),
    ("ZA", "Africa/Johannesburg"),
];

/// The zone of a country that has one alone.
pub(super) fn of_country(country: &str) -> Option<Zone> {
    let (_, name) = COUNTRIES.iter().find(|(known, _)| *known == country)?;
    Zone::named(name, TzConfidence::FromPlace)
}
