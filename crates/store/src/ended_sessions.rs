//! Sessions that were ended before their tokens expire, by the numbers of the tokens.

use tracklane_core::Timestamp;

use crate::db::{Db, args};
use crate::error::Result;

/// Notes that a session has ended, until its token counts no more at `expires_at`; false when that was known.
pub async fn insert(db: &mut Db, token: &str, expires_at: Timestamp) -> Result<bool> {
    let sql = "INSERT INTO ended_sessions (tenant_id, token, expires_at) VALUES ($1, $2, $3) \
               ON CONFLICT (tenant_id, token) DO NOTHING";
    Ok(db.run(sql, args![db.tenant()?, token, expires_at]).await? > 0)
}

/// True when the session has ended.
pub async fn contains(db: &mut Db, token: &str) -> Result<bool> {
    let sql = "SELECT token FROM ended_sessions WHERE tenant_id = $1 AND token = $2";
    let found = db.one(sql, args![db.tenant()?, token], |row| row.get::<String>("token")).await?;
    Ok(found.is_some())
}

/// Forgets those of the tenant whose tokens have expired by `now`, and says how many.
pub async fn prune(db: &mut Db, now: Timestamp) -> Result<u64> {
    db.run("DELETE FROM ended_sessions WHERE tenant_id = $1 AND expires_at <= $2", args![db.tenant()?, now]).await
}
