//! Devices that were deleted and whose positions have to go, too. [`crate::devices::delete`] adds them.

use tracklane_core::id::{DeviceId, TenantId};

use crate::db::{Db, Row, args};
use crate::error::Result;

/// A device whose positions have to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Whose.
    pub tenant_id: TenantId,
    /// Which.
    pub device_id: DeviceId,
    /// Whether they were erased once; what was on its way then may have come since.
    pub erased: bool,
}

fn read(row: &Row) -> Result<Erasure> {
    Ok(Erasure { tenant_id: row.get("tenant_id")?, device_id: row.get("device_id")?, erased: row.get("erased")? })
}

/// The first `limit` of every tenant, those that were not erased yet, or all.
pub async fn list_any_tenant(db: &mut Db, new_only: bool, limit: u32) -> Result<Vec<Erasure>> {
    db.check_system()?;
    let new = if new_only { "WHERE NOT erased" } else { "" };
    let sql = format!("SELECT tenant_id, device_id, erased FROM erasures {new} ORDER BY tenant_id, device_id LIMIT $1");
    db.many(sql, args![limit], read).await
}

/// Notes that positions were erased once.
pub async fn mark_any_tenant(db: &mut Db, erasure: &Erasure) -> Result<()> {
    db.check_system()?;
    let sql = "UPDATE erasures SET erased = TRUE WHERE tenant_id = $1 AND device_id = $2";
    db.run(sql, args![erasure.tenant_id, erasure.device_id]).await?;
    Ok(())
}

/// Forgets one: nothing is left to do.
pub async fn delete_any_tenant(db: &mut Db, erasure: &Erasure) -> Result<()> {
    db.check_system()?;
    let sql = "DELETE FROM erasures WHERE tenant_id = $1 AND device_id = $2";
    db.run(sql, args![erasure.tenant_id, erasure.device_id]).await?;
    Ok(())
}
