//! Up to which record of the position history everything that devices led to is in this database, where their states do not
//! say it yet: an entry for each transaction that recorded something. It is gone once the states are saved.

use tracklane_core::id::TenantId;
use tracklane_core::ports::Lsn;

use crate::db::{Db, Value, args};
use crate::error::Result;

/// What one transaction recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose numbers they are: those of a partition of the position stream, or of the history, which is 0.
    pub partition: u32,
    /// How often the partition had changed hands by then; 0 where there is none.
    pub epoch: i64,
    /// Whose devices these are.
    pub tenant_id: TenantId,
    /// The last record of the history among them: no two entries of a partition and an epoch have the same.
    pub last_lsn: Lsn,
    /// What the pipeline notes of each device, in a form of its own.
    pub devices: Vec<u8>,
}

fn number(lsn: Lsn) -> Value {
    // Beyond 2^63 no log will ever come.
    i64::try_from(lsn).unwrap_or(i64::MAX).into()
}

/// Adds an entry.
pub async fn insert_any_tenant(db: &mut Db, entry: &Entry) -> Result<()> {
    db.check_system()?;
    let sql = "INSERT INTO recorded (partition, last_lsn, epoch, tenant_id, devices) VALUES ($1, $2, $3, $4, $5)";
    let Entry { partition, last_lsn, epoch, tenant_id, devices } = entry;
    db.run(sql, args![*partition, number(*last_lsn), *epoch, *tenant_id, devices.as_slice()]).await?;
    Ok(())
}

/// True when there is an entry with this number and epoch.
pub async fn exists_any_tenant(db: &mut Db, partition: u32, last_lsn: Lsn, epoch: i64) -> Result<bool> {
    db.check_system()?;
    let sql = "SELECT last_lsn FROM recorded WHERE partition = $1 AND last_lsn = $2 AND epoch = $3";
    let found: Option<Lsn> = db.one(sql, args![partition, number(last_lsn), epoch], |row| row.get("last_lsn")).await?;
    Ok(found.is_some())
}

/// At most `limit` entries of a partition after that with the number and epoch `after`, by both: call again with the last one's until
/// there are no more.
pub async fn load_any_tenant(db: &mut Db, partition: u32, after: Option<(Lsn, i64)>, limit: u32) -> Result<Vec<Entry>> {
    db.check_system()?;
    let (after, epoch) = after.map_or_else(|| (Value::from(-1_i64), 0), |(lsn, epoch)| (number(lsn), epoch));
    let sql = "SELECT partition, tenant_id, last_lsn, epoch, devices FROM recorded \
               WHERE partition = $1 AND (last_lsn, epoch) > ($2, $3) ORDER BY last_lsn, epoch LIMIT $4";
    db.many(sql, args![partition, after, epoch, limit], |row| {
        Ok(Entry {
            partition: row.get("partition")?,
            tenant_id: row.get("tenant_id")?,
            last_lsn: row.get("last_lsn")?,
            epoch: row.get("epoch")?,
            devices: row.get("devices")?,
        })
    })
    .await
}

/// Removes the entries of a partition before a number.
pub async fn delete_before_any_tenant(db: &mut Db, partition: u32, lsn: Lsn) -> Result<()> {
    db.check_system()?;
    db.run("DELETE FROM recorded WHERE partition = $1 AND last_lsn < $2", args![partition, number(lsn)]).await?;
    Ok(())
}

/// Removes the entries of a partition from a number on.
pub async fn delete_from_any_tenant(db: &mut Db, partition: u32, lsn: Lsn) -> Result<()> {
    db.check_system()?;
    db.run("DELETE FROM recorded WHERE partition = $1 AND last_lsn >= $2", args![partition, number(lsn)]).await?;
    Ok(())
}
