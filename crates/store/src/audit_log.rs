//! Who changed what, when: append-only.

use tracklane_core::Timestamp;
use tracklane_core::model::AuditEntry;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which entries are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// With exactly this action, or a group of actions given as `thing.*`.
    pub action: Option<String>,
    /// About the thing with this id in its text form.
    pub target: Option<String>,
    /// By the actor with this id in its text form.
    pub actor_id: Option<String>,
    /// From this instant on.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
}

/// Appends an entry.
pub async fn append(db: &mut Db, entry: &AuditEntry) -> Result<()> {
    todo!()
}

/// The entries of the tenant.
pub async fn list(db: &mut Db, filter: &AuditFilter, page: Page) -> Result<Listing<AuditEntry>> {
    todo!()
}
