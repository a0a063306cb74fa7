//! The keys that sign tokens. The newest one signs; the ones before verify until what they signed has expired.

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use parking_lot::Mutex;
use tracklane_core::Timestamp;
use tracklane_store::signing_keys::{self, SigningKey};
use tracklane_store::{Db, Scope};

use super::tokens::LEEWAY_SECONDS;
use crate::base::Base;
use crate::error::{Error, Result};

/// The `typ` of our tokens (RFC 9068): nothing else that happens to be signed passes for one.
const TOKEN_TYPE: &str = "at+jwt";

/// How long at least lies between two looks for keys that another process has made.
const REFRESH_SECONDS: i64 = 5;

/// One key, ready for use.
pub(super) struct Key {
    /// The first part of every token that this key signs.
    pub header: String,
    /// Signs.
    pub encoding: EncodingKey,
    /// Verifies.
    pub decoding: DecodingKey,
    retired_at: Option<Timestamp>,
}

impl Key {
    /// What a token's header says.
    pub fn header_of(kid: &str) -> Header {
        Header { typ: Some(TOKEN_TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) }
    }
}

/// All keys, the newest first.
pub(super) struct KeyRing {
    keys: ArcSwap<Vec<(String, Key)>>,
    refreshed_at: Mutex<Timestamp>,
}

impl KeyRing {
    /// Reads the keys, and makes the first one if there is none.
    pub async fn open(base: &Base) -> Result<Self> {
        let ring = Self { keys: ArcSwap::default(), refreshed_at: Mutex::new(Timestamp::MIN) };
        ring.refresh(base).await?;
        if ring.keys.load().iter().all(|(_, key)| key.retired_at.is_some()) {
            ring.rotate(base).await?;
        }
        Ok(ring)
    }

    /// Uses the key that signs now.
    pub fn with_signer<T>(&self, use_key: impl FnOnce(&str, &Key) -> T) -> Result<T> {
        let keys = self.keys.load();
        let newest = keys.iter().find(|(_, key)| key.retired_at.is_none());
        newest.map(|(kid, key)| use_key(kid, key)).ok_or_else(|| Error::internal("no key signs tokens"))
    }

    /// Uses the key whose tokens begin with `header`, if there is one.
    pub fn with_verifier<T>(&self, header: &str, use_key: impl FnOnce(&Key) -> T) -> Option<T> {
        let keys = self.keys.load();
        keys.iter().find(|(_, key)| key.header == header).map(|(_, key)| use_key(key))
    }

    /// Makes a new key, retires those before it, and drops those whose tokens have all expired.
    pub async fn rotate(&self, base: &Base) -> Result<()> {
        let now = base.env.now();
        let kid = URL_SAFE_NO_PAD.encode(base.env.random::<9>());
        let sealed = base.secrets.seal(&base.env, &context(&kid), &base.env.random::<32>())?;
        let mut tx = base.store.begin(Scope::System).await?;
        for old in signing_keys::list_any_tenant(&mut tx).await? {
            if old.retired_at.is_none() {
                signing_keys::retire_any_tenant(&mut tx, &old.kid, now).await?;
            }
        }
        let key = SigningKey { kid, sealed, created_at: now, retired_at: None };
        signing_keys::insert_any_tenant(&mut tx, &key).await?;
        let lifetime = SignedDuration::from_secs(base.settings.access.session_seconds.saturating_add(LEEWAY_SECONDS));
        signing_keys::prune_any_tenant(&mut tx, now.saturating_sub(lifetime).unwrap_or(Timestamp::MIN)).await?;
        tx.commit().await?;
        self.refresh(base).await
    }

    /// Looks for keys that another process has made, unless that was done a moment ago. Answers whether it looked.
    pub async fn refresh_if_stale(&self, base: &Base) -> Result<bool> {
        let now = base.env.now();
        {
            let mut refreshed_at = self.refreshed_at.lock();
            if now.duration_since(*refreshed_at) < SignedDuration::from_secs(REFRESH_SECONDS) {
                return Ok(false);
            }
            *refreshed_at = now;
        }
        self.refresh(base).await?;
        Ok(true)
    }

    async fn refresh(&self, base: &Base) -> Result<()> {
        let mut db = base.store.read(Scope::System).await?;
        self.keys.store(load(base, &mut db).await?.into());
        Ok(())
    }
}

async fn load(base: &Base, db: &mut Db) -> Result<Vec<(String, Key)>> {
    let mut keys = Vec::new();
    for stored in signing_keys::list_any_tenant(db).await? {
        let secret = base.secrets.unseal(&context(&stored.kid), &stored.sealed)?;
        let encoding = EncodingKey::from_secret(&secret);
        let token = jsonwebtoken::encode(&Key::header_of(&stored.kid), &(), &encoding);
        let token = token.map_err(|error| Error::internal(format!("cannot use a signing key: {error}")))?;
        let header = token.split('.').next().unwrap_or_default().to_owned();
        let key = Key { header, encoding, decoding: DecodingKey::from_secret(&secret), retired_at: stored.retired_at };
        keys.push((stored.kid, key));
    }
    Ok(keys)
}

/// What a signing key is sealed for.
fn context(kid: &str) -> String {
    format!("signing key:{kid}")
}
