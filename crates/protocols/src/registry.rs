//! The one list of protocols. To add one: a module with `decode`, and a line here.

use tracklane_core::position::Report;

use crate::stream::Stream;
use crate::{DecodeError, gl200, gps103, gt06, h02, mqtt, osmand, owntracks, teltonika, tk103};

/// How messages of a protocol come in.
#[derive(Debug, Clone, Copy)]
pub enum ProtocolKind {
    /// As HTTP requests.
    Http,
    /// As bytes on a connection of their own, or as datagrams.
    Stream(&'static Stream),
    /// As messages of MQTT, through a broker or to us.
    Mqtt,
}

/// A device protocol.
#[derive(Debug, Clone, Copy)]
pub struct Protocol {
    /// The name used in settings and on the command line.
    pub name: &'static str,
    /// How messages come in.
    pub kind: ProtocolKind,
    /// The port that devices expect, when the protocol has one of its own.
    pub default_port: Option<u16>,
    /// Reads one message as a line of text: a query string or JSON for HTTP protocols, hex for binary ones, either for
    /// those that speak text, a topic and its message for MQTT.
    pub decode_line: fn(&str) -> Result<Vec<Report>, DecodeError>,
}

/// Every protocol.
pub const PROTOCOLS: &[Protocol] = &[
    Protocol { name: "osmand", kind: ProtocolKind::Http, default_port: Some(5055), decode_line: osmand::decode_line },
    Protocol { name: "owntracks", kind: ProtocolKind::Http, default_port: None, decode_line: owntracks::decode_line },
    Protocol {
        name: "teltonika",
        kind: ProtocolKind::Stream(&teltonika::STREAM),
        default_port: Some(5027),
        decode_line: teltonika::decode_line,
    },
    Protocol {
        name: "gt06",
        kind: ProtocolKind::Stream(&gt06::STREAM),
        default_port: Some(5023),
        decode_line: gt06::decode_line,
    },
    Protocol {
        name: "h02",
        kind: ProtocolKind::Stream(&h02::STREAM),
        default_port: Some(5013),
        decode_line: h02::decode_line,
    },
    Protocol {
        name: "tk103",
        kind: ProtocolKind::Stream(&tk103::STREAM),
        default_port: Some(5002),
        decode_line: tk103::decode_line,
    },
    Protocol {
        name: "gps103",
        kind: ProtocolKind::Stream(&gps103::STREAM),
        default_port: Some(5001),
        decode_line: gps103::decode_line,
    },
    Protocol {
        name: "gl200",
        kind: ProtocolKind::Stream(&gl200::STREAM),
        default_port: Some(5004),
        decode_line: gl200::decode_line,
    },
    Protocol { name: "mqtt", kind: ProtocolKind::Mqtt, default_port: Some(1883), decode_line: mqtt::decode_line },
];

/// The protocol with this name.
///
/// # Errors
/// Lists the names there are.
pub fn find(name: &str) -> Result<&'static Protocol, DecodeError> {
    let found = PROTOCOLS.iter().find(|protocol| protocol.name == name);
    found.ok_or_else(|| {
        let known: Vec<_> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
        DecodeError::UnknownProtocol { given: name.to_owned(), known: known.join(", ") }
    })
}

/// Reads one message of the named protocol from a line of text.
///
/// # Errors
/// An unknown protocol, or what is wrong with the message.
pub fn decode_line(protocol: &str, line: &str) -> Result<Vec<Report>, DecodeError> {
    (find(protocol)?.decode_line)(line)
}
