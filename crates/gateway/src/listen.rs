//! Where devices are listened for, as it is written in the settings.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tracklane_protocols::registry::find;
use tracklane_protocols::{PROTOCOLS, ProtocolKind, Stream};

use crate::settings::UnknownDevices;

/// By which way bytes come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// In connections.
    Tcp,
    /// In datagrams.
    Udp,
}

impl Transport {
    /// The word used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// What is spoken on a socket.
#[derive(Debug, Clone, Copy)]
pub enum Spoken {
    /// A tracker's protocol, as functions.
    Stream(&'static Stream),
    /// MQTT.
    Mqtt,
}

/// One entry of the list: `teltonika://0.0.0.0:5027`, `gt06+tcp://[::]?tenant=acme&unknown=register`.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The protocol's name.
    pub protocol: &'static str,
    /// What is spoken.
    pub spoken: Spoken,
    /// The way that is meant; both that the protocol is spoken over when none is.
    pub transport: Option<Transport>,
    /// Address and port.
    pub address: SocketAddr,
    /// The tenant whose devices are taken, by short name or id; any when there is none.
    pub tenant: Option<String>,
    /// What becomes of unknown devices.
    pub unknown: UnknownDevices,
}

/// Why a text is no place to listen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} {1}")]
pub struct ParseListenError(String, String);

impl Listen {
    /// The ways to listen on.
    pub fn transports(&self) -> impl Iterator<Item = Transport> {
        let (tcp, udp) = match self.spoken {
            Spoken::Stream(stream) => (stream.tcp, stream.udp),
            Spoken::Mqtt => (true, false),
        };
        let ways = [(Transport::Tcp, tcp), (Transport::Udp, udp)];
        let meant = self.transport;
        ways.into_iter()
            .filter(move |(way, spoken)| *spoken && meant.is_none_or(|meant| meant == *way))
            .map(|(way, _)| way)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.protocol)?;
        if let Some(transport) = self.transport {
            write!(f, "+{}", transport.as_str())?;
        }
        write!(f, "://{}", self.address)?;
        if let Some(tenant) = &self.tenant {
            write!(f, "?tenant={tenant}")?;
        }
        if self.unknown != UnknownDevices::Refuse {
            write!(f, "&unknown={}", self.unknown.as_str())?;
        }
        Ok(())
    }
}

impl PartialEq for Listen {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Listen {
    type Err = ParseListenError;

    fn from_str(text: &str) -> Result<Self, ParseListenError> {
        read(text).map_err(|rule| ParseListenError(text.to_owned(), rule))
    }
}

fn read(text: &str) -> Result<Listen, String> {
    let (scheme, rest) = text.split_once("://").ok_or("must be protocol://address:port")?;
    let (name, transport) = match scheme.split_once('+') {
        None => (scheme, None),
        Some((name, "tcp")) => (name, Some(Transport::Tcp)),
        Some((name, "udp")) => (name, Some(Transport::Udp)),
        Some((_, other)) => return Err(format!("must be over tcp or udp, not {other:?}")),
    };
    let spoken = || {
        let streams = PROTOCOLS.iter().filter(|protocol| !matches!(protocol.kind, ProtocolKind::Http));
        let names: Vec<_> = streams.map(|protocol| protocol.name).collect();
        format!("must begin with one of {}", names.join(", "))
    };
    let protocol = find(name).map_err(|_| spoken())?;
    let spoken = match protocol.kind {
        ProtocolKind::Stream(stream) => Spoken::Stream(stream),
        ProtocolKind::Mqtt => Spoken::Mqtt,
        ProtocolKind::Http => return Err(spoken()),
    };
    let (place, query) = rest.split_once('?').map_or((rest, ""), |(place, query)| (place, query));
    let place = place.strip_suffix('/').unwrap_or(place);
    let mut listen = Listen {
        protocol: protocol.name,
        spoken,
        transport,
        address: address(place, protocol.default_port)?,
        tenant: None,
        unknown: UnknownDevices::Refuse,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("tenant", tenant)) if !tenant.is_empty() => listen.tenant = Some(tenant.to_owned()),
            Some(("unknown", "register")) => listen.unknown = UnknownDevices::Register,
            Some(("unknown", "refuse")) => listen.unknown = UnknownDevices::Refuse,
            _ => return Err(format!("has {pair:?}; known are tenant=NAME, unknown=refuse and unknown=register")),
        }
    }
    if listen.unknown == UnknownDevices::Register && listen.tenant.is_none() {
        return Err("registers unknown devices and must say for which tenant: tenant=NAME".to_owned());
    }
    if listen.transports().next().is_none() {
        let other = if listen.transport == Some(Transport::Tcp) { "udp" } else { "tcp" };
        return Err(format!("is a protocol that is spoken over {other}"));
    }
    Ok(listen)
}

fn address(place: &str, usual: Option<u16>) -> Result<SocketAddr, String> {
    if let Ok(address) = place.parse() {
        return Ok(address);
    }
    let bare = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(place);
    let ip: IpAddr =
        bare.parse().map_err(|_| "must listen on an address, as in 0.0.0.0:5027 or [::]:5027".to_owned())?;
    let port = usual.ok_or("must name a port: the protocol has none of its own")?;
    Ok(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_to_listen_is_read_and_written() {
        for (text, written) in [
            ("teltonika://0.0.0.0", "teltonika://0.0.0.0:5027"),
            ("gt06+udp://[::]:7", "gt06+udp://[::]:7"),
            ("h02://::1", "h02://[::1]:5013"),
            ("mqtt://0.0.0.0", "mqtt://0.0.0.0:1883"),
            (
                "gl200+tcp://127.0.0.1:0/?tenant=acme&unknown=register",
                "gl200+tcp://127.0.0.1:0?tenant=acme&unknown=register",
            ),
        ] {
            let listen: Listen = text.parse().expect(text);
            assert_eq!(listen.to_string(), written);
            assert_eq!(written.parse(), Ok(listen));
        }
        let both: Listen = "teltonika://0.0.0.0".parse().expect("both");
        assert_eq!(both.transports().collect::<Vec<_>>(), [Transport::Tcp, Transport::Udp]);
        let one: Listen = "teltonika+udp://0.0.0.0".parse().expect("one");
        assert_eq!(one.transports().collect::<Vec<_>>(), [Transport::Udp]);
    }

    #[test]
    fn what_is_wrong_with_a_place_is_said() {
        for (text, rule) in [
            ("0.0.0.0:5027", "must be protocol://address:port"),
            ("telegraph://0.0.0.0:1", "must begin with one of teltonika, gt06, h02, tk103, gps103, gl200, mqtt"),
            ("mqtt+udp://0.0.0.0", "is a protocol that is spoken over tcp"),
            ("osmand://0.0.0.0:1", "must begin with one of"),
            ("gt06+sms://0.0.0.0:1", "must be over tcp or udp"),
            ("gt06://everywhere", "must listen on an address"),
            ("gt06://0.0.0.0?unknown=register", "must say for which tenant"),
            ("gt06://0.0.0.0?tenant=a&colour=red", "has \"colour=red\"; known are"),
        ] {
            let error = text.parse::<Listen>().expect_err(text).to_string();
            assert!(error.contains(rule) && error.contains(text), "{error}");
        }
    }
}
