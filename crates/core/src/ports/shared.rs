//! Memory that several processes share.

use std::time::Duration;

use super::{BoxFuture, Listener, StreamError};

/// Why shared memory did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SharedError(pub String);

/// How often something may happen, by the generic cell rate algorithm: each time takes `interval`, and no more than `depth` may be
/// taken ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What each time takes, in microseconds.
    pub interval: i64,
    /// How much may be taken ahead, in microseconds.
    pub depth: i64,
}

/// What taking from an allowance led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// It was taken; the allowance is whole again after so many microseconds.
    Yes(i64),
    /// Nothing was taken; there is enough for once more after so many microseconds.
    No(i64),
}

/// A text under a name.
pub type Note = (Vec<u8>, Vec<u8>);

/// Some notes, and the cursor to go on from; none at the end.
pub type Browsed = (Vec<Note>, Option<u64>);

/// What was asked of shared memory since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SharedCounts {
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that were not, those included that were not made while it was away.
    pub failed: u64,
}

/// Memory that several processes share. It makes things fast and known everywhere at once, and may forget everything at any time:
/// nothing is kept there alone. While it is away every call fails at once, and it comes back by itself.
pub trait SharedMemory: Send + Sync {
    /// Takes once from the allowance under `key`, which all processes take from; the time is that of the shared memory.
    fn take<'a>(&'a self, key: &'a str, allowance: Allowance) -> BoxFuture<'a, Result<Took, SharedError>>;

    /// Puts notes on a shelf, each in the place of one that is there under its name. The shelf is forgotten `keep` after the last
    /// time that something was put there.
    fn put<'a>(&'a self, shelf: &'a str, notes: Vec<Note>, keep: Duration) -> BoxFuture<'a, Result<(), SharedError>>;

    /// Some of what is on a shelf, from a cursor on, which is 0 at the beginning. What is put there meanwhile may be missed, and a note
    /// may come twice.
    fn browse<'a>(&'a self, shelf: &'a str, cursor: u64) -> BoxFuture<'a, Result<Browsed, SharedError>>;

    /// Tells every process that listens to a topic.
    fn tell<'a>(&'a self, topic: &'a str, word: Vec<u8>) -> BoxFuture<'a, Result<(), SharedError>>;

    /// Listens to a topic from now on, to what this process tells, too.
    fn listen<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<Box<dyn Listener>, SharedError>>;

    /// What was asked since the start.
    fn counts(&self) -> SharedCounts;

    /// Whether it answers.
    ///
    /// # Errors
    /// What is wrong, in words.
    fn health(&self) -> Result<(), String>;
}

impl From<SharedError> for StreamError {
    fn from(SharedError(text): SharedError) -> Self {
        Self(text)
    }
}
