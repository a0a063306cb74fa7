//! Reading of packets.

use super::properties::{self, Allowed, Value};
use super::{Ack, AckKind, ConnAck, Connect, Fault, Packet, Publish, Terms, Version, reason};

/// Takes fields from the front of a packet.
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Fault::malformed("the packet is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Fault::malformed("the packet is cut short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn flag(&mut self) -> Result<bool, Fault> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Fault::protocol("a property that says yes or no must be 0 or 1")),
        }
    }

    pub fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn varint(&mut self) -> Result<u32, Fault> {
        let mut number = 0;
        for place in 0..4 {
            let byte = self.u8()?;
            number |= u32::from(byte & 0x7F) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Fault::malformed("a length must have at most four bytes"))
    }

    pub fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// A text, of which the standard says that it must have no null character.
    pub fn text(&mut self) -> Result<&'a str, Fault> {
        let text = std::str::from_utf8(self.binary()?).map_err(|_| Fault::malformed("a text must be UTF-8"))?;
        if text.as_bytes().contains(&0) { Err(Fault::malformed("a text must hold no U+0000")) } else { Ok(text) }
    }

    /// The number of a packet.
    fn id(&mut self) -> Result<u16, Fault> {
        match self.u16()? {
            0 => Err(Fault::protocol("the packet identifier must not be 0")),
            id => Ok(id),
        }
    }

    fn nothing(&mut self, version: Version, allowed: Allowed) -> Result<(), Fault> {
        if version == Version::V5 { properties::read(self, allowed, |_, _| {}) } else { Ok(()) }
    }
}

impl<'a> Packet<'a> {
    /// Reads one whole packet, as [`frame`](super::frame) cuts it. The version is that of the CONNECT, which says its own.
    ///
    /// # Errors
    /// One of [`reason`], with the rule that is broken.
    pub fn read(packet: &'a [u8], version: Version) -> Result<Self, Fault> {
        let mut bytes = Bytes(packet);
        let first = bytes.u8()?;
        if bytes.varint()? as usize != bytes.0.len() {
            return Err(Fault::malformed("the length must be that of the packet"));
        }
        let (kind, flags) = (first >> 4, first & 0x0F);
        let fixed = if matches!(kind, 6 | 8 | 10) { 2 } else { 0 };
        if kind != 3 && flags != fixed {
            return Err(Fault::malformed("the flags of the packet are reserved"));
        }
        let packet = match kind {
            1 => Self::Connect(connect(&mut bytes)?),
            2 => Self::ConnAck(connack(&mut bytes, version)?),
            3 => return publish(bytes, flags, version).map(Self::Publish),
            4 => Self::Ack(ack(&mut bytes, AckKind::PubAck, version)?),
            5 => Self::Ack(ack(&mut bytes, AckKind::PubRec, version)?),
            6 => Self::Ack(ack(&mut bytes, AckKind::PubRel, version)?),
            7 => Self::Ack(ack(&mut bytes, AckKind::PubComp, version)?),
            8 => {
                let id = bytes.id()?;
                bytes.nothing(version, Allowed::SUBSCRIBE)?;
                Self::Subscribe { id, filters: filters(&mut bytes, Some(version))? }
            }
            9 => {
                let id = bytes.id()?;
                bytes.nothing(version, Allowed::ANSWER)?;
                let codes = std::mem::take(&mut bytes.0);
                if version == Version::V3 && codes.iter().any(|code| !matches!(code, 0..=2 | 0x80)) {
                    return Err(Fault::malformed("the return code is reserved"));
                }
                Self::SubAck { id, codes: codes.to_vec() }
            }
            10 => {
                let id = bytes.id()?;
                bytes.nothing(version, Allowed::UNSUBSCRIBE)?;
                Self::Unsubscribe { id, filters: filters(&mut bytes, None)? }
            }
            11 => {
                let id = bytes.id()?;
                bytes.nothing(version, Allowed::ANSWER)?;
                let codes = if version == Version::V5 { std::mem::take(&mut bytes.0) } else { &[] };
                Self::UnsubAck { id, codes: codes.to_vec() }
            }
            12 => Self::PingReq,
            13 => Self::PingResp,
            14 => Self::Disconnect(code(&mut bytes, version, Allowed::DISCONNECT)?),
            15 if version == Version::V5 => {
                code(&mut bytes, version, Allowed::AUTH)?;
                Self::Auth
            }
            _ => return Err(Fault::malformed("the type of the packet is reserved")),
        };
        if bytes.0.is_empty() { Ok(packet) } else { Err(Fault::malformed("the packet goes on behind its end")) }
    }
}

fn connect<'a>(bytes: &mut Bytes<'a>) -> Result<Connect<'a>, Fault> {
    let unknown = Fault { reason: reason::UNSUPPORTED_VERSION, rule: "the version must be 3.1.1 or 5" };
    // Version 3.1 has another name.
    let name = bytes.binary()?;
    if name == b"MQIsdp" {
        return Err(unknown);
    }
    if name != b"MQTT" {
        return Err(Fault::malformed("the protocol name must be MQTT"));
    }
    let version = match bytes.u8()? {
        4 => Version::V3,
        5 => Version::V5,
        _ => return Err(unknown),
    };
    let flags = bytes.u8()?;
    let has = |bit: u8| flags & bit != 0;
    let (has_user, has_password, has_will, clean) = (has(0x80), has(0x40), has(0x04), has(0x02));
    let will_qos = flags >> 3 & 3;
    if has(0x01) || will_qos == 3 || (!has_will && flags & 0x38 != 0) {
        return Err(Fault::malformed("the connect flags are reserved"));
    }
    if version == Version::V3 && has_password && !has_user {
        return Err(Fault::malformed("there must be no password without a user name"));
    }
    let keep_alive_seconds = bytes.u16()?;
    let (mut session_seconds, mut has_method) = (if clean { 0 } else { u32::MAX }, false);
    if version == Version::V5 {
        session_seconds = 0;
        properties::read(bytes, Allowed::CONNECT, |id, value| match (id, value) {
            (properties::SESSION_EXPIRY, Value::Number(seconds)) => session_seconds = seconds,
            (properties::METHOD, _) => has_method = true,
            _ => {}
        })?;
    }
    let client_id = bytes.text()?;
    let mut will_topic = None;
    if has_will {
        bytes.nothing(version, Allowed::WILL)?;
        will_topic = Some(bytes.text()?);
        bytes.binary()?;
    }
    let user = if has_user { Some(bytes.text()?) } else { None };
    let password = if has_password { Some(bytes.binary()?) } else { None };
    Ok(Connect {
        version,
        client_id,
        clean,
        keep_alive_seconds,
        session_seconds,
        user,
        password,
        will_topic,
        has_method,
    })
}

fn connack<'a>(bytes: &mut Bytes<'a>, version: Version) -> Result<ConnAck<'a>, Fault> {
    let flags = bytes.u8()?;
    if flags > 1 {
        return Err(Fault::malformed("the acknowledge flags are reserved"));
    }
    let code = bytes.u8()?;
    let mut terms = Terms::default();
    if version == Version::V3 {
        return Ok(ConnAck { session_present: flags == 1, code: of_v3(code)?, terms });
    }
    properties::read(bytes, Allowed::CONNACK, |id, value| match (id, value) {
        (properties::ASSIGNED_CLIENT_ID, Value::Text(id)) => terms.client_id = Some(id),
        (properties::PACKET_LIMIT, Value::Number(limit)) => terms.packet_limit = Some(limit),
        (properties::RECEIVE_MAXIMUM, Value::Number(most)) => terms.in_flight = u16::try_from(most).ok(),
        (properties::SERVER_KEEP_ALIVE, Value::Number(seconds)) => {
            terms.keep_alive_seconds = u16::try_from(seconds).ok();
        }
        (properties::RETAIN_AVAILABLE, Value::Number(0)) => terms.only_takes = true,
        _ => {}
    })?;
    Ok(ConnAck { session_present: flags == 1, code, terms })
}

/// A code of a CONNACK of version 3.1.1 (table 3.1), as version 5 says it.
fn of_v3(code: u8) -> Result<u8, Fault> {
    Ok(match code {
        0 => reason::SUCCESS,
        1 => reason::UNSUPPORTED_VERSION,
        2 => reason::CLIENT_ID,
        3 => reason::UNAVAILABLE,
        4 => reason::BAD_CREDENTIALS,
        5 => reason::NOT_AUTHORIZED,
        _ => return Err(Fault::malformed("the return code is reserved")),
    })
}

fn publish(mut bytes: Bytes<'_>, flags: u8, version: Version) -> Result<Publish<'_>, Fault> {
    let (qos, again) = (flags >> 1 & 3, flags & 8 != 0);
    if qos == 3 || (qos == 0 && again) {
        return Err(Fault::malformed("the QoS must be 0, 1 or 2, and only 1 and 2 are sent again"));
    }
    let topic = bytes.text()?;
    let id = if qos > 0 { bytes.id()? } else { 0 };
    let mut alias = false;
    if version == Version::V5 {
        properties::read(&mut bytes, Allowed::PUBLISH, |id, _| alias |= id == properties::TOPIC_ALIAS)?;
    }
    if alias {
        return Err(Fault { reason: reason::TOPIC_ALIAS, rule: "topic aliases are not taken" });
    }
    if topic.is_empty() || topic.bytes().any(|byte| matches!(byte, b'+' | b'#')) {
        return Err(Fault { reason: reason::TOPIC, rule: "the topic must not be empty, and without wildcards" });
    }
    Ok(Publish { qos, again, id, topic, payload: bytes.0 })
}

fn ack(bytes: &mut Bytes<'_>, kind: AckKind, version: Version) -> Result<Ack, Fault> {
    let id = bytes.id()?;
    Ok(Ack { kind, id, code: code(bytes, version, Allowed::ANSWER)? })
}

/// A code with properties, both of which may be left out at the end of a packet.
fn code(bytes: &mut Bytes<'_>, version: Version, allowed: Allowed) -> Result<u8, Fault> {
    if version == Version::V3 || bytes.0.is_empty() {
        return Ok(reason::SUCCESS);
    }
    let code = bytes.u8()?;
    if !bytes.0.is_empty() {
        bytes.nothing(version, allowed)?;
    }
    Ok(code)
}

/// The filters of a SUBSCRIBE, each with options; of an UNSUBSCRIBE, without.
fn filters<'a>(bytes: &mut Bytes<'a>, options: Option<Version>) -> Result<Vec<&'a str>, Fault> {
    let mut filters = Vec::new();
    while !bytes.0.is_empty() {
        let filter = bytes.text()?;
        if filter.is_empty() {
            return Err(Fault::malformed("a topic filter must not be empty"));
        }
        filters.push(filter);
        let Some(version) = options else { continue };
        let options = bytes.u8()?;
        let reserved = if version == Version::V5 { 0xC0 } else { 0xFC };
        if options & reserved != 0 || options & 3 == 3 || options >> 4 & 3 == 3 {
            return Err(Fault::malformed("the subscription options are reserved"));
        }
    }
    if filters.is_empty() { Err(Fault::protocol("there must be a topic filter")) } else { Ok(filters) }
}
