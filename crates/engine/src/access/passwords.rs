//! Passwords: argon2id with the parameters that OWASP recommends (19 MiB, two passes), off the async threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Semaphore;
use tokio::task;
use tracklane_core::{Env, Invalid};

use crate::error::{Error, Result};

/// How many checks may wait for their turn before more are refused.
const MOST_WAITING: usize = 128;

/// The letters of generated passwords: none that is taken for another when it is read out.
const READABLE: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Checks and hashes passwords, a few at a time.
pub(super) struct Passwords {
    slots: Semaphore,
    waiting: AtomicUsize,
    /// A hash of nothing, checked when there is none to check: so that both take the same time.
    decoy: Arc<str>,
}

impl Passwords {
    /// Room for `slots` checks at a time.
    pub async fn new(env: &Env, slots: usize) -> Result<Self> {
        let passwords = Self { slots: Semaphore::new(slots.max(1)), waiting: AtomicUsize::new(0), decoy: "".into() };
        let nothing = URL_SAFE_NO_PAD.encode(env.random::<32>());
        let decoy = passwords.hash(env, &nothing).await?.into();
        Ok(Self { decoy, ..passwords })
    }

    /// The hash of a password, as a PHC string.
    pub async fn hash(&self, env: &Env, password: &str) -> Result<String> {
        let (password, salt) = (password.to_owned(), env.random::<16>());
        self.in_turn(move || {
            let hash: PasswordHash = Argon2::default()
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map_err(|error| Error::internal(format!("cannot hash a password: {error}")))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// True when the password belongs to the hash. Without a hash the answer is no, after the same time.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let known = hash.is_some();
        let (password, hash) = (password.to_owned(), hash.map_or_else(|| self.decoy.clone(), Arc::from));
        self.in_turn(move || Ok(Argon2::default().verify_password(password.as_bytes(), &*hash).is_ok() && known)).await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _place = Place::take(&self.waiting)?;
        let _slot = self.slots.acquire().await.map_err(|_| Error::internal("password checks are closed"))?;
        task::spawn_blocking(work).await.map_err(|error| Error::internal(format!("password check failed: {error}")))?
    }
}

/// A place in the queue, given back however the wait ends.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING { Ok(place) } else { Err(Error::Overloaded) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The rules for a new password.
pub(super) fn check(invalid: &mut Invalid, pointer: &str, password: &str, email: &str) {
    let length = password.chars().count();
    invalid.require((10..=200).contains(&length), pointer, "must be 10 to 200 characters");
    invalid.require(!password.eq_ignore_ascii_case(email), pointer, "must not be the e-mail address");
}

/// A password that can be read out: four groups of four letters, 80 random bits.
pub(super) fn generate(env: &Env) -> String {
    let letters = env.random::<16>().map(|byte| char::from(READABLE[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}
