//! The installation's keys for signing tokens. Secrets come in sealed.

use tracklane_core::Timestamp;

use crate::db::Db;
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
    todo!()
}

/// Every key, newest first.
pub async fn list_any_tenant(db: &mut Db) -> Result<Vec<SigningKey>> {
    todo!()
}

/// Retires a key; false when there is none or it was retired before.
pub async fn retire_any_tenant(db: &mut Db, kid: &str, at: Timestamp) -> Result<bool> {
    todo!()
}

/// Removes the keys that were retired before `at`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, at: Timestamp) -> Result<u64> {
    todo!()
}
