//! The installation's master key, and what is made from it: sealing at rest, tracking links, signed cursors.

use std::path::Path;
use std::sync::Arc;

use tracklane_core::Env;
use tracklane_core::id::LinkId;

use crate::error::Result;

/// The name of the file in the data folder that holds the master key.
pub const MASTER_KEY_FILE: &str = "master.key";

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
        let _ = (folder, env);
        todo!()
    }

    /// A key for one purpose: nobody who has it learns anything about the master key or another purpose's key.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let _ = purpose;
        todo!()
    }

    /// Encrypts `plain` (XChaCha20-Poly1305). What is sealed for one `context` (`endpoint.secret:end_..`) opens for it alone.
    pub fn seal(&self, env: &Env, context: &str, plain: &[u8]) -> Vec<u8> {
        let _ = (env, context, plain);
        todo!()
    }

    /// Opens what [`Secrets::seal`] closed.
    ///
    /// # Errors
    /// `Internal` when it was sealed with another key or for another context, or was touched.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let _ = (context, sealed);
        todo!()
    }

    /// The public token of a tracking link: 22 characters that nobody can guess from the id.
    pub fn link_token(&self, id: LinkId) -> String {
        let _ = id;
        todo!()
    }

    /// `payload` with its signature, as base64url: for cursors and the like that clients hand back.
    pub fn sign(&self, purpose: &str, payload: &[u8]) -> String {
        let _ = (purpose, payload);
        todo!()
    }

    /// The payload of a text made by [`Secrets::sign`] for the same purpose; none when it was not.
    pub fn verify(&self, purpose: &str, signed: &str) -> Option<Vec<u8>> {
        let _ = (purpose, signed);
        todo!()
    }
}

/// The hash of a tracking link's token: what the store keeps of it.
pub fn link_token_hash(token: &str) -> [u8; 32] {
    let _ = token;
    todo!()
}
