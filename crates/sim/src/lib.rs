//! Drives to show, test and load Tracklane with.
//!
//! - [`fleet`]: a simulated city fleet;
//! - [`porto`]: recorded taxi trips;
//! - [`trip`]: what both give.

pub mod fleet;
pub mod porto;
pub mod trip;
