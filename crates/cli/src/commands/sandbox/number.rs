//! The numbers of the sandbox: `TLSB`, two digits for the path, one for the pace, two for the fault, six to tell numbers
//! apart, and a check digit (Luhn) over all of them.

use std::time::Duration;

use tracklane_carriers::numbers::{self, Algorithm};

use super::fault::{FAULTS, Named};
use super::path::{PATHS, Path};

/// The id of the carrier in the registry and of the format of its numbers.
pub const CARRIER: &str = "sandbox";

/// How much time passes between two scans, by the third digit: its name on the command line, and seconds.
pub const PACES: [(&str, u64); 10] = [
    ("at_once", 0),
    ("1s", 1),
    ("5s", 5),
    ("10s", 10),
    ("1m", 60),
    ("5m", 300),
    ("10m", 600),
    ("1h", 3_600),
    ("6h", 21_600),
    ("1d", 86_400),
];

/// The most that the six digits hold.
pub const MAX_SERIAL: u32 = 999_999;

/// A number.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// What becomes of the parcel.
    pub path: &'static Path,
    /// The place in [`PACES`].
    pub pace: u8,
    /// What is wrong with the answers.
    pub fault: &'static Named,
    /// What tells it from others of its kind, up to [`MAX_SERIAL`].
    pub serial: u32,
}

impl Number {
    /// Reads a number, in upper or lower case, with or without blanks.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = plain(text);
        let format = numbers::format(CARRIER).ok_or("the format of numbers is missing")?;
        numbers::verify(format, &text).map_err(|refusal| refusal.rule)?;
        let digits = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
        let (Some(path), Some(pace), Some(fault), Some(serial)) =
            (digits(4, 6), digits(6, 7), digits(7, 9), digits(9, 15))
        else {
            return Err("must be TLSB and 12 digits".to_owned());
        };
        let path =
            PATHS.iter().find(|known| u32::from(known.code) == path).ok_or(format!("there is no path {path:02}"))?;
        let fault = FAULTS
            .iter()
            .find(|known| u32::from(known.code) == fault)
            .ok_or(format!("there is no fault {fault:02}"))?;
        Ok(Self { path, pace: u8::try_from(pace).unwrap_or_default(), fault, serial })
    }

    /// The number as it is written.
    pub fn text(&self) -> String {
        let Self { path, pace, fault, serial } = self;
        let digits = format!("{:02}{pace}{:02}{serial:06}", path.code, fault.code);
        let check = Algorithm::Luhn.expected(&digits).map(String::from).unwrap_or_default();
        format!("TLSB{digits}{check}")
    }

    /// How much time passes between two scans when all goes `speed` times as fast; none when all scans are there at once.
    pub fn wait(&self, speed: u32) -> Option<Duration> {
        let (_, seconds) = PACES.get(usize::from(self.pace)).copied().unwrap_or_default();
        (seconds > 0).then(|| (Duration::from_secs(seconds) / speed.max(1)).max(Duration::from_millis(1)))
    }
}

/// A number without what people put into it for reading, in upper case. Nothing longer than a number of any carrier.
pub fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(numbers::MAX_LENGTH);
    kept.map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_read_as_it_was_made() {
        for path in PATHS {
            for (fault, pace) in FAULTS.iter().zip((0..10_u8).cycle()) {
                let text = Number { path, pace, fault, serial: 42 }.text();
                let read = Number::parse(&text.to_lowercase()).unwrap();
                assert_eq!(
                    (read.path.code, read.pace, read.fault.code, read.serial),
                    (path.code, pace, fault.code, 42)
                );
                assert_eq!(read.text(), text);
            }
        }
    }

    #[test]
    fn a_number_that_is_none_names_the_rule() {
        let good = Number { path: &PATHS[0], pace: 0, fault: &FAULTS[0], serial: 1 }.text();
        assert_eq!(good, "TLSB000000000018");
        let rule = |text: &str| Number::parse(text).unwrap_err();
        assert_eq!(rule("TLSB000000000019"), "the check digit must be 8, not 9 (Luhn)");
        assert_eq!(rule("TLSB00000000001"), "must have 16 characters, not 15");
        let of = |digits: &str| format!("TLSB{digits}{}", Algorithm::Luhn.expected(digits).unwrap());
        assert_eq!(rule(&of("99000000001")), "there is no path 99");
        assert_eq!(rule(&of("00099000001")), "there is no fault 99");
        assert!(rule("1Z5R89390357567127").starts_with("character 1 must be T"));
    }

    #[test]
    fn words_and_codes_are_there_once() {
        for (place, path) in PATHS.iter().enumerate() {
            assert_eq!(usize::from(path.code), place, "{}", path.word);
            assert_eq!(PATHS.iter().filter(|other| other.word == path.word).count(), 1, "{}", path.word);
        }
        for fault in FAULTS {
            let same = FAULTS.iter().filter(|other| other.word == fault.word || other.code == fault.code).count();
            assert_eq!(same, 1, "{}", fault.word);
        }
    }
}
