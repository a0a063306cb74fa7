//! People who log in. Only admins of the tenant see and change them.

use serde::{Deserialize, Serialize};
use tracklane_core::id::{CustomerId, DriverId, UserId};
use tracklane_core::model::{Caller, Role, User};
use tracklane_store::users::UserFilter;
use tracklane_store::{Listing, Page};

use super::service::Access;
use crate::error::Result;

/// What is said about a user.
#[derive(Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What they log in with, in any case, unique in the installation, at most 254 characters.
    pub email: String,
    /// Their name, 1 to 200 characters.
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
        let _ = (caller, new);
        todo!()
    }

    /// The user with this id.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls or they are it themselves; `NotFound`.
    pub async fn user(&self, caller: &Caller, id: UserId) -> Result<User> {
        let _ = (caller, id);
        todo!()
    }

    /// The users of the tenant, newest first.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls.
    pub async fn users(&self, caller: &Caller, filter: &UserFilter, page: Page) -> Result<Listing<User>> {
        let _ = (caller, filter, page);
        todo!()
    }

    /// Changes a user whose version is still `version`.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`; `VersionMismatch`; `Invalid`; `Conflict` when it would leave the
    /// tenant without an admin who can log in.
    pub async fn update_user(&self, caller: &Caller, id: UserId, version: i64, new: NewUser) -> Result<User> {
        let _ = (caller, id, version, new);
        todo!()
    }

    /// Removes a user.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`; `Conflict` for the last admin who can log in.
    pub async fn delete_user(&self, caller: &Caller, id: UserId) -> Result<()> {
        let _ = (caller, id);
        todo!()
    }

    /// Changes the caller's own password and ends all their sessions.
    ///
    /// # Errors
    /// `Forbidden` when no person calls; `Invalid` when `present` is wrong or `new` breaks a rule.
    pub async fn change_own_password(&self, caller: &Caller, present: &str, new: &str) -> Result<()> {
        let _ = (caller, present, new);
        todo!()
    }
}
