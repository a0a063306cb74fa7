//! The tenants that topics name, kept for a while: each message names one.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracklane_core::id::TenantId;
use tracklane_engine::{Engine, Result};

/// For how long the tenant of a name is believed.
const BELIEVED: Duration = Duration::from_secs(30);

/// How many names are kept.
const NAMES: usize = 1_000;

/// The tenants that were named lately; of some names there is none.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    named: Mutex<HashMap<String, (Option<TenantId>, Instant)>>,
}

impl Tenants {
    /// The tenant of a short name or an id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn find(&self, engine: &Engine, name: &str) -> Result<Option<TenantId>> {
        let now = Instant::now();
        if let Some((tenant, at)) = self.named.lock().get(name)
            && now < *at + BELIEVED
        {
            return Ok(*tenant);
        }
        let found = engine.records.tenants.find(name).await?;
        let mut named = self.named.lock();
        if named.len() >= NAMES {
            named.clear();
        }
        named.insert(name.to_owned(), (found, now));
        Ok(found)
    }
}
