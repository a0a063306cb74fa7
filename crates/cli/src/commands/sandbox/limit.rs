//! How often a client may ask: the generic cell rate algorithm over the core's [`Allowance`].

use std::collections::HashMap;

use tracklane_core::ports::{Allowance, Took};
use tracklane_core::time::Timestamp;

/// From so many clients on, those whose allowance is whole are forgotten.
const SWEEP: usize = 10_000;
const MINUTE: i64 = 60_000_000;

/// The limit of each client.
pub struct Limit {
    allowance: Option<Allowance>,
    /// When the allowance of a client is whole again, in microseconds.
    whole_at: HashMap<String, i64>,
}

impl Limit {
    /// So many requests a minute, which may come all at once; 0 for no limit.
    pub fn new(per_minute: u32) -> Self {
        let allowance = (per_minute > 0).then(|| Allowance { interval: MINUTE / i64::from(per_minute), depth: MINUTE });
        Self { allowance, whole_at: HashMap::new() }
    }

    /// Takes once from the allowance of `client`.
    ///
    /// # Errors
    /// How many seconds to wait.
    pub fn take(&mut self, client: &str, now: Timestamp) -> Result<(), i64> {
        match self.took(client, now.as_microsecond()) {
            Took::Yes(_) => Ok(()),
            Took::No(wait) => Err((wait + 999_999) / 1_000_000),
        }
    }

    fn took(&mut self, client: &str, now: i64) -> Took {
        let Some(Allowance { interval, depth }) = self.allowance else { return Took::Yes(0) };
        if self.whole_at.len() >= SWEEP {
            self.whole_at.retain(|_, at| *at > now);
        }
        let ahead = self.whole_at.get(client).map_or(0, |at| (at - now).max(0)) + interval;
        if ahead > depth {
            return Took::No(ahead - depth);
        }
        self.whole_at.insert(client.to_owned(), now + ahead);
        Took::Yes(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_come_in_a_minute_may_come_at_once_and_then_one_by_one() {
        let mut limit = Limit::new(30);
        let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        assert!((0..30).all(|_| limit.take("a", at(0)).is_ok()));
        assert_eq!(limit.take("a", at(0)), Err(2));
        assert_eq!(limit.take("b", at(0)), Ok(()));
        assert_eq!((limit.take("a", at(2)), limit.take("a", at(2))), (Ok(()), Err(2)));
        assert!((0..1_000).all(|_| Limit::new(0).take("a", at(0)).is_ok()));
    }
}
