//! Devices that knock and may not come in: the operator hears of each of them, once in a while.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often one of them is told of at most.
const PAUSE: Duration = Duration::from_secs(60);

/// How many are told apart. Of more than that in one pause nobody is told; they are counted all the same.
const MOST: usize = 200;

/// The longest name that a device can have.
const LONGEST: usize = 100;

/// Those who knocked lately.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    lately: Mutex<HashMap<String, Knocks>>,
}

#[derive(Debug)]
struct Knocks {
    since: Instant,
    count: u64,
}

impl Unknown {
    /// Notes that a device of this name knocked. The answer is how often it did since it was told of last, when it is
    /// time to tell of it.
    pub fn note(&self, name: &str, now: Instant) -> Option<u64> {
        if name.is_empty() || name.len() > LONGEST {
            return None;
        }
        let mut lately = self.lately.lock();
        if let Some(knocks) = lately.get_mut(name) {
            knocks.count += 1;
            if now < knocks.since + PAUSE {
                return None;
            }
            knocks.since = now;
            return Some(std::mem::take(&mut knocks.count));
        }
        if lately.len() >= MOST {
            lately.retain(|_, knocks| now < knocks.since + PAUSE);
            if lately.len() >= MOST {
                return None;
            }
        }
        lately.insert(name.to_owned(), Knocks { since: now, count: 0 });
        Some(1)
    }

    /// Whether a device of this name knocked a moment ago.
    pub fn knocked(&self, name: &str, now: Instant) -> bool {
        self.lately.lock().get(name).is_some_and(|knocks| now < knocks.since + PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_of_once_in_a_while() {
        let (unknown, start) = (Unknown::default(), Instant::now());
        assert_eq!(unknown.note("a", start), Some(1));
        assert_eq!(unknown.note("a", start), None);
        assert_eq!(unknown.note("b", start), Some(1));
        assert_eq!(unknown.note("a", start + PAUSE), Some(2));
        assert!(unknown.knocked("a", start + PAUSE) && !unknown.knocked("b", start + PAUSE));
    }

    #[test]
    fn a_flood_of_names_is_not_kept() {
        let (unknown, start) = (Unknown::default(), Instant::now());
        let told = (0..10_000).filter(|name: &i32| unknown.note(&name.to_string(), start).is_some()).count();
        assert_eq!(told, MOST);
        assert_eq!(unknown.note(&"x".repeat(LONGEST + 1), start), None);
        assert_eq!(unknown.note("late", start + PAUSE), Some(1));
        assert_eq!(unknown.lately.lock().len(), 1);
    }
}
