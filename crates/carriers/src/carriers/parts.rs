//! What readers of answers share: events, places, countries.

use jiff::tz::TimeZone;
use serde_json::Value;
use tracklane_core::lifecycle::Place;
use tracklane_core::position::Point;
use tracklane_core::time::TzConfidence;

use crate::answer::Parsed;
use crate::code::{Code, look_up};
use crate::error::CarrierError;
use crate::numbers::is_country;
use crate::report::{Basis, Estimate, Expected, ReportedEvent, Summary, When};
use crate::tree;

/// The most characters of a place's name.
const MAX_NAME: usize = 200;

/// One scan as an answer tells it, before the table is asked.
pub(crate) struct Scan<'a> {
    /// What the table is asked for, likeliest first.
    pub(crate) keys: &'a [&'a str],
    /// The code to keep.
    pub(crate) code: Option<String>,
    /// The words to keep.
    pub(crate) text: Option<String>,
    /// When.
    pub(crate) when: When,
    /// Where.
    pub(crate) place: Option<Place>,
}

impl Scan<'_> {
    /// The event. None, and a problem that names its place in the answer, when it says neither what nor when.
    pub(crate) fn event(self, table: &[Code], at: &str, number: &str, parsed: &mut Parsed) -> Option<ReportedEvent> {
        if self.code.is_none() && self.text.is_none() {
            let error = CarrierError::unreadable(at, "an event must have a code or words");
            parsed.problem(Some(number.to_owned()), error);
            return None;
        }
        let means = look_up(table, self.keys);
        let mut event = ReportedEvent::unmapped(self.when, self.code, self.text);
        means.apply(&mut event);
        event.place = self.place;
        Some(event)
    }
}

/// Says that a time stands in the answer, but cannot be read. The event stays, undated.
pub(crate) fn note_time(parsed: &mut Parsed, number: &str, at: &str, given: Option<&str>, when: When) -> When {
    if let (Some(given), When::Undated) = (given, when) {
        let detail = format!("{:?} is no time", tree::shorten(given, 40));
        parsed.problem(Some(number.to_owned()), CarrierError::unreadable(at, detail));
    }
    when
}

/// What the parts of a place are, as far as they are given; none when none is.
#[derive(Default)]
pub(crate) struct PlaceParts {
    pub(crate) name: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) point: Option<Point>,
}

impl PlaceParts {
    /// City, state and country at these paths.
    pub(crate) fn read(tree: &Value, city: &str, state: &str, country: &str) -> Self {
        let text = |path: &str| if path.is_empty() { None } else { tree::text(tree, path) };
        Self { city: text(city), state: text(state), country: text(country), ..Self::default() }
    }

    /// The place. A country that is none is kept as the place's name, if it has none.
    pub(crate) fn place(self) -> Option<Place> {
        let short = |text: String| tree::shorten(&text, MAX_NAME).to_owned();
        let code = self.country.as_deref().and_then(country).map(str::to_owned);
        let name = self.name.or(if code.is_none() { self.country } else { None });
        let place = Place {
            location_id: None,
            name: name.map(short),
            city: self.city.map(short),
            state: self.state.map(short),
            country: code,
            point: self.point,
        };
        (place != Place::default()).then_some(place)
    }
}

/// A point, if both degrees are there and on earth. 0,0 is what systems write that know nothing.
pub(crate) fn point(tree: &Value, lat: &str, lon: &str) -> Option<Point> {
    let degrees = |path: &str| match tree::at(tree, path) {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let (lat, lon): (f64, f64) = (degrees(lat)?, degrees(lon)?);
    let known = lat.abs() > 0.0 || lon.abs() > 0.0;
    let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
    (known && on_earth).then_some(Point { lat, lon })
}

/// The ISO 3166-1 alpha-2 code of a country that is given by that code, by alpha-3, or by its English name.
pub(crate) fn country(text: &str) -> Option<&str> {
    let text = text.trim();
    if is_country(text) {
        return Some(text);
    }
    let named = |(code, three, name): &&(&str, &str, &str)| {
        *three == text || name.eq_ignore_ascii_case(text) || code.eq_ignore_ascii_case(text)
    };
    COUNTRIES.iter().find(named).map(|(code, ..)| *code)
}

/// Countries that carriers are known to write out or by three letters.
const COUNTRIES: &[(&str, &str, &str)] = &[
    ("AE", "ARE", "United Arab Emirates"),
    ("AR", "ARG", "Argentina"),
    ("AT", "AUT", "Austria"),
    ("AU", "AUS", "Australia"),
    ("BE", "BEL", "Belgium"),
    ("BG", "BGR", "Bulgaria"),
    ("BR", "BRA", "Brazil"),
    ("CA", "CAN", "Canada"),
    ("CH", "CHE", "Switzerland"),
    ("CL", "CHL", "Chile"),
    ("CN", "CHN", "China"),
    ("CO", "COL", "Colombia"),
    ("CZ", "CZE", "Czech Republic"),
    ("DE", "DEU", "Germany"),
    ("DE", "DEU", "Deutschland"),
    ("DK", "DNK", "Denmark"),
    ("EE", "EST", "Estonia"),
    ("ES", "ESP", "Spain"),
    ("FI", "FIN", "Finland"),
    ("FR", "FRA", "France"),
    ("GB", "GBR", "United Kingdom"),
    ("GB", "GBR", "Great Britain"),
    ("GR", "GRC", "Greece"),
    ("HK", "HKG", "Hong Kong"),
    ("HR", "HRV", "Croatia"),
    ("HU", "HUN", "Hungary"),
    ("IE", "IRL", "Ireland"),
    ("IL", "ISR", "Israel"),
    ("IN", "IND", "India"),
    ("IT", "ITA", "Italy"),
    ("JM", "JAM", "Jamaica"),
    ("JP", "JPN", "Japan"),
    ("KR", "KOR", "South Korea"),
    ("LT", "LTU", "Lithuania"),
    ("LU", "LUX", "Luxembourg"),
    ("LV", "LVA", "Latvia"),
    ("MX", "MEX", "Mexico"),
    ("MY", "MYS", "Malaysia"),
    ("NL", "NLD", "Netherlands"),
    ("NO", "NOR", "Norway"),
    ("NZ", "NZL", "New Zealand"),
    ("PL", "POL", "Poland"),
    ("PT", "PRT", "Portugal"),
    ("RO", "ROU", "Romania"),
    ("RS", "SRB", "Serbia"),
    ("RU", "RUS", "Russia"),
    ("SE", "SWE", "Sweden"),
    ("SG", "SGP", "Singapore"),
    ("SI", "SVN", "Slovenia"),
    ("SK", "SVK", "Slovakia"),
    ("TH", "THA", "Thailand"),
    ("TR", "TUR", "Turkey"),
    ("TW", "TWN", "Taiwan"),
    ("UA", "UKR", "Ukraine"),
    ("US", "USA", "United States"),
    ("US", "USA", "United States of America"),
    ("VN", "VNM", "Vietnam"),
    ("ZA", "ZAF", "South Africa"),
];

/// A summary by the table, or none when the source gives neither code nor words.
pub(crate) fn summary(table: &[Code], keys: &[&str], code: Option<String>, text: Option<String>) -> Option<Summary> {
    if code.is_none() && text.is_none() {
        return None;
    }
    Some(look_up(table, keys).summary(code, text))
}

/// When a source expects delivery; none when `until` is no time.
pub(crate) fn delivery(
    said_by: &str,
    basis: Basis,
    from: Option<When>,
    until: When,
    raw_code: Option<&str>,
) -> Option<Estimate> {
    (until != When::Undated).then(|| Estimate {
        of: Expected::Delivery,
        basis,
        from: from.filter(|from| *from != When::Undated),
        until,
        said_by: said_by.to_owned(),
        said_at: None,
        place: None,
        raw_code: raw_code.map(str::to_owned),
    })
}

/// A day that is written as midnight of UTC.
pub(crate) fn midnight_is_a_day(when: When) -> When {
    match when {
        When::Instant { at, offset_seconds: 0, .. } if at.as_second().rem_euclid(86_400) == 0 => {
            let date = TimeZone::UTC.to_datetime(at).date();
            When::Day { date, offset_seconds: 0, confidence: TzConfidence::Assumed }
        }
        other => other,
    }
}

/// A time whose stated offset is known to be unreliable with this source.
pub(crate) fn doubtful(when: When) -> When {
    match when {
        When::Instant { at, offset_seconds, .. } => {
            When::Instant { at, offset_seconds, confidence: TzConfidence::Assumed }
        }
        other => other,
    }
}
