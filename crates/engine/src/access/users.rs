//! People who log in. Only admins of the tenant see and change them.

use serde::{Deserialize, Serialize};
use tracklane_core::Invalid;
use tracklane_core::id::{CustomerId, DriverId, UserId};
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{Caller, Role, User};
use tracklane_store::users::{self, UserFilter};
use tracklane_store::{Db, Listing, Page, customers, drivers, tenants};

use super::passwords;
use super::service::Access;
use crate::base::must_administer;
use crate::check;
use crate::error::{Error, Result};
use crate::shared::ended::Ended;

/// What is said about a user.
#[derive(Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What they log in with, in any case, unique in the installation, at most 254 characters.
    #[schema(max_length = 254, pattern = r"^[^@\s]+@[^@\s.]([^@\s]*[^@\s.])?$")]
    pub email: String,
    /// Their name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What they may do; not `device`.
    pub role: Role,
    /// Needed for the role `driver`, and for no other: which driver they are.
    #[serde(default)]
    pub driver_id: Option<DriverId>,
    /// Needed for the role `customer`, and for no other: which customer they are.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// True when they may not log in any more; their tokens stop working at once.
    #[serde(default)]
    pub disabled: bool,
    /// Their password, 10 to 200 characters; needed when they are made. A new one ends all their sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 10, max_length = 200, format = Password)]
    pub password: Option<String>,
}

impl From<&User> for NewUser {
    fn from(user: &User) -> Self {
        Self {
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role,
            driver_id: user.driver_id,
            customer_id: user.customer_id,
            disabled: user.disabled,
            password: None,
        }
    }
}

impl Access {
    /// Makes a user.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `Invalid` for broken rules, a taken e-mail address among them.
    pub async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<User> {
        must_administer(caller)?;
        let base = &self.0.base;
        let password = new.password.clone().ok_or_else(|| Invalid::one("/password", "is required"))?;
        let user = User {
            id: UserId::new(&base.env),
            tenant_id: caller.tenant_id,
            email: normal_email(&new.email),
            name: new.name.clone(),
            role: new.role,
            driver_id: new.driver_id,
            customer_id: new.customer_id,
            disabled: new.disabled,
            created_at: base.env.now(),
            version: 1,
        };
        check(&user, Some(&password))?;
        let hash = self.0.passwords.hash(&base.env, &password).await?;
        let mut tx = base.begin(caller).await?;
        check_references(&mut tx, &user).await?;
        users::insert(&mut tx, &user).await.map_err(explain)?;
        users::set_password_hash(&mut tx, user.id, &hash).await?;
        base.audit(&mut tx, caller, "user.created", user.id.to_string()).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// The user with this id.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls or they are it themselves; `NotFound`.
    pub async fn user(&self, caller: &Caller, id: UserId) -> Result<User> {
        if caller.actor != Actor::User(id) {
            must_administer(caller)?;
        }
        let mut db = self.0.base.read(caller).await?;
        users::get(&mut db, id).await?.ok_or(Error::NotFound)
    }

    /// The users of the tenant, newest first.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls.
    pub async fn users(&self, caller: &Caller, filter: &UserFilter, page: Page) -> Result<Listing<User>> {
        must_administer(caller)?;
        let mut db = self.0.base.read(caller).await?;
        Ok(users::list(&mut db, filter, page).await?)
    }

    /// Changes a user whose version is still `version`.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`; `VersionMismatch`; `Invalid`; `Conflict` when it would leave the
    /// tenant without an admin who can log in.
    pub async fn update_user(&self, caller: &Caller, id: UserId, version: i64, new: NewUser) -> Result<User> {
        must_administer(caller)?;
        let base = &self.0.base;
        // Outside of the transaction: hashing is slow on purpose.
        let hash = match &new.password {
            Some(password) => {
                check_password(password, &normal_email(&new.email))?;
                Some(self.0.passwords.hash(&base.env, password).await?)
            }
            None => None,
        };
        let mut tx = base.begin(caller).await?;
        let mut user = users::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if user.version != version {
            return Err(Error::VersionMismatch);
        }
        let was_admin = is_working_admin(&user);
        user.email = normal_email(&new.email);
        (user.name, user.role, user.disabled) = (new.name, new.role, new.disabled);
        (user.driver_id, user.customer_id) = (new.driver_id, new.customer_id);
        check(&user, None)?;
        check_references(&mut tx, &user).await?;
        if was_admin && !is_working_admin(&user) {
            must_leave_an_admin(&mut tx, id).await?;
        }
        if !users::update(&mut tx, &user).await.map_err(explain)? {
            return Err(Error::VersionMismatch);
        }
        if let Some(hash) = hash {
            users::set_password_hash(&mut tx, id, &hash).await?;
            base.audit(&mut tx, caller, "user.password_set", id.to_string()).await?;
        }
        base.audit(&mut tx, caller, "user.updated", id.to_string()).await?;
        tx.commit().await?;
        self.forget(Ended::User(id)).await;
        user.version += 1;
        Ok(user)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`; `Conflict` for the last admin who can log in.
    pub async fn delete_user(&self, caller: &Caller, id: UserId) -> Result<()> {
        must_administer(caller)?;
        let mut tx = self.0.base.begin(caller).await?;
        let user = users::get(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if is_working_admin(&user) {
            must_leave_an_admin(&mut tx, id).await?;
        }
        if !users::delete(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        self.0.base.audit(&mut tx, caller, "user.deleted", id.to_string()).await?;
        tx.commit().await?;
        self.forget(Ended::User(id)).await;
        Ok(())
    }

    /// Changes the caller's own password and ends all their sessions.
    ///
    /// # Errors
    /// `Forbidden` when no person calls; `Invalid` when `present` is wrong or `new` breaks a rule; `Throttled` after too
    /// many wrong ones.
    pub async fn change_own_password(&self, caller: &Caller, present: &str, new: &str) -> Result<()> {
        let Actor::User(id) = caller.actor else { return Err(Error::Forbidden) };
        let base = &self.0.base;
        let mut db = base.read(caller).await?;
        let user = users::get(&mut db, id).await?.ok_or(Error::NotFound)?;
        let hash = users::password_hash(&mut db, id).await?;
        drop(db);
        check_password(new, &user.email).map_err(|invalid| renamed(&invalid, "/new_password"))?;
        self.0.throttle.admit(&user.email, None, base.env.now())?;
        if !self.0.passwords.verify(present, hash.as_deref()).await? {
            return Err(Invalid::one("/present_password", "is wrong").into());
        }
        self.0.throttle.forgive(&user.email, None);
        let hash = self.0.passwords.hash(&base.env, new).await?;
        let mut tx = base.begin(caller).await?;
        users::set_password_hash(&mut tx, id, &hash).await?;
        base.audit(&mut tx, caller, "user.password_set", id.to_string()).await?;
        tx.commit().await?;
        self.forget(Ended::User(id)).await;
        Ok(())
    }
}

/// An e-mail address as it is kept: two spellings of one are one.
pub(super) fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn check(user: &User, password: Option<&str>) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    check::email(&mut invalid, "/email", &user.email);
    check::name(&mut invalid, &user.name);
    invalid.require(user.role != Role::Device, "/role", "must not be device: devices have keys and credentials");
    check_narrow_role(&mut invalid, user.role, user.driver_id.is_some(), user.customer_id.is_some());
    if let Some(password) = password {
        passwords::check(&mut invalid, "/password", password, &user.email);
    }
    invalid.into_result()
}

fn check_password(password: &str, email: &str) -> Result<(), Invalid> {
    let mut invalid = Invalid::default();
    passwords::check(&mut invalid, "/password", password, email);
    invalid.into_result()
}

/// The same broken rules, at another pointer.
fn renamed(invalid: &Invalid, pointer: &str) -> Invalid {
    let mut renamed = Invalid::default();
    for error in &invalid.0 {
        renamed.add(pointer, error.detail.clone());
    }
    renamed
}

/// A narrow role names whose own things it sees; the other roles name nobody.
pub(super) fn check_narrow_role(invalid: &mut Invalid, role: Role, driver: bool, customer: bool) {
    let rule = |wanted: bool| if wanted { "is required for this role" } else { "must be left out for this role" };
    let (wants_driver, wants_customer) = (role == Role::Driver, role == Role::Customer);
    invalid.require(driver == wants_driver, "/driver_id", rule(wants_driver));
    invalid.require(customer == wants_customer, "/customer_id", rule(wants_customer));
}

async fn check_references(db: &mut Db, user: &User) -> Result<()> {
    must_exist_driver(db, user.driver_id).await?;
    must_exist_customer(db, user.customer_id).await
}

pub(super) async fn must_exist_driver(db: &mut Db, id: Option<DriverId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let found = drivers::get(db, id).await?;
    found.map(drop).ok_or_else(|| Invalid::one("/driver_id", "no such driver").into())
}

pub(super) async fn must_exist_customer(db: &mut Db, id: Option<CustomerId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let found = customers::get(db, id).await?;
    found.map(drop).ok_or_else(|| Invalid::one("/customer_id", "no such customer").into())
}

fn is_working_admin(user: &User) -> bool {
    user.role == Role::Admin && !user.disabled
}

/// Refuses what would lock everybody out.
async fn must_leave_an_admin(db: &mut Db, leaving: UserId) -> Result<()> {
    // One after the other: of the last two admins, each could leave the other one.
    tenants::lock_own(db).await?;
    let admins = UserFilter { role: Some(Role::Admin), disabled: Some(false), q: None };
    let working = users::list(db, &admins, Page::first(2)).await?;
    if working.items.iter().any(|user| user.id != leaving) {
        return Ok(());
    }
    Err(Error::Conflict("the last admin who can log in must stay".to_owned()))
}

/// A taken e-mail address is a broken rule of that field.
pub(super) fn explain(error: tracklane_store::Error) -> Error {
    match error {
        tracklane_store::Error::NotUnique { constraint } if constraint == "users_email_key" => {
            Invalid::one("/email", "is taken").into()
        }
        other => other.into(),
    }
}
