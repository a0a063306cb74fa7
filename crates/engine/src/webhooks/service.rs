use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::base::Base;
use crate::error::Result;

/// Webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Webhooks(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) base: Arc<Base>,
}

impl Webhooks {
    /// Starts fan-out and delivery; they stop when `stop` is cancelled.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, with pointers into the section; `Internal` when there is no HTTP client.
    pub fn start(base: Arc<Base>, stop: CancellationToken) -> Result<Self> {
        let _ = stop;
        Ok(Self(Arc::new(Inner { base })))
    }

    /// Waits until the background work has ended: after `stop` was cancelled.
    pub async fn stopped(&self) {}
}
