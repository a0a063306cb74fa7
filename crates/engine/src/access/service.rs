use std::sync::Arc;

use tracklane_core::id::{ApiKeyId, DeviceId, UserId};

use super::authenticate::{KnownKey, KnownUser};
use super::cache::Cache;
use super::keyring::KeyRing;
use super::passwords::Passwords;
use super::throttle::Throttle;
use super::unknown::Knocked;
use crate::base::Base;
use crate::error::Result;
use crate::shared::ended::{self, Ended};

/// Who may come in. Cheap to clone.
#[derive(Clone)]
pub struct Access(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub base: Arc<Base>,
    pub ring: KeyRing,
    pub passwords: Passwords,
    pub throttle: Throttle,
    /// Failures of devices.
    pub device_throttle: Throttle,
    pub users: Cache<UserId, Arc<KnownUser>>,
    pub api_keys: Cache<ApiKeyId, Arc<KnownKey>>,
    /// By the numbers of tokens: whether their sessions were ended.
    pub ended_sessions: Cache<String, bool>,
    pub device_hashes: Cache<DeviceId, Option<[u8; 32]>>,
    /// Devices that were sent away.
    pub knocked: Knocked,
}

impl Access {
    /// Reads the signing keys, and makes the first one if there is none.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, with pointers into the section; or when the store does not answer, or the keys
    /// were sealed with another master key.
    pub async fn start(base: Arc<Base>) -> Result<Self> {
        let settings = &base.settings.access;
        settings.check()?;
        let inner = Inner {
            ring: KeyRing::open(&base).await?,
            passwords: Passwords::new(&base.env, settings.password_checks).await?,
            throttle: Throttle::new(settings.free_attempts, settings.longest_wait_seconds),
            device_throttle: Throttle::new(settings.free_attempts, settings.longest_wait_seconds),
            users: Cache::new(settings.cache_seconds),
            api_keys: Cache::new(settings.cache_seconds),
            ended_sessions: Cache::new(settings.cache_seconds),
            device_hashes: Cache::new(settings.cache_seconds),
            knocked: Knocked::default(),
            base,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Another node may have ended sessions.
    pub(crate) fn forget_sessions(&self) {
        self.0.ended_sessions.forget_all();
    }

    /// Forgets this on every node that shares memory: it was changed.
    pub(super) async fn forget(&self, what: Ended) {
        self.forget_here(&what);
        if let Some(shared) = &self.0.base.shared {
            ended::tell(&**shared, &what).await;
        }
    }

    /// Forgets this: it was changed, here or on another node.
    pub(crate) fn forget_here(&self, what: &Ended) {
        match what {
            Ended::User(id) => self.0.users.forget(id),
            Ended::ApiKey(id) => self.0.api_keys.forget(id),
            Ended::Device(id) => self.0.device_hashes.forget(id),
            Ended::Session(number) => self.0.ended_sessions.forget(number),
        }
    }

    /// Makes a new signing key. Tokens signed with an older one work until they expire.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn rotate_signing_key(&self) -> Result<()> {
        self.0.ring.rotate(&self.0.base).await
    }
}
