//! Slowing down whoever guesses passwords and names of devices: in memory, per account and address, and per address alone.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use jiff::SignedDuration;
use parking_lot::Mutex;
use tracklane_core::Timestamp;

use crate::error::{Error, Result};

/// How many keys are kept at most; when that many are busy at once the oldest are given up.
const MOST: usize = 100_000;

/// How many times more attempts than on one account an address has over all accounts: many people may share it.
const SHARED_ADDRESS: u32 = 10;

/// Whose attempts are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String, Option<IpAddr>),
    Address(IpAddr),
}

struct Count {
    attempts: u32,
    last: Timestamp,
    closed_until: Timestamp,
}

/// Counts attempts.
pub(super) struct Throttle {
    counts: Mutex<HashMap<Key, Count>>,
    free_attempts: u32,
    longest_wait_seconds: i64,
}

impl Throttle {
    /// So many attempts are free; each further one doubles the wait, up to the longest.
    pub fn new(free_attempts: u32, longest_wait_seconds: i64) -> Self {
        Self { counts: Mutex::default(), free_attempts, longest_wait_seconds: longest_wait_seconds.max(1) }
    }

    /// Counts an attempt before it is made: a hundred at once count as a hundred.
    ///
    /// # Errors
    /// `Throttled` when it comes too early; it does not count then.
    pub fn admit(&self, account: &str, from: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let from = from.map(network);
        let account = (Key::Account(account.to_owned(), from), self.free_attempts);
        let address = from.map(|from| (Key::Address(from), self.free_attempts.saturating_mul(SHARED_ADDRESS)));
        let mut counts = self.counts.lock();
        self.make_room(&mut counts, now);
        let keys: Vec<_> = std::iter::once(account).chain(address).collect();
        must_be_open(keys.iter().filter_map(|(key, _)| counts.get(key)).max_by_key(|count| count.closed_until), now)?;
        for (key, free) in keys {
            self.count(&mut counts, key, free, now);
        }
        Ok(())
    }

    /// Takes back what was counted for an account: the password was right. Other attempts of the address stay counted.
    pub fn forgive(&self, account: &str, from: Option<IpAddr>) {
        let from = from.map(network);
        let mut counts = self.counts.lock();
        counts.remove(&Key::Account(account.to_owned(), from));
        if let Some(count) = from.and_then(|from| counts.get_mut(&Key::Address(from))) {
            count.attempts = count.attempts.saturating_sub(1);
        }
    }

    /// Whether an account must wait after its failures; counts nothing.
    ///
    /// # Errors
    /// `Throttled`.
    pub fn check_account(&self, account: &str, from: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let counts = self.counts.lock();
        if counts.is_empty() {
            return Ok(());
        }
        must_be_open(counts.get(&Key::Account(account.to_owned(), from.map(network))), now)
    }

    /// Whether an address must wait after failures of many accounts; counts nothing.
    ///
    /// # Errors
    /// `Throttled`.
    pub fn check_address(&self, from: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let Some(from) = from else { return Ok(()) };
        must_be_open(self.counts.lock().get(&Key::Address(network(from))), now)
    }

    /// Counts an attempt that has failed. The address counts each account as often as that one has free attempts: a phone
    /// with an old credential, which tries for ever, locks nobody out who shares its address.
    pub fn count_failure(&self, account: &str, from: Option<IpAddr>, now: Timestamp) {
        let from = from.map(network);
        let mut counts = self.counts.lock();
        self.make_room(&mut counts, now);
        let attempts = self.count(&mut counts, Key::Account(account.to_owned(), from), self.free_attempts, now);
        if let Some(from) = from.filter(|_| attempts <= self.free_attempts) {
            self.count(&mut counts, Key::Address(from), self.free_attempts.saturating_mul(SHARED_ADDRESS), now);
        }
    }

    /// Forgets the failures of an account: it was the right one after all.
    pub fn forget(&self, account: &str, from: Option<IpAddr>) {
        let mut counts = self.counts.lock();
        if !counts.is_empty() {
            counts.remove(&Key::Account(account.to_owned(), from.map(network)));
        }
    }

    fn count(&self, counts: &mut HashMap<Key, Count>, key: Key, free: u32, now: Timestamp) -> u32 {
        let count = counts.entry(key).or_insert(Count { attempts: 0, last: now, closed_until: now });
        if now.duration_since(count.last) >= self.idle() {
            count.attempts = 0;
        }
        count.attempts = count.attempts.saturating_add(1);
        count.last = now;
        count.closed_until = now.saturating_add(self.wait(count.attempts, free)).unwrap_or(Timestamp::MAX);
        count.attempts
    }

    /// After how long without an attempt the earlier ones do not count any more.
    fn idle(&self) -> SignedDuration {
        SignedDuration::from_secs(self.longest_wait_seconds.saturating_mul(2))
    }

    fn wait(&self, attempts: u32, free: u32) -> SignedDuration {
        let beyond = attempts.saturating_add(1).saturating_sub(free);
        if beyond == 0 {
            return SignedDuration::ZERO;
        }
        let seconds = 1_i64.checked_shl(beyond - 1).filter(|seconds| *seconds > 0).unwrap_or(i64::MAX);
        SignedDuration::from_secs(seconds.min(self.longest_wait_seconds))
    }

    fn make_room(&self, counts: &mut HashMap<Key, Count>, now: Timestamp) {
        if counts.len() < MOST {
            return;
        }
        let idle = self.idle();
        counts.retain(|_, count| now.duration_since(count.last) < idle);
        if counts.len() >= MOST {
            let mut times: Vec<_> = counts.values().map(|count| count.last).collect();
            let (_, middle, _) = times.select_nth_unstable(MOST / 2);
            let middle = *middle;
            counts.retain(|_, count| count.last > middle);
        }
    }
}

fn must_be_open(count: Option<&Count>, now: Timestamp) -> Result<()> {
    let wait = count.map(|count| count.closed_until.duration_since(now)).unwrap_or_default();
    if !wait.is_positive() {
        return Ok(());
    }
    let whole = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    Err(Error::Throttled { retry_after_seconds: whole.unsigned_abs() })
}

/// The network that one subscriber has: an IPv4 address, or the first 64 bits of an IPv6 one.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn wait(result: Result<()>) -> u64 {
        match result {
            Ok(()) => 0,
            Err(Error::Throttled { retry_after_seconds }) => retry_after_seconds,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn waits_double_after_the_free_attempts() {
        let throttle = Throttle::new(3, 8);
        let home = Some("198.51.100.7".parse().unwrap());
        let mut clock = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            assert_eq!(wait(throttle.admit("a@b.c", home, at(clock))), 0);
            let next = wait(throttle.admit("a@b.c", home, at(clock)));
            if next > 0 {
                waits.push(next);
                clock += i64::try_from(next).unwrap();
            } else {
                waits.push(0);
            }
        }
        // The second call of a round counts too while it is let in.
        assert_eq!(waits, [0, 1, 2, 4, 8, 8, 8, 8]);
    }

    #[test]
    fn accounts_and_addresses_are_told_apart_and_success_forgives() {
        let throttle = Throttle::new(1, 60);
        let (one, two) = (Some("198.51.100.7".parse().unwrap()), Some("198.51.100.8".parse().unwrap()));
        assert_eq!(wait(throttle.admit("a", one, at(0))), 0);
        assert_eq!(wait(throttle.admit("a", one, at(0))), 1);
        assert_eq!(wait(throttle.admit("a", two, at(0))), 0);
        assert_eq!(wait(throttle.admit("b", one, at(0))), 0);
        throttle.forgive("a", one);
        assert_eq!(wait(throttle.admit("a", one, at(0))), 0);
    }

    #[test]
    fn one_that_fails_for_ever_does_not_close_its_address() {
        let throttle = Throttle::new(3, 60);
        let home = Some("198.51.100.7".parse().unwrap());
        let mut failures = 0;
        for second in 0..86_400 {
            if throttle.check_account("old phone", home, at(second)).is_ok() {
                throttle.count_failure("old phone", home, at(second));
                failures += 1;
            }
            assert!(throttle.check_address(home, at(second)).is_ok());
        }
        assert!(failures > 1_000, "{failures}");
        for name in 0..30 {
            assert!(throttle.check_address(home, at(86_400)).is_ok(), "{name}");
            throttle.count_failure(&format!("guess {name}"), home, at(86_400));
        }
        assert!(wait(throttle.check_address(home, at(86_400))) > 0, "many names are guesses");
        assert!(throttle.check_account("another", home, at(86_400)).is_ok());
        assert!(throttle.check_address(Some("198.51.100.8".parse().unwrap()), at(86_400)).is_ok());
        assert!(throttle.check_address(home, at(86_400 + 60)).is_ok());
    }

    #[test]
    fn one_address_cannot_try_every_account() {
        let throttle = Throttle::new(2, 60);
        let from = |last: u16| Some(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last)));
        let mut refused = 0;
        for number in 0..50 {
            refused += u32::from(wait(throttle.admit(&format!("user{number}"), from(number), at(0))) > 0);
        }
        assert_eq!(refused, 30);
    }
}
