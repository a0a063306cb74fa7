//! The engine without positions and without background work.

use std::sync::Arc;

use tracklane_core::Env;
use tracklane_store::Store;

use crate::access::Access;
use crate::base::Base;
use crate::error::Result;
use crate::records::Records;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::tracking::Memory;

/// What works without positions: for tools that the owner of the machine runs, beside a server or without one. Nothing that
/// the position pipeline keeps in memory (devices, zones, drivers' duty) should be changed through it while a server runs:
/// the server would not know.
#[derive(Clone)]
pub struct Offline {
    /// The tenants' records.
    pub records: Records,
    /// Who may come in.
    pub access: Access,
    /// What both stand on.
    pub base: Arc<Base>,
}

impl Offline {
    /// Opens it. Loads nothing into memory and starts nothing.
    ///
    /// # Errors
    /// When the store does not answer, or its keys were sealed with another master key.
    pub async fn open(env: Env, store: Store, settings: Settings, secrets: Secrets) -> Result<Self> {
        let base = Arc::new(Base { env, store, settings, secrets, memory: Memory::empty(1), shared: None });
        let access = Access::start(base.clone()).await?;
        Ok(Self { records: Records::new(&base), access, base })
    }
}
