//! Writing of packets.

use super::{Ack, AckKind, ConnAck, Connect, Packet, Publish, Terms, Version, properties, reason};

/// The greatest length of a packet behind its header (section 2.2.3 of 3.1.1).
const GREATEST: usize = 268_435_455;

impl Packet<'_> {
    /// Writes the packet behind what is in a buffer. False, and nothing is written, when the version has no such packet,
    /// or a text or the whole of it is longer than the standard allows.
    pub fn write(&self, version: Version, buffer: &mut Vec<u8>) -> bool {
        // The one that is written most, by far.
        if let Self::Ack(Ack { kind, id, code: reason::SUCCESS }) = self {
            let [high, low] = id.to_be_bytes();
            buffer.extend([ack_byte(*kind), 2, high, low]);
            return true;
        }
        let start = buffer.len();
        let mut body = Vec::new();
        let written = self.body(version, &mut body).filter(|_| body.len() <= GREATEST);
        match written {
            Some(first) => {
                buffer.push(first);
                varint(body.len(), buffer);
                buffer.extend(body);
                true
            }
            None => {
                buffer.truncate(start);
                false
            }
        }
    }

    /// Writes what stands behind the header, and answers its first byte.
    fn body(&self, version: Version, body: &mut Vec<u8>) -> Option<u8> {
        let v5 = version == Version::V5;
        Some(match self {
            Self::Connect(packet) => connect(packet, body)?,
            Self::ConnAck(packet) => connack(packet, v5, body)?,
            Self::Publish(packet) => publish(packet, v5, body)?,
            Self::Ack(Ack { kind, id, code }) => {
                body.extend(id.to_be_bytes());
                if v5 {
                    body.push(*code);
                }
                ack_byte(*kind)
            }
            Self::Subscribe { id, filters } | Self::Unsubscribe { id, filters } => {
                let asks = matches!(self, Self::Subscribe { .. });
                body.extend(id.to_be_bytes());
                no_properties(v5, body);
                for filter in filters {
                    text(filter.as_bytes(), body)?;
                    if asks {
                        body.push(1);
                    }
                }
                if asks { 0x82 } else { 0xA2 }
            }
            Self::SubAck { id, codes } => {
                body.extend(id.to_be_bytes());
                no_properties(v5, body);
                // Version 3.1.1 knows one failure.
                body.extend(codes.iter().map(|code| if v5 { *code } else { (*code).min(0x80) }));
                0x90
            }
            Self::UnsubAck { id, codes } => {
                body.extend(id.to_be_bytes());
                no_properties(v5, body);
                body.extend(codes.iter().filter(|_| v5));
                0xB0
            }
            Self::PingReq => 0xC0,
            Self::PingResp => 0xD0,
            Self::Disconnect(code) => {
                body.extend([*code].iter().filter(|code| v5 && **code != reason::SUCCESS));
                0xE0
            }
            Self::Auth => 0xF0,
        })
        .filter(|first| v5 || *first != 0xF0)
    }
}

fn ack_byte(kind: AckKind) -> u8 {
    (kind as u8) << 4 | if kind == AckKind::PubRel { 2 } else { 0 }
}

fn connect(packet: &Connect<'_>, body: &mut Vec<u8>) -> Option<u8> {
    let Connect {
        version,
        client_id,
        clean,
        keep_alive_seconds,
        session_seconds,
        user,
        password,
        will_topic,
        has_method,
    } = packet;
    let v5 = *version == Version::V5;
    text(b"MQTT", body)?;
    let flag = |bit: u8, is_set: bool| if is_set { bit } else { 0 };
    body.push(if v5 { 5 } else { 4 });
    body.push(
        flag(0x80, user.is_some()) | flag(0x40, password.is_some()) | flag(4, will_topic.is_some()) | flag(2, *clean),
    );
    body.extend(keep_alive_seconds.to_be_bytes());
    if v5 {
        let mut all = Vec::new();
        all.push(properties::SESSION_EXPIRY);
        all.extend(session_seconds.to_be_bytes());
        if *has_method {
            all.push(properties::METHOD);
            text(b"PLAIN", &mut all)?;
        }
        varint(all.len(), body);
        body.extend(all);
    }
    text(client_id.as_bytes(), body)?;
    if let Some(topic) = will_topic {
        no_properties(v5, body);
        text(topic.as_bytes(), body)?;
        text(b"", body)?;
    }
    for field in [user.map(str::as_bytes), *password].into_iter().flatten() {
        text(field, body)?;
    }
    Some(0x10)
}

fn connack(packet: &ConnAck<'_>, v5: bool, body: &mut Vec<u8>) -> Option<u8> {
    body.push(u8::from(packet.session_present));
    if !v5 {
        body.push(to_v3(packet.code));
        return Some(0x20);
    }
    body.push(packet.code);
    let Terms { client_id, packet_limit, in_flight, keep_alive_seconds, only_takes } = &packet.terms;
    let mut all = Vec::new();
    if let Some(id) = client_id {
        all.push(properties::ASSIGNED_CLIENT_ID);
        text(id.as_bytes(), &mut all)?;
    }
    if let Some(limit) = packet_limit {
        all.push(properties::PACKET_LIMIT);
        all.extend(limit.to_be_bytes());
    }
    for (id, number) in [(properties::RECEIVE_MAXIMUM, in_flight), (properties::SERVER_KEEP_ALIVE, keep_alive_seconds)]
    {
        if let Some(number) = number {
            all.push(id);
            all.extend(number.to_be_bytes());
        }
    }
    if *only_takes {
        let ids =
            [properties::RETAIN_AVAILABLE, properties::WILDCARDS, properties::SUBSCRIPTION_IDS, properties::SHARED];
        all.extend(ids.into_iter().flat_map(|id| [id, 0]));
    }
    varint(all.len(), body);
    body.extend(all);
    Some(0x20)
}

/// What version 3.1.1 calls a code of a CONNACK.
fn to_v3(code: u8) -> u8 {
    match code {
        reason::SUCCESS => 0,
        reason::UNSUPPORTED_VERSION => 1,
        reason::CLIENT_ID => 2,
        reason::UNAVAILABLE | reason::RATE => 3,
        reason::BAD_CREDENTIALS => 4,
        _ => 5,
    }
}

fn publish(packet: &Publish<'_>, v5: bool, body: &mut Vec<u8>) -> Option<u8> {
    let Publish { qos, again, id, topic, payload } = packet;
    body.reserve(topic.len() + payload.len() + 5);
    text(topic.as_bytes(), body)?;
    if *qos > 0 {
        body.extend(id.to_be_bytes());
    }
    no_properties(v5, body);
    body.extend(*payload);
    Some(0x30 | qos << 1 | if *again { 8 } else { 0 })
}

fn no_properties(v5: bool, body: &mut Vec<u8>) {
    if v5 {
        body.push(0);
    }
}

fn text(bytes: &[u8], body: &mut Vec<u8>) -> Option<()> {
    body.extend(u16::try_from(bytes.len()).ok()?.to_be_bytes());
    body.extend(bytes);
    Some(())
}

fn varint(mut number: usize, buffer: &mut Vec<u8>) {
    loop {
        let (byte, rest) = ((number & 0x7F) as u8, number >> 7);
        buffer.push(if rest > 0 { byte | 0x80 } else { byte });
        number = rest;
        if number == 0 {
            return;
        }
    }
}
