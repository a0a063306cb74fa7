//! What processes do faster when they share memory ([`SharedMemory`](tracklane_core::ports::SharedMemory)). Each has another way, which
//! is taken while the memory is away: nothing is kept there alone.
//!
//! - [`Fanout`]: newest positions are told through it, otherwise through the position stream;
//! - [`Shelf`]: newest positions are kept there for whoever starts, otherwise those of the last saved states are known;
//! - [`ended`]: what ends a session is known everywhere at once, otherwise when the records are read again.

pub(crate) mod ended;
mod fanout;
pub(crate) mod shelf;

pub(crate) use fanout::Fanout;
pub(crate) use shelf::Shelf;
