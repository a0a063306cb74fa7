//! Drives to show, test and load Tracklane with.
//!
//! - [`fleet`]: a simulated city fleet;
//! - [`porto`]: recorded taxi trips;
//! - [`trip`]: what both give;
//! - [`replay`]: plays trips through the public API.

pub mod fleet;
pub mod porto;
pub mod replay;
pub mod trip;
