//! Settings of the installation as a whole, by name.

use crate::db::Db;
use crate::error::Result;

/// The value with this name.
pub async fn get_any_tenant(db: &mut Db, name: &str) -> Result<Option<String>> {
    todo!()
}

/// Sets the value with this name.
pub async fn set_any_tenant(db: &mut Db, name: &str, value: &str) -> Result<()> {
    todo!()
}

/// Sets the value with this name unless there is one, and answers the one that stands: two processes that start at once
/// agree.
pub async fn get_or_set_any_tenant(db: &mut Db, name: &str, value: &str) -> Result<String> {
    todo!()
}
