//! Making what positions led to durable.

use std::time::Duration;

use tracklane_core::Env;
use tracklane_core::event::Event;
use tracklane_core::id::{DeviceId, EventId, TenantId};
use tracklane_core::position::Attributes;
use tracklane_store::{Db, Scope, device_states, events};

use super::pipeline::Works;
use super::states::ShardStates;
use super::turn::{Consequences, Failure, Seen};
use crate::error::{Error, Result};
use crate::shipments::Proof;

/// The waits before what failed for a passing reason is tried again.
const PATIENCE: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

/// Records what the positions of one tenant led to, with the states of the devices that hold it: both or neither, so that
/// a restart neither loses nor repeats a crossing.
pub(super) async fn record(
    works: &Works,
    tenant: TenantId,
    led_to: &Consequences,
    rows: &[device_states::DeviceState],
) -> Result<(), Failure> {
    match record_patiently(works, tenant, led_to, rows).await {
        Ok(()) => Ok(()),
        Err(Error::Full) => Err(Failure::Full),
        Err(Error::Unavailable(_)) => Err(unavailable()),
        Err(error) => record_apart(works, tenant, led_to, rows, &error).await,
    }
}

/// Tries again what failed for a passing reason.
async fn record_patiently(
    works: &Works,
    tenant: TenantId,
    led_to: &Consequences,
    rows: &[device_states::DeviceState],
) -> Result<()> {
    for wait in PATIENCE {
        match record_once(works, tenant, led_to, rows).await {
            Err(Error::Unavailable(_)) if was_recorded(works, tenant, rows).await => return Ok(()),
            Err(Error::Unavailable(text)) => tracing::warn!(%text, "what positions led to waits for the database"),
            outcome => return outcome,
        }
        tokio::time::sleep(wait).await;
    }
    record_once(works, tenant, led_to, rows).await
}

fn unavailable() -> Failure {
    Failure::Unavailable("database unavailable".to_owned())
}

async fn record_once(
    works: &Works,
    tenant: TenantId,
    led_to: &Consequences,
    rows: &[device_states::DeviceState],
) -> Result<()> {
    let base = &works.base;
    let mut tx = base.store.begin(Scope::System).await?;
    device_states::upsert_many_any_tenant(&mut tx, rows).await?;
    tx.narrow(tenant)?;
    for seen in &led_to.crossings {
        events::append(&mut tx, &mut crossing_event(&base.env, tenant, seen)).await?;
    }
    let moved = prove_all(works, &mut tx, &led_to.proofs).await?;
    tx.commit().await?;
    for shipment in &moved {
        works.shipments.remember(shipment);
    }
    works.stats.recorded(led_to.crossings.len(), led_to.proofs.len());
    Ok(())
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
    rows: &[device_states::DeviceState],
    cause: &Error,
) -> Result<(), Failure> {
    tracing::error!(error = %cause, "what positions led to cannot be recorded together; each part is tried by itself");
    let crossings = Consequences { crossings: led_to.crossings.clone(), ..Consequences::default() };
    if let Err(error) = record_patiently(works, tenant, &crossings, rows).await {
        tracing::error!(%error, "zone crossings cannot be recorded");
        return Err(unavailable());
    }
    for proof in &led_to.proofs {
        let alone = Consequences { proofs: vec![proof.clone()], ..Consequences::default() };
        if let Err(error) = record_patiently(works, tenant, &alone, &[]).await {
            tracing::error!(shipment = %proof.leg.shipment_id, %error, "a milestone cannot be recorded and is left out");
        }
    }
    Ok(())
}

/// True when a transaction whose end was not heard was committed after all.
async fn was_recorded(works: &Works, tenant: TenantId, rows: &[device_states::DeviceState]) -> bool {
    let Some(row) = rows.first() else { return false };
    let Ok(mut db) = works.base.store.read(Scope::Tenant(tenant)).await else { return false };
    let stored = device_states::get(&mut db, row.device_id).await;
    matches!(stored, Ok(Some(stored)) if stored.applied_lsn == row.applied_lsn)
}

/// The states of devices, as the store keeps them.
pub(super) fn rows_of<'a>(
    states: &ShardStates,
    devices: impl Iterator<Item = &'a DeviceId>,
) -> Vec<device_states::DeviceState> {
    devices.filter_map(|id| states.get(id).map(|state| state.to_row(*id))).collect()
}

fn crossing_event(env: &Env, tenant_id: TenantId, seen: &Seen) -> Event {
    let data = match serde_json::to_value(&seen.data) {
        Ok(serde_json::Value::Object(data)) => data,
        _ => Attributes::new(),
    };
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
