//! Which entries of the event log are about which zone, where the log has no index of its own for that
//! ([`Dialect::log_has_zone_index`]): listed now and then, many at once, in order. What is not listed yet is found by looking
//! through the newest entries.

use tracklane_core::id::{TenantId, ZoneId};

use crate::cursors;
use crate::db::{Db, Row, Value, args};
#[cfg(doc)]
use crate::dialect::Dialect;
use crate::error::Result;
use crate::table::{batches, tuples};

/// The name of the place in the log up to which entries are listed.
pub(crate) const CURSOR: &str = "zones";

/// How many entries of the log are looked through for one list.
const AT_ONCE: i64 = 200_000;

/// Entries that are to be listed.
pub(crate) struct Unlisted {
    /// Behind this number.
    from: i64,
    /// Up to this one.
    to: i64,
    /// Those about zones, by tenant, zone and number.
    rows: Vec<(TenantId, ZoneId, i64)>,
}

/// The number up to which entries are listed.
pub(crate) async fn listed(db: &mut Db) -> Result<i64> {
    let sql = "SELECT number FROM cursors WHERE name = $1";
    Ok(db.one(sql, args![CURSOR], |row| row.get("number")).await?.unwrap_or(0))
}

/// The oldest entries that are not listed, if there are so many.
pub(crate) async fn unlisted_any_tenant(db: &mut Db, least: i64) -> Result<Option<Unlisted>> {
    db.check_system()?;
    let from = listed(db).await?;
    let newest = db.one("SELECT MAX(number) AS newest FROM events", Vec::new(), |row| row.opt("newest")).await?;
    let newest = newest.flatten().unwrap_or(0);
    if newest - from < least.max(1) {
        return Ok(None);
    }
    let to = newest.min(from.saturating_add(AT_ONCE));
    let sql =
        "SELECT tenant_id, zone_id, number FROM events WHERE number > $1 AND number <= $2 AND zone_id IS NOT NULL";
    let read = |row: &Row| Ok((row.get("tenant_id")?, row.get("zone_id")?, row.get("number")?));
    let mut rows = db.many(sql, args![from, to], read).await?;
    rows.sort_unstable();
    Ok(Some(Unlisted { from, to, rows }))
}

impl Unlisted {
    /// In pieces that take the database's only writer for a few milliseconds each.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[(TenantId, ZoneId, i64)]> {
        self.rows.chunks(1_024)
    }

    /// Says that all of them are listed.
    pub(crate) async fn done(&self, db: &mut Db) -> Result<()> {
        let place = |number| tracklane_core::event::LogPosition { transaction: 0, number };
        // Whoever was quicker has listed the same.
        cursors::advance_any_tenant(db, CURSOR, place(self.from), place(self.to)).await.map(drop)
    }
}

/// Lists entries. What is listed already, because the process ended in the middle, stays as it is.
pub(crate) async fn insert_many_any_tenant(db: &mut Db, rows: &[(TenantId, ZoneId, i64)]) -> Result<()> {
    db.check_system()?;
    let rows: Vec<Vec<Value>> = rows.iter().map(|(tenant, zone, entry)| args![*tenant, *zone, *entry]).collect();
    for batch in batches(rows) {
        let sql =
            format!("INSERT INTO event_zones (tenant, zone, entry) VALUES {} ON CONFLICT DO NOTHING", tuples(&batch));
        db.run(sql, batch.into_iter().flatten().collect()).await?;
    }
    Ok(())
}
