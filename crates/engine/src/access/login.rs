//! Logging in with an e-mail address and a password, and what stands behind every request afterwards.

use std::net::IpAddr;
use std::sync::Arc;

use tracklane_core::Timestamp;
use tracklane_core::model::{Tenant, User};

use super::principal::Principal;
use super::service::Access;
use crate::error::Result;

/// Who wants in.
#[derive(Clone)]
pub struct Login<'a> {
    /// E-mail address, in any case.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// Where they call from, if that is known.
    pub from: Option<IpAddr>,
}

/// A successful login.
#[derive(Clone)]
pub struct Session {
    /// The token for `Authorization: Bearer`.
    pub token: String,
    /// When the token stops working.
    pub expires_at: Timestamp,
    /// Who logged in.
    pub user: User,
    /// Their tenant.
    pub tenant: Tenant,
}

impl Access {
    /// Checks a password and opens a session. Takes the same time for unknown addresses.
    ///
    /// # Errors
    /// `Unauthenticated` for a wrong address or password and for disabled users, without saying which;
    /// `Throttled` after too many of them.
    pub async fn login(&self, login: Login<'_>) -> Result<Session> {
        let _ = login;
        todo!()
    }

    /// Who stands behind a bearer token: an API key or a session's token.
    ///
    /// # Errors
    /// `Unauthenticated`, without saying why.
    pub async fn authenticate(&self, bearer: &str) -> Result<Arc<Principal>> {
        let _ = bearer;
        todo!()
    }

    /// Makes a new signing key. Tokens signed with an older one work until they expire.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn rotate_signing_key(&self) -> Result<()> {
        todo!()
    }
}
