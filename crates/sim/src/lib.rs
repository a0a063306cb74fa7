//! Drives to show, test and load Tracklane with.
//!
//! - [`fleet`]: a simulated city fleet;
//! - [`porto`]: recorded taxi trips;
//! - [`trip`]: what both give;
//! - [`replay`]: plays trips through the public API;
//! - [`simulation`]: a fleet with faults, and an oracle that knows which zone events must come of it;
//! - [`walk`], [`disk`]: positions to measure with, and what the disk allows.

pub mod disk;
mod drive;
pub mod fleet;
pub mod porto;
pub mod replay;
pub mod simulation;
pub mod trip;
pub mod walk;
