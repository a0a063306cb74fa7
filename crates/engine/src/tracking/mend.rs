//! When a position that was numbered does not become durable: a full disk, one that fails. Until that is over, positions
//! are refused; then every state that holds what was lost is made again from what is durable, as at a start.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::DeviceId;
use tracklane_core::ports::HistoryError;
use tracklane_store::{Scope, device_states};

use super::checkpoint;
use super::pipeline::Works;
use super::recorder::Recorders;
use super::states::DeviceState;
use super::turn::Failure;
use crate::error::Result;

/// The pause before a history that cannot be written is tried again.
const PAUSE: Duration = Duration::from_millis(250);
/// How many states are read at once.
const BATCH: usize = 1_000;

/// What keeps positions from being taken.
#[derive(Default)]
pub(super) struct Trouble {
    failure: Mutex<Option<Failure>>,
    noticed: Notify,
}

impl Trouble {
    /// A position was lost, or would be. Answers what the caller is told.
    pub fn lost(&self, error: &HistoryError) -> Failure {
        let failure = match error {
            HistoryError::Full => Failure::Full,
            HistoryError::Io(_) | HistoryError::Corrupt(_) => {
                Failure::Unavailable("position history unavailable".to_owned())
            }
            HistoryError::Fenced => Failure::Fenced,
        };
        let mut now = self.failure.lock();
        if now.is_none() {
            tracing::error!(%error, "positions cannot be kept and are refused until they can");
            *now = Some(failure.clone());
            self.noticed.notify_one();
        }
        failure
    }

    /// # Errors
    /// Why no position is taken now.
    pub fn check(&self) -> Result<(), Failure> {
        self.failure.lock().clone().map_or(Ok(()), Err)
    }
}

/// Mends whenever there is trouble.
pub(super) async fn run(works: Arc<Works>, recorders: Arc<Recorders>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.trouble.noticed.notified() => {}
        }
        let mut wrong = HashSet::new();
        while let Err(error) = mend(&works, &recorders, &mut wrong).await {
            tracing::debug!(%error, "positions still cannot be kept");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        *works.trouble.failure.lock() = None;
        tracing::info!("positions are taken again");
    }
}

/// `wrong` are the devices whose states are to be made again; what could not be done stays in it for the next try.
async fn mend(works: &Arc<Works>, recorders: &Recorders, wrong: &mut HashSet<DeviceId>) -> Result<()> {
    let states = &works.base.memory.states;
    for shard in 0..states.shards() {
        // Whoever was already past the look at the trouble is done, in vain, once its shard can be had.
        drop(works.states(shard));
    }
    works.history.resume().await?;
    // What was durable before is recorded first.
    recorders.drain().await;
    let next = works.history.next_lsn();
    for shard in 0..states.shards() {
        let states = works.states(shard);
        wrong.extend(states.iter().filter_map(|(id, state)| (state.applied_lsn >= next).then_some(*id)));
    }
    for shard in 0..states.shards() {
        let mine: HashSet<DeviceId> = wrong.iter().copied().filter(|id| states.shard_of(*id) == shard).collect();
        if !mine.is_empty() {
            make_again(works, shard, &mine).await?;
            wrong.retain(|id| !mine.contains(id));
        }
    }
    Ok(())
}

/// Makes the states of devices again: from what the store has, and the records that came after that.
async fn make_again(works: &Arc<Works>, shard: usize, devices: &HashSet<DeviceId>) -> Result<()> {
    let ids: Vec<DeviceId> = devices.iter().copied().collect();
    let mut stored = Vec::new();
    for some in ids.chunks(BATCH) {
        let mut db = works.base.store.read(Scope::System).await?;
        stored.extend(device_states::get_many_any_tenant(&mut db, some).await?);
    }
    {
        let mut states = works.states(shard);
        states.retain(|id, _| !devices.contains(id));
        states.extend(stored.into_iter().map(|row| (row.device_id, Box::new(DeviceState::from_row(row)))));
    }
    let devices = devices.clone();
    checkpoint::catch_up(works, move |device| devices.contains(&device)).await
}
