//! The embedded history on real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod append;
mod crash;
mod damage;
mod full;
mod model;
mod segments;
mod support;
