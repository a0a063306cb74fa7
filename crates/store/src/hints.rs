//! A word among the processes on one PostgreSQL that events were appended, so that nobody has to wait until the next look. It is
//! a hint and no more: whoever misses one looks again soon enough.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::time::sleep;
use uuid::Uuid;

use crate::db::postgres::PgPool;

/// What the hint is called in the database.
const CHANNEL: &str = "tracklane";
/// Hints that come closer together are one: each makes its transaction wait for those of others.
const GAP: Duration = Duration::from_millis(10);
/// The pause before a database that is away is asked again.
const PAUSE: Duration = Duration::from_secs(2);

/// Tells others of what `own` counts, until it is closed.
pub(crate) async fn tell(pool: PgPool, node: Uuid, mut own: watch::Receiver<u64>) {
    while own.changed().await.is_ok() {
        own.borrow_and_update();
        if let Err(error) = pool.notify(CHANNEL, &node.to_string()).await {
            tracing::debug!(%error, "other processes were not told of events");
        }
        sleep(GAP).await;
    }
}

/// Hears what others tell, until `own` is closed.
pub(crate) async fn hear(url: String, node: Uuid, own: watch::Receiver<u64>, changed: watch::Sender<u64>) {
    let node = node.to_string();
    let listen = async {
        loop {
            if let Err(error) = listen(&url, &node, &changed).await {
                tracing::debug!(%error, "what other processes tell of events is not heard");
            }
            sleep(PAUSE).await;
        }
    };
    let mut own = own;
    let closed = async { while own.changed().await.is_ok() {} };
    tokio::select! {
        () = listen => {}
        () = closed => {}
    }
}

async fn listen(url: &str, node: &str, changed: &watch::Sender<u64>) -> sqlx::Result<()> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // What came while the connection was lost is found by the next look.
        let heard = listener.recv().await?;
        if heard.payload() != node {
            changed.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}
