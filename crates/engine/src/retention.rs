//! Keeping positions no longer than tenants want, and not at all once their device is deleted.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::model::{PositionRetention, Tenant};
use tracklane_core::ports::{Limits, PositionHistory, Retained};
use tracklane_store::{Page, Scope, erasures, meta, tenants};

use crate::base::Base;
use crate::error::{Error, Result};

/// The name under which the store keeps when the limits were kept to last, in seconds since 1970.
const LAST: &str = "retention.last";
/// The limits are kept to once in so many seconds: once a day.
const EACH_SECONDS: i64 = 86_400;
/// How often to look for devices that were deleted.
const PAUSE: Duration = Duration::from_secs(10);
/// So many are looked at together.
const AT_ONCE: u32 = 1_000;

/// The daily upkeep of position history. Cheap to clone.
#[derive(Clone)]
pub struct Retention {
    base: Arc<Base>,
    history: Arc<dyn PositionHistory>,
    worker: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Retention {
    /// Starts it, unless it is for another process; it ends when `stop` is cancelled.
    pub(crate) fn start(base: Arc<Base>, history: Arc<dyn PositionHistory>, stop: Option<CancellationToken>) -> Self {
        let retention = Self { base, history, worker: Arc::default() };
        let Some(stop) = stop else { return retention };
        let worker = retention.clone();
        let task = tokio::spawn(async move {
            let look = async || {
                tokio::time::sleep(PAUSE).await;
                worker.look().await
            };
            // What is cut off in the middle is done the next time.
            while let Some(outcome) = stop.run_until_cancelled(look()).await {
                if let Err(error) = outcome {
                    tracing::error!(%error, "keeping positions to their limits fails");
                }
            }
        });
        *retention.worker.lock() = Some(task);
        retention
    }

    /// Waits until the background work has ended: after `stop` was cancelled.
    pub(crate) async fn stopped(&self) {
        let worker = self.worker.lock().take();
        if let Some(worker) = worker
            && let Err(error) = worker.await
        {
            tracing::error!(%error, "the upkeep of position history has failed");
        }
    }

    /// Does what is due.
    async fn look(&self) -> Result<()> {
        self.erase_deleted().await?;
        let mut db = self.base.store.read(Scope::System).await?;
        let last = meta::get_any_tenant(&mut db, LAST).await?;
        drop(db);
        let last = last.and_then(|text| text.parse::<i64>().ok());
        let now = self.base.env.now().as_second();
        // A clock that was set back must not put it off for long.
        if last.is_none_or(|last| now - last >= EACH_SECONDS || now < last) {
            self.keep().await?;
        }
        Ok(())
    }

    /// Keeps to the limits of every tenant now, whether it is due or not, and makes sure that nothing is left of devices
    /// that were deleted.
    ///
    /// # Errors
    /// When the store or the history cannot be read or changed.
    pub async fn keep(&self) -> Result<Retained> {
        self.erase_deleted().await?;
        // A second time: what was on its way when the device was deleted has arrived by now.
        let mut db = self.base.store.read(Scope::System).await?;
        let erased = erasures::list_any_tenant(&mut db, false, AT_ONCE).await?;
        drop(db);
        for erasure in &erased {
            self.history.erase(erasure.tenant_id, Some(erasure.device_id)).await?;
        }
        let now = self.base.env.now();
        let limits = self.limits(now).await?;
        let retained = self.history.retain(limits).await?;
        if retained != Retained::default() {
            tracing::info!(
                dropped = retained.dropped_parts,
                rewritten = retained.rewritten_parts,
                positions = retained.removed_positions,
                "positions were kept to their limits"
            );
        }
        let mut tx = self.base.store.begin(Scope::System).await?;
        for erasure in &erased {
            erasures::delete_any_tenant(&mut tx, erasure).await?;
        }
        meta::set_any_tenant(&mut tx, LAST, &now.as_second().to_string()).await?;
        tx.commit().await?;
        Ok(retained)
    }

    /// Erases the positions of devices that were deleted since the last look.
    async fn erase_deleted(&self) -> Result<()> {
        loop {
            let mut db = self.base.store.read(Scope::System).await?;
            let new = erasures::list_any_tenant(&mut db, true, AT_ONCE).await?;
            drop(db);
            if new.is_empty() {
                return Ok(());
            }
            for erasure in &new {
                self.history.erase(erasure.tenant_id, Some(erasure.device_id)).await?;
            }
            let mut tx = self.base.store.begin(Scope::System).await?;
            for erasure in &new {
                erasures::mark_any_tenant(&mut tx, erasure).await?;
            }
            tx.commit().await?;
        }
    }

    async fn limits(&self, now: Timestamp) -> Result<Vec<Limits>> {
        let mut limits = Vec::new();
        let mut page = Page::first(200);
        loop {
            let mut db = self.base.store.read(Scope::System).await?;
            let listing = tenants::list_any_tenant(&mut db, page).await?;
            drop(db);
            for tenant in &listing.items {
                limits.extend(limits_of(tenant, now)?);
            }
            match listing.next {
                Some(after) => page.after = Some(after),
                None => return Ok(limits),
            }
        }
    }
}

fn limits_of(tenant: &Tenant, now: Timestamp) -> Result<Option<Limits>> {
    let Some(PositionRetention { raw_days, thinned_seconds, thinned_days }) = tenant.settings.position_retention else {
        return Ok(None);
    };
    let before = |days: u32| {
        let ago = SignedDuration::from_hours(24 * i64::from(days));
        now.checked_sub(ago).map_err(|error| Error::Internal(Box::new(error)))
    };
    let (thin_before, drop_before) = (before(raw_days)?, before(raw_days.saturating_add(thinned_days))?);
    Ok(Some(Limits { tenant_id: tenant.id, drop_before, thin_before, thin_seconds: thinned_seconds }))
}
