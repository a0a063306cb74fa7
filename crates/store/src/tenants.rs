//! Tenants. A tenant's handle sees its own row alone.

use tracklane_core::id::TenantId;
use tracklane_core::model::Tenant;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Adds a tenant. Needs [`Scope::System`](crate::Scope).
pub async fn insert_any_tenant(db: &mut Db, tenant: &Tenant) -> Result<()> {
    todo!()
}

/// The tenant of the handle.
pub async fn own(db: &mut Db) -> Result<Option<Tenant>> {
    todo!()
}

/// The tenant with this id.
pub async fn get_any_tenant(db: &mut Db, id: TenantId) -> Result<Option<Tenant>> {
    todo!()
}

/// The tenant with this short name.
pub async fn find_by_slug_any_tenant(db: &mut Db, slug: &str) -> Result<Option<Tenant>> {
    todo!()
}

/// Every tenant.
pub async fn list_any_tenant(db: &mut Db, page: Page) -> Result<Listing<Tenant>> {
    todo!()
}

/// Changes the tenant of the handle.
pub async fn update(db: &mut Db, tenant: &Tenant) -> Result<bool> {
    todo!()
}
