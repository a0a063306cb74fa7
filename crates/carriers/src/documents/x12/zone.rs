//! Data element 623, time code: what zone a time of an AT7 has.

use jiff::tz::TimeZone;
use tracklane_core::time::TzConfidence;

use crate::documents::clock::Zone;

/// Codes of a fixed offset, in minutes east of UTC.
const FIXED: &[(&str, i32)] = &[
    ("UT", 0),
    ("GM", 0),
    ("AD", -480),
    ("AS", -540),
    ("CD", -300),
    ("CS", -360),
    ("ED", -240),
    ("ES", -300),
    ("HD", -540),
    ("HS", -600),
    ("MD", -360),
    ("MS", -420),
    ("ND", -150),
    ("NS", -210),
    ("PD", -420),
    ("PS", -480),
    ("TD", -180),
    ("TS", -240),
];

/// Codes of a zone that changes with the season.
const SEASONAL: &[(&str, &str)] = &[
    ("AT", "America/Anchorage"),
    ("CT", "America/Chicago"),
    ("ET", "America/New_York"),
    ("HT", "Pacific/Honolulu"),
    ("MT", "America/Denver"),
    ("NT", "America/St_Johns"),
    ("PT", "America/Los_Angeles"),
    ("TT", "America/Halifax"),
];

/// States and provinces that have one zone alone. Those with two or more are left out: guessing is not knowing.
const STATES: &[(&str, &str)] = &[
    ("AL", "America/Chicago"),
    ("AR", "America/Chicago"),
    ("CA", "America/Los_Angeles"),
    ("CO", "America/Denver"),
    ("CT", "America/New_York"),
    ("DC", "America/New_York"),
    ("DE", "America/New_York"),
    ("GA", "America/New_York"),
    ("HI", "Pacific/Honolulu"),
    ("IA", "America/Chicago"),
    ("IL", "America/Chicago"),
    ("LA", "America/Chicago"),
    ("MA", "America/New_York"),
    ("MD", "America/New_York"),
    ("ME", "America/New_York"),
    ("MN", "America/Chicago"),
    ("MO", "America/Chicago"),
    ("MS", "America/Chicago"),
    ("MT", "America/Denver"),
    ("NC", "America/New_York"),
    ("NH", "America/New_York"),
    ("NJ", "America/New_York"),
    ("NM", "America/Denver"),
    ("NY", "America/New_York"),
    ("OH", "America/New_York"),
    ("OK", "America/Chicago"),
    ("PA", "America/New_York"),
    ("RI", "America/New_York"),
    ("SC", "America/New_York"),
    ("UT", "America/Denver"),
    ("VA", "America/New_York"),
    ("VT", "America/New_York"),
    ("WA", "America/Los_Angeles"),
    ("WI", "America/Chicago"),
    ("WV", "America/New_York"),
    ("WY", "America/Denver"),
    ("AB", "America/Edmonton"),
    ("MB", "America/Winnipeg"),
    ("NB", "America/Moncton"),
    ("NS", "America/Halifax"),
    ("PE", "America/Halifax"),
    ("YT", "America/Whitehorse"),
];

/// The zone that a time code states; none for `LT` (local time) and for a code that nobody knows.
pub(super) fn stated(code: &str) -> Option<Zone> {
    if let Some((_, minutes)) = FIXED.iter().find(|(known, _)| *known == code) {
        return Zone::fixed(minutes * 60);
    }
    if let Some((_, name)) = SEASONAL.iter().find(|(known, _)| *known == code) {
        return Zone::named(name, TzConfidence::Exact);
    }
    hours(code).and_then(|hours| Zone::fixed(hours * 3600))
}

/// Whole hours from UTC: `01` to `12` are ahead and `13` to `24` behind (24 is one hour), in later versions `P3`, `M05`.
fn hours(code: &str) -> Option<i32> {
    let (sign, digits) = match code.as_bytes().first()? {
        b'P' => (1, &code[1..]),
        b'M' => (-1, &code[1..]),
        _ => (0, code),
    };
    let number: i32 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    match (sign, number) {
        (0, 1..=12) => Some(number),
        (0, 13..=24) => Some(number - 25),
        (1 | -1, 0..=14) => Some(sign * number),
        _ => None,
    }
}

/// The zone of a time that says none: of the place when its state has one alone, else the partner's, else UTC.
pub(super) fn of_place(state: Option<&str>, country: Option<&str>, partner: Option<&TimeZone>) -> Zone {
    let north_american = country.is_none_or(|country| matches!(country, "US" | "CA"));
    let state = state.filter(|_| north_american);
    let name = state.and_then(|state| STATES.iter().find(|(known, _)| *known == state));
    let found = name.and_then(|(_, name)| Zone::named(name, TzConfidence::FromPlace));
    found.unwrap_or_else(|| Zone::assumed(partner))
}

/// True for a code that is known: one that states a zone, or `LT`.
pub(super) fn is_known(code: &str) -> bool {
    code == "LT" || stated(code).is_some()
}
