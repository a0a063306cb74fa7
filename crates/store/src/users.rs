//! People who log in. Their password hashes are never part of the record.

use tracklane_core::id::UserId;
use tracklane_core::model::{Role, User};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which users are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// With this role.
    pub role: Option<Role>,
    /// Disabled, or not.
    pub disabled: Option<bool>,
    /// Whose name or e-mail address contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a user, without a password: nobody can log in as them before [`set_password_hash`].
pub async fn insert(db: &mut Db, user: &User) -> Result<()> {
    todo!()
}

/// The user with this id.
pub async fn get(db: &mut Db, id: UserId) -> Result<Option<User>> {
    todo!()
}

/// The user with this e-mail address (lower-case) and their password hash, if one is set.
pub async fn find_by_email_any_tenant(db: &mut Db, email: &str) -> Result<Option<(User, Option<String>)>> {
    todo!()
}

/// The users of the tenant.
pub async fn list(db: &mut Db, filter: &UserFilter, page: Page) -> Result<Listing<User>> {
    todo!()
}

/// Changes a user.
pub async fn update(db: &mut Db, user: &User) -> Result<bool> {
    todo!()
}

/// Removes a user; false when there is none.
pub async fn delete(db: &mut Db, id: UserId) -> Result<bool> {
    todo!()
}

/// Sets the password hash (a PHC string); false when there is no such user.
pub async fn set_password_hash(db: &mut Db, id: UserId, hash: &str) -> Result<bool> {
    todo!()
}

/// The password hash, if the user exists and has one.
pub async fn password_hash(db: &mut Db, id: UserId) -> Result<Option<String>> {
    todo!()
}

/// How many users there are in the installation.
pub async fn count_any_tenant(db: &mut Db) -> Result<i64> {
    todo!()
}
