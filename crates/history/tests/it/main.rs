//! The embedded history on real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod append;
mod area;
mod backup;
mod crash;
mod damage;
mod full;
mod model;
mod retain;
mod segments;
mod support;
