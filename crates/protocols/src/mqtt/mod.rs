//! MQTT 3.1.1 and 5, as far as one side needs it that takes messages and sends none: packets, and what devices publish.
//!
//! ```text
//! packet   type and flags u8, length of the rest as 1 to 4 bytes of 7 bits each, the rest
//! CONNECT  who; answered by CONNACK            PUBLISH  a message; by PUBACK (QoS 1), or PUBREC, PUBREL, PUBCOMP (QoS 2)
//! PINGREQ  a sign of life; by PINGRESP         SUBSCRIBE, UNSUBSCRIBE; by SUBACK, UNSUBACK
//! ```
//!
//! Sources: MQTT Version 3.1.1 and MQTT Version 5.0 (OASIS standards). What is read is checked by their rules; of the
//! properties of version 5 those are kept that say something to a server of this kind, and the others are only checked.
//!
//! - [`Packet`] with [`Packet::read`] and [`Packet::write`]: both directions, so that the same code tests and measures;
//! - [`frame`]: how long the packet at the front of a buffer is;
//! - [`message`]: what a message says, by its topic.

pub mod message;
mod properties;
mod read;
mod write;

use self::message::Message;
use crate::DecodeError;
use crate::reader::unhex;
use tracklane_core::position::Report;

/// What a packet says of why something was refused (version 5, section 2.4). Version 3.1.1 has codes in a CONNACK alone.
pub mod reason {
    /// It was done.
    pub const SUCCESS: u8 = 0x00;
    /// There is no such subscription.
    pub const NO_SUBSCRIPTION: u8 = 0x11;
    /// The packet breaks the rules of how packets are written.
    pub const MALFORMED: u8 = 0x81;
    /// The packet must not come here.
    pub const PROTOCOL_ERROR: u8 = 0x82;
    /// The version is neither 3.1.1 nor 5.
    pub const UNSUPPORTED_VERSION: u8 = 0x84;
    /// The client id cannot be used.
    pub const CLIENT_ID: u8 = 0x85;
    /// User name or password are wrong.
    pub const BAD_CREDENTIALS: u8 = 0x86;
    /// This client may not do that.
    pub const NOT_AUTHORIZED: u8 = 0x87;
    /// The server cannot take anything now.
    pub const UNAVAILABLE: u8 = 0x88;
    /// The server stops.
    pub const SHUTTING_DOWN: u8 = 0x8B;
    /// Ways to authenticate other than by password are not known.
    pub const BAD_METHOD: u8 = 0x8C;
    /// Nothing came for too long.
    pub const KEEP_ALIVE: u8 = 0x8D;
    /// Another connection has the same client id.
    pub const TAKEN_OVER: u8 = 0x8E;
    /// The topic is none that is understood.
    pub const TOPIC: u8 = 0x90;
    /// A number stands for a topic, and no number was agreed on.
    pub const TOPIC_ALIAS: u8 = 0x94;
    /// The packet is larger than is taken.
    pub const TOO_LARGE: u8 = 0x95;
    /// The message is not in a form that is understood.
    pub const PAYLOAD: u8 = 0x99;
    /// There were too many attempts.
    pub const RATE: u8 = 0x9F;
}

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// 3.1.1, which calls itself level 4.
    V3,
    /// 5.
    V5,
}

/// Why bytes are no packet. The connection cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct Fault {
    /// What version 5 calls it; one of [`reason`].
    pub reason: u8,
    /// The rule that is broken.
    pub rule: &'static str,
}

impl Fault {
    const fn malformed(rule: &'static str) -> Self {
        Self { reason: reason::MALFORMED, rule }
    }

    const fn protocol(rule: &'static str) -> Self {
        Self { reason: reason::PROTOCOL_ERROR, rule }
    }
}

/// A packet. Texts and messages are borrowed from the bytes that it is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The first of a connection.
    Connect(Connect<'a>),
    /// Its answer.
    ConnAck(ConnAck<'a>),
    /// A message.
    Publish(Publish<'a>),
    /// An answer to a message, or to such an answer.
    Ack(Ack),
    /// Asks for messages.
    Subscribe {
        /// The number of the packet; not 0.
        id: u16,
        /// Topic filters; at least one.
        filters: Vec<&'a str>,
    },
    /// Its answer: a code for each filter.
    SubAck {
        /// The number of the packet that is answered.
        id: u16,
        /// One of [`reason`] for each; 0 to 2 are the granted QoS.
        codes: Vec<u8>,
    },
    /// Asks for messages no more.
    Unsubscribe {
        /// The number of the packet; not 0.
        id: u16,
        /// Topic filters; at least one.
        filters: Vec<&'a str>,
    },
    /// Its answer.
    UnsubAck {
        /// The number of the packet that is answered.
        id: u16,
        /// One of [`reason`] for each filter, which version 3.1.1 leaves out.
        codes: Vec<u8>,
    },
    /// A sign of life.
    PingReq,
    /// Its answer.
    PingResp,
    /// The last of a connection. Version 3.1.1 knows it of clients alone, and without a code.
    Disconnect(u8),
    /// Another round of an authentication that is more than a password; version 5.
    Auth,
}

/// Who wants to connect, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect<'a> {
    /// The version that all packets of the connection are written in.
    pub version: Version,
    /// The client's name for itself; may be empty.
    pub client_id: &'a str,
    /// Whether what an earlier connection left behind is to be forgotten.
    pub clean: bool,
    /// After how many seconds without a packet the connection counts as lost; 0 for never.
    pub keep_alive_seconds: u16,
    /// For how many seconds the session is to outlive the connection. In version 3.1.1 for ever, unless it is clean.
    pub session_seconds: u32,
    /// The user name, if one is stated.
    pub user: Option<&'a str>,
    /// The password, if one is stated.
    pub password: Option<&'a [u8]>,
    /// The topic that a last message is to be sent to when the connection is lost.
    pub will_topic: Option<&'a str>,
    /// Whether a way to authenticate is named that is more than a password; version 5.
    pub has_method: bool,
}

/// The answer to who wants to connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnAck<'a> {
    /// Whether what an earlier connection left behind is known.
    pub session_present: bool,
    /// One of [`reason`]; version 3.1.1 is told in its own codes.
    pub code: u8,
    /// What else version 5 is told.
    pub terms: Terms<'a>,
}

/// What a server of version 5 says that it does otherwise than the standard's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms<'a> {
    /// The client id that was made for a client without one.
    pub client_id: Option<&'a str>,
    /// The largest packet that is taken, in bytes.
    pub packet_limit: Option<u32>,
    /// How many messages may be unanswered at a time.
    pub in_flight: Option<u16>,
    /// The keep-alive that holds instead of the one asked for, in seconds.
    pub keep_alive_seconds: Option<u16>,
    /// True when nothing is retained, and subscriptions with wildcards, shared ones and their numbers are not known.
    pub only_takes: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish<'a> {
    /// 0: not answered; 1: answered by a PUBACK; 2: by a PUBREC.
    pub qos: u8,
    /// Whether it may have been sent before.
    pub again: bool,
    /// The number of the packet; 0 for QoS 0, and never otherwise.
    pub id: u16,
    /// The topic; not empty, without wildcards.
    pub topic: &'a str,
    /// The message.
    pub payload: &'a [u8],
}

/// An answer to a message, or to such an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Which.
    pub kind: AckKind,
    /// The number of the message's packet.
    pub id: u16,
    /// One of [`reason`]; version 3.1.1 knows none, so that it reads success.
    pub code: u8,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckKind {
    /// A message of QoS 1 is taken.
    PubAck = 4,
    /// One of QoS 2 is taken.
    PubRec = 5,
    /// That is known.
    PubRel = 6,
    /// And that is.
    PubComp = 7,
}

/// How long the packet at the front of a buffer is, in bytes; none while that cannot be known. More bytes than `limit`
/// are refused as soon as their number is known.
///
/// # Errors
/// [`reason::MALFORMED`], [`reason::TOO_LARGE`].
pub fn frame(buffer: &[u8], limit: usize) -> Result<Option<usize>, Fault> {
    let Some((_, rest)) = buffer.split_first() else { return Ok(None) };
    let mut length = 0;
    for (place, byte) in rest.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            let whole = length + place + 2;
            let fits = whole <= limit;
            return if fits {
                Ok(Some(whole))
            } else {
                Err(Fault { reason: reason::TOO_LARGE, rule: "the packet is larger than is taken" })
            };
        }
    }
    if rest.len() < 4 { Ok(None) } else { Err(Fault::malformed("the length must have at most four bytes")) }
}

/// Reads a line: a topic and its message, as `mosquitto_sub -v` prints them, or packets as hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    let broken = |fault: Fault| DecodeError::Syntax { detail: fault.to_string() };
    let Ok(bytes) = unhex(line) else {
        let (topic, payload) = line.split_once(' ').ok_or_else(|| DecodeError::Syntax {
            detail: "it must be a topic, a blank and a message, or hex".to_owned(),
        })?;
        return reports(topic, payload.as_bytes());
    };
    let (mut rest, mut found, mut version) = (&bytes[..], Vec::new(), Version::V3);
    while !rest.is_empty() {
        let length = frame(rest, usize::MAX).map_err(broken)?.filter(|length| *length <= rest.len());
        let (packet, after) =
            rest.split_at(length.ok_or_else(|| DecodeError::Syntax { detail: "it is cut short".to_owned() })?);
        rest = after;
        match Packet::read(packet, version).map_err(broken)? {
            Packet::Connect(connect) => version = connect.version,
            Packet::Publish(publish) => found.extend(reports(publish.topic, publish.payload)?),
            _ => {}
        }
    }
    Ok(found)
}

fn reports(topic: &str, payload: &[u8]) -> Result<Vec<Report>, DecodeError> {
    let Some(message) = Message::read(topic, payload)? else {
        return Err(DecodeError::field("topic", "must be owntracks/{user}/{device} or tracklane/{tenant}/{device}"));
    };
    if let Some(error) = message.errors.into_iter().next() {
        return Err(error);
    }
    let report = |row: message::Row| Report {
        device: message.device.to_owned(),
        kind: message.kind.clone().unwrap_or_else(|| "position".to_owned()),
        time: row.time,
        fix: row.fix,
        attributes: row.attributes,
    };
    Ok(message.rows.into_iter().map(report).collect())
}
