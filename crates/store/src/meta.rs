//! Settings of the installation as a whole, by name.

use crate::db::{Db, args};
use crate::error::Result;

/// The value with this name.
pub async fn get_any_tenant(db: &mut Db, name: &str) -> Result<Option<String>> {
    db.check_system()?;
    db.one("SELECT value FROM meta WHERE name = $1", args![name], |row| row.get("value")).await
}

/// Sets the value with this name if there is none; false when there is. Who comes at the same time waits for the end of the transaction.
pub async fn set_first_any_tenant(db: &mut Db, name: &str, value: &str) -> Result<bool> {
    db.check_system()?;
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    Ok(db.run(sql, args![name, value]).await? > 0)
}

/// Sets the value with this name.
pub async fn set_any_tenant(db: &mut Db, name: &str, value: &str) -> Result<()> {
    db.check_system()?;
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.run(sql, args![name, value]).await?;
    Ok(())
}
