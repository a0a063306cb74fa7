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
    /// The node that did it, if it said who it is.
    pub node: Option<String>,
}

fn read(row: &Row) -> Result<(LogPosition, Change)> {
    let change = Change {
        kind: row.get("kind")?,
        tenant_id: TenantId::from_uuid(row.get("tenant_id")?),
        id: row.get("id")?,
        node: row.opt("node")?,
    };
    Ok((LogPosition { transaction: row.get("tx")?, number: row.get("number")? }, change))
}

/// At most `limit` changes behind a place, oldest first. As in the event log nothing shows up later before a place that was
/// read.
pub async fn after_any_tenant(db: &mut Db, position: LogPosition, limit: u32) -> Result<Vec<(LogPosition, Change)>> {
    db.check_system()?;
    let sql = format!(
        "SELECT tx, number, kind, tenant_id, id, node FROM changes WHERE (tx, number) > ($1, $2) AND {} \
         ORDER BY tx, number LIMIT $3",
        db.dialect().log_entry_is_settled()
    );
    db.many(sql, args![position.transaction, position.number, limit], read).await
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

/// Forgets at most `limit` changes made before `at`, and says how many.
pub async fn prune_any_tenant(db: &mut Db, at: Timestamp, limit: u32) -> Result<u64> {
    db.check_system()?;
    let sql = "DELETE FROM changes WHERE number IN (SELECT number FROM changes WHERE at < $1 ORDER BY at LIMIT $2)";
    db.run(sql, args![at, limit]).await
}
