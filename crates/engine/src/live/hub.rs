use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracklane_core::event::LogPosition;
use tracklane_core::id::{ShipmentId, TenantId};
use tracklane_core::model::{Caller, DeviceLatest};

use super::filter::Filter;
use super::subscription::Subscription;
use crate::base::Base;
use crate::error::Result;

/// The live stream. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Hub>);

struct Hub {}

impl Live {
    /// Starts reading the log; it stops when `stop` is cancelled, and every subscription ends.
    pub fn start(base: Arc<Base>, stop: CancellationToken) -> Self {
        let _ = (base, stop);
        Self(Arc::new(Hub {}))
    }

    /// Subscribes: from `resume` on, or from now on. What the caller may not see is left out, whatever the filter says.
    ///
    /// # Errors
    /// `Invalid` for a bad filter; or when the store does not answer.
    pub async fn subscribe(&self, caller: &Caller, filter: Filter, resume: Option<LogPosition>) -> Result<Subscription> {
        let _ = (caller, filter, resume);
        todo!()
    }

    /// Hands out the newest position of a device. `shipments` are those whose active fleet leg its driver carries. Costs
    /// nothing while nobody of the tenant listens.
    pub fn publish_position(&self, tenant: TenantId, latest: &DeviceLatest, shipments: &[ShipmentId]) {
        let _ = (tenant, latest, shipments);
        todo!()
    }

    /// How many subscriptions there are.
    pub fn connections(&self) -> usize {
        todo!()
    }
}
