//! Keys for programs. The hash of the secret is never part of the record.

use tracklane_core::Timestamp;
use tracklane_core::id::ApiKeyId;
use tracklane_core::model::ApiKey;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which keys are asked for.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyFilter {
    /// Revoked, or not; none means any.
    pub revoked: Option<bool>,
}

/// Adds a key with the hash of its secret.
pub async fn insert(db: &mut Db, key: &ApiKey, secret_hash: &[u8]) -> Result<()> {
    todo!()
}

/// The key with this id.
pub async fn get(db: &mut Db, id: ApiKeyId) -> Result<Option<ApiKey>> {
    todo!()
}

/// The key with this id and the hash of its secret, revoked and expired ones included.
pub async fn find_any_tenant(db: &mut Db, id: ApiKeyId) -> Result<Option<(ApiKey, Vec<u8>)>> {
    todo!()
}

/// The keys of the tenant.
pub async fn list(db: &mut Db, filter: &ApiKeyFilter, page: Page) -> Result<Listing<ApiKey>> {
    todo!()
}

/// Revokes a key; false when there is none or it was revoked before.
pub async fn revoke(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<bool> {
    todo!()
}

/// Notes that a key was used; an earlier time than the one kept changes nothing.
pub async fn touch_last_used_any_tenant(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<()> {
    todo!()
}
