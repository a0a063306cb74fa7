//! Logging in with an e-mail address and a password.

use std::net::IpAddr;

use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{Caller, Tenant, User};
use tracklane_core::position::Attributes;
use tracklane_store::{Scope, tenants, users};

use super::authenticate::fingerprint;
use super::service::Access;
use super::tokens;
use super::users::normal_email;
use crate::error::{Error, Result};

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
        let base = &self.0.base;
        let email = normal_email(login.email);
        self.0.throttle.admit(&email, login.from, base.env.now())?;

        let mut db = base.store.read(Scope::System).await?;
        let found = users::find_by_email_any_tenant(&mut db, &email).await?;
        let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
        // No connection is held while the password is checked.
        drop(db);
        let right = self.0.passwords.verify(login.password, hash.as_deref()).await?;
        let (Some(user), Some(hash)) = (user, hash) else { return Err(Error::Unauthenticated) };
        if !right || user.disabled {
            // Nobody waits for this line: a failed login takes as long for an address that is known as for one that is not.
            let (access, from) = (self.clone(), login.from);
            tokio::spawn(async move { access.note_failure(&user, from).await });
            return Err(Error::Unauthenticated);
        }
        self.note(&user, Actor::User(user.id), "user.logged_in", login.from).await?;
        self.0.throttle.forgive(&email, login.from);

        let mut db = base.store.read(Scope::System).await?;
        let tenant = tenants::get_any_tenant(&mut db, user.tenant_id).await?.ok_or(Error::Unauthenticated)?;
        // Another process may have retired the key that we would sign with.
        self.0.ring.refresh_if_stale(base).await?;
        let (token, expires_at) = tokens::issue(base, &self.0.ring, user.id, tenant.id, fingerprint(&hash))?;
        Ok(Session { token, expires_at, user, tenant })
    }

    async fn note_failure(&self, user: &User, from: Option<IpAddr>) {
        // Whoever failed has not shown that they are this user.
        if let Err(error) = self.note(user, Actor::System, "user.login_failed", from).await {
            tracing::warn!(user = %user.id, %error, "could not note a failed login");
        }
    }

    async fn note(&self, user: &User, actor: Actor, action: &str, from: Option<IpAddr>) -> Result<()> {
        let caller = Caller { actor, ..Caller::system(user.tenant_id) };
        let data: Attributes = from.map(|from| ("from".to_owned(), json!(from.to_string()))).into_iter().collect();
        let mut tx = self.0.base.begin(&caller).await?;
        self.0.base.audit_with(&mut tx, &caller, action, user.id.to_string(), data).await?;
        Ok(tx.commit().await?)
    }
}
