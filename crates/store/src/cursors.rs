//! Named places in the event log: how far each reader has come.

use tracklane_core::event::LogPosition;

use crate::db::Db;
use crate::error::Result;

/// How far the reader with this name has come; the beginning when it was never heard of.
pub async fn get_any_tenant(db: &mut Db, name: &str) -> Result<LogPosition> {
    todo!()
}

/// Moves a reader forward from `from` to `to`, in the same transaction as what it did; false when it is not at `from` any
/// more, because somebody else moved it: then drop the transaction.
pub async fn advance_any_tenant(db: &mut Db, name: &str, from: LogPosition, to: LogPosition) -> Result<bool> {
    todo!()
}
