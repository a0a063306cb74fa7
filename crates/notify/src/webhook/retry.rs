//! When the next attempt is due. Pure: the time and the randomness are given.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use tracklane_core::Timestamp;
use tracklane_core::model::AttemptOutcome;

use super::sender::AttemptResult;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// "Gone": the receiver wants nothing more, ever.
const GONE: u16 = 410;

/// How failed messages are tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The wait before the second attempt, the third, and so on. After the last one a message is given up.
    pub waits: Vec<Duration>,
    /// By which share of itself a wait is stretched or shortened at random, 0 to 1, so that messages that failed
    /// together do not come back together.
    pub jitter: f64,
    /// The longest that a receiver may ask us to wait.
    pub longest_retry_after: Duration,
}

impl Default for Schedule {
    /// Ten attempts over three days: at once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 20 h.
    fn default() -> Self {
        let seconds = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 20 * HOUR];
        Self {
            waits: seconds.map(Duration::from_secs).to_vec(),
            jitter: 0.1,
            longest_retry_after: Duration::from_secs(24 * HOUR),
        }
    }
}

/// What becomes of a message after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It arrived.
    Delivered,
    /// It is tried again at this instant.
    Retry(Timestamp),
    /// It is given up.
    Dead,
    /// The receiver is gone for good: the endpoint is to be disabled.
    Gone,
}

impl Schedule {
    /// What becomes of a message whose attempt number `attempts` (from 1) ended at `now` with `result`. `random` is any
    /// number that nobody can predict.
    pub fn after(&self, attempts: u32, result: &AttemptResult, now: Timestamp, random: u64) -> Verdict {
        if result.outcome == AttemptOutcome::Success {
            return Verdict::Delivered;
        }
        if result.http_status == Some(GONE) {
            return Verdict::Gone;
        }
        let index = usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(wait) = self.waits.get(index) else { return Verdict::Dead };
        let planned = jittered(*wait, self.jitter, random);
        let asked = result.retry_after.map_or(Duration::ZERO, |asked| asked.wait(now));
        let wait = planned.max(asked.min(self.longest_retry_after));
        Verdict::Retry(now.saturating_add(wait).unwrap_or(Timestamp::MAX))
    }
}

/// `wait` stretched or shortened by up to the share `jitter` of itself.
fn jittered(wait: Duration, jitter: f64, random: u64) -> Duration {
    // 53 bits are what a double holds exactly: a number from 0 up to but not including 1.
    let unit = (random >> 11) as f64 / (1_u64 << 53) as f64;
    let factor = 1.0 + jitter.clamp(0.0, 1.0) * (2.0 * unit - 1.0);
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(wait)
}

/// What a receiver's `Retry-After` header asks for (RFC 9110, section 10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// So many seconds from the answer on.
    Seconds(u64),
    /// Not before this instant.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value; none when it is neither a number of seconds nor an HTTP date.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        DateTimeParser::new().parse_timestamp(value).ok().map(Self::At)
    }

    /// How long that is from `now` on; nothing when it lies in the past.
    fn wait(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(at) => Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn answer(status: u16, retry_after: Option<RetryAfter>) -> AttemptResult {
        let outcome = if (200..300).contains(&status) { AttemptOutcome::Success } else { AttemptOutcome::Refused };
        AttemptResult { outcome, http_status: Some(status), detail: None, retry_after, duration_ms: 3 }
    }

    fn steady() -> Schedule {
        Schedule { jitter: 0.0, ..Schedule::default() }
    }

    fn wait_seconds(schedule: &Schedule, attempts: u32, result: &AttemptResult, random: u64) -> i64 {
        match schedule.after(attempts, result, now(), random) {
            Verdict::Retry(at) => at.as_second() - now().as_second(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ten_attempts_over_three_days() {
        let failed = answer(500, None);
        let waits: Vec<i64> = (1..=9).map(|n| wait_seconds(&steady(), n, &failed, 0)).collect();
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 72_000]);
        let total: i64 = waits.iter().sum();
        assert!((70 * 3_600..=72 * 3_600).contains(&total), "{total}");
        assert_eq!(steady().after(10, &failed, now(), 0), Verdict::Dead);
        assert_eq!(steady().after(u32::MAX, &failed, now(), 0), Verdict::Dead);
    }

    #[test]
    fn answers_decide() {
        for (status, expected) in [(200, Verdict::Delivered), (204, Verdict::Delivered), (410, Verdict::Gone)] {
            assert_eq!(steady().after(1, &answer(status, None), now(), 0), expected, "{status}");
        }
        for status in [301, 302, 307, 400, 401, 404, 429, 500, 503] {
            assert_eq!(wait_seconds(&steady(), 1, &answer(status, None), 0), 5, "{status}");
        }
    }

    #[test]
    fn jitter_stays_within_its_share() {
        let schedule = Schedule::default();
        let failed = answer(500, None);
        assert_eq!(wait_seconds(&schedule, 2, &failed, 0), 270);
        assert_eq!(wait_seconds(&schedule, 2, &failed, u64::MAX), 330);
    }

    #[test]
    fn retry_after_is_honoured_up_to_a_day() {
        let cases = [
            ("120", 120),
            ("3", 5),
            ("99999999999999999999999", 86_400),
            ("Tue, 14 Nov 2023 22:23:20 GMT", 600),
            ("Tue, 14 Nov 2000 22:23:20 GMT", 5),
        ];
        for (value, expected) in cases {
            let asked = RetryAfter::parse(value);
            assert!(asked.is_some(), "{value}");
            assert_eq!(wait_seconds(&steady(), 1, &answer(503, asked), 0), expected, "{value}");
        }
        for bad in ["", "soon", "-5", "1.5", "2023-11-14"] {
            assert_eq!(RetryAfter::parse(bad), None, "{bad}");
        }
    }
}
