//! What a sender and a receiver both know.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tracklane_core::Env;

/// What every secret's text form starts with.
const PREFIX: &str = "whsec_";

/// How many bytes of a secret are made.
const MADE_LENGTH: usize = 32;

/// A symmetric signing secret: 24 to 64 bytes, written `whsec_` followed by base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// A text that is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ followed by base64 of 24 to 64 bytes")]
pub struct ParseSecretError;

impl Secret {
    /// Makes a new secret of 32 random bytes.
    pub fn generate(env: &Env) -> Self {
        Self(env.random::<MADE_LENGTH>().to_vec())
    }

    /// The secret with these bytes.
    ///
    /// # Errors
    /// When there are not 24 to 64 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseSecretError> {
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes.to_vec())) } else { Err(ParseSecretError) }
    }

    /// The bytes that sign.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text form, for the receiver's configuration.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

/// Shows that there is a secret, not which: secrets stay out of logs.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(whsec_..)")
    }
}

impl FromStr for Secret {
    type Err = ParseSecretError;
    fn from_str(text: &str) -> Result<Self, ParseSecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(ParseSecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| ParseSecretError)?;
        Self::from_bytes(&bytes)
    }
}
