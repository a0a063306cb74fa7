//! Numbers and positions as text of fixed width, so that a position costs the load little.

use tracklane_core::Timestamp;

use super::fleet::Mover;

/// Writes positions as JSON. The second whose text is kept: mostly all devices of a connection are in the same one.
pub(super) struct Positions {
    second: (i64, String),
}

impl Default for Positions {
    fn default() -> Self {
        Self { second: (i64::MIN, String::new()) }
    }
}

impl Positions {
    /// The fields of a position from its time on, with the brace behind them.
    pub(super) fn put_fix(&mut self, out: &mut Vec<u8>, mover: &Mover) {
        let second = mover.time_ms.div_euclid(1_000);
        if second != self.second.0 {
            let time = Timestamp::from_second(second).unwrap_or_default();
            self.second = (second, time.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        }
        out.extend_from_slice(br#""fix_time":""#);
        out.extend_from_slice(self.second.1.as_bytes());
        out.push(b'.');
        put_digits(out, mover.time_ms.rem_euclid(1_000).unsigned_abs(), 3);
        out.extend_from_slice(br#"Z","lat":"#);
        put_degrees(out, mover.at.lat);
        out.extend_from_slice(br#","lon":"#);
        put_degrees(out, mover.at.lon);
        out.extend_from_slice(br#","speed_mps":15.0,"course_deg":90.0,"accuracy_m":5.0}"#);
    }
}

/// So many decimal digits.
pub(super) fn put_digits(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Degrees with seven digits after the point.
pub(super) fn put_degrees(out: &mut Vec<u8>, degrees: f64) {
    if degrees < 0.0 {
        out.push(b'-');
    }
    let units = (degrees.abs() * 1e7).round() as u64;
    let whole = units / 10_000_000;
    put_digits(
        out,
        whole,
        if whole < 10 {
            1
        } else if whole < 100 {
            2
        } else {
            3
        },
    );
    out.push(b'.');
    put_digits(out, units % 10_000_000, 7);
}
