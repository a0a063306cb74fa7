//! Keys for programs. The hash of the secret is never part of the record.

use tracklane_core::Timestamp;
use tracklane_core::id::ApiKeyId;
use tracklane_core::model::ApiKey;

use crate::db::{Db, Row, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, from_json, to_json};

const TABLE: Table = Table {
    name: "api_keys",
    fixed: "name, role, scopes, driver_id, customer_id, device_id, requests_per_minute, expires_at, revoked_at, \
            last_used_at, created_at, secret_hash",
    changing: "",
};

fn read(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        name: row.get("name")?,
        role: row.get("role")?,
        scopes: from_json(row, "scopes")?,
        driver_id: row.opt("driver_id")?,
        customer_id: row.opt("customer_id")?,
        device_id: row.opt("device_id")?,
        requests_per_minute: row.opt("requests_per_minute")?,
        expires_at: row.opt("expires_at")?,
        revoked_at: row.opt("revoked_at")?,
        last_used_at: row.opt("last_used_at")?,
        created_at: row.get("created_at")?,
    })
}

/// Which keys are asked for.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyFilter {
    /// Revoked, or not; none means any.
    pub revoked: Option<bool>,
}

/// Adds a key with the hash of its secret.
pub async fn insert(db: &mut Db, key: &ApiKey, secret_hash: &[u8]) -> Result<()> {
    let fixed = args![
        &key.name,
        key.role,
        to_json(&key.scopes)?,
        key.driver_id,
        key.customer_id,
        key.device_id,
        key.requests_per_minute,
        key.expires_at,
        key.revoked_at,
        key.last_used_at,
        key.created_at,
        secret_hash,
    ];
    TABLE.insert(db, key.id, key.tenant_id, fixed, Vec::new()).await
}

/// The key with this id.
pub async fn get(db: &mut Db, id: ApiKeyId) -> Result<Option<ApiKey>> {
    TABLE.get(db, id, read).await
}

/// The key with this id and the hash of its secret, revoked and expired ones included.
pub async fn find_any_tenant(db: &mut Db, id: ApiKeyId) -> Result<Option<(ApiKey, Vec<u8>)>> {
    let select = TABLE.select_any_tenant(db)?.is("id", Some(id));
    select.one(db, |row| Ok((read(row)?, row.get("secret_hash")?))).await
}

/// The keys of the tenant.
pub async fn list(db: &mut Db, filter: &ApiKeyFilter, page: Page) -> Result<Listing<ApiKey>> {
    let select = TABLE.select(db)?;
    let select = match filter.revoked {
        None => select,
        Some(true) => select.and("revoked_at IS NOT NULL"),
        Some(false) => select.and("revoked_at IS NULL"),
    };
    select.page(db, page, read).await
}

/// Revokes a key; false when there is none or it was revoked before.
pub async fn revoke(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(db.run(sql, args![db.tenant()?, id, at]).await? > 0)
}

/// Notes that a key was used; an earlier time than the one kept changes nothing.
pub async fn touch_last_used_any_tenant(db: &mut Db, id: ApiKeyId, at: Timestamp) -> Result<()> {
    db.check_system()?;
    let sql = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    db.run(sql, args![id, at]).await?;
    Ok(())
}
