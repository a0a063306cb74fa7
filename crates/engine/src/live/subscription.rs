use std::sync::Arc;

use tracklane_core::event::{Event, LogPosition};
use tracklane_core::model::DeviceLatest;

use super::filter::Filter;
use crate::error::Result;

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveItem {
    /// Everything that had happened before the subscription was handed out; from here on it is live.
    Ready,
    /// Something happened.
    Event {
        /// Where it stands in the log: what to resume from.
        position: LogPosition,
        /// What happened.
        event: Arc<Event>,
    },
    /// A device moved.
    Position(Arc<DeviceLatest>),
}

/// One subscriber's end of the stream. Dropping it ends the subscription.
pub struct Subscription {}

impl Subscription {
    /// Waits for the next thing to hear. Safe to drop and call again: nothing is lost.
    ///
    /// # Errors
    /// When the store does not answer; calling again goes on where it stopped. `Unavailable` when the engine shuts down.
    pub async fn next(&mut self) -> Result<LiveItem> {
        todo!()
    }

    /// Changes what is wanted, from here on.
    ///
    /// # Errors
    /// `Invalid` for a bad filter; the one before stays.
    pub fn set_filter(&mut self, filter: Filter) -> Result<()> {
        let _ = filter;
        todo!()
    }
}
