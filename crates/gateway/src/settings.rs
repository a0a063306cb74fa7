//! What can be set about the gateway: two sections of the configuration file. Every field has a default.

use serde::{Deserialize, Serialize};
use tracklane_core::Invalid;
use url::Url;

use crate::listen::Listen;

/// What becomes of a device that nobody has told us of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownDevices {
    /// It is counted and sent away.
    #[default]
    Refuse,
    /// A device is made for it, in the tenant that the listener or the broker belongs to.
    Register,
}

impl UnknownDevices {
    /// The word used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Register => "register",
        }
    }
}

/// Devices that speak over sockets of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// Where devices are listened for; nowhere when empty.
    pub listen: Vec<Listen>,
    /// How many connections may be open at the same time.
    pub max_connections: usize,
    /// How many of them from one address: the trackers of a mobile operator often share a few.
    pub max_connections_per_address: usize,
    /// How long a connection may take to say which device it is from, in seconds.
    pub login_seconds: u64,
    /// How long a connection may go without a whole message, in seconds.
    pub idle_seconds: u64,
    /// Messages per second of one connection; a faster one is read more slowly. 0 means no limit.
    pub messages_per_second: u32,
    /// Messages per second of one device, over all of its connections; a faster one is read more slowly, and over UDP not
    /// answered. 0 means no limit.
    pub device_messages_per_second: u32,
    /// How many bytes of a connection are read ahead while what came before is written.
    pub read_ahead_bytes: usize,
    /// The largest message over MQTT, in bytes. Trackers' protocols have bounds of their own.
    pub message_limit_bytes: usize,
    /// How many devices may be made per hour for unknown ones, in each tenant.
    pub registrations_per_hour: u32,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            login_seconds: 60,
            idle_seconds: 1_800,
            messages_per_second: 100,
            device_messages_per_second: 100,
            read_ahead_bytes: 65_536,
            message_limit_bytes: 262_144,
            registrations_per_hour: 1_000,
        }
    }
}

/// A broker that passes on what devices say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MqttSettings {
    /// `mqtt://user:password@host:port`, or `mqtts://` for TLS; empty means none.
    pub url: String,
    /// The client id, under which the broker keeps what comes while the server is away.
    pub client_id: String,
    /// The topic filters to subscribe to.
    pub topics: Vec<String>,
    /// A file with the certificates that the broker's is checked against; empty means those of the system.
    pub ca_file: String,
    /// The tenant whose devices are taken, by short name or id; empty means any.
    pub tenant: String,
    /// What becomes of unknown devices.
    pub unknown_devices: UnknownDevices,
    /// How many messages one commit covers at most.
    pub batch: usize,
    /// The largest message, in bytes.
    pub message_limit_bytes: usize,
    /// How often the broker is asked for a sign of life, in seconds.
    pub keep_alive_seconds: u64,
}

impl Default for MqttSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            client_id: "tracklane".to_owned(),
            topics: vec!["owntracks/+/+".to_owned(), "tracklane/+/+".to_owned()],
            ca_file: String::new(),
            tenant: String::new(),
            unknown_devices: UnknownDevices::Refuse,
            batch: 1_000,
            message_limit_bytes: 1_048_576,
            keep_alive_seconds: 30,
        }
    }
}

/// A broker's address, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broker {
    pub host: String,
    pub port: u16,
    pub tls: bool,
    /// User and password.
    pub credentials: Option<(String, String)>,
}

impl MqttSettings {
    /// Checks what the numbers' ranges do not say.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if self.url.is_empty() {
            return Ok(());
        }
        if let Err(rule) = self.broker() {
            invalid.add("/url", rule);
        }
        // What every broker must take (MQTT 3.1.1, section 3.1.3.1), and some more that all of them do.
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let fits = (1..=100).contains(&self.client_id.len()) && plain(&self.client_id);
        invalid.require(fits, "/client_id", "must be 1 to 100 letters, digits, dots, hyphens and underscores");
        invalid.require(!self.topics.is_empty(), "/topics", "must not be empty");
        for (number, topic) in self.topics.iter().enumerate() {
            let pointer = format!("/topics/{number}");
            invalid.require(rumqttc::valid_filter(topic), &pointer, "must be a topic filter such as owntracks/+/+");
        }
        let bound = self.unknown_devices == UnknownDevices::Refuse || !self.tenant.is_empty();
        invalid.require(bound, "/unknown_devices", "can be \"register\" only with a tenant");
        invalid.into_result()
    }

    /// The address, taken apart. The rule that it breaks never holds the address: there may be a password in it.
    pub(crate) fn broker(&self) -> Result<Broker, &'static str> {
        const RULE: &str =
            "must be mqtt://host:port or mqtts://host:port, with user:password@ before the host if need be";
        let url = Url::parse(&self.url).map_err(|_| RULE)?;
        let tls = match url.scheme() {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(RULE),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(RULE);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(RULE)?.to_owned();
        let port = url.port().unwrap_or(if tls { 8883 } else { 1883 });
        let plain = |text: &str| decoded(text).ok_or("user and password must be percent-encoded UTF-8");
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some((plain(user)?, plain(password.unwrap_or_default())?)),
        };
        Ok(Broker { host, port, tls, credentials })
    }
}

/// A text without percent-encoding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> MqttSettings {
        MqttSettings { url: url.to_owned(), ..MqttSettings::default() }
    }

    #[test]
    fn an_address_is_taken_apart() {
        let broker = at("mqtts://tra%40ck:s%2Fecret@broker.example").broker();
        let credentials = Some(("tra@ck".to_owned(), "s/ecret".to_owned()));
        assert_eq!(broker, Ok(Broker { host: "broker.example".to_owned(), port: 8883, tls: true, credentials }));
        let broker = at("mqtt://[::1]:7").broker().map(|broker| (broker.host, broker.port, broker.credentials));
        assert_eq!(broker, Ok(("[::1]".to_owned(), 7, None)));
        for wrong in ["broker:1883", "http://broker", "mqtt://", "mqtt://broker/topic", "mqtt://a:%zz@broker"] {
            assert!(at(wrong).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let wrong = MqttSettings {
            client_id: "a b".to_owned(),
            topics: vec!["owntracks/#/x".to_owned()],
            unknown_devices: UnknownDevices::Register,
            ..at("mqtt://broker")
        };
        let invalid = wrong.check().expect_err("three rules are broken");
        let named: Vec<_> = invalid.0.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(named, ["#/client_id", "#/topics/0", "#/unknown_devices"]);
        assert!(MqttSettings::default().check().is_ok());
    }
}
