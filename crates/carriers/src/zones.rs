//! Which time zone a place has, where that is certain: countries with one zone, and states and provinces of those with
//! several, as far as (nearly) all of the state keeps one. Elsewhere the answer is none, and the caller's guess is a guess.

/// The zone of a place; `country` is ISO 3166-1 alpha-2, `state` the usual short code.
pub(crate) fn zone_of(country: &str, state: Option<&str>) -> Option<&'static str> {
    let table = match country {
        "US" => US,
        "CA" => CANADA,
        "AU" => AUSTRALIA,
        _ => return COUNTRIES.iter().find(|(known, _)| *known == country).map(|(_, zone)| *zone),
    };
    let state = state?.trim();
    table
        .iter()
        .find(|(states, _)| states.split(' ').any(|known| known.eq_ignore_ascii_case(state)))
        .map(|(_, zone)| *zone)
}

/// States in one zone; those that are split (FL, ID, IN, KS, KY, MI, ND, NE, OR, SD, TN, TX, AK) are left out, except where the
/// other part is a few counties (MI, KS, TX, OR).
const US: &[(&str, &str)] = &[
    ("CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV", "America/New_York"),
    ("MI", "America/Detroit"),
    ("AL AR IA IL KS LA MN MO MS OK TX WI", "America/Chicago"),
    ("CO MT NM UT WY", "America/Denver"),
    ("AZ", "America/Phoenix"),
    ("CA NV OR WA", "America/Los_Angeles"),
    ("HI", "Pacific/Honolulu"),
    ("PR VI", "America/Puerto_Rico"),
];

const CANADA: &[(&str, &str)] = &[
    ("NL", "America/St_Johns"),
    ("NB NS PE", "America/Halifax"),
    ("QC ON", "America/Toronto"),
    ("MB", "America/Winnipeg"),
    ("SK", "America/Regina"),
    ("AB NT", "America/Edmonton"),
    ("BC", "America/Vancouver"),
    ("YT", "America/Whitehorse"),
];

const AUSTRALIA: &[(&str, &str)] = &[
    ("NSW ACT", "Australia/Sydney"),
    ("VIC", "Australia/Melbourne"),
    ("QLD", "Australia/Brisbane"),
    ("SA", "Australia/Adelaide"),
    ("NT", "Australia/Darwin"),
    ("WA", "Australia/Perth"),
    ("TAS", "Australia/Hobart"),
];

const COUNTRIES: &[(&str, &str)] = &[
    ("AE", "Asia/Dubai"),
    ("AT", "Europe/Vienna"),
    ("BE", "Europe/Brussels"),
    ("BG", "Europe/Sofia"),
    ("CH", "Europe/Zurich"),
    ("CN", "Asia/Shanghai"),
    ("CO", "America/Bogota"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("EE", "Europe/Tallinn"),
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
    ("JM", "America/Jamaica"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
    ("LT", "Europe/Vilnius"),
    ("LU", "Europe/Luxembourg"),
    ("LV", "Europe/Riga"),
    ("MT", "Europe/Malta"),
    ("MY", "Asia/Kuala_Lumpur"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("PE", "America/Lima"),
    ("PH", "Asia/Manila"),
    ("PK", "Asia/Karachi"),
    ("PL", "Europe/Warsaw"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_one_and_split_states_have_none() {
        for (_, zone) in US.iter().chain(CANADA).chain(AUSTRALIA).chain(COUNTRIES) {
            assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{zone}");
        }
        assert_eq!(zone_of("US", Some("ny")), Some("America/New_York"));
        assert_eq!(zone_of("US", Some("FL")), None);
        assert_eq!(zone_of("US", None), None);
        assert_eq!(zone_of("DE", None), Some("Europe/Berlin"));
        assert_eq!(zone_of("BR", None), None);
    }
}
