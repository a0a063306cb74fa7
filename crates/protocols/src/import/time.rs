//! Times as files write them.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use tracklane_core::Timestamp;

/// How times are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TimeFormat {
    /// Unix time (seconds, or milliseconds from 10^11 on) where it is a number; else a date and a time of day as RFC 3339 or
    /// ISO 8601 has them.
    #[default]
    Auto,
    /// RFC 3339, or ISO 8601 without an offset.
    Rfc3339,
    /// Unix time in seconds, which may have a fraction.
    Unix,
    /// Unix time in milliseconds.
    UnixMillis,
    /// As `strptime` has it, such as `%d.%m.%Y %H:%M:%S`.
    Pattern(String),
}

/// How to read the times of a file.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// How they are written.
    pub format: TimeFormat,
    /// The zone of times that state no offset; without it such times are refused.
    pub zone: Option<TimeZone>,
}

/// From here on a number is milliseconds: as seconds it would lie beyond the year 5000.
const MILLIS_FROM: f64 = 1e11;

impl Times {
    /// Reads a time.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn read(&self, text: &str) -> Result<Timestamp, String> {
        let text = text.trim();
        match &self.format {
            TimeFormat::Auto => match text.parse::<f64>() {
                Ok(number) if number >= MILLIS_FROM => unix(number / 1e3),
                Ok(number) => unix(number),
                Err(_) => self.iso(text),
            },
            TimeFormat::Rfc3339 => self.iso(text),
            TimeFormat::Unix => text.parse().map_err(|_| "must be Unix time in seconds".to_owned()).and_then(unix),
            TimeFormat::UnixMillis => {
                let number: f64 = text.parse().map_err(|_| "must be Unix time in milliseconds".to_owned())?;
                unix(number / 1e3)
            }
            TimeFormat::Pattern(pattern) => self.pattern(pattern, text),
        }
    }

    fn iso(&self, text: &str) -> Result<Timestamp, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(time);
        }
        // PostgreSQL and others write the offset without its minutes or its colon.
        for pattern in ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%z"] {
            if let Ok(time) = strtime::parse(pattern, text).and_then(|parsed| parsed.to_timestamp()) {
                return Ok(time);
            }
        }
        let local = text
            .parse::<DateTime>()
            .map_err(|_| "must be Unix time, or a date and time as in 2026-03-01T12:00:00Z".to_owned())?;
        self.local(local)
    }

    fn pattern(&self, pattern: &str, text: &str) -> Result<Timestamp, String> {
        let parsed = strtime::parse(pattern, text).map_err(|error| format!("must be written as {pattern}: {error}"))?;
        if let Ok(time) = parsed.to_timestamp() {
            return Ok(time);
        }
        self.local(parsed.to_datetime().map_err(|error| format!("must be written as {pattern}: {error}"))?)
    }

    /// The instant of a time of day. One that happens twice, or never, says nothing.
    fn local(&self, local: DateTime) -> Result<Timestamp, String> {
        let zone = self.zone.as_ref().ok_or("states no offset, and no time zone is given for such times")?;
        let name = zone.iana_name().unwrap_or("the time zone");
        let found = zone.to_ambiguous_timestamp(local);
        match found.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                found.compatible().map_err(|error| format!("is out of range: {error}"))
            }
            AmbiguousOffset::Gap { .. } => Err(format!("never happens in {name}: the clocks go forward over it")),
            AmbiguousOffset::Fold { .. } => Err(format!("happens twice in {name}: the clocks go back over it")),
        }
    }
}

fn unix(seconds: f64) -> Result<Timestamp, String> {
    let micros = (seconds * 1e6).round();
    // A cast beyond the range stays at its end, which is no time.
    let time = Timestamp::from_microsecond(micros as i64).ok().filter(|_| seconds.is_finite());
    time.ok_or_else(|| "must be Unix time within the years 1 to 9999".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: TimeFormat, zone: Option<&str>, text: &str) -> Result<String, String> {
        let zone = zone.map(|zone| TimeZone::get(zone).unwrap());
        Times { format, zone }.read(text).map(|time| time.to_string())
    }

    #[test]
    fn times_are_read_as_files_write_them() {
        for text in [
            "2013-07-01T00:00:58Z",
            "2013-07-01T02:00:58+02:00",
            "2013-07-01 00:00:58Z",
            "2013-07-01 02:00:58+02",
            "2013-07-01 02:00:58+0200",
            "1372636858",
            "1372636858.000",
            "1372636858000",
            " 1372636858 ",
        ] {
            assert_eq!(read(TimeFormat::Auto, None, text).as_deref(), Ok("2013-07-01T00:00:58Z"), "{text}");
        }
        let lisbon = Some("Europe/Lisbon");
        assert_eq!(read(TimeFormat::Auto, lisbon, "2013-07-01 01:00:58").as_deref(), Ok("2013-07-01T00:00:58Z"));
        let pattern = || TimeFormat::Pattern("%d.%m.%Y %H:%M".to_owned());
        assert_eq!(read(pattern(), lisbon, "01.07.2013 01:00").as_deref(), Ok("2013-07-01T00:00:00Z"));
        assert_eq!(read(TimeFormat::UnixMillis, None, "1372636858500").as_deref(), Ok("2013-07-01T00:00:58.5Z"));
    }

    #[test]
    fn what_says_no_instant_is_refused() {
        let refused = |format, zone, text: &str| read(format, zone, text).unwrap_err();
        assert!(refused(TimeFormat::Auto, None, "2013-07-01 01:00:58").contains("states no offset"));
        let lisbon = Some("Europe/Lisbon");
        assert!(refused(TimeFormat::Auto, lisbon, "2013-03-31 01:30:00").contains("never happens"));
        assert!(refused(TimeFormat::Auto, lisbon, "2013-10-27 01:30:00").contains("happens twice"));
        for text in ["", "NaN", "inf", "1e300", "-1e300", "yesterday", "2013-13-01T00:00:00Z"] {
            assert!(read(TimeFormat::Auto, lisbon, text).is_err(), "{text}");
        }
        assert!(refused(TimeFormat::Pattern("%d.%m.%Y".to_owned()), lisbon, "2013").contains("%d.%m.%Y"));
    }
}
