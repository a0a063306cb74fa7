//! Ending a session before its token expires.

use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::Caller;
use tracklane_store::{Scope, ended_sessions};

use super::service::Access;
use super::tokens::{self, Claims};
use crate::error::{Error, Result};
use crate::shared::ended::Ended;

impl Access {
    /// Ends the session of a token: the token stops working here at once, and so it does in processes that share memory with this one;
    /// in others after [`AccessSettings::cache_seconds`](super::AccessSettings::cache_seconds) at the latest. A text that is no token, or
    /// one that does not work any more, has no session to end: that is no error.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn logout(&self, token: &str) -> Result<()> {
        let base = &self.0.base;
        let claims = match tokens::verify(base, &self.0.ring, token).await {
            Ok(claims) => claims,
            Err(Error::Unauthenticated) => return Ok(()),
            Err(error) => return Err(error),
        };
        let caller = Caller { actor: Actor::User(claims.sub), ..Caller::system(claims.tenant) };
        let mut tx = base.begin(&caller).await?;
        ended_sessions::prune(&mut tx, base.env.now()).await?;
        if ended_sessions::insert(&mut tx, &claims.jti, claims.counts_until()).await? {
            base.audit(&mut tx, &caller, "user.logged_out", claims.sub.to_string()).await?;
        }
        tx.commit().await?;
        self.forget(Ended::Session(claims.jti)).await;
        Ok(())
    }

    /// True when the session of a token was ended.
    pub(super) async fn has_ended(&self, claims: &Claims, now: Timestamp) -> Result<bool> {
        let known = &self.0.ended_sessions;
        if let Some(ended) = known.get(&claims.jti, now) {
            return Ok(ended);
        }
        let before = known.before_read();
        let mut db = self.0.base.store.read(Scope::Tenant(claims.tenant)).await?;
        let ended = ended_sessions::contains(&mut db, &claims.jti).await?;
        known.put(before, claims.jti.clone(), ended, now);
        Ok(ended)
    }
}
