//! The live stream: events as they are logged, positions as they come.
//!
//! Events are never dropped: a subscription has its own place in the log and reads on from there, out of memory while it
//! keeps up and out of the store when it does not. Positions conflate: a slow reader gets the newest of each device and
//! nothing of what was before.

mod broadcast;
mod filter;
mod hub;
mod listeners;
mod mailbox;
mod ring;
mod sight;
mod subscription;

pub use broadcast::Batch;
pub use filter::{Filter, Viewport};
pub use hub::Live;
pub use subscription::{Heard, LiveItem, Subscription};
