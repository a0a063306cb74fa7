//! What every service stands on: the outside world, the store, the settings, and what is kept in memory.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::task::JoinError;
use tracklane_core::Env;
use tracklane_core::id::{AuditId, TenantId};
use tracklane_core::model::{AuditEntry, Caller, Role};
use tracklane_core::ports::SharedMemory;
use tracklane_core::position::Attributes;
use tracklane_store::{Db, Scope, Store, Tx, audit_log};

use crate::error::{Error, Result};
use crate::idempotency;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::tracking::Memory;

/// What every service stands on. One per engine, shared.
pub struct Base {
    /// Time and randomness.
    pub env: Env,
    /// The records.
    pub store: Store,
    /// What is set.
    pub settings: Settings,
    /// The installation's keys.
    pub secrets: Secrets,
    /// What the position pipeline looks up without asking the store.
    pub(crate) memory: Memory,
    /// Memory that processes share, when there is any.
    pub shared: Option<Arc<dyn SharedMemory>>,
}

impl Base {
    /// A handle for reading what the caller's tenant owns.
    pub(crate) async fn read(&self, caller: &Caller) -> Result<Db> {
        Ok(self.store.read(Scope::Tenant(caller.tenant_id)).await?)
    }

    /// A handle on what the caller's tenant owned a moment ago: for lists about the past.
    pub(crate) async fn read_behind(&self, caller: &Caller) -> Result<Db> {
        Ok(self.store.read_behind(Scope::Tenant(caller.tenant_id)).await?)
    }

    /// A transaction on what the caller's tenant owns. It is part of the work of the request that is being handled, where
    /// that may be sent again.
    pub(crate) async fn begin(&self, caller: &Caller) -> Result<Tx> {
        let mut tx = self.store.begin(Scope::Tenant(caller.tenant_id)).await?;
        idempotency::mark(&mut tx).await?;
        Ok(tx)
    }

    /// Does work that is mostly transactions where those cost least ([`Store::spawn`]), as part of the same request. It goes on
    /// though the caller gives up.
    pub(crate) async fn at_store<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self.store.spawn(idempotency::along(work)).await.map_err(JoinError::try_into_panic) {
            Ok(done) => done,
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(fault)) => Err(Error::Internal(Box::new(fault))),
        }
    }

    /// Goes on in a transaction of the system as if it had begun as one of the caller's tenant.
    pub(crate) async fn narrow(&self, tx: &mut Tx, caller: &Caller) -> Result<()> {
        tx.narrow(caller.tenant_id)?;
        idempotency::mark(tx).await
    }

    /// Writes a line of the audit log, in the transaction of what it tells of.
    pub(crate) async fn audit(&self, db: &mut Db, caller: &Caller, action: &str, target: String) -> Result<()> {
        self.audit_with(db, caller, action, target, Attributes::new()).await
    }

    /// Writes a line of the audit log with something to say.
    pub(crate) async fn audit_with(
        &self,
        db: &mut Db,
        caller: &Caller,
        action: &str,
        target: String,
        data: Attributes,
    ) -> Result<()> {
        let entry = AuditEntry {
            id: AuditId::new(&self.env),
            tenant_id: caller.tenant_id,
            actor: caller.actor,
            action: action.to_owned(),
            target: Some(target),
            data,
            at: self.env.now(),
        };
        Ok(audit_log::append(db, &entry).await?)
    }
}

/// Refuses callers who may not change the tenant's records.
pub(crate) fn must_operate(caller: &Caller) -> Result<()> {
    if matches!(caller.role, Role::Admin | Role::Operator) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Refuses callers who may not change the tenant itself, and who may come in.
pub(crate) fn must_administer(caller: &Caller) -> Result<()> {
    if caller.role == Role::Admin { Ok(()) } else { Err(Error::Forbidden) }
}

/// Refuses callers who see only what is theirs.
pub(crate) fn must_see_all(caller: &Caller) -> Result<()> {
    if matches!(caller.role, Role::Admin | Role::Operator | Role::Viewer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Refuses callers who are not of this tenant: for what is kept in memory, where no store checks it.
pub(crate) fn must_own(caller: &Caller, tenant_id: TenantId) -> Result<()> {
    if caller.tenant_id == tenant_id { Ok(()) } else { Err(Error::NotFound) }
}
