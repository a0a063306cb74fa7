//! What can be set about the server. Every field has a default.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracklane_core::Invalid;

use crate::limits::LimitSettings;

/// The section `server` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Under which address callers reach this server, `https://track.example.com`, without a slash at the end. Links in
    /// answers begin with it. Empty means `http://` and the address of `listen`.
    pub base_url: String,
    /// The reverse proxies whose `X-Forwarded-For` is believed: addresses or networks such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<Network>,
    /// The largest body of a request, in bytes, except for batches of positions; 1,024 or more.
    pub body_limit_bytes: usize,
    /// The largest batch of positions, in bytes; 1,024 or more.
    pub batch_limit_bytes: usize,
    /// How long a request may take, in seconds, 1 to 3,600. Live streams have no such limit once they have begun.
    pub timeout_seconds: u64,
    /// How long running requests may go on after the order to stop, in seconds, 0 to 3,600.
    pub grace_seconds: u64,
    /// For how long, in seconds, a server that was told to stop serves on and says that it is not ready, 0 to 3,600.
    pub drain_seconds: u64,
    /// For how long the answer to an Idempotency-Key is kept, in hours, 1 to 720.
    pub idempotency_hours: u32,
    /// Whether the login cookie is for https only; `auto` means when `base_url` begins with https.
    pub cookie_secure: CookieSecure,
    /// Web pages of other origins that may call the API, `https://app.example.com`; `*` means any. Cookies stay
    /// same-origin in any case.
    pub cors_origins: Vec<String>,
    /// Whether `/metrics` needs no credentials. Otherwise it needs those of an admin, operator or viewer.
    pub public_metrics: bool,
    /// How often the credentials behind a live stream are looked at again, in seconds, 1 to 3,600.
    pub live_check_seconds: u64,
    /// How often is too often.
    pub limits: LimitSettings,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            base_url: String::new(),
            trusted_proxies: Vec::new(),
            body_limit_bytes: 1024 * 1024,
            batch_limit_bytes: 8 * 1024 * 1024,
            timeout_seconds: 30,
            grace_seconds: 10,
            drain_seconds: 0,
            idempotency_hours: 24,
            cookie_secure: CookieSecure::Auto,
            cors_origins: Vec::new(),
            public_metrics: true,
            live_check_seconds: 30,
            limits: LimitSettings::default(),
        }
    }
}

impl ServerSettings {
    /// Checks ranges and forms.
    ///
    /// # Errors
    /// Names each field that breaks its rule, with pointers into the section.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let url = |text: &str| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        let base = self.base_url.is_empty() || url(&self.base_url);
        invalid.require(base, "/base_url", "must be empty, or begin with http:// or https://");
        for (index, origin) in self.cors_origins.iter().enumerate() {
            let form = origin == "*" || (url(origin) && !origin.ends_with('/'));
            invalid.require(
                form,
                &format!("/cors_origins/{index}"),
                "must be an origin such as https://app.example.com, or *",
            );
        }
        let mut range = |name: &str, value: u64, low: u64, high: u64| {
            let rule = format!("must be from {low} to {high}");
            invalid.require((low..=high).contains(&value), &format!("/{name}"), rule);
        };
        range("body_limit_bytes", self.body_limit_bytes as u64, 1_024, 1 << 30);
        range("batch_limit_bytes", self.batch_limit_bytes as u64, 1_024, 1 << 30);
        range("timeout_seconds", self.timeout_seconds, 1, 3_600);
        range("grace_seconds", self.grace_seconds, 0, 3_600);
        range("drain_seconds", self.drain_seconds, 0, 3_600);
        range("idempotency_hours", u64::from(self.idempotency_hours), 1, 720);
        invalid.into_result()
    }

    /// The address that links begin with, without a slash at the end.
    pub fn public_url(&self) -> String {
        if self.base_url.is_empty() {
            return format!("http://{}", self.listen);
        }
        self.base_url.trim_end_matches('/').to_owned()
    }

    /// Whether the login cookie is for https only.
    pub fn secure_cookie(&self) -> bool {
        match self.cookie_secure {
            CookieSecure::Always => true,
            CookieSecure::Never => false,
            CookieSecure::Auto => self.base_url.starts_with("https://"),
        }
    }
}

/// Whether the login cookie is for https only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CookieSecure {
    /// When `base_url` begins with https.
    Auto,
    /// Yes.
    Always,
    /// No.
    Never,
}

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// True when `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_prefix(own.to_bits().into(), other.to_bits().into(), self.bits, 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same_prefix(own.to_bits(), other.to_bits(), self.bits, 128),
            _ => false,
        }
    }
}

fn same_prefix(one: u128, other: u128, bits: u32, width: u32) -> bool {
    // A shift by the whole width is not defined; no bits means that everything matches.
    bits == 0 || (one ^ other) >> (width - bits) == 0
}

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network such as 10.0.0.0/8")]
pub struct ParseNetworkError;

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| ParseNetworkError)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.parse().map_err(|_| ParseNetworkError))?;
        if bits > width {
            return Err(ParseNetworkError);
        }
        Ok(Self { address, bits })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Serialize for Network {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_fine_and_what_is_not_is_named() {
        assert_eq!(ServerSettings::default().check(), Ok(()));
        let wrong = ServerSettings {
            base_url: "track.example.com".to_owned(),
            timeout_seconds: 0,
            cors_origins: vec!["*".to_owned(), "https://app.example.com/".to_owned()],
            ..ServerSettings::default()
        };
        let pointers: Vec<_> = wrong.check().unwrap_err().0.into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["#/base_url", "#/cors_origins/1", "#/timeout_seconds"]);
    }

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().expect("a network").contains(address.parse().expect("an address"))
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/32", "192.0.2.7"));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/x"] {
            assert_eq!(wrong.parse::<Network>(), Err(ParseNetworkError), "{wrong}");
        }
    }
}
