//! Answers kept for requests that are sent again with the same `Idempotency-Key`.

use tracklane_core::Timestamp;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;

const KEY: &str = "tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4";

fn key_args(db: &Db, request: &RequestKey) -> Result<Vec<Value>> {
    Ok(args![db.tenant()?, &request.principal, &request.route, &request.key])
}

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
    let mut key = key_args(db, request)?;
    key.push(now.into());
    db.run(format!("DELETE FROM idempotency WHERE {KEY} AND expires_at <= $5"), key).await?;
    let mut values = key_args(db, request)?;
    values.extend(args![fingerprint, expires_at]);
    let sql = "INSERT INTO idempotency (tenant_id, principal, route, key, fingerprint, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, principal, route, key) DO NOTHING";
    if db.run(sql, values).await? > 0 {
        return Ok(Seen::New);
    }
    let sql = format!("SELECT fingerprint, status, body FROM idempotency WHERE {KEY}");
    let read = |row: &Row| {
        let answer = match row.opt("status")? {
            Some(status) => Some(Answer { status, body: row.get("body")? }),
            None => None,
        };
        Ok((row.get::<Vec<u8>>("fingerprint")?, answer))
    };
    Ok(match db.one(sql, key_args(db, request)?, read).await? {
        Some((known, _)) if known != fingerprint => Seen::Mismatch,
        Some((_, Some(answer))) => Seen::Done(answer),
        // It was forgotten a moment ago: whoever asks again gets it.
        Some((_, None)) | None => Seen::InProgress,
    })
}

/// Keeps the answer of a request that is in progress; false when it is not.
pub async fn finish(db: &mut Db, request: &RequestKey, answer: &Answer, expires_at: Timestamp) -> Result<bool> {
    let mut args = key_args(db, request)?;
    args.extend(args![answer.status, &answer.body, expires_at]);
    let sql = format!("UPDATE idempotency SET status = $5, body = $6, expires_at = $7 WHERE {KEY} AND status IS NULL");
    Ok(db.run(sql, args).await? > 0)
}

/// Forgets a request that is in progress, because it failed in a way that may be tried again; false when it is not.
pub async fn forget(db: &mut Db, request: &RequestKey) -> Result<bool> {
    let sql = format!("DELETE FROM idempotency WHERE {KEY} AND status IS NULL");
    Ok(db.run(sql, key_args(db, request)?).await? > 0)
}

/// Removes what has expired by `now`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, now: Timestamp) -> Result<u64> {
    db.check_system()?;
    db.run("DELETE FROM idempotency WHERE expires_at <= $1", args![now]).await
}
