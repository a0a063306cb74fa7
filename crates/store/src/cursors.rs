//! Named places in the event log: how far each reader has come.

use tracklane_core::event::LogPosition;

use crate::db::{Db, Row, args};
use crate::error::Result;

/// How far the reader with this name has come; the beginning when it was never heard of.
pub async fn get_any_tenant(db: &mut Db, name: &str) -> Result<LogPosition> {
    Ok(find_any_tenant(db, name).await?.unwrap_or_default())
}

/// How far the reader with this name has come; none when it was never heard of.
pub async fn find_any_tenant(db: &mut Db, name: &str) -> Result<Option<LogPosition>> {
    db.check_system()?;
    let read = |row: &Row| Ok(LogPosition { transaction: row.get("tx")?, number: row.get("number")? });
    db.one("SELECT tx, number FROM cursors WHERE name = $1", args![name], read).await
}

/// Moves a reader forward from `from` to `to`, in the same transaction as what it did; false when it is not at `from` any
/// more, because somebody else moved it: then drop the transaction.
pub async fn advance_any_tenant(db: &mut Db, name: &str, from: LogPosition, to: LogPosition) -> Result<bool> {
    db.check_system()?;
    let sql = "UPDATE cursors SET tx = $2, number = $3 WHERE name = $1 AND tx = $4 AND number = $5";
    let args = args![name, to.transaction, to.number, from.transaction, from.number];
    if db.run(sql, args).await? > 0 {
        return Ok(true);
    }
    if from != LogPosition::default() {
        return Ok(false);
    }
    let sql = "INSERT INTO cursors (name, tx, number) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    Ok(db.run(sql, args![name, to.transaction, to.number]).await? > 0)
}
