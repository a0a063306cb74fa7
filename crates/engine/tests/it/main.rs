//! The engine on a real store and a real history.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod access;
mod again;
mod faults;
mod filters;
mod kept;
mod kit;
mod lifecycle;
mod live;
mod milestones;
mod narrow;
mod nodes;
mod positions;
mod receiver;
mod records;
mod restart;
mod retention;
mod sinks;
mod stage;
mod tracks;
mod untidy;
mod webhooks;
mod zone_history;
mod zones;
