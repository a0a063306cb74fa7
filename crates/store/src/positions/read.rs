//! Positions of one device, and positions by number.

use sqlx::{AssertSqlSafe, PgConnection};
use tracklane_core::id::Id as _;
use tracklane_core::ports::{HistoryQuery, Lsn};
use tracklane_core::position::Position;

use super::rows::{COLUMNS, read};
use crate::db::postgres::{PgTime, from_sqlx};
use crate::error::Result;

/// As the port asks for it.
pub(super) async fn range(connection: &mut PgConnection, query: &HistoryQuery) -> Result<Vec<Position>> {
    if query.from >= query.to || query.limit == 0 {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT ON (fix_time) {COLUMNS} FROM positions \
         WHERE tenant_id = $1 AND device_id = $2 AND fix_time >= $3 AND fix_time < $4 \
         ORDER BY fix_time, lsn DESC LIMIT $5"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(query.tenant_id.uuid())
        .bind(query.device_id.uuid())
        .bind(PgTime::up(query.from))
        .bind(PgTime::up(query.to))
        .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(|error| from_sqlx(&error))?;
    rows.iter().map(|row| Ok(read(row)?.1)).collect()
}

/// The records from `from` up to, not including, `to`, in order.
pub(super) async fn by_number(connection: &mut PgConnection, from: Lsn, to: Lsn) -> Result<Vec<(Lsn, Position)>> {
    let sql = format!("SELECT {COLUMNS} FROM positions WHERE lsn >= $1 AND lsn < $2 ORDER BY lsn");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(from.cast_signed())
        .bind(to.cast_signed())
        .fetch_all(connection)
        .await
        .map_err(|error| from_sqlx(&error))?;
    rows.iter().map(read).collect()
}
