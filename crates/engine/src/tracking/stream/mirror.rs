//! What nodes know of devices that others track: their newest positions as those tell them, and the rest as it was last saved.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::ports::Listener;
use tracklane_store::{Scope, device_states};
use uuid::Uuid;

use super::Streaming;
use crate::error::Result;
use crate::shared::{Shelf, shelf};
use crate::tracking::newest::Newest;
use crate::tracking::pipeline::Works;
use crate::tracking::states::DeviceState;

/// Words of so much time are told together.
const TOGETHER: Duration = Duration::from_millis(10);
/// So many positions, or ids, go into one message.
const MOST: usize = 1_000;
/// The pause before a broker that does not answer is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many states are read at once.
const BATCH: u32 = 1_000;

/// What one node tells the others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// Devices of a tenant are elsewhere.
    Moved(TenantId, Vec<DeviceLatest>),
    /// The states of these devices were saved.
    Saved(Vec<DeviceId>),
}

impl Word {
    pub fn moved(tenant: TenantId, moved: &[DeviceLatest]) -> Self {
        Self::Moved(tenant, moved.to_vec())
    }

    pub fn saved(devices: Vec<DeviceId>) -> Self {
        Self::Saved(devices)
    }
}

/// A message: who says it, and what.
#[derive(Serialize, Deserialize)]
struct Message {
    node: Uuid,
    words: Vec<Word>,
}

/// Starts telling, and hearing what others tell, until `stop` is cancelled.
pub(in crate::tracking) fn start(works: &Arc<Works>, streaming: &Arc<Streaming>, node: Uuid, stop: &CancellationToken) {
    if let Some(words) = streaming.heard.lock().take() {
        tokio::spawn(tell(works.clone(), streaming.clone(), node, words, stop.clone()));
    }
    tokio::spawn(hear(works.clone(), streaming.clone(), node, stop.clone()));
}

async fn tell(
    works: Arc<Works>,
    streaming: Arc<Streaming>,
    node: Uuid,
    mut words: mpsc::Receiver<Word>,
    stop: CancellationToken,
) {
    let mut shelf = works.base.shared.clone().map(Shelf::new);
    let mut waiting = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = due(shelf.as_ref()) => {
                if let Some(shelf) = &mut shelf {
                    shelf.put(works.base.env.now()).await;
                }
                continue;
            }
            count = words.recv_many(&mut waiting, usize::MAX) => {
                if count == 0 {
                    return;
                }
            }
        }
        for words in together(std::mem::take(&mut waiting)) {
            if let (Some(shelf), Word::Moved(tenant, moved)) = (&mut shelf, &words) {
                shelf.note(*tenant, moved);
            }
            let Ok(message) = serde_json::to_vec(&Message { node, words: vec![words] }) else { continue };
            if let Err(error) = streaming.stream.tell(message).await {
                tracing::debug!(%error, "other nodes are not told where devices are");
            }
        }
        tokio::time::sleep(TOGETHER).await;
    }
}

async fn due(shelf: Option<&Shelf>) {
    match shelf {
        Some(shelf) => shelf.due().await,
        None => std::future::pending().await,
    }
}

/// Words that say the same with the newest position of each device alone.
fn together(waiting: Vec<Word>) -> Vec<Word> {
    let mut moved = HashMap::<TenantId, HashMap<DeviceId, DeviceLatest>>::new();
    let mut saved = Vec::new();
    for word in waiting {
        match word {
            Word::Moved(tenant, some) => {
                moved.entry(tenant).or_default().extend(some.into_iter().map(|one| (one.device_id, one)));
            }
            Word::Saved(devices) => saved.extend(devices),
        }
    }
    let mut words: Vec<Word> = saved.chunks(MOST).map(|some| Word::Saved(some.to_vec())).collect();
    for (tenant, devices) in moved {
        let all: Vec<DeviceLatest> = devices.into_values().collect();
        words.extend(all.chunks(MOST).map(|some| Word::moved(tenant, some)));
    }
    words
}

async fn hear(works: Arc<Works>, streaming: Arc<Streaming>, node: Uuid, stop: CancellationToken) {
    while let Some(outcome) = stop.run_until_cancelled(follow(&works, &streaming, node)).await {
        if let Err(error) = outcome {
            tracing::warn!(%error, "what other nodes track is not heard; it will be tried again");
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

/// Hears until something is missed.
async fn follow(works: &Works, streaming: &Streaming, node: Uuid) -> Result<()> {
    let mut listener: Box<dyn Listener> = streaming.stream.listen().await?;
    // What was said before is in what was saved, or will be said again.
    let mut after = None;
    loop {
        let mut db = works.base.store.read(Scope::System).await?;
        let page = device_states::load_any_tenant(&mut db, after, BATCH).await?;
        drop(db);
        let short = page.len() < BATCH as usize;
        after = page.last().map(|row| row.device_id);
        take_saved(works, streaming, page);
        if short {
            break;
        }
    }
    if let Some(shared) = &works.base.shared {
        shelf::read(&**shared, works.base.env.now(), |tenant, latest| take_shelved(works, streaming, tenant, latest))
            .await;
    }
    loop {
        let message = listener.next().await?;
        let Ok(Message { node: from, words }) = serde_json::from_slice::<Message>(&message) else {
            tracing::warn!("a message of another node cannot be read: it runs another version");
            continue;
        };
        if from == node {
            continue;
        }
        for word in words {
            match word {
                Word::Moved(tenant, moved) => take_moved(works, streaming, tenant, &moved),
                Word::Saved(devices) => {
                    for some in devices.chunks(BATCH as usize) {
                        let mut db = works.base.store.read(Scope::System).await?;
                        let rows = device_states::get_many_any_tenant(&mut db, some).await?;
                        drop(db);
                        take_saved(works, streaming, rows);
                    }
                }
            }
        }
    }
}

/// Takes in states as they were saved; a newer position than theirs stays.
fn take_saved(works: &Works, streaming: &Streaming, rows: Vec<device_states::DeviceState>) {
    let memory = &works.base.memory;
    for row in rows {
        let (device, shard) = (row.device_id, memory.states.shard_of(row.device_id));
        let mut state = DeviceState::from_row(row);
        let mut states = works.states(shard);
        // Under the lock: what begins to track it puts its states there after it has said so.
        if streaming.holds(shard) {
            continue;
        }
        if let Some(known) = states.get(&device) {
            let saved = state.latest.as_ref().map(Newest::fix_time);
            let newer = |known: &&Newest| saved.is_none_or(|saved| saved < known.fix_time());
            if let Some(latest) = known.latest.as_ref().filter(newer) {
                state.latest = Some(latest.clone());
            }
            state.heard = state.heard.max(known.heard);
        }
        states.insert(device, Box::new(state));
    }
}

/// Takes in a position that is newer than what is known.
fn take_shelved(works: &Works, streaming: &Streaming, tenant: TenantId, latest: DeviceLatest) {
    let memory = &works.base.memory;
    // It may have been deleted meanwhile.
    if memory.devices.by_id(latest.device_id).is_none_or(|device| device.tenant_id != tenant) {
        return;
    }
    let shard = memory.states.shard_of(latest.device_id);
    let mut states = works.states(shard);
    if streaming.holds(shard) {
        return;
    }
    let state = states.entry(latest.device_id).or_insert_with(|| Box::new(DeviceState::new(tenant)));
    if state.latest.as_ref().is_none_or(|known| known.fix_time() < latest.fix_time) {
        state.heard = state.heard.max(Some(latest.received_at.into()));
        state.latest = Some(Newest::from(latest));
        state.offline = false;
    }
}

/// Takes in newest positions, and hands them to those who listen here.
fn take_moved(works: &Works, streaming: &Streaming, tenant: TenantId, moved: &[DeviceLatest]) {
    let memory = &works.base.memory;
    let mut new = Vec::with_capacity(moved.len());
    for latest in moved {
        let shard = memory.states.shard_of(latest.device_id);
        let mut states = works.states(shard);
        if streaming.holds(shard) {
            continue;
        }
        let state = states.entry(latest.device_id).or_insert_with(|| Box::new(DeviceState::new(tenant)));
        if state.latest.as_ref().is_none_or(|known| known.fix_time() <= latest.fix_time) {
            state.latest = Some(Newest::from(latest.clone()));
            new.push(latest.clone());
        }
        state.heard = state.heard.max(Some(latest.received_at.into()));
        // Nobody has told that it fell silent since.
        state.offline = false;
    }
    works.publish_here(tenant, &new);
}
