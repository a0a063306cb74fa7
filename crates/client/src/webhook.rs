//! Checks the signature of a webhook: Standard Webhooks 1.0, symmetric signatures (`v1`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use tracklane_core::Timestamp;

/// How far, in seconds, the sender's clock and ours may disagree; older messages may be replays.
pub const TOLERANCE_SECONDS: i64 = 300;

/// The secret of an endpoint.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a message is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The secret is not `whsec_` followed by base64.
    #[error("the secret is not base64, with or without whsec_ before it")]
    BadSecret,
    /// A header is not there, or not readable.
    #[error("header {0} is missing or not readable")]
    BadHeader(&'static str),
    /// The message was signed too long ago, or in the future.
    #[error("the message was signed more than {TOLERANCE_SECONDS} seconds away from now")]
    OutOfTime,
    /// No signature fits.
    #[error("no signature fits")]
    BadSignature,
}

impl Secret {
    /// Reads a secret as the API shows it: `whsec_` and base64.
    ///
    /// # Errors
    /// [`VerifyError::BadSecret`] when it is empty or no base64.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| VerifyError::BadSecret)?;
        if bytes.is_empty() { Err(VerifyError::BadSecret) } else { Ok(Self(bytes)) }
    }

    /// Checks the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` against the raw body, in constant
    /// time. Answers the message's id, which a receiver uses to drop repeats.
    ///
    /// # Errors
    /// Says what is wrong; the message must then not be believed.
    pub fn verify<'h>(&self, headers: &'h HeaderMap, body: &[u8], now: Timestamp) -> Result<&'h str, VerifyError> {
        let header = |name: &'static str| {
            headers.get(name).and_then(|value| value.to_str().ok()).ok_or(VerifyError::BadHeader(name))
        };
        let id = header("webhook-id")?;
        let timestamp = header("webhook-timestamp")?;
        let signatures = header("webhook-signature")?;
        let signed_at: i64 = timestamp.parse().map_err(|_| VerifyError::BadHeader("webhook-timestamp"))?;
        if signed_at.abs_diff(now.as_second()) > TOLERANCE_SECONDS.unsigned_abs() {
            return Err(VerifyError::OutOfTime);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| VerifyError::BadSecret)?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        let given = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,"));
        for signature in given.filter_map(|text| BASE64_STANDARD.decode(text).ok()) {
            if mac.clone().verify_slice(&signature).is_ok() {
                return Ok(id);
            }
        }
        Err(VerifyError::BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const WRONG: &str = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    const SIGNED_AT: i64 = 1_614_265_330;
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";

    fn check(signature: &str, body: &str, age_seconds: i64) -> Result<(), VerifyError> {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        headers.insert("webhook-timestamp", SIGNED_AT.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        let now = Timestamp::from_second(SIGNED_AT + age_seconds).unwrap();
        Secret::parse(SECRET)?.verify(&headers, body.as_bytes(), now).map(|id| assert_eq!(id, ID))
    }

    #[test]
    fn the_published_vector_verifies_alone_and_among_others() {
        let body = "{\"test\": 2432232314}";
        assert_eq!(check(SIGNATURE, body, 0), Ok(()));
        assert_eq!(check(&format!("{WRONG} v2,x {SIGNATURE} {WRONG}"), body, 0), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let body = "{\"test\": 2432232314}";
        for signature in [WRONG, "v1,", "v1,g0hM9", "", &SIGNATURE.replace("v1", "v2"), &SIGNATURE[3..]] {
            assert_eq!(check(signature, body, 0), Err(VerifyError::BadSignature), "{signature}");
        }
        assert_eq!(check(SIGNATURE, "{\"test\":2432232314}", 0), Err(VerifyError::BadSignature));
        assert_eq!(check(SIGNATURE, body, 301), Err(VerifyError::OutOfTime));
        assert_eq!(check(SIGNATURE, body, -301), Err(VerifyError::OutOfTime));
        assert!(matches!(Secret::parse("whsec_"), Err(VerifyError::BadSecret)));
        assert!(matches!(Secret::parse("whsec_?"), Err(VerifyError::BadSecret)));
    }

    #[test]
    fn missing_headers_are_named() {
        let secret = Secret::parse(SECRET).unwrap();
        let empty = HeaderMap::new();
        assert_eq!(secret.verify(&empty, b"", Timestamp::UNIX_EPOCH), Err(VerifyError::BadHeader("webhook-id")));
    }
}
