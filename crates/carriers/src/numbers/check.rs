//! Check digits. Each algorithm takes what it protects and gives the character that must follow.

use serde::Serialize;

/// How a check digit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// GS1 modulo 10: from the right by 3 and 1 in turn (GS1 General Specifications, 7.9).
    Gs1,
    /// UPS and OnTrac: every second character twice, letters by their place in ASCII less 3, modulo 10; no folding.
    Ups,
    /// Luhn (ISO/IEC 7812-1, annex B).
    Luhn,
    /// UPU S10: weights 8 6 4 2 3 5 9 7, modulo 11; 10 is written 0, 11 is written 5.
    S10,
    /// FedEx: from the right by 1, 3 and 7 in turn, modulo 11; 10 is written 0.
    Fedex,
    /// The number itself modulo 7 (DHL Express, air waybills).
    Mod7,
    /// ISO/IEC 7064 modulo 37,36, a digit or letter (DPD).
    Mod3736,
    /// Deutsche Post Identcode and Leitcode: by 4 and 9 in turn, modulo 10.
    FourNine,
    /// ISO 6346: values that skip multiples of 11, by powers of two, modulo 11; 10 is written 0.
    Iso6346,
}

impl Algorithm {
    /// What it is called in an explanation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gs1 => "GS1 modulo 10",
            Self::Ups => "UPS modulo 10",
            Self::Luhn => "Luhn",
            Self::S10 => "UPU S10 modulo 11",
            Self::Fedex => "FedEx modulo 11",
            Self::Mod7 => "modulo 7",
            Self::Mod3736 => "ISO 7064 modulo 37,36",
            Self::FourNine => "Deutsche Post 4-9 modulo 10",
            Self::Iso6346 => "ISO 6346 modulo 11",
        }
    }

    /// The check character of `payload`. None when `payload` holds a character that the algorithm has no value for.
    pub fn expected(self, payload: &str) -> Option<char> {
        match self {
            Self::Gs1 => {
                let sum = from_right(payload, &[3, 1])?;
                digit((10 - sum % 10) % 10)
            }
            Self::Ups => {
                let values = payload.bytes().map(|byte| match byte {
                    b'0'..=b'9' => Some(u32::from(byte - b'0')),
                    b'A'..=b'Z' => Some(u32::from(byte - 3) % 10),
                    _ => None,
                });
                let sum = weighted(values, &[1, 2])?;
                digit((10 - sum % 10) % 10)
            }
            Self::Luhn => {
                let mut sum = 0;
                for (place, value) in payload.bytes().rev().map(decimal).enumerate() {
                    let value = value?;
                    let doubled = if place % 2 == 0 { value * 2 } else { value };
                    sum += if doubled > 9 { doubled - 9 } else { doubled };
                }
                digit((10 - sum % 10) % 10)
            }
            Self::S10 => match 11 - weighted(payload.bytes().map(decimal), &[8, 6, 4, 2, 3, 5, 9, 7])? % 11 {
                10 => digit(0),
                11 => digit(5),
                rest => digit(rest),
            },
            Self::Fedex => digit(from_right(payload, &[1, 3, 7])? % 11 % 10),
            Self::Mod7 => {
                let mut rest = 0;
                for value in payload.bytes().map(decimal) {
                    rest = (rest * 10 + value?) % 7;
                }
                digit(rest)
            }
            Self::Mod3736 => {
                let mut product = 36;
                for value in payload.chars().map(|c| c.to_digit(36)) {
                    let sum = (product + value?) % 36;
                    product = (if sum == 0 { 36 } else { sum }) * 2 % 37;
                }
                char::from_digit((37 - product) % 36, 36).map(|c| c.to_ascii_uppercase())
            }
            Self::FourNine => {
                let sum = weighted(payload.bytes().map(decimal), &[4, 9])?;
                digit((10 - sum % 10) % 10)
            }
            Self::Iso6346 => {
                let mut sum = 0;
                for (place, c) in payload.chars().enumerate() {
                    let value = c.to_digit(36)?;
                    // Letters begin at 10 and step over 11, 22 and 33.
                    let skipped = if value < 10 { 0 } else { (value - 1) / 10 };
                    let letter = if value > 10 { value + skipped.min(3) } else { value };
                    sum += u64::from(letter) << place.min(32);
                }
                digit(u32::try_from(sum % 11 % 10).ok()?)
            }
        }
    }
}

fn decimal(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(10)
}

fn digit(value: u32) -> Option<char> {
    char::from_digit(value, 10)
}

/// The sum of the values by the weights in turn.
fn weighted(values: impl Iterator<Item = Option<u32>>, weights: &[u32]) -> Option<u32> {
    values.zip(weights.iter().cycle()).map(|(value, weight)| Some(value? * weight)).sum()
}

fn from_right(payload: &str, weights: &[u32]) -> Option<u32> {
    weighted(payload.bytes().rev().map(decimal), weights)
}
