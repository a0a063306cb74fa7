//! Answers kept for requests that are sent again with the same `Idempotency-Key`.

use tracklane_core::Timestamp;

use crate::db::Db;
use crate::error::Result;

/// What makes two requests the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who calls: the id of the user or key.
    pub principal: String,
    /// Method and path.
    pub route: String,
    /// The header's value.
    pub key: String,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: it is now noted as in progress, and is the caller's to do.
    New,
    /// It is being handled.
    InProgress,
    /// It was handled.
    Done(Answer),
    /// The same key came with another request before.
    Mismatch,
}

/// Looks a request up and, if it is new (or the old one has expired by `now`), notes it as in progress until `expires_at`.
pub async fn begin(
    db: &mut Db,
    request: &RequestKey,
    fingerprint: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Seen> {
    todo!()
}

/// Keeps the answer of a request that is in progress; false when it is not.
pub async fn finish(db: &mut Db, request: &RequestKey, answer: &Answer, expires_at: Timestamp) -> Result<bool> {
    todo!()
}

/// Forgets a request that is in progress, because it failed in a way that may be tried again; false when it is not.
pub async fn forget(db: &mut Db, request: &RequestKey) -> Result<bool> {
    todo!()
}

/// Removes what has expired by `now`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, now: Timestamp) -> Result<u64> {
    todo!()
}
