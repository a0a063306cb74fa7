//! Signing and verifying, scheme `v1`: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::secret::Secret;

/// The header with the message's id, the same on every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of the attempt, in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// How far, in seconds, the time of an attempt may lie from the receiver's clock: outside of it somebody replays.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a message is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The timestamp is no number of seconds.
    #[error("malformed webhook timestamp")]
    MalformedTimestamp,
    /// The timestamp lies too far from now, before or after.
    #[error("webhook timestamp more than {TOLERANCE_SECONDS} seconds away from now")]
    Stale,
    /// No signature of the header fits any secret.
    #[error("no webhook signature matches")]
    NoMatch,
}

/// The value of the signature header: one `v1` signature for each secret, the newest first. During a rotation both the
/// new and the old secret sign, so that a receiver may switch whenever it likes.
pub fn sign(id: &str, timestamp: i64, body: &[u8], secrets: &[Secret]) -> String {
    let mut header = String::with_capacity(secrets.len() * 48);
    for secret in secrets {
        if !header.is_empty() {
            header.push(' ');
        }
        let signature = mac(secret, id, &timestamp.to_string(), body).finalize().into_bytes();
        header.push_str("v1,");
        STANDARD.encode_string(signature, &mut header);
    }
    header
}

/// Checks what a receiver got: `timestamp` and `signatures` as the headers state them, `now` in Unix seconds. Signatures
/// of other schemes are passed over. The comparison takes the same time wherever the first difference lies.
///
/// # Errors
/// When the timestamp is malformed or more than five minutes away, or no signature fits a secret.
pub fn verify(
    id: &str,
    timestamp: &str,
    body: &[u8],
    signatures: &str,
    secrets: &[Secret],
    now: i64,
) -> Result<(), VerifyError> {
    let seconds: i64 = timestamp.parse().map_err(|_| VerifyError::MalformedTimestamp)?;
    if now.abs_diff(seconds) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(VerifyError::Stale);
    }
    let claimed = || {
        let encoded = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        encoded.filter_map(|text| STANDARD.decode(text).ok())
    };
    for secret in secrets {
        for signature in claimed() {
            if mac(secret, id, timestamp, body).verify_slice(&signature).is_ok() {
                return Ok(());
            }
        }
    }
    Err(VerifyError::NoMatch)
}

fn mac(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes keys of any length");
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn secret() -> Secret {
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()
    }

    fn other() -> Secret {
        Secret::from_bytes(&[7; 32]).unwrap()
    }

    #[test]
    fn the_published_vector() {
        assert_eq!(sign(ID, AT, BODY, &[secret()]), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn during_a_rotation_either_secret_verifies() {
        let header = sign(ID, AT, BODY, &[other(), secret()]);
        assert_eq!(header.split(' ').count(), 2);
        for known in [secret(), other()] {
            assert_eq!(verify(ID, &AT.to_string(), BODY, &header, &[known], AT + 10), Ok(()));
        }
    }

    #[test]
    fn refuses_what_was_touched_and_what_is_old() {
        let header = sign(ID, AT, BODY, &[secret()]);
        let at = AT.to_string();
        let check = |id: &str, at: &str, body: &[u8], header: &str, now| verify(id, at, body, header, &[secret()], now);
        assert_eq!(check(ID, &at, BODY, &header, AT + 300), Ok(()));
        assert_eq!(check(ID, &at, BODY, &format!("v1a,AAAA v2,x {header}"), AT), Ok(()));
        assert_eq!(check(ID, &at, BODY, &header, AT + 301), Err(VerifyError::Stale));
        assert_eq!(check(ID, &at, BODY, &header, AT - 301), Err(VerifyError::Stale));
        assert_eq!(check(ID, "soon", BODY, &header, AT), Err(VerifyError::MalformedTimestamp));
        assert_eq!(check(ID, &i64::MIN.to_string(), BODY, &header, AT), Err(VerifyError::Stale));
        assert_eq!(check("msg_other", &at, BODY, &header, AT), Err(VerifyError::NoMatch));
        assert_eq!(check(ID, &(AT + 1).to_string(), BODY, &header, AT), Err(VerifyError::NoMatch));
        assert_eq!(check(ID, &at, b"{}", &header, AT), Err(VerifyError::NoMatch));
        for bad in ["", "v1,", "v1,%%%", "v1,AAAA", "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="] {
            assert_eq!(check(ID, &at, BODY, bad, AT), Err(VerifyError::NoMatch), "{bad:?}");
        }
        assert_eq!(verify(ID, &at, BODY, &header, &[other()], AT), Err(VerifyError::NoMatch));
    }

    #[test]
    fn secrets_round_trip_and_stay_out_of_logs() {
        let secret = secret();
        assert_eq!(secret.bytes().len(), 24);
        assert_eq!(secret.reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(format!("{secret:?}"), "Secret(whsec_..)");
        for length in [0, 23, 65] {
            let text = format!("whsec_{}", STANDARD.encode(vec![1; length]));
            assert_eq!(text.parse::<Secret>(), Err(super::super::ParseSecretError), "{length}");
        }
        for length in [24, 64] {
            assert!(format!("whsec_{}", STANDARD.encode(vec![1; length])).parse::<Secret>().is_ok(), "{length}");
        }
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"] {
            assert!(bad.parse::<Secret>().is_err(), "{bad:?}");
        }
    }
}
