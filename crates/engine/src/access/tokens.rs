//! The tokens of sessions: JWT by the rules of RFC 8725. HS256 alone; the header must be, byte for byte, one that we
//! write, so nothing in it is ever believed; issuer, audience, expiry and start are checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, crypto};
use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{TenantId, UserId};

use super::keyring::{Key, KeyRing};
use crate::base::Base;
use crate::error::{Error, Result};

/// By how many seconds the clocks of our processes may differ.
pub(super) const LEEWAY_SECONDS: i64 = 30;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// Who issued it.
    iss: String,
    /// Whom it is for.
    aud: String,
    /// Whose session it is.
    pub sub: UserId,
    /// In which tenant.
    pub tenant: TenantId,
    /// The fingerprint of the password that opened the session: a new password ends it.
    pub pwd: String,
    /// When it was issued, Unix seconds.
    iat: i64,
    /// From when on it counts.
    nbf: i64,
    /// When it stops working.
    exp: i64,
    /// Its own number.
    pub jti: String,
}

/// Issues a token, and says when it stops working.
pub(super) fn issue(
    base: &Base,
    ring: &KeyRing,
    user: UserId,
    tenant: TenantId,
    password: String,
) -> Result<(String, Timestamp)> {
    let settings = &base.settings.access;
    let now = base.env.now().as_second();
    let expires_at = Timestamp::from_second(now.saturating_add(settings.session_seconds)).unwrap_or(Timestamp::MAX);
    let claims = Claims {
        iss: settings.issuer.clone(),
        aud: settings.issuer.clone(),
        sub: user,
        tenant,
        pwd: password,
        iat: now,
        nbf: now,
        exp: expires_at.as_second(),
        jti: URL_SAFE_NO_PAD.encode(base.env.random::<16>()),
    };
    let sign = |kid: &str, key: &Key| jsonwebtoken::encode(&Key::header_of(kid), &claims, &key.encoding);
    let token = ring.with_signer(sign)?;
    Ok((token.map_err(|error| Error::internal(format!("cannot sign a token: {error}")))?, expires_at))
}

/// What a token says, if it is one of ours and counts now.
///
/// # Errors
/// `Unauthenticated`, whatever is wrong with it; or when the store does not answer.
pub(super) async fn verify(base: &Base, ring: &KeyRing, token: &str) -> Result<Claims> {
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::Unauthenticated);
    };
    let message = &token.as_bytes()[..header.len() + 1 + payload.len()];
    let check = |key: &Key| crypto::verify(signature, message, &key.decoding, Algorithm::HS256).unwrap_or(false);
    let mut verified = ring.with_verifier(header, check);
    // Another process may have made a new key.
    if verified.is_none() && ring.refresh_if_stale(base).await? {
        verified = ring.with_verifier(header, check);
    }
    if verified != Some(true) {
        return Err(Error::Unauthenticated);
    }
    let claims = read(payload).ok_or(Error::Unauthenticated)?;
    if claims.counts(&base.settings.access.issuer, base.env.now()) { Ok(claims) } else { Err(Error::Unauthenticated) }
}

fn read(payload: &str) -> Option<Claims> {
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

impl Claims {
    /// From when on the token counts nowhere, whatever the clock there says.
    pub fn counts_until(&self) -> Timestamp {
        Timestamp::from_second(self.exp.saturating_add(2 * LEEWAY_SECONDS)).unwrap_or(Timestamp::MAX)
    }

    fn counts(&self, issuer: &str, now: Timestamp) -> bool {
        let now = now.as_second();
        self.iss == issuer
            && self.aud == issuer
            && now < self.exp.saturating_add(LEEWAY_SECONDS)
            && now >= self.nbf.saturating_sub(LEEWAY_SECONDS)
    }
}
