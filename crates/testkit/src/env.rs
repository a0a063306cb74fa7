//! Time that stands still until it is told to go on, and randomness that can be repeated.

use std::sync::Arc;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tracklane_core::Timestamp;
use tracklane_core::time::{Clock, Entropy, Env};

/// When tests begin, unless they say otherwise: 2026-01-05T08:00:00Z, a Monday.
pub const START: &str = "2026-01-05T08:00:00Z";

/// A clock that stands still.
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows this instant.
    pub fn new(at: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(at)))
    }

    /// Goes on by so many seconds; back when there are fewer than none.
    pub fn advance(&self, seconds: i64) {
        let mut at = self.0.lock();
        *at = at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(*at);
    }

    /// Shows this instant from now on.
    pub fn set(&self, at: Timestamp) {
        *self.0.lock() = at;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

/// Randomness that a seed determines (SplitMix64). Never for anything but tests.
pub struct SeededEntropy(Mutex<u64>);

impl SeededEntropy {
    /// The same seed gives the same bytes.
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock();
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A world that begins at [`START`], with the clock that moves it.
pub fn env(seed: u64) -> (Env, Arc<ManualClock>) {
    let clock = ManualClock::new(START.parse().unwrap_or(Timestamp::UNIX_EPOCH));
    (Env { clock: clock.clone(), entropy: SeededEntropy::new(seed) }, clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_again_and_time_moves_when_told() {
        let (one, clock) = env(1);
        let (same, _) = env(1);
        let (other, _) = env(2);
        let bytes = one.random::<20>();
        assert_eq!(bytes, same.random::<20>());
        assert_ne!(bytes, other.random::<20>());
        assert_ne!(bytes, one.random::<20>());
        let before = one.now();
        clock.advance(90);
        assert_eq!(one.now().as_second() - before.as_second(), 90);
    }
}
