//! Requests that may be sent again with the same `Idempotency-Key`: whether their work was done, and what was answered.
//!
//! A row belongs to one attempt, told apart by when it began. The work's own transaction sets `worked`, so that it commits
//! together with the work or not at all; an attempt whose row was given to a later one cannot set it any more, and must
//! not commit.

use tracklane_core::Timestamp;

use crate::db::{Db, Row, Value, args};
use crate::error::Result;

const KEY: &str = "tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4";

/// The attempt in `$5`, as long as it is not answered.
const OPEN: &str = "tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4 AND begun_at = $5 AND status IS NULL";

fn key_args(db: &Db, request: &RequestKey) -> Result<Vec<Value>> {
    Ok(args![db.tenant()?, &request.principal, &request.route, &request.key])
}

fn open_args(db: &Db, attempt: &Attempt) -> Result<Vec<Value>> {
    let mut values = key_args(db, &attempt.request)?;
    values.push(attempt.begun_at.into());
    Ok(values)
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

/// One attempt at a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which request.
    pub request: RequestKey,
    /// When it began.
    pub begun_at: Timestamp,
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
    /// Nothing: this attempt is now noted as in progress, and is the caller's to do.
    New,
    /// An attempt is not answered yet.
    Open {
        /// When it began; none when it was forgotten a moment ago.
        begun_at: Option<Timestamp>,
        /// True when its work was done.
        worked: bool,
    },
    /// It was handled.
    Done(Answer),
    /// The same key came with another request before.
    Mismatch,
}

/// Looks a request up and, if it is new (or what was kept has expired when the attempt begins), notes the attempt as in
/// progress until `expires_at`.
pub async fn begin(db: &mut Db, attempt: &Attempt, fingerprint: &[u8], expires_at: Timestamp) -> Result<Seen> {
    let gone = format!("DELETE FROM idempotency WHERE {KEY} AND expires_at <= $5");
    db.run(gone, open_args(db, attempt)?).await?;
    let mut values = open_args(db, attempt)?;
    values.extend(args![fingerprint, expires_at]);
    let sql = "INSERT INTO idempotency (tenant_id, principal, route, key, begun_at, fingerprint, expires_at, worked) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE) ON CONFLICT (tenant_id, principal, route, key) DO NOTHING";
    if db.run(sql, values).await? > 0 {
        return Ok(Seen::New);
    }
    let sql = format!("SELECT fingerprint, begun_at, worked, status, body FROM idempotency WHERE {KEY}");
    let read = |row: &Row| {
        let seen = match row.opt("status")? {
            Some(status) => Seen::Done(Answer { status, body: row.get("body")? }),
            None => Seen::Open { begun_at: Some(row.get("begun_at")?), worked: row.get("worked")? },
        };
        Ok((row.get::<Vec<u8>>("fingerprint")?, seen))
    };
    Ok(match db.one(sql, key_args(db, &attempt.request)?, read).await? {
        Some((known, _)) if known != fingerprint => Seen::Mismatch,
        Some((_, seen)) => seen,
        // It was forgotten a moment ago: whoever asks again gets it.
        None => Seen::Open { begun_at: None, worked: false },
    })
}

/// Notes, in the transaction of the work, that the work is done, to be known until `expires_at`; false when the request was
/// given to a later attempt: then nothing may be committed.
pub async fn mark_worked(db: &mut Db, attempt: &Attempt, expires_at: Timestamp) -> Result<bool> {
    let mut values = open_args(db, attempt)?;
    values.push(expires_at.into());
    Ok(db.run(format!("UPDATE idempotency SET worked = TRUE, expires_at = $6 WHERE {OPEN}"), values).await? > 0)
}

/// Keeps the answer of an attempt; false when it is not open any more.
pub async fn finish(db: &mut Db, attempt: &Attempt, answer: &Answer, expires_at: Timestamp) -> Result<bool> {
    let mut values = open_args(db, attempt)?;
    values.extend(args![answer.status, &answer.body, expires_at]);
    let sql = format!("UPDATE idempotency SET status = $6, body = $7, expires_at = $8 WHERE {OPEN}");
    Ok(db.run(sql, values).await? > 0)
}

/// Forgets an attempt that did nothing, so that it may be made again; false when it did something, or is not open any more.
pub async fn forget(db: &mut Db, attempt: &Attempt) -> Result<bool> {
    let sql = format!("DELETE FROM idempotency WHERE {OPEN} AND NOT worked");
    Ok(db.run(sql, open_args(db, attempt)?).await? > 0)
}

/// Removes what has expired by `now`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, now: Timestamp) -> Result<u64> {
    db.check_system()?;
    db.run("DELETE FROM idempotency WHERE expires_at <= $1", args![now]).await
}
