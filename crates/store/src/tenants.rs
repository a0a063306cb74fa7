//! Tenants. A tenant's handle sees its own row alone.

use tracklane_core::id::{Id, TenantId};
use tracklane_core::model::Tenant;

use crate::db::{Db, Row, Value, args};
use crate::error::{Error, Result};
use crate::page::{Cursor, Listing, Page};
use crate::table::{from_json, to_json};

const COLUMNS: &str = "id, name, slug, settings, created_at, version";

fn read(row: &Row) -> Result<Tenant> {
    Ok(Tenant {
        id: row.get("id")?,
        name: row.get("name")?,
        slug: row.get("slug")?,
        settings: from_json(row, "settings")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

async fn find(db: &mut Db, condition: &str, args: Vec<Value>) -> Result<Option<Tenant>> {
    db.one(format!("SELECT {COLUMNS} FROM tenants WHERE {condition}"), args, read).await
}

/// Adds a tenant. Needs [`Scope::System`](crate::Scope).
pub async fn insert_any_tenant(db: &mut Db, tenant: &Tenant) -> Result<()> {
    db.check_system()?;
    let settings = to_json(&tenant.settings)?;
    let args = args![tenant.id, &tenant.name, &tenant.slug, settings, tenant.created_at, tenant.version];
    db.run(format!("INSERT INTO tenants ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"), args).await?;
    Ok(())
}

/// The tenant of the handle.
pub async fn own(db: &mut Db) -> Result<Option<Tenant>> {
    let id = db.tenant()?;
    find(db, "id = $1", args![id]).await
}

/// The tenant of the handle, locked until the end of the transaction: what must hold for all of its rows together is
/// checked by one transaction after the other.
pub async fn lock_own(db: &mut Db) -> Result<Option<Tenant>> {
    let id = db.tenant()?;
    find(db, &format!("id = $1{}", db.dialect().for_update()), args![id]).await
}

/// The tenant with this id.
pub async fn get_any_tenant(db: &mut Db, id: TenantId) -> Result<Option<Tenant>> {
    db.check_system()?;
    find(db, "id = $1", args![id]).await
}

/// The tenant with this short name.
pub async fn find_by_slug_any_tenant(db: &mut Db, slug: &str) -> Result<Option<Tenant>> {
    db.check_system()?;
    find(db, "slug = $1", args![slug]).await
}

/// Every tenant.
pub async fn list_any_tenant(db: &mut Db, page: Page) -> Result<Listing<Tenant>> {
    db.check_system()?;
    let limit = page.limit.max(1);
    let after = page.after.map(|cursor| cursor.0);
    let sql = format!("SELECT {COLUMNS} FROM tenants WHERE $1 IS NULL OR id < $1 ORDER BY id DESC LIMIT $2");
    let mut items = db.many(sql, args![after, i64::from(limit) + 1], read).await?;
    let full = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| full).map(|last| Cursor(last.id.uuid()));
    Ok(Listing { items, next })
}

/// Changes the tenant of the handle.
pub async fn update(db: &mut Db, tenant: &Tenant) -> Result<bool> {
    let id = db.tenant()?;
    if id != tenant.id {
        return Err(Error::Scope("the record belongs to another tenant"));
    }
    let settings = to_json(&tenant.settings)?;
    let sql =
        "UPDATE tenants SET version = version + 1, name = $3, slug = $4, settings = $5 WHERE id = $1 AND version = $2";
    Ok(db.run(sql, args![id, tenant.version, &tenant.name, &tenant.slug, settings]).await? > 0)
}
