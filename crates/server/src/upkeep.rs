//! What has to be done from time to time while the server runs.

use std::time::Duration;

use crate::App;

/// How often.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Forgets answers that were kept for their time, and lets the database keep itself in shape, until the server stops.
pub async fn run(app: App) {
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        match app.engine.idempotency.prune().await {
            Ok(pruned) => tracing::debug!(pruned, "forgot kept answers"),
            Err(error) => tracing::warn!(%error, "could not forget kept answers"),
        }
        if let Err(error) = app.engine.base.store.maintain().await {
            tracing::warn!(%error, "could not maintain the database");
        }
    }
}
