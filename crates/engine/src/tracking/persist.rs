//! Making what positions led to durable.

use std::panic::resume_unwind;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;
use tokio::task::JoinError;
use tracklane_core::Env;
use tracklane_core::event::Event;
use tracklane_core::id::{DeviceId, EventId, TenantId};
use tracklane_core::model::Movement;
use tracklane_core::position::Attributes;
use tracklane_store::{Db, Scope, Tx, device_states, events, movements, tenants};

use super::pipeline::Works;
use super::recorded::Held;
use super::states::ShardStates;
use super::turn::{Consequences, Failure, Seen, Told};
use crate::error::{Error, Result};
use crate::shipments::Proof;

/// The waits before what failed for a passing reason is tried again.
const PATIENCE: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

/// Records what the positions of one tenant led to, and that it is recorded: both or neither, so that
/// a restart neither loses nor repeats a crossing. `again` when the same was tried before: perhaps that was committed, and
/// only nobody heard of it.
pub(super) async fn record(
    works: &Works,
    tenant: TenantId,
    led_to: &Consequences,
    held: &Held,
    again: bool,
) -> Result<(), Failure> {
    match record_patiently(works, tenant, led_to, held, again).await {
        Ok(()) => Ok(()),
        Err(Error::Full) => Err(Failure::Full),
        Err(Error::Unavailable(_)) => Err(unavailable()),
        Err(error) if is_fenced(&error) => Err(Failure::Fenced),
        Err(error) => record_apart(works, tenant, led_to, held, &error).await,
    }
}

/// Tries again what failed for a passing reason.
async fn record_patiently(
    works: &Works,
    tenant: TenantId,
    led_to: &Consequences,
    held: &Held,
    mut again: bool,
) -> Result<()> {
    for wait in PATIENCE {
        match record_once(works, tenant, led_to, held, again).await {
            Err(Error::Unavailable(text)) => tracing::warn!(%text, "what positions led to waits for the database"),
            outcome => return outcome,
        }
        again = true;
        tokio::time::sleep(wait).await;
    }
    record_once(works, tenant, led_to, held, again).await
}

/// True when another node tracks these devices now.
pub(super) fn is_fenced(error: &Error) -> bool {
    matches!(error, Error::Internal(cause) if cause.downcast_ref() == Some(&tracklane_store::Error::Fenced))
}

/// What a task that did not come to its end means.
pub(super) fn broken_off(fault: JoinError) -> Failure {
    match fault.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => unavailable(),
    }
}

fn unavailable() -> Failure {
    Failure::Unavailable("database unavailable".to_owned())
}

async fn record_once(works: &Works, tenant: TenantId, led_to: &Consequences, held: &Held, again: bool) -> Result<()> {
    let base = &works.base;
    let mut tx = base.store.begin(Scope::System).await?;
    if again && held.is_recorded(&mut tx).await? {
        // Milestones may have been left out; proving those again that were not moves nothing.
        tx.narrow(tenant)?;
        return prove_and_commit(works, tx, led_to).await;
    }
    held.write(&mut tx, tenant).await?;
    for redone in &led_to.redone {
        movements::delete_from_any_tenant(&mut tx, redone.device_id, redone.from).await?;
        movements::upsert_many_any_tenant(&mut tx, &of_tenant(tenant, &redone.movements)).await?;
    }
    movements::upsert_many_any_tenant(&mut tx, &of_tenant(tenant, &led_to.movements)).await?;
    tx.narrow(tenant)?;
    tell(&base.env, &mut tx, tenant, &led_to.told).await?;
    let crossings: Vec<_> = led_to.crossings.iter().map(|seen| crossing_event(&base.env, tenant, seen)).collect();
    events::append_many(&mut tx, crossings).await?;
    prove_and_commit(works, tx, led_to).await?;
    works.stats.recorded(led_to.crossings.len(), led_to.proofs.len());
    works.stats.told(&led_to.told);
    Ok(())
}

fn of_tenant(tenant: TenantId, movements: &[Movement]) -> Vec<(TenantId, Movement)> {
    movements.iter().map(|movement| (tenant, movement.clone())).collect()
}

/// Writes what must be told of devices into the log.
async fn tell(env: &Env, db: &mut Db, tenant_id: TenantId, told: &[Told]) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    let tenant = tenants::own(db).await?;
    let freshest = tenant.map(|tenant| SignedDuration::from_secs(tenant.settings.alert_limit_device_seconds));
    let events = told.iter().map(|news| {
        let mut data = news.data.clone();
        if let Some(age) = news.age {
            data.insert("alert".to_owned(), freshest.is_some_and(|freshest| age <= freshest).into());
        }
        Event {
            id: EventId::new(env),
            tenant_id,
            kind: news.kind,
            occurred_at: news.at,
            recorded_at: env.now(),
            shipment_id: None,
            sequence: 0,
            driver_id: news.driver_id,
            device_id: Some(news.device_id),
            zone_id: None,
            endpoint_id: None,
            data,
        }
    });
    events::append_many(db, events.collect()).await?;
    Ok(())
}

/// The payload of an event.
pub(super) fn data(payload: &impl Serialize) -> Attributes {
    match serde_json::to_value(payload) {
        Ok(serde_json::Value::Object(data)) => data,
        _ => Attributes::new(),
    }
}

async fn prove_all(works: &Works, db: &mut Db, proofs: &[Proof]) -> Result<Vec<crate::shipments::Moved>> {
    let mut moved = Vec::new();
    // In one order, so that two shards cannot block each other; what concerns one shipment keeps its order.
    let mut proofs: Vec<&Proof> = proofs.iter().collect();
    proofs.sort_by_key(|proof| proof.leg.shipment_id);
    for proof in proofs {
        moved.extend(works.shipments.prove(db, proof).await?);
    }
    Ok(moved)
}

/// Something about one shipment cannot be recorded. It must not hold up the rest: crossings go first, then each milestone
/// by itself, and the one that cannot be recorded is logged and left out.
async fn record_apart(
    works: &Works,
    tenant: TenantId,
    led_to: &Consequences,
    held: &Held,
    cause: &Error,
) -> Result<(), Failure> {
    tracing::error!(error = %cause, "what positions led to cannot be recorded together; each part is tried by itself");
    let crossings = Consequences {
        told: led_to.told.clone(),
        movements: led_to.movements.clone(),
        redone: led_to.redone.clone(),
        crossings: led_to.crossings.clone(),
        ..Consequences::default()
    };
    if let Err(error) = record_patiently(works, tenant, &crossings, held, false).await {
        tracing::error!(%error, "zone crossings cannot be recorded");
        return Err(unavailable());
    }
    for proof in &led_to.proofs {
        let alone = Consequences { proofs: vec![proof.clone()], ..Consequences::default() };
        if let Err(error) = record_patiently(works, tenant, &alone, &Held::default(), false).await {
            tracing::error!(shipment = %proof.leg.shipment_id, %error, "a milestone cannot be recorded and is left out");
        }
    }
    Ok(())
}

/// Ends the transaction with the milestones, and lets memory know of them.
async fn prove_and_commit(works: &Works, mut tx: Tx, led_to: &Consequences) -> Result<()> {
    let moved = prove_all(works, &mut tx, &led_to.proofs).await?;
    tx.commit().await?;
    for shipment in &moved {
        works.shipments.remember(shipment);
    }
    Ok(())
}

/// What these devices did until lately, as far as the store does not have it; from here on it is taken to have it.
pub(super) fn take_ended<'a>(
    states: &mut ShardStates,
    devices: impl Iterator<Item = &'a DeviceId>,
) -> Vec<(TenantId, Movement)> {
    let mut ended = Vec::new();
    for id in devices {
        let Some(state) = states.get_mut(id) else { continue };
        let tenant = state.tenant_id;
        ended.extend(state.ended.take().into_iter().flat_map(|ended| ended.0).map(|movement| (tenant, movement)));
    }
    ended
}

/// The states of these devices, which hold what positions led to, as the store keeps them. What those devices did until
/// lately goes with them, and is from here on taken to be in the store.
pub(super) fn rows_of(
    states: &mut ShardStates,
    led_to: &mut Consequences,
    devices: &[DeviceId],
) -> Vec<device_states::DeviceState> {
    let ended = take_ended(states, devices.iter());
    led_to.movements.extend(ended.into_iter().map(|(_, movement)| movement));
    devices.iter().filter_map(|id| states.get(id).map(|state| state.to_row(*id))).collect()
}

fn crossing_event(env: &Env, tenant_id: TenantId, seen: &Seen) -> Event {
    let data = data(&seen.data);
    Event {
        id: EventId::new(env),
        tenant_id,
        kind: seen.kind,
        occurred_at: seen.at,
        recorded_at: env.now(),
        shipment_id: None,
        sequence: 0,
        driver_id: seen.driver_id,
        device_id: Some(seen.device_id),
        zone_id: Some(seen.zone_id),
        endpoint_id: None,
        data,
    }
}
