//! Typed ids: a UUIDv7 (RFC 9562) made by us, never by the database, shown as `prefix_` followed by 26 characters of
//! Crockford base32 in lower case (the TypeID 0.3 text form), so that ids of one kind sort by the time they were made.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::time::Env;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// No letter of the alphabet.
const NO_DIGIT: u8 = 255;

/// What each byte stands for.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {prefix}_ followed by 26 characters of base32")]
pub struct ParseIdError {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

/// What every typed id can do. Implemented by the types of this module only.
pub trait Id: Copy + Eq + Ord + fmt::Display + FromStr<Err = ParseIdError> + Send + Sync + 'static {
    /// The prefix of the text form, without the underscore.
    const PREFIX: &'static str;
    /// Wraps a UUID, whatever its version.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The bare UUID, as databases keep it.
    fn uuid(self) -> Uuid;
}

/// Makes a new id from the clock and the randomness of `env`.
pub fn new_id<I: Id>(env: &Env) -> I {
    let mut random = [0; 10];
    env.entropy.fill(&mut random);
    let millis = u64::try_from(env.clock.now().as_millisecond()).unwrap_or(0);
    I::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// Writes 16 bytes as 26 characters of Crockford base32.
fn encode(uuid: Uuid) -> [u8; 26] {
    let value = uuid.as_u128();
    let mut text = [0; 26];
    for (index, slot) in text.iter_mut().enumerate() {
        let shift = 125 - 5 * index;
        *slot = ALPHABET[(value >> shift) as usize & 31];
    }
    text
}

fn decode(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    // 26 characters hold 130 bits: the first one may only carry three.
    if bytes.len() != 26 || bytes[0] > b'7' {
        return None;
    }
    let mut value: u128 = 0;
    for byte in bytes {
        let digit = DIGITS[usize::from(*byte)];
        if digit == NO_DIGIT {
            return None;
        }
        value = value << 5 | u128::from(digit);
    }
    Some(Uuid::from_u128(value))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Uuid);

            impl Id for $name {
                const PREFIX: &'static str = $prefix;
                #[inline]
                fn from_uuid(uuid: Uuid) -> Self {
                    Self(uuid)
                }
                #[inline]
                fn uuid(self) -> Uuid {
                    self.0
                }
            }

            impl $name {
                /// Makes a new id from the clock and the randomness of `env`.
                pub fn new(env: &Env) -> Self {
                    new_id(env)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    let text = encode(self.0);
                    f.write_str($prefix)?;
                    f.write_str("_")?;
                    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(self, f)
                }
            }

            impl FromStr for $name {
                type Err = ParseIdError;
                fn from_str(text: &str) -> Result<Self, ParseIdError> {
                    text.strip_prefix(concat!($prefix, "_"))
                        .and_then(decode)
                        .map(Self)
                        .ok_or(ParseIdError { prefix: $prefix })
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }

            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                    utoipa::openapi::ObjectBuilder::new()
                        .schema_type(utoipa::openapi::schema::Type::String)
                        .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                        .into()
                }
            }

            impl utoipa::ToSchema for $name {}
        )*

        /// Every prefix with the type it belongs to, for documents and tests.
        pub const PREFIXES: &[(&str, &str)] = &[$(($prefix, stringify!($name)),)*];
    };
}

ids! {
    /// A tenant.
    TenantId = "ten",
    /// A person who logs in.
    UserId = "usr",
    /// An API key.
    ApiKeyId = "key",
    /// A sender or recipient.
    CustomerId = "cus",
    /// A hub, warehouse, store, locker or port.
    LocationId = "loc",
    /// A shipment.
    ShipmentId = "shp",
    /// A package of a shipment.
    PackageId = "pkg",
    /// One stretch of a shipment under one carrier.
    LegId = "leg",
    /// One fact about a shipment.
    TrackingEventId = "tev",
    /// One entry of the event log.
    EventId = "evt",
    /// What sends GPS fixes.
    DeviceId = "dev",
    /// Who carries.
    DriverId = "drv",
    /// With what.
    VehicleId = "veh",
    /// A geofence.
    ZoneId = "zon",
    /// A webhook target.
    EndpointId = "end",
    /// One event on its way to one endpoint.
    MessageId = "msg",
    /// One try to deliver a message.
    AttemptId = "att",
    /// A public tracking link.
    LinkId = "lnk",
    /// One line of the audit log.
    AuditId = "aud",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_sorts_like_the_bytes() {
        let low = ShipmentId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let high = ShipmentId::from_uuid(Uuid::from_u128(u128::MAX));
        assert_eq!(low.to_string().len(), 30);
        assert_eq!(low.to_string().parse(), Ok(low));
        assert_eq!(high.to_string(), "shp_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(high.to_string().parse(), Ok(high));
        assert!(low.to_string() < high.to_string());
    }

    #[test]
    fn refuses_other_prefixes_lengths_letters_and_overflow() {
        let good = ShipmentId::from_uuid(Uuid::from_u128(7)).to_string();
        assert!(good.parse::<DriverId>().is_err());
        for bad in ["", "shp_", "shp_1", &good.to_uppercase(), &good.replace("shp_0", "shp_8"), &format!("{good}0")] {
            assert_eq!(bad.parse::<ShipmentId>(), Err(ParseIdError { prefix: "shp" }), "{bad}");
        }
    }

    #[test]
    fn prefixes_are_unique() {
        let mut seen: Vec<_> = PREFIXES.iter().map(|(prefix, _)| prefix).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), PREFIXES.len());
    }
}
