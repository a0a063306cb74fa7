//! The first start.

use tracklane_core::model::{Tenant, User};

use super::service::Access;
use crate::error::Result;

/// How to log in for the first time.
#[derive(Clone, PartialEq)]
pub struct FirstLogin {
    /// The tenant that was made.
    pub tenant: Tenant,
    /// Its admin.
    pub user: User,
    /// The admin's password. Shown once.
    pub password: String,
}

impl Access {
    /// Makes the tenant `default` and an admin with this e-mail address, if the installation has no user at all yet;
    /// otherwise answers none. A `password` of none means a generated one that can be read out.
    ///
    /// # Errors
    /// `Invalid` for a bad address or password; or when the store does not answer.
    pub async fn bootstrap(&self, email: &str, password: Option<&str>) -> Result<Option<FirstLogin>> {
        let _ = (email, password);
        todo!()
    }
}
