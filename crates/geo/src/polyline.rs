//! The encoded polyline text form: latitude before longitude, deltas in base 64 of a kind.

use tracklane_core::position::Point;

/// How many decimals of a degree the text keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Five decimals (about a metre): the usual one.
    Five,
    /// Six decimals (about a decimetre): "polyline6".
    Six,
}

impl Precision {
    fn factor(self) -> f64 {
        match self {
            Self::Five => 1e5,
            Self::Six => 1e6,
        }
    }
}

/// Why a text is no polyline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A character outside the alphabet, which runs from `?` to `~`.
    #[error("the character at byte {at} does not belong to a polyline")]
    Character {
        /// Byte offset.
        at: usize,
    },
    /// The text ends inside a number, or after a latitude without its longitude.
    #[error("the polyline ends inside a point")]
    Incomplete,
    /// A number so long that no coordinate can need it, or a point that is not on earth.
    #[error("the point that ends before byte {at} is out of range")]
    Range {
        /// Byte offset.
        at: usize,
    },
}

/// Writes points as a polyline, rounded to `precision`. Coordinates must be finite.
pub fn encode(points: &[Point], precision: Precision) -> String {
    let round = |degrees: f64| (degrees * precision.factor()).round() as i64;
    let mut text = String::with_capacity(points.len() * 8);
    let (mut lat, mut lon) = (0, 0);
    for point in points {
        let next = (round(point.lat), round(point.lon));
        push(&mut text, next.0 - lat);
        push(&mut text, next.1 - lon);
        (lat, lon) = next;
    }
    text
}

fn push(text: &mut String, delta: i64) {
    let mut rest = ((delta << 1) ^ (delta >> 63)) as u64;
    while rest >= 0x20 {
        text.push(char::from((rest & 0x1f) as u8 + 0x20 + 63));
        rest >>= 5;
    }
    text.push(char::from(rest as u8 + 63));
}

/// Reads a polyline.
///
/// # Errors
/// [`Error`], naming the byte.
pub fn decode(text: &str, precision: Precision) -> Result<Vec<Point>, Error> {
    let bytes = text.as_bytes();
    let mut points = Vec::with_capacity(bytes.len() / 4);
    let (mut at, mut lat, mut lon) = (0, 0, 0);
    while at < bytes.len() {
        lat += pull(bytes, &mut at)?;
        lon += pull(bytes, &mut at)?;
        let point = Point { lat: lat as f64 / precision.factor(), lon: lon as f64 / precision.factor() };
        point.check().map_err(|_| Error::Range { at })?;
        points.push(point);
    }
    Ok(points)
}

fn pull(bytes: &[u8], at: &mut usize) -> Result<i64, Error> {
    let mut value: u64 = 0;
    for shift in (0..40).step_by(5) {
        let byte = *bytes.get(*at).ok_or(Error::Incomplete)?;
        let chunk = byte.checked_sub(63).filter(|chunk| *chunk < 64).ok_or(Error::Character { at: *at })?;
        *at += 1;
        value |= u64::from(chunk & 0x1f) << shift;
        if chunk < 0x20 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(Error::Range { at: *at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_format() {
        let points = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)].map(|(lat, lon)| Point { lat, lon });
        let text = "_p~iF~ps|U_ulLnnqC_mqNvxq`@";
        assert_eq!(encode(&points, Precision::Five), text);
        assert_eq!(decode(text, Precision::Five), Ok(points.to_vec()));
        assert_eq!(decode("", Precision::Six), Ok(vec![]));
    }

    #[test]
    fn bad_texts_are_named() {
        assert_eq!(decode("_p~iF", Precision::Five), Err(Error::Incomplete));
        assert_eq!(decode("_p~iF~ps|U_", Precision::Five), Err(Error::Incomplete));
        assert_eq!(decode("_p iF~ps|U", Precision::Five), Err(Error::Character { at: 2 }));
        assert_eq!(decode("~~~~~~~~~~?", Precision::Five), Err(Error::Range { at: 8 }));
        assert_eq!(decode("_gjaR?_gjaR?", Precision::Five), Err(Error::Range { at: 6 }), "100 degrees of latitude");
    }

    proptest! {
        #[test]
        fn round_trips(raw in proptest::collection::vec((-90_000_000i64..=90_000_000, -180_000_000i64..=180_000_000), 0..50)) {
            let points: Vec<_> = raw.iter().map(|(lat, lon)| Point { lat: *lat as f64 / 1e6, lon: *lon as f64 / 1e6 }).collect();
            prop_assert_eq!(decode(&encode(&points, Precision::Six), Precision::Six), Ok(points));
        }

        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = decode(&text, Precision::Five);
        }
    }
}
