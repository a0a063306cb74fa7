//! Who was in an area.

use sqlx::{AssertSqlSafe, PgConnection};
use tracklane_core::id::Id as _;
use tracklane_core::ports::{AreaCursor, AreaPage, AreaQuery};
use uuid::Uuid;

use super::rows::{COLUMNS, read};
use crate::db::postgres::{PgTime, from_sqlx};
use crate::error::Result;

/// Answers a page. What was corrected counts where it is now.
pub(super) async fn page(connection: &mut PgConnection, query: &AreaQuery) -> Result<AreaPage> {
    if query.from >= query.to || query.limit == 0 {
        return Ok(AreaPage { positions: Vec::new(), next: None });
    }
    let (device, seen) =
        query.after.map_or((Uuid::nil(), query.from), |after| (after.device_id.uuid(), after.fix_time));
    // Across the antimeridian a longitude is inside when either edge says so.
    let either = if query.area.west <= query.area.east { "AND" } else { "OR" };
    let sql = format!(
        "SELECT {COLUMNS} FROM positions place \
         WHERE tenant_id = $1 AND fix_time >= $2 AND fix_time < $3 \
         AND lat >= $4 AND lat <= $5 AND (lon >= $6 {either} lon <= $7) \
         AND (device_id > $8 OR (device_id = $8 AND fix_time > $9)) \
         AND NOT EXISTS (SELECT 1 FROM positions later WHERE later.device_id = place.device_id \
         AND later.fix_time = place.fix_time AND later.lsn > place.lsn) \
         ORDER BY device_id, fix_time LIMIT $10"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(query.tenant_id.uuid())
        .bind(PgTime::up(query.from))
        .bind(PgTime::up(query.to))
        .bind(query.area.south)
        .bind(query.area.north)
        .bind(query.area.west)
        .bind(query.area.east)
        .bind(device)
        .bind(PgTime::new(seen))
        .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
        .fetch_all(connection)
        .await
        .map_err(|error| from_sqlx(&error))?;
    let positions: Vec<_> = rows.iter().map(|row| Ok(read(row)?.1)).collect::<Result<_>>()?;
    let full = positions.len() >= query.limit;
    let last = positions.last().filter(|_| full);
    let next = last.map(|last| AreaCursor { device_id: last.device_id, fix_time: last.fix_time });
    Ok(AreaPage { positions, next })
}
