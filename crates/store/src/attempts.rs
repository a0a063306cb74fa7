//! Attempts to deliver webhook messages.

use tracklane_core::id::{EndpointId, MessageId};
use tracklane_core::model::{Attempt, AttemptOutcome};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which attempts are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct AttemptFilter {
    /// To this endpoint.
    pub endpoint_id: Option<EndpointId>,
    /// Of this message.
    pub message_id: Option<MessageId>,
    /// That ended like this.
    pub outcome: Option<AttemptOutcome>,
}

/// Adds an attempt, to the tenant that it names.
pub async fn insert_any_tenant(db: &mut Db, attempt: &Attempt) -> Result<()> {
    todo!()
}

/// The attempts of the tenant.
pub async fn list(db: &mut Db, filter: &AttemptFilter, page: Page) -> Result<Listing<Attempt>> {
    todo!()
}
