//! Which records other nodes have changed. PostgreSQL alone has this table: an SQLite database has one process.

use tracklane_core::Timestamp;
use tracklane_core::event::LogPosition;
use tracklane_core::id::{Id as _, TenantId};
use uuid::Uuid;

use crate::db::{Db, Row, args};
use crate::error::Result;

/// A record that was made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// The table that it is in.
    pub kind: String,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: Uuid,
}

fn read(row: &Row) -> Result<(LogPosition, Change)> {
    let change =
        Change { kind: row.get("kind")?, tenant_id: TenantId::from_uuid(row.get("tenant_id")?), id: row.get("id")? };
    Ok((LogPosition { transaction: row.get("tx")?, number: row.get("number")? }, change))
}

/// At most `limit` changes behind a place that `node` did not make, oldest first. As in the event log nothing shows up later
/// before a place that was read.
pub async fn after_any_tenant(
    db: &mut Db,
    position: LogPosition,
    node: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(LogPosition, Change)>> {
    db.check_system()?;
    let sql = format!(
        "SELECT tx, number, kind, tenant_id, id FROM changes WHERE (tx, number) > ($1, $2) AND {} \
         AND (node IS NULL OR node <> $3) ORDER BY tx, number LIMIT $4",
        db.dialect().log_entry_is_settled()
    );
    let node = node.map_or_else(String::new, |node| node.to_string());
    db.many(sql, args![position.transaction, position.number, node, limit], read).await
}

/// The place of the newest change that can be read; the beginning when there is none.
pub async fn head_any_tenant(db: &mut Db) -> Result<LogPosition> {
    db.check_system()?;
    let sql = format!(
        "SELECT tx, number FROM changes WHERE {} ORDER BY tx DESC, number DESC LIMIT 1",
        db.dialect().log_entry_is_settled()
    );
    let place = |row: &Row| Ok(LogPosition { transaction: row.get("tx")?, number: row.get("number")? });
    Ok(db.one(sql, Vec::new(), place).await?.unwrap_or_default())
}

/// Forgets changes made before `at`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, at: Timestamp) -> Result<u64> {
    db.check_system()?;
    db.run("DELETE FROM changes WHERE at < $1", args![at]).await
}
