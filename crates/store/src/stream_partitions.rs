//! Who tracks the devices of which partition of the position stream, and how far their saved states reach.
//!
//! Ownership is decided elsewhere, by the broker or by leases; it may be in doubt for a moment, when a node was held up. So every
//! change of hands has a number, the epoch, and whoever writes says with which one.

use tracklane_core::ports::{Lsn, Tenure};
use uuid::Uuid;

use crate::db::{Db, args};
use crate::error::{Error, Result};

/// What somebody who takes a partition over finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takeover {
    /// The new tenure.
    pub tenure: Tenure,
    /// The first record that may not be in the saved states.
    pub floor: Lsn,
    /// True when the numbers that states and notes speak of are of another stream.
    pub anew: bool,
}

/// Takes a partition over: from here on nobody writes for it with an earlier epoch. `stream` says which stream its records are of.
pub async fn take_over_any_tenant(db: &mut Db, partition: u32, holder: Uuid, stream: &str) -> Result<Takeover> {
    db.check_system()?;
    let sql = "INSERT INTO stream_partitions (partition, epoch, holder, stream, floor) VALUES ($1, 1, $2, $3, 1) \
               ON CONFLICT (partition) DO UPDATE SET epoch = stream_partitions.epoch + 1, holder = excluded.holder \
               RETURNING epoch, floor, stream";
    let found = db.one(sql, args![partition, holder, stream], |row| {
        Ok((row.get("epoch")?, row.get("floor")?, row.get::<String>("stream")?))
    });
    let (epoch, floor, known) = found.await?.ok_or_else(|| Error::Corrupt("stream_partitions.epoch".to_owned()))?;
    if known == stream {
        return Ok(Takeover { tenure: Tenure { partition, epoch }, floor, anew: false });
    }
    let sql = "UPDATE stream_partitions SET stream = $2, floor = 1 WHERE partition = $1";
    db.run(sql, args![partition, stream]).await?;
    Ok(Takeover { tenure: Tenure { partition, epoch }, floor: 1, anew: true })
}

/// Makes sure until the end of the transaction that nobody takes the partition over.
///
/// # Errors
/// [`Error::Fenced`] when somebody has.
pub async fn hold_any_tenant(db: &mut Db, tenure: Tenure) -> Result<()> {
    db.check_system()?;
    let sql = format!("SELECT epoch FROM stream_partitions WHERE partition = $1{}", db.dialect().for_share());
    let epoch: Option<i64> = db.one(sql, args![tenure.partition], |row| row.get("epoch")).await?;
    if epoch == Some(tenure.epoch) { Ok(()) } else { Err(Error::Fenced) }
}

/// Notes that the saved states hold every record before this one.
///
/// # Errors
/// [`Error::Fenced`] when somebody has taken the partition over.
pub async fn set_floor_any_tenant(db: &mut Db, tenure: Tenure, floor: Lsn) -> Result<()> {
    db.check_system()?;
    let floor = i64::try_from(floor).unwrap_or(i64::MAX);
    let sql = "UPDATE stream_partitions SET floor = $3 WHERE partition = $1 AND epoch = $2";
    if db.run(sql, args![tenure.partition, tenure.epoch, floor]).await? > 0 { Ok(()) } else { Err(Error::Fenced) }
}
