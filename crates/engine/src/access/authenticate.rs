//! What stands before every request: from a bearer token to who calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tracklane_core::Timestamp;
use tracklane_core::id::{ApiKeyId, TenantId, UserId};
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::{ApiKey, Caller, User};
use tracklane_store::{Scope as StoreScope, api_keys, users};

use super::api_keys::split_secret;
use super::principal::Principal;
use super::service::Access;
use super::tokens;
use crate::error::{Error, Result};

/// How often the last use of a key is written down at most, in seconds.
const TOUCH_SECONDS: i64 = 60;

/// A user as the store knew them a moment ago.
pub(super) struct KnownUser {
    principal: Arc<Principal>,
    tenant_id: TenantId,
    disabled: bool,
    /// What a token of theirs must say.
    fingerprint: String,
}

/// A key as the store knew it a moment ago.
pub(super) struct KnownKey {
    principal: Arc<Principal>,
    secret_hash: [u8; 32],
    expires_at: Option<Timestamp>,
    revoked: bool,
    /// When its last use was written down, Unix seconds.
    touched_at: AtomicI64,
}

impl Access {
    /// Who stands behind a bearer token: an API key or a session's token.
    ///
    /// # Errors
    /// `Unauthenticated`, without saying why; or when the store does not answer.
    pub async fn authenticate(&self, bearer: &str) -> Result<Arc<Principal>> {
        match split_secret(bearer) {
            Some((id, secret)) => self.authenticate_key(id, secret).await,
            // What is rare is boxed: otherwise every future around this one would be as large as it can get.
            None => Box::pin(self.authenticate_session(bearer)).await,
        }
    }

    async fn authenticate_key(&self, id: ApiKeyId, secret: &str) -> Result<Arc<Principal>> {
        let now = self.0.base.env.now();
        let known = match self.0.api_keys.get(&id, now) {
            Some(known) => known,
            None => Box::pin(self.read_key(id, now)).await?,
        };
        let matches = bool::from(hash_secret(secret).ct_eq(&known.secret_hash));
        let expired = known.expires_at.is_some_and(|at| at <= now);
        if !matches || expired || known.revoked {
            return Err(Error::Unauthenticated);
        }
        self.touch(id, &known, now);
        Ok(known.principal.clone())
    }

    async fn read_key(&self, id: ApiKeyId, now: Timestamp) -> Result<Arc<KnownKey>> {
        let before = self.0.api_keys.before_read();
        let mut db = self.0.base.store.read(StoreScope::System).await?;
        let (key, hash) = api_keys::find_any_tenant(&mut db, id).await?.ok_or(Error::Unauthenticated)?;
        let known = Arc::new(KnownKey {
            secret_hash: hash.try_into().map_err(|_| Error::internal("an API key's hash has a wrong length"))?,
            expires_at: key.expires_at,
            revoked: key.revoked_at.is_some(),
            touched_at: AtomicI64::new(key.last_used_at.map_or(i64::MIN, Timestamp::as_second)),
            principal: Arc::new(principal_of_key(key)),
        });
        self.0.api_keys.put(before, id, known.clone(), now);
        Ok(known)
    }

    /// Writes down that a key was used, now and then, without anybody waiting for it.
    fn touch(&self, id: ApiKeyId, known: &KnownKey, now: Timestamp) {
        let (touched, second) = (known.touched_at.load(Ordering::Relaxed), now.as_second());
        if second.saturating_sub(touched) < TOUCH_SECONDS {
            return;
        }
        if known.touched_at.compare_exchange(touched, second, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let store = self.0.base.store.clone();
        tokio::spawn(async move {
            let written = async {
                let mut tx = store.begin(StoreScope::System).await?;
                api_keys::touch_last_used_any_tenant(&mut tx, id, now).await?;
                tx.commit().await
            };
            if let Err(error) = written.await {
                tracing::warn!(api_key = %id, %error, "could not note the last use of an API key");
            }
        });
    }

    async fn authenticate_session(&self, token: &str) -> Result<Arc<Principal>> {
        let claims = tokens::verify(&self.0.base, &self.0.ring, token).await?;
        let now = self.0.base.env.now();
        let known = match self.0.users.get(&claims.sub, now) {
            Some(known) => known,
            None => self.read_user(claims.sub, claims.tenant, now).await?,
        };
        let holds = !known.disabled && known.tenant_id == claims.tenant && known.fingerprint == claims.pwd;
        if !holds || self.has_ended(&claims, now).await? {
            return Err(Error::Unauthenticated);
        }
        Ok(known.principal.clone())
    }

    async fn read_user(&self, id: UserId, tenant: TenantId, now: Timestamp) -> Result<Arc<KnownUser>> {
        let before = self.0.users.before_read();
        let mut db = self.0.base.store.read(StoreScope::Tenant(tenant)).await?;
        let user = users::get(&mut db, id).await?.ok_or(Error::Unauthenticated)?;
        let hash = users::password_hash(&mut db, id).await?.ok_or(Error::Unauthenticated)?;
        let known = Arc::new(KnownUser {
            tenant_id: user.tenant_id,
            disabled: user.disabled,
            fingerprint: fingerprint(&hash),
            principal: Arc::new(principal_of_user(user)),
        });
        self.0.users.put(before, id, known.clone(), now);
        Ok(known)
    }
}

/// The hash of a secret of 256 random bits: no slow hash is needed.
pub(super) fn hash_secret(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What a token says of the password that opened its session: tells a new password from the one before, and nothing else.
pub(super) fn fingerprint(password_hash: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(password_hash.as_bytes())[..12])
}

fn principal_of_user(user: User) -> Principal {
    let caller = Caller {
        tenant_id: user.tenant_id,
        actor: Actor::User(user.id),
        role: user.role,
        driver_id: user.driver_id,
        customer_id: user.customer_id,
        device_id: None,
    };
    Principal { caller, user: Some(Arc::new(user)), api_key: None, scopes: Vec::new() }
}

fn principal_of_key(key: ApiKey) -> Principal {
    let caller = Caller {
        tenant_id: key.tenant_id,
        actor: Actor::ApiKey(key.id),
        role: key.role,
        driver_id: key.driver_id,
        customer_id: key.customer_id,
        device_id: key.device_id,
    };
    // A scope that this version does not know allows nothing, and still narrows.
    let scopes = key.scopes.iter().map(|text| text.parse().unwrap_or(super::principal::NOTHING)).collect();
    Principal { caller, user: None, api_key: Some(Arc::new(key)), scopes }
}
