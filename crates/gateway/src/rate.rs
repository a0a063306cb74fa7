//! How often is too often: the generic cell rate algorithm, one number per key.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How many keys may be held before those that are whole again are dropped.
const SWEEP: usize = 16_384;

/// How many keys are held at most. Who makes up more than that is not told apart any more.
const MOST: usize = 1_000_000;

/// So many in a time, for one who counts alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    /// The time that one takes; zero means no limit.
    interval: Duration,
    /// How far the allowance may be overdrawn before the next one has to wait.
    depth: Duration,
}

impl Quota {
    /// `count` in `window`, all at once if need be.
    pub fn new(count: u32, window: Duration) -> Self {
        let interval = window.checked_div(count).unwrap_or_default();
        Self { interval, depth: if count == 0 { Duration::ZERO } else { window } }
    }

    /// Takes one, and answers how long to wait before the next. Who does not wait owes no more than a whole allowance.
    pub fn take(self, whole_at: &mut Option<Instant>, now: Instant) -> Duration {
        if self.interval.is_zero() {
            return Duration::ZERO;
        }
        let used = whole_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)) + self.interval;
        let used = used.min(2 * self.depth);
        *whole_at = Some(now + used);
        used.saturating_sub(self.depth)
    }

    /// Takes one if the allowance permits it.
    pub fn try_take(self, whole_at: &mut Option<Instant>, now: Instant) -> bool {
        let used = whole_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)) + self.interval;
        let permitted = used <= self.depth;
        if permitted && !self.interval.is_zero() {
            *whole_at = Some(now + used);
        }
        permitted
    }
}

/// So many in a time, for each of many.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    quota: Quota,
    whole_at: Mutex<HashMap<K, Option<Instant>>>,
}

impl<K: Eq + Hash> Rates<K> {
    /// Nobody has taken anything yet.
    pub fn new(quota: Quota) -> Self {
        Self { quota, whole_at: Mutex::new(HashMap::new()) }
    }

    /// Takes one for `key`, and answers how long to wait before the next.
    pub fn take(&self, key: K, now: Instant) -> Duration {
        if self.quota.interval.is_zero() {
            return Duration::ZERO;
        }
        self.with(key, now, |whole_at| self.quota.take(whole_at, now))
    }

    /// Takes one for `key` if its allowance permits it: who asks without end gets as many as others do.
    pub fn try_take(&self, key: K, now: Instant) -> bool {
        self.quota.interval.is_zero() || self.with(key, now, |whole_at| self.quota.try_take(whole_at, now))
    }

    fn with<T>(&self, key: K, now: Instant, take: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        let mut whole_at = self.whole_at.lock();
        if whole_at.len() >= SWEEP {
            whole_at.retain(|_, at| at.is_some_and(|at| at > now));
            if whole_at.len() >= MOST {
                whole_at.clear();
            }
        }
        take(whole_at.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_used_up_and_comes_back() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let rates = Rates::new(Quota::new(10, Duration::from_secs(1)));
        assert!((0..10).all(|_| rates.take("a", start).is_zero()));
        assert_eq!(rates.take("a", start), Duration::from_millis(100));
        assert_eq!(rates.take("a", at(100)), Duration::from_millis(100));
        assert!(rates.take("b", start).is_zero(), "another has an allowance of its own");
        assert!(rates.take("a", at(1_000)).is_zero());
        assert!((0..1_000).all(|_| rates.take("a", at(2_000)) <= Duration::from_secs(1)), "a debt has an end");
    }

    #[test]
    fn who_asks_without_end_gets_what_is_allowed() {
        let start = Instant::now();
        let rates = Rates::new(Quota::new(10, Duration::from_secs(1)));
        let taken = |from: u64, to: u64| {
            let times = (from..to).map(|millis| start + Duration::from_millis(millis));
            times.filter(|now| rates.try_take("a", *now)).count()
        };
        assert_eq!(taken(0, 1), 1);
        // Ten at once, and then ten in each second.
        assert_eq!(taken(1, 10_000), 10 - 1 + 99);
        assert!(rates.try_take("b", start));
    }

    #[test]
    fn none_is_no_limit_and_nobody_is_remembered() {
        let rates = Rates::new(Quota::new(0, Duration::from_secs(1)));
        assert!((0..1_000).all(|key| rates.take(key, Instant::now()).is_zero()));
        assert_eq!(rates.whole_at.lock().len(), 0);
    }

    #[test]
    fn those_who_are_whole_again_are_forgotten() {
        let start = Instant::now();
        let rates = Rates::new(Quota::new(1, Duration::from_secs(1)));
        for key in 0..SWEEP {
            rates.take(key, start);
        }
        rates.take(SWEEP, start + Duration::from_secs(2));
        assert_eq!(rates.whole_at.lock().len(), 1);
    }
}
