//! The installation's keys for signing tokens. Secrets come in sealed.

use tracklane_core::Timestamp;

use crate::db::{Db, args};
use crate::error::Result;

/// A key for signing tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningKey {
    /// Its name in the header of a token.
    pub kid: String,
    /// The secret, sealed with the installation's key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it signs nothing any more (it still verifies).
    pub retired_at: Option<Timestamp>,
}

/// Adds a key.
pub async fn insert_any_tenant(db: &mut Db, key: &SigningKey) -> Result<()> {
    db.check_system()?;
    let sql = "INSERT INTO signing_keys (kid, sealed, created_at, retired_at) VALUES ($1, $2, $3, $4)";
    db.run(sql, args![&key.kid, &key.sealed, key.created_at, key.retired_at]).await?;
    Ok(())
}

/// Every key, newest first.
pub async fn list_any_tenant(db: &mut Db) -> Result<Vec<SigningKey>> {
    db.check_system()?;
    let sql = "SELECT kid, sealed, created_at, retired_at FROM signing_keys ORDER BY created_at DESC";
    db.many(sql, Vec::new(), |row| {
        Ok(SigningKey {
            kid: row.get("kid")?,
            sealed: row.get("sealed")?,
            created_at: row.get("created_at")?,
            retired_at: row.opt("retired_at")?,
        })
    })
    .await
}

/// Retires a key; false when there is none or it was retired before.
pub async fn retire_any_tenant(db: &mut Db, kid: &str, at: Timestamp) -> Result<bool> {
    db.check_system()?;
    let sql = "UPDATE signing_keys SET retired_at = $2 WHERE kid = $1 AND retired_at IS NULL";
    Ok(db.run(sql, args![kid, at]).await? > 0)
}

/// Removes the keys that were retired before `at`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, at: Timestamp) -> Result<u64> {
    db.check_system()?;
    db.run("DELETE FROM signing_keys WHERE retired_at < $1", args![at]).await
}
