//! Who does what only one node may do at a time.

use tracklane_core::Timestamp;
use uuid::Uuid;

use crate::db::{Db, args};
use crate::error::Result;

/// Takes the lease with this name until `until`, or makes it longer where it is the holder's own; false when it is somebody
/// else's at `now`.
pub async fn take_any_tenant(db: &mut Db, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool> {
    db.check_system()?;
    let sql = "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) \
               ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
               WHERE leases.holder = excluded.holder OR leases.until <= $4";
    Ok(db.run(sql, args![name, holder, until, now]).await? > 0)
}

/// The leases whose names begin so that are somebody's at `now`, by name, with their holders.
pub async fn list_any_tenant(db: &mut Db, prefix: &str, now: Timestamp) -> Result<Vec<(String, Uuid)>> {
    db.check_system()?;
    // They are few; and how a database compares texts depends on its language.
    let all = db.many("SELECT name, holder FROM leases WHERE until > $1 ORDER BY name", args![now], |row| {
        Ok((row.get::<String>("name")?, row.get::<Uuid>("holder")?))
    });
    Ok(all.await?.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect())
}

/// Gives the lease back, if it is the holder's.
pub async fn release_any_tenant(db: &mut Db, name: &str, holder: Uuid) -> Result<()> {
    db.check_system()?;
    db.run("DELETE FROM leases WHERE name = $1 AND holder = $2", args![name, holder]).await?;
    Ok(())
}
