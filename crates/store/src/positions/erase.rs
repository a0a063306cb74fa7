//! Erasing a device or a tenant: row by row, because it is seldom and few.

use sqlx::PgConnection;
use tracklane_core::id::{DeviceId, Id as _, TenantId};

use crate::db::postgres::from_sqlx;
use crate::error::Result;

/// Removes every position of a device, or of a tenant.
pub(super) async fn erase(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    device_id: Option<DeviceId>,
) -> Result<()> {
    let query = match device_id {
        Some(device_id) => sqlx::query("DELETE FROM positions WHERE device_id = $2 AND tenant_id = $1")
            .bind(tenant_id.uuid())
            .bind(device_id.uuid()),
        None => sqlx::query("DELETE FROM positions WHERE tenant_id = $1").bind(tenant_id.uuid()),
    };
    query.execute(connection).await.map_err(|error| from_sqlx(&error))?;
    Ok(())
}
