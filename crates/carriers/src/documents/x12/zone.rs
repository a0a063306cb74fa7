//! Data element 623, time code: what zone a time of an AT7 has.

use jiff::tz::TimeZone;
use tracklane_core::lifecycle::Place;
use tracklane_core::time::TzConfidence;

use crate::documents::clock::{self, Zone};

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

/// The zone that a time code states; none for `LT` (local time) and for a code that nobody knows.
pub(super) fn stated(code: &str) -> Option<Zone> {
    if let Some((_, minutes)) = FIXED.iter().find(|(known, _)| *known == code) {
        return clock::fixed(minutes * 60);
    }
    if let Some((_, name)) = SEASONAL.iter().find(|(known, _)| *known == code) {
        return clock::named(name, TzConfidence::Exact);
    }
    hours(code).and_then(|hours| clock::fixed(hours * 3600))
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

/// The zone of a time that says none: of the place when its state has one alone, else the partner's, else UTC. A state without
/// a country is one of North America, where X12 is at home: no code of the United States is one of Canada.
pub(super) fn of_place(place: Option<&Place>, partner: Option<&TimeZone>) -> Zone {
    let Some(place) = place.filter(|place| place.country.is_none()) else { return clock::of_place(place, partner) };
    let canada = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];
    let country = if place.state.as_deref().is_some_and(|state| canada.contains(&state)) { "CA" } else { "US" };
    clock::of_place(Some(&Place { country: Some(country.to_owned()), ..place.clone() }), partner)
}

/// True for a code that is known: one that states a zone, or `LT`.
pub(super) fn is_known(code: &str) -> bool {
    code == "LT" || stated(code).is_some()
}
