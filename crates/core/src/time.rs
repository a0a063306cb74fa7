//! Time: the two clocks of a fact, and the ports through which time and randomness come in.

use std::num::NonZeroU64;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// An instant, kept to the microsecond.
pub type Timestamp = jiff::Timestamp;

/// How sure we are of the offset that turned a local time into an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TzConfidence {
    /// No usable time was given: the instant is when we received the fact.
    Unknown,
    /// The offset was guessed (the carrier's home zone, say).
    Assumed,
    /// The offset follows from the place of the event.
    FromPlace,
    /// The source stated the offset, or UTC.
    Exact,
}

impl TzConfidence {
    /// Every value, least sure first.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Assumed, Self::FromPlace, Self::Exact];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Assumed => "assumed",
            Self::FromPlace => "from_place",
            Self::Exact => "exact",
        }
    }
}

/// Where the time comes from. The only real clock lives in the binary.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Where randomness comes from. The only real source lives in the binary.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` with bytes that nobody can predict.
    fn fill(&self, buffer: &mut [u8]);
}

/// What the outside world gives every rule that needs it: time and randomness.
#[derive(Clone)]
pub struct Env {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Env {
    /// The present instant, cut to the microsecond that databases keep.
    pub fn now(&self) -> Timestamp {
        to_micros(self.clock.now())
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

/// Cuts an instant to the microsecond, so that what is answered equals what is read back.
pub fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// The instant so many microseconds after 1970; the nearest there is when it lies beyond what a time can be.
pub fn at_micros(micros: i64) -> Timestamp {
    let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(nearest)
}

/// An instant to the microsecond in eight bytes, as is an `Option` of it, where a [`Timestamp`] takes sixteen and an `Option` of
/// that twenty-four: for what is kept once for each of very many. Ordered as the instants are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Timestamp", into = "Timestamp")]
pub struct Micros(NonZeroU64);

/// The sign turned over, so that order stays and only what no instant reaches is zero.
const TURNED: u64 = 1 << 63;

impl From<Timestamp> for Micros {
    fn from(at: Timestamp) -> Self {
        Self(NonZeroU64::new(at.as_microsecond().cast_unsigned() ^ TURNED).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<Micros> for Timestamp {
    fn from(Micros(turned): Micros) -> Self {
        at_micros((turned.get() ^ TURNED).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_instant_is_the_instant_and_in_the_same_order() {
        assert_eq!(size_of::<Option<Micros>>(), 8);
        let instants = [Timestamp::MIN, at_micros(-1), Timestamp::UNIX_EPOCH, at_micros(1), to_micros(Timestamp::MAX)];
        let small = instants.map(Micros::from);
        assert!(small.is_sorted_by(|before, after| before < after && None < Some(*before)));
        assert_eq!(small.map(Timestamp::from), instants);
    }
}
