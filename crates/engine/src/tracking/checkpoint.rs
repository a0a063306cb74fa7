//! Saving the states of devices from time to time, and catching up at start: what is durable is applied exactly once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::oneshot;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::Lsn;
use tracklane_core::position::Position;
use tracklane_store::{Scope, device_states, meta};

use super::dedupe;
use super::filter::Judge;
use super::pass::{Found, Pass};
use super::persist;
use super::pipeline::{Source, Works};
use super::recorded::{self, Held, Recorded};
use super::recorder::{Item, Recorders, Saving};
use super::states::{DeviceState, ShardStates};
use super::stream;
use super::turn::Failure;
use crate::error::{Error, Result};

/// The name under which the store keeps the first record of the history that may not be applied.
pub(crate) const FLOOR: &str = "tracking.checkpoint";

/// How many of the newest events are not listed by zone: few enough to be looked through by whoever asks.
const UNLISTED: i64 = 10_000;

/// How many states are written at once. What happens meanwhile waits for them, for some two milliseconds.
const BATCH: usize = 250;

/// Saves what every device's state is now, and lets history forget what that holds.
///
/// # Errors
/// As the store and the history say; then the same states are saved next time.
pub(super) async fn save(works: &Works, recorders: &Recorders) -> Result<()> {
    if let Source::Stream(streaming) = &works.source {
        for shard in streaming.live() {
            if let Err(error) = stream::save(works, streaming, recorders, shard).await {
                if persist::is_fenced(&error) {
                    streaming.lost(shard);
                }
                tracing::warn!(shard, %error, "the states of a partition are not saved; they will be the next time");
            }
        }
        return Ok(());
    }
    // Whatever has a number below this was in a state before it was durable.
    let floor = works.history.next_lsn();
    for shard in 0..works.base.memory.states.shards() {
        let dirty = works.states(shard).iter().filter_map(|(id, state)| state.dirty.then_some(*id)).collect();
        save_some(works, recorders, shard, dirty).await?;
    }
    let mut tx = works.base.store.begin(Scope::System).await?;
    meta::set_any_tenant(&mut tx, FLOOR, &floor.to_string()).await?;
    // The states say it now.
    tracklane_store::recorded::delete_before_any_tenant(&mut tx, 0, floor).await?;
    tx.commit().await?;
    let history = works.history.clone();
    let done = tokio::task::spawn_blocking(move || history.checkpoint(floor)).await;
    done.map_err(|error| Error::Internal(Box::new(error)))??;
    Ok(works.base.store.list_zones(UNLISTED).await?)
}

/// Saves the states of devices of one shard, behind everything that they led to so far.
pub(super) async fn save_some(works: &Works, recorders: &Recorders, shard: usize, dirty: Vec<DeviceId>) -> Result<()> {
    for some in dirty.chunks(BATCH) {
        let (reply, answer) = oneshot::channel();
        let (ids, movements) = {
            let mut states = works.states(shard);
            // Durable when everything is that the states hold.
            let durable = works.settled(shard)?;
            let rows = collect(&mut states, some);
            let ids: Vec<DeviceId> = rows.iter().map(|row| row.device_id).collect();
            let movements = persist::take_ended(&mut states, ids.iter());
            let saving = Saving { tenure: works.tenure(shard), rows, movements: movements.clone() };
            recorders.of(shard).give(Item::Save(saving, durable, reply));
            (ids, movements)
        };
        if let Err(error) = answer.await.unwrap_or_else(|_| Err(Failure::stopping().into())) {
            works.mark_dirty(ids.into_iter());
            works.put_back(movements);
            return Err(error);
        }
    }
    Ok(())
}

/// The states that the store does not have yet. From here on it is taken to have them.
fn collect(states: &mut ShardStates, devices: &[DeviceId]) -> Vec<device_states::DeviceState> {
    let mut rows = Vec::with_capacity(devices.len());
    for id in devices {
        if let Some(state) = states.get_mut(id).filter(|state| state.dirty) {
            state.dirty = false;
            rows.push(state.to_row(*id));
        }
    }
    rows
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
            states.lock(states.shard_of(id)).insert(id, Box::new(state));
        }
        if short {
            break;
        }
    }
    let mut tx = works.base.store.begin(Scope::System).await?;
    // Of a history that was begun anew, likewise.
    tracklane_store::recorded::delete_from_any_tenant(&mut tx, 0, next).await?;
    tx.commit().await?;
    catch_up(works, |_| true).await
}

/// The first record that may not be applied, as the store says.
async fn floor(works: &Works) -> Result<Lsn> {
    let next = works.history.next_lsn();
    let mut db = works.base.store.read(Scope::System).await?;
    let floor = meta::get_any_tenant(&mut db, FLOOR).await?;
    Ok(floor.and_then(|text| text.parse().ok()).filter(|floor| *floor <= next).unwrap_or(0))
}

/// Applies what is durable and not yet in the state of these devices.
///
/// # Errors
/// As the store and the history say.
pub(super) async fn catch_up(
    works: &Arc<Works>,
    which: impl Fn(DeviceId) -> bool + Send + Sync + 'static,
) -> Result<()> {
    let floor = floor(works).await?;
    let reader = works.clone();
    let missed = tokio::task::spawn_blocking(move || {
        let mut missed = Vec::new();
        let mut each = |first: Lsn, batch: Vec<Position>| {
            let rows = (first..).zip(batch).filter(|(_, position)| which(position.device_id));
            missed.extend(rows.filter(|(lsn, position)| is_missing(&reader, *lsn, position)));
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
    let recorded = recorded::load(works, 0).await?;
    let is_recorded = |lsn: Lsn, device| recorded.get(&device).is_some_and(|recorded| lsn <= recorded.lsn);
    let (mut told, mut missed): (Vec<_>, Vec<_>) =
        missed.into_iter().partition(|(lsn, position)| is_recorded(*lsn, position.device_id));
    for shard in 0..works.base.memory.states.shards() {
        catch_up_silently(works, shard, &mut told, &recorded).await;
        catch_up_shard(works, shard, &mut missed).await?;
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

/// Takes up again what has led to all that it leads to, and tells nothing of it.
async fn catch_up_silently(
    works: &Arc<Works>,
    shard: usize,
    told: &mut [(Lsn, Position)],
    recorded: &HashMap<DeviceId, Recorded>,
) {
    for found in take_again(works, shard, told).await {
        works.expected.settle(found.run);
    }
    let mut states = works.states(shard);
    for (_, position) in told {
        let device = &position.device_id;
        if let (Some(state), Some(recorded)) = (states.get_mut(device), recorded.get(device)) {
            recorded.restore(state);
        }
    }
}

async fn catch_up_shard(works: &Arc<Works>, shard: usize, missed: &mut [(Lsn, Position)]) -> Result<()> {
    let memory = &works.base.memory;
    let mut outcome = Ok(());
    for found in take_again(works, shard, missed).await {
        for (tenant, mut led_to) in found.led_to {
            if outcome.is_ok() {
                let held = Held::whole(&mut memory.states.lock(shard), &mut led_to);
                outcome = persist::record(works, tenant, &led_to, &held, false).await;
            }
        }
        works.expected.settle(found.run);
    }
    Ok(outcome?)
}

/// Takes the rows of a shard through the stages again, tenant by tenant.
async fn take_again(works: &Arc<Works>, shard: usize, rows: &mut [(Lsn, Position)]) -> Vec<Found> {
    let memory = &works.base.memory;
    let mine = rows.iter().filter(|(_, position)| memory.states.shard_of(position.device_id) == shard);
    let window_s = |tenant| memory.zones.limits(tenant, &works.base.settings.tracking).reorder_window_s;
    let spans = dedupe::late_spans(mine.map(|(_, position)| position), &memory.states.lock(shard), window_s);
    let known = dedupe::ask(&*works.history, spans).await.but_rows();
    let mut tenants = BTreeMap::<TenantId, Vec<&mut (Lsn, Position)>>::new();
    for row in rows.iter_mut().filter(|(_, position)| memory.states.shard_of(position.device_id) == shard) {
        tenants.entry(row.1.tenant_id).or_default().push(row);
    }
    let mut states = memory.states.lock(shard);
    let mut found = Vec::new();
    for (tenant, rows) in tenants {
        let zones = memory.zones.made(tenant);
        let mut pass = Pass::new(memory, &zones, &works.expected, &works.base.settings);
        for (lsn, position) in rows {
            let device = memory.devices.by_id(position.device_id);
            let (driver, fastest) = device.map_or((None, None), |device| (device.driver_id, device.max_speed_mps));
            let judge = Judge::of_device(works.base.settings.filter, fastest).recorded();
            pass.take(&mut states, position, driver, &known, judge);
            if let Some(state) = states.get_mut(&position.device_id) {
                state.applied_lsn = state.applied_lsn.max(*lsn);
                state.dirty = true;
            }
        }
        found.push(pass.finish(&mut states, &known));
    }
    found
}
