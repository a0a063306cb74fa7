//! Every broker, for real, held to the same promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

mod brokers;
mod events;
mod shared;
mod sinks;
mod streams;
