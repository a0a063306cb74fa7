//! Work that only one node may do at a time, as long as its lease lasts.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tracklane_store::{Scope, leases};
use uuid::Uuid;

use crate::base::Base;
use crate::error::Result;

/// How long a lease lasts unless it is made longer: so long nobody does the work after its node was killed.
const LASTS: SignedDuration = SignedDuration::from_secs(15);
/// It is made longer once so much of it is gone.
const RENEW: SignedDuration = SignedDuration::from_secs(5);
/// How long to wait before asking again for one that is somebody else's.
pub(crate) const WAIT: Duration = Duration::from_secs(2);

/// A lease under a name.
pub(crate) struct Lease {
    base: Arc<Base>,
    name: String,
    holder: Uuid,
    /// Until when it was last taken, in microseconds since 1970; 0 when it is not ours.
    until: i64,
}

impl Lease {
    /// One that is not taken yet.
    pub fn new(base: Arc<Base>, name: String) -> Self {
        let holder = uuid::Builder::from_random_bytes(base.env.random()).into_uuid();
        Self { base, name, holder, until: 0 }
    }

    /// True when the work may be done now, for a step that takes less than [`Self::remaining`].
    pub async fn is_ours(&mut self) -> Result<bool> {
        let now = self.base.env.now();
        let until = now.saturating_add(LASTS).unwrap_or(now);
        if self.until - now.as_microsecond() > micros(LASTS) - micros(RENEW) {
            return Ok(true);
        }
        let mut tx = self.base.store.begin(Scope::System).await?;
        let taken = leases::take_any_tenant(&mut tx, &self.name, self.holder, now, until).await?;
        tx.commit().await?;
        self.until = if taken { until.as_microsecond() } else { 0 };
        Ok(taken)
    }

    /// How long a step may take that begins now: after that the work may be somebody else's.
    pub fn remaining(&self) -> Duration {
        let left = self.until - self.base.env.now().as_microsecond();
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }

    /// Gives it back, so that another node need not wait.
    pub async fn release(&mut self) -> Result<()> {
        if std::mem::take(&mut self.until) > 0 {
            let mut tx = self.base.store.begin(Scope::System).await?;
            leases::release_any_tenant(&mut tx, &self.name, self.holder).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

fn micros(span: SignedDuration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
