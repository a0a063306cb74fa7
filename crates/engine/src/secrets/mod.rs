//! The installation's master key, and what is made from it: sealing at rest, tracking links, signed cursors.

mod file;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use tracklane_core::Env;
use tracklane_core::id::{Id as _, LinkId};

use crate::error::{Error, Result};

pub use file::MASTER_KEY_FILE;

/// The first byte of everything sealed: which way it was sealed.
const SEAL_VERSION: u8 = 1;

/// The length of a nonce of XChaCha20: long enough to be drawn at random for ever.
const NONCE: usize = 24;

/// How many bytes of a signature travel with what was signed.
const SIGNATURE: usize = 16;

/// The master key. Cheap to clone; never shown.
#[derive(Clone)]
pub struct Secrets(Arc<[u8; 32]>);

impl Secrets {
    /// The secrets of this master key.
    pub fn new(master: [u8; 32]) -> Self {
        Self(Arc::new(master))
    }

    /// Reads `master.key` in the data folder, or makes it at the first start, readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be read or made, or does not hold 64 hex digits.
    pub fn open(folder: &Path, env: &Env) -> Result<Self> {
        file::open(folder, env).map(Self::new)
    }

    /// A key for one purpose: nobody who has it learns anything about the master key or another purpose's key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        mac(&self.0, purpose.as_bytes())
    }

    /// Encrypts `plain` (XChaCha20-Poly1305). What is sealed for one `context` (`endpoint:end_..`) opens for it alone.
    ///
    /// # Errors
    /// `Internal` when there are more than 256 GiB.
    pub fn seal(&self, env: &Env, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = env.random::<NONCE>();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let closed =
            self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::internal("cannot seal"))?;
        Ok([&[SEAL_VERSION], nonce.as_slice(), &closed].concat())
    }

    /// Opens what [`Secrets::seal`] closed.
    ///
    /// # Errors
    /// `Internal` when it was sealed with another key or for another context, or was touched.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let wrong = || Error::internal(format!("cannot unseal {context}: another master key, or a damaged value"));
        let rest = sealed.strip_prefix(&[SEAL_VERSION]).ok_or_else(wrong)?;
        let (nonce, closed) = rest.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        let payload = Payload { msg: closed, aad: context.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| wrong())
    }

    /// The keyed hash of `payload`, for one purpose: tells whether two are the same, and lets nobody who has it try out what
    /// it is of.
    pub fn fingerprint(&self, purpose: &str, payload: &[u8]) -> [u8; 32] {
        mac(&self.derive(purpose), payload)
    }

    /// The public token of a tracking link: 22 characters that nobody can guess from the id.
    pub fn link_token(&self, id: LinkId) -> String {
        let full = mac(&self.derive("tracking link"), id.uuid().as_bytes());
        URL_SAFE_NO_PAD.encode(&full[..16])
    }

    /// `payload` with its signature, as base64url: for cursors and the like that clients hand back.
    pub fn sign(&self, purpose: &str, payload: &[u8]) -> String {
        let full = mac(&self.derive(purpose), payload);
        URL_SAFE_NO_PAD.encode([payload, &full[..SIGNATURE]].concat())
    }

    /// The payload of a text made by [`Secrets::sign`] for the same purpose; none when it was not.
    pub fn verify(&self, purpose: &str, signed: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(signed).ok()?;
        let signature = bytes.split_off(bytes.len().checked_sub(SIGNATURE)?);
        keyed(&self.derive(purpose)).chain_update(&bytes).verify_truncated_left(&signature).ok()?;
        Some(bytes)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.derive("seal").into())
    }
}

/// The hash of a tracking link's token: what the store keeps of it.
pub fn link_token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(message).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
