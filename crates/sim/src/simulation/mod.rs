//! A simulated fleet with faults against a running server, and an oracle that knows what the server must tell of it.
//!
//! The ways are simulated, so the truth is known: when which vehicle was in which zone. What the devices send is that truth,
//! spoilt by [`Fault`]s; what the server tells in the end is held against the truth, not against what was sent.

mod area;
mod dwell;
mod faults;
mod oracle;
mod report;
#[cfg(test)]
mod rules;
mod run;
mod send;
mod trackers;
mod verdict;
mod world;

pub use faults::Fault;
pub use report::{Case, Report, RunReport, TimeError};
pub use run::{Pace, Progress, Setup, simulate};
pub use send::Protocol;
pub use verdict::Wrong;
pub use world::Plan;
