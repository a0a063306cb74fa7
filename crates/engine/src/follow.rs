//! What other nodes change of what this one keeps in memory: devices, drivers, places, zones, shipments on the way, tenants, users
//! and keys. Each is read again from the store, which is what the change itself does on the node where it is made.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracklane_core::event::LogPosition;
use tracklane_core::id::{ApiKeyId, DeviceId, DriverId, Id as _, LocationId, ShipmentId, TenantId, UserId, ZoneId};
use tracklane_store::changes::Change;
use tracklane_store::{Scope, Store, changes, devices, drivers, locations, tenants, zones};

use crate::access::Access;
use crate::base::Base;
use crate::error::Result;
use crate::lease::Lease;
use crate::shared::ended::Ended;

/// How many changes are taken in one turn.
const TURN: u32 = 1_000;
/// How long a change may wait until it is seen.
const POLL: Duration = Duration::from_millis(250);
/// How long to wait after an error.
const PAUSE: Duration = Duration::from_secs(1);
/// For how long changes are kept. A node that was away for longer does not know what it missed.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// How many are removed at once.
const PRUNED: u32 = 20_000;
/// How often old ones are removed, by one of the nodes.
const PRUNE: Duration = Duration::from_secs(300);

/// The place to follow from: to be asked before anything is loaded.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn place(store: &Store) -> Result<LogPosition> {
    if store.has_one_writer() {
        return Ok(LogPosition::default());
    }
    Ok(changes::head_any_tenant(&mut store.read(Scope::System).await?).await?)
}

/// Follows from a place until `stop` is cancelled. Does nothing where nobody else may write.
pub(crate) async fn run(base: Arc<Base>, access: Access, from: LogPosition, stop: CancellationToken) {
    if base.store.has_one_writer() {
        return;
    }
    let mut follower = Follower {
        lease: Lease::new(base.clone(), "changes.prune".to_owned()),
        pruned: Instant::now(),
        seen: Instant::now(),
        base,
        access,
        from,
    };
    while let Some(turn) = stop.run_until_cancelled(follower.turn()).await {
        let wait = match turn {
            Ok(true) => continue,
            Ok(false) => POLL,
            Err(error) => {
                tracing::warn!(%error, "what other nodes change cannot be followed; it will be tried again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
    }
}

struct Follower {
    base: Arc<Base>,
    access: Access,
    from: LogPosition,
    /// When the last turn ended well.
    seen: Instant,
    lease: Lease,
    pruned: Instant,
}

impl Follower {
    /// Takes some changes in. Answers whether there may be more.
    async fn turn(&mut self) -> Result<bool> {
        let began = Instant::now();
        let mut db = self.base.store.read(Scope::System).await?;
        let found = changes::after_any_tenant(&mut db, self.from, TURN).await?;
        drop(db);
        if began.duration_since(self.seen) > KEPT.unsigned_abs() {
            tracing::warn!("this node was away for long: it reads everything again");
            let from = place(&self.base.store).await?;
            self.base.memory.refresh(&self.base.store).await?;
            (self.from, self.seen) = (from, Instant::now());
            return Ok(true);
        }
        self.prune().await?;
        let Some((to, _)) = found.last() else {
            self.seen = began;
            return Ok(false);
        };
        let (to, more) = (*to, found.len() >= TURN as usize);
        let own = self.base.store.node().map(|node| node.to_string());
        let mut by_tenant = Vec::<(TenantId, HashSet<Change>)>::new();
        for (_, change) in found {
            // What this node did itself it knows.
            if own.is_some() && change.node == own {
                continue;
            }
            match by_tenant.iter_mut().find(|(tenant, _)| *tenant == change.tenant_id) {
                Some((_, changes)) => drop(changes.insert(change)),
                None => by_tenant.push((change.tenant_id, HashSet::from([change]))),
            }
        }
        for (tenant, changes) in by_tenant {
            self.take(tenant, changes).await?;
        }
        (self.from, self.seen) = (to, began);
        Ok(more)
    }

    /// Reads records of a tenant again.
    async fn take(&self, tenant_id: TenantId, changed: HashSet<Change>) -> Result<()> {
        let memory = &self.base.memory;
        let mut system = self.base.store.read(Scope::System).await?;
        let tenant = tenants::get_any_tenant(&mut system, tenant_id).await?;
        drop(system);
        let mut db = self.base.store.read(Scope::Tenant(tenant_id)).await?;
        let mut on_the_way: Vec<ShipmentId> = Vec::new();
        for Change { kind, id, .. } in changed {
            match kind.as_str() {
                "devices" => {
                    let id = DeviceId::from_uuid(id);
                    self.access.forget_here(&Ended::Device(id));
                    match devices::get(&mut db, id).await? {
                        Some(device) => memory.devices.put(&device),
                        None => {
                            memory.devices.remove(id);
                            memory.states.remove(id);
                        }
                    }
                }
                "drivers" => match drivers::get(&mut db, DriverId::from_uuid(id)).await? {
                    Some(driver) => memory.devices.set_duty(driver.id, driver.version, driver.duty),
                    None => memory.devices.forget_duty(DriverId::from_uuid(id)),
                },
                "locations" => {
                    if let Some(location) = locations::get(&mut db, LocationId::from_uuid(id)).await? {
                        memory.zones.relocate(&location);
                    }
                }
                "zones" => match zones::get(&mut db, ZoneId::from_uuid(id)).await? {
                    Some(zone) => memory.zones.put(&zone),
                    None => memory.zones.remove(tenant_id, ZoneId::from_uuid(id)),
                },
                "shipments" => on_the_way.push(ShipmentId::from_uuid(id)),
                "tenants" => {
                    if let Some(tenant) = &tenant {
                        memory.zones.resize(tenant);
                    }
                }
                "users" => self.access.forget_here(&Ended::User(UserId::from_uuid(id))),
                "api_keys" => self.access.forget_here(&Ended::ApiKey(ApiKeyId::from_uuid(id))),
                other => tracing::error!(table = other, %id, "a change is not understood: another version wrote it"),
            }
        }
        if let Some(tenant) = &tenant {
            memory.watch(&mut db, tenant, &on_the_way).await?;
        }
        Ok(())
    }

    /// Removes old changes now and then.
    async fn prune(&mut self) -> Result<()> {
        if self.pruned.elapsed() < PRUNE {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.pruned, Instant::now());
        if self.lease.is_ours().await? {
            let mut tx = self.base.store.begin(Scope::System).await?;
            let now = self.base.env.now();
            let gone =
                changes::prune_any_tenant(&mut tx, now.saturating_sub(KEPT + KEPT).unwrap_or(now), PRUNED).await?;
            tx.commit().await?;
            if gone >= u64::from(PRUNED) {
                self.pruned = before;
            }
        }
        Ok(())
    }
}
