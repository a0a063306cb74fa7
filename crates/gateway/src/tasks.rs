//! What runs, and how it ends: first everybody is asked to, and in the end nobody is asked any more.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What runs. Clones are one.
#[derive(Clone)]
pub(crate) struct Tasks {
    /// Cancelled when everybody is asked to end.
    pub stop: CancellationToken,
    /// Cancelled when nobody is asked any more.
    end: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    pub fn new() -> Self {
        Self { stop: CancellationToken::new(), end: CancellationToken::new(), tracker: TaskTracker::new() }
    }

    /// Runs something until it ends, or is ended.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let end = self.end.clone();
        self.tracker.spawn(async move {
            end.run_until_cancelled_owned(task).await;
        });
    }

    /// Asks everybody to end, and ends those who have not after `grace`. False when there were any.
    pub async fn end(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(grace, self.tracker.wait()).await.is_ok();
        self.end.cancel();
        self.tracker.wait().await;
        ended
    }
}
