//! People who log in. Their password hashes are never part of the record.

use tracklane_core::id::UserId;
use tracklane_core::model::{Role, User};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, search_text};

const TABLE: Table = Table {
    name: "users",
    fixed: "created_at, version",
    changing: "email, name, role, driver_id, customer_id, disabled, search",
};

fn values(user: &User) -> Vec<Value> {
    args![
        &user.email,
        &user.name,
        user.role,
        user.driver_id,
        user.customer_id,
        user.disabled,
        search_text(&[Some(&user.name), Some(&user.email)]),
    ]
}

fn read(row: &Row) -> Result<User> {
    Ok(User {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        role: row.get("role")?,
        driver_id: row.opt("driver_id")?,
        customer_id: row.opt("customer_id")?,
        disabled: row.get("disabled")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

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
    TABLE.insert(db, user.id, user.tenant_id, args![user.created_at, user.version], values(user)).await
}

/// The user with this id.
pub async fn get(db: &mut Db, id: UserId) -> Result<Option<User>> {
    TABLE.get(db, id, read).await
}

/// The user with this e-mail address (lower-case) and their password hash, if one is set.
pub async fn find_by_email_any_tenant(db: &mut Db, email: &str) -> Result<Option<(User, Option<String>)>> {
    let select = TABLE.select_any_tenant_with(db, ", password_hash")?.is("email", Some(email));
    select.one(db, |row| Ok((read(row)?, row.opt("password_hash")?))).await
}

/// The users of the tenant.
pub async fn list(db: &mut Db, filter: &UserFilter, page: Page) -> Result<Listing<User>> {
    let select = TABLE.select(db)?.is("role", filter.role).is("disabled", filter.disabled);
    select.contains("search", filter.q.as_ref()).page(db, page, read).await
}

/// Changes a user.
pub async fn update(db: &mut Db, user: &User) -> Result<bool> {
    TABLE.update(db, user.id, user.tenant_id, user.version, values(user)).await
}

/// Removes a user; false when there is none.
pub async fn delete(db: &mut Db, id: UserId) -> Result<bool> {
    TABLE.delete(db, id).await
}

/// Sets the password hash (a PHC string); false when there is no such user.
pub async fn set_password_hash(db: &mut Db, id: UserId, hash: &str) -> Result<bool> {
    let sql = "UPDATE users SET password_hash = $3 WHERE tenant_id = $1 AND id = $2";
    Ok(db.run(sql, args![db.tenant()?, id, hash]).await? > 0)
}

/// The password hash, if the user exists and has one.
pub async fn password_hash(db: &mut Db, id: UserId) -> Result<Option<String>> {
    let sql = "SELECT password_hash FROM users WHERE tenant_id = $1 AND id = $2";
    Ok(db.one(sql, args![db.tenant()?, id], |row| row.opt("password_hash")).await?.flatten())
}

/// How many users there are in the installation.
pub async fn count_any_tenant(db: &mut Db) -> Result<i64> {
    db.check_system()?;
    Ok(db.one("SELECT COUNT(*) AS count FROM users", Vec::new(), |row| row.get("count")).await?.unwrap_or_default())
}
