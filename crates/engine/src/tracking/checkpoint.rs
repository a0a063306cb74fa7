//! Saving the states of devices from time to time, and catching up at start: what is durable is applied exactly once.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracklane_core::ports::Lsn;
use tracklane_core::position::Position;
use tracklane_store::{Scope, device_states, meta};

use super::dedupe::Known;
use super::pass::Pass;
use super::persist;
use super::pipeline::{Order, Shard, Works};
use super::states::DeviceState;
use crate::error::{Error, Result};

/// The name under which the store keeps the first record of the history that may not be applied.
const FLOOR: &str = "tracking.checkpoint";

/// How many states one transaction writes.
const BATCH: usize = 1_000;

/// Saves what every device's state is now, and lets history forget what that holds.
///
/// # Errors
/// As the store and the history say; then the same states are saved next time.
pub(super) async fn save(works: &Works, shards: &[mpsc::Sender<Order>]) -> Result<()> {
    // Whatever has a number below this was appended before its shard hands out its states, which happens between turns.
    let floor = works.history.next_lsn();
    for shard in shards {
        let (reply, answer) = oneshot::channel();
        shard.send(Order::Collect(reply)).await.map_err(|_| Error::Unavailable("shutting down".to_owned()))?;
        let rows = answer.await.map_err(|_| Error::Unavailable("shutting down".to_owned()))?;
        if let Err(error) = write(works, &rows).await {
            Shard::mark_dirty(&works.base, rows.iter().map(|row| row.device_id));
            return Err(error);
        }
    }
    let mut tx = works.base.store.begin(Scope::System).await?;
    meta::set_any_tenant(&mut tx, FLOOR, &floor.to_string()).await?;
    tx.commit().await?;
    let history = works.history.clone();
    let done = tokio::task::spawn_blocking(move || history.checkpoint(floor)).await;
    done.map_err(|error| Error::Internal(Box::new(error)))??;
    Ok(())
}

async fn write(works: &Works, rows: &[device_states::DeviceState]) -> Result<()> {
    for batch in rows.chunks(BATCH) {
        let mut tx = works.base.store.begin(Scope::System).await?;
        device_states::upsert_many_any_tenant(&mut tx, batch).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Loads the states of all devices, and applies what was durable when the last process ended but not yet applied: through
/// the same stages, each record once.
///
/// # Errors
/// As the store and the history say.
pub(super) async fn restore(works: &Arc<Works>) -> Result<()> {
    let states = &works.base.memory.states;
    let next = works.history.next_lsn();
    let mut after = None;
    loop {
        let mut db = works.base.store.read(Scope::System).await?;
        let page = device_states::load_any_tenant(&mut db, after, 1_000).await?;
        let short = page.len() < 1_000;
        after = page.last().map(|row| row.device_id);
        for row in page {
            let id = row.device_id;
            let mut state = DeviceState::from_row(row);
            if state.applied_lsn >= next {
                // The history was begun anew: its numbers mean nothing here any more.
                state.applied_lsn = 0;
                state.dirty = true;
            }
            states.lock(states.shard_of(id)).insert(id, state);
        }
        if short {
            break;
        }
    }
    let mut db = works.base.store.read(Scope::System).await?;
    let floor = meta::get_any_tenant(&mut db, FLOOR).await?;
    drop(db);
    let floor: Lsn = floor.and_then(|text| text.parse().ok()).filter(|floor| *floor <= next).unwrap_or(0);
    catch_up(works, floor).await
}

async fn catch_up(works: &Arc<Works>, floor: Lsn) -> Result<()> {
    let reader = works.clone();
    let missed = tokio::task::spawn_blocking(move || {
        let mut missed = Vec::new();
        let mut each = |first: Lsn, batch: Vec<Position>| {
            missed.extend((first..).zip(batch).filter(|(lsn, position)| is_missing(&reader, *lsn, position)));
        };
        reader.history.replay(floor, &mut each).map(|()| missed)
    });
    let mut missed = missed.await.map_err(|error| Error::Internal(Box::new(error)))??;
    if missed.is_empty() {
        return Ok(());
    }
    tracing::info!(positions = missed.len(), "catching up with positions that were durable but not yet applied");
    // Turns of different devices need no order among each other; those of one device do.
    missed.sort_by_key(|(_, position)| (position.device_id, position.fix_time));
    for shard in 0..works.base.memory.states.shards() {
        catch_up_shard(works, shard, &missed).await?;
    }
    Ok(())
}

fn is_missing(works: &Works, lsn: Lsn, position: &Position) -> bool {
    let memory = &works.base.memory;
    if memory.devices.by_id(position.device_id).is_none() {
        return false;
    }
    let states = memory.states.lock(memory.states.shard_of(position.device_id));
    states.get(&position.device_id).is_none_or(|state| lsn > state.applied_lsn)
}

async fn catch_up_shard(works: &Arc<Works>, shard: usize, missed: &[(Lsn, Position)]) -> Result<()> {
    let memory = &works.base.memory;
    let found = {
        let mut states = memory.states.lock(shard);
        let mut pass = Pass::new(memory, &mut states, &works.base.settings.tracking);
        let mine = missed.iter().filter(|(_, position)| memory.states.shard_of(position.device_id) == shard);
        for (lsn, position) in mine {
            let driver = memory.devices.by_id(position.device_id).and_then(|device| device.driver_id);
            pass.take(position, driver, &Known::new());
            pass.applied(position.device_id, *lsn);
        }
        pass.finish()
    };
    for (tenant, led_to) in &found.led_to {
        let rows = persist::rows_of(&memory.states.lock(shard), led_to.devices.iter());
        persist::record(works, *tenant, led_to, &rows).await?;
    }
    Ok(())
}
