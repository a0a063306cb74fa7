//! Attempts to deliver webhook messages.

use tracklane_core::id::{EndpointId, MessageId};
use tracklane_core::model::{Attempt, AttemptOutcome};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::Table;

const TABLE: Table = Table {
    name: "attempts",
    fixed: "message_id, endpoint_id, number, outcome, http_status, detail, duration_ms, at",
    changing: "",
};

fn values(attempt: &Attempt) -> Vec<Value> {
    args![
        attempt.id,
        attempt.tenant_id,
        attempt.message_id,
        attempt.endpoint_id,
        attempt.number,
        attempt.outcome,
        attempt.http_status,
        &attempt.detail,
        attempt.duration_ms,
        attempt.at,
    ]
}

fn read(row: &Row) -> Result<Attempt> {
    Ok(Attempt {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        message_id: row.get("message_id")?,
        endpoint_id: row.get("endpoint_id")?,
        number: row.get("number")?,
        outcome: row.get("outcome")?,
        http_status: row.opt("http_status")?,
        detail: row.opt("detail")?,
        duration_ms: row.get("duration_ms")?,
        at: row.get("at")?,
    })
}

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

/// Adds attempts, each to the tenant that it names.
pub async fn insert_many_any_tenant(db: &mut Db, attempts: &[Attempt]) -> Result<()> {
    db.check_system()?;
    TABLE.insert_many(db, attempts.iter().map(values).collect()).await
}

/// The attempts of the tenant.
pub async fn list(db: &mut Db, filter: &AttemptFilter, page: Page) -> Result<Listing<Attempt>> {
    let select = TABLE.select(db)?.is("endpoint_id", filter.endpoint_id).is("message_id", filter.message_id);
    select.is("outcome", filter.outcome).page(db, page, read).await
}
