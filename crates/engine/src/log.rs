//! What happened, to be read again: the event log and the audit log.

use std::sync::Arc;

use tracklane_core::event::{Event, LogPosition};
use tracklane_core::model::{AuditEntry, Caller};
pub use tracklane_store::audit_log::AuditFilter;
pub use tracklane_store::events::EventFilter;
use tracklane_store::{Listing, Page, Scope, audit_log, events};

use crate::base::{Base, must_administer, must_see_all};
use crate::error::Result;

/// What happened. Cheap to clone.
#[derive(Clone)]
pub struct Log {
    base: Arc<Base>,
}

impl Log {
    pub(crate) fn new(base: &Arc<Base>) -> Self {
        Self { base: base.clone() }
    }

    /// Entries of the tenant's event log behind `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for narrow roles: the log does not tell whose an entry is.
    pub async fn events(
        &self,
        caller: &Caller,
        filter: &EventFilter,
        after: LogPosition,
        limit: u32,
    ) -> Result<Vec<(LogPosition, Event)>> {
        must_see_all(caller)?;
        let mut db = self.base.read(caller).await?;
        Ok(events::list(&mut db, filter, after, limit).await?)
    }

    /// The tenant's audit log, newest first.
    ///
    /// # Errors
    /// [`Error::Forbidden`] unless an admin calls.
    pub async fn audit(&self, caller: &Caller, filter: &AuditFilter, page: Page) -> Result<Listing<AuditEntry>> {
        must_administer(caller)?;
        let mut db = self.base.read_behind(caller).await?;
        Ok(audit_log::list(&mut db, filter, page).await?)
    }

    /// The place of the newest entry, over all tenants: for metrics.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn head(&self) -> Result<LogPosition> {
        let mut db = self.base.store.read(Scope::System).await?;
        Ok(events::head_any_tenant(&mut db).await?)
    }
}
