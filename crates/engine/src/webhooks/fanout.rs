//! From the event log to messages: each event becomes one message per endpoint that wants it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracklane_core::id::TenantId;
use tracklane_core::model::{Endpoint, Message};
use tracklane_store::{Scope, cursors, endpoints, events, messages};

use super::body;
use super::service::Inner;
use crate::error::Result;

/// The name of our place in the log.
pub(super) const CURSOR: &str = "webhooks";

/// How many events are taken in one turn.
const TURN: u32 = 500;

/// The least time between the beginnings of two looks: an event after a longer pause does not wait.
const GAP: Duration = Duration::from_millis(10);

/// How long an event of another process may wait until we look.
const POLL: Duration = Duration::from_millis(500);

/// How long to wait after an error.
const PAUSE: Duration = Duration::from_secs(1);

/// Works until `stop` is cancelled.
pub(super) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let mut changed = inner.base.store.events_changed();
    loop {
        // Before the look, so that what is appended during it wakes us.
        changed.borrow_and_update();
        let earliest = Instant::now() + GAP;
        let wait = match turn(&inner).await {
            Ok(true) => continue,
            Ok(false) => POLL,
            Err(error) => {
                tracing::warn!(%error, "webhook fan-out failed; it will be tried again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = changed.changed(), if wait == POLL => {}
            () = sleep(wait) => {}
        }
        // Where much happens, several commits are looked at together.
        sleep_until(earliest).await;
    }
}

/// Takes some events. Answers whether there may be more.
async fn turn(inner: &Inner) -> Result<bool> {
    let store = &inner.base.store;
    let mut db = store.read(Scope::System).await?;
    let from = cursors::get_any_tenant(&mut db, CURSOR).await?;
    let events = events::after_any_tenant(&mut db, from, TURN).await?;
    let Some((to, _)) = events.last() else { return Ok(false) };
    let mut targets = HashMap::<TenantId, Vec<Endpoint>>::new();
    for endpoint in endpoints::enabled_any_tenant(&mut db).await? {
        targets.entry(endpoint.tenant_id).or_default().push(endpoint);
    }
    drop(db);
    let mut made: Vec<Message> = Vec::new();
    for (_, event) in &events {
        let wanting = targets.get(&event.tenant_id).into_iter().flatten().filter(|target| body::wants(target, event));
        made.extend(wanting.map(|target| body::message(inner, target, event)));
    }
    // An endpoint that is deleted in the meantime fails the transaction: the next turn sees that it is gone.
    let mut tx = store.begin(Scope::System).await?;
    if !cursors::advance_any_tenant(&mut tx, CURSOR, from, *to).await? {
        return Ok(true);
    }
    if !made.is_empty() {
        if !store.has_one_writer() {
            // The order of ids is the order of delivery: they follow those of another process, whatever its clock says.
            let newest = messages::newest_any_tenant(&mut tx).await?;
            if newest.is_some_and(|newest| made.first().is_some_and(|first| first.id <= newest)) {
                newest.into_iter().for_each(|newest| inner.ids_follow(newest));
                made.iter_mut().for_each(|message| message.id = inner.next_id());
            }
        }
        messages::insert_many(&mut tx, &made).await?;
    }
    tx.commit().await?;
    if !made.is_empty() {
        inner.wake.notify_one();
    }
    Ok(events.len() >= TURN as usize)
}
