//! What nodes must forget of those who come in: users, keys and devices that were changed, sessions that were ended. The records say
//! so, too: a node that does not hear it reads them again a moment later, and sessions after
//! [`AccessSettings::cache_seconds`](crate::access::AccessSettings::cache_seconds).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{ApiKeyId, DeviceId, UserId};
use tracklane_core::ports::SharedMemory;

use crate::access::Access;

/// Where it is told.
const TOPIC: &str = "access";
/// The pause before a memory that does not answer is listened to again.
const PAUSE: Duration = Duration::from_secs(1);

/// What must be forgotten.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// What is known of a user.
    User(UserId),
    /// What is known of a key.
    ApiKey(ApiKeyId),
    /// The credential of a device.
    Device(DeviceId),
    /// Whether a session goes on, by the number of its token.
    Session(String),
}

/// Tells every node. A node that is not reached reads the records again in time.
pub(crate) async fn tell(shared: &dyn SharedMemory, what: &Ended) {
    let Ok(word) = serde_json::to_vec(what) else { return };
    if let Err(error) = shared.tell(TOPIC, word).await {
        tracing::debug!(%error, "other nodes are not told what ends a session");
    }
}

/// Hears what other nodes tell, until `stop` is cancelled.
pub(crate) async fn run(access: Access, shared: Arc<dyn SharedMemory>, stop: CancellationToken) {
    while stop.run_until_cancelled(follow(&access, &*shared)).await.is_some() {
        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

/// Hears until something may have been missed, or the memory does not answer.
async fn follow(access: &Access, shared: &dyn SharedMemory) {
    let Ok(mut ear) = shared.listen(TOPIC).await else { return };
    // What was told before this node listened, nothing else tells it.
    access.forget_sessions();
    while let Ok(word) = ear.next().await {
        match serde_json::from_slice(&word) {
            Ok(what) => access.forget_here(&what),
            Err(error) => tracing::warn!(%error, "a message of another node cannot be read: it runs another version"),
        }
    }
}
