//! The properties of version 5 (section 2.2.2): what each is, and which packets may have it.

use super::{Fault, reason};
use crate::mqtt::read::Bytes;

/// A property's value, as far as somebody here wants to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u32),
    Text(&'a str),
    /// Bytes, or a pair of texts.
    Other,
}

pub(super) const SESSION_EXPIRY: u8 = 0x11;
pub(super) const ASSIGNED_CLIENT_ID: u8 = 0x12;
pub(super) const SERVER_KEEP_ALIVE: u8 = 0x13;
pub(super) const METHOD: u8 = 0x15;
pub(super) const RECEIVE_MAXIMUM: u8 = 0x21;
pub(super) const TOPIC_ALIAS: u8 = 0x23;
pub(super) const RETAIN_AVAILABLE: u8 = 0x25;
const USER: u8 = 0x26;
pub(super) const PACKET_LIMIT: u8 = 0x27;
pub(super) const WILDCARDS: u8 = 0x28;
pub(super) const SUBSCRIPTION_IDS: u8 = 0x29;
pub(super) const SHARED: u8 = 0x2A;

/// Which properties may stand in a packet.
#[derive(Clone, Copy)]
pub(super) struct Allowed(u64);

impl Allowed {
    const fn of(ids: &[u8]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < ids.len() {
            bits |= 1 << ids[at];
            at += 1;
        }
        Self(bits)
    }

    pub const CONNECT: Self =
        Self::of(&[SESSION_EXPIRY, METHOD, 0x16, 0x17, 0x19, RECEIVE_MAXIMUM, 0x22, USER, PACKET_LIMIT]);
    pub const WILL: Self = Self::of(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, USER]);
    pub const CONNACK: Self = Self::of(&[
        SESSION_EXPIRY,
        ASSIGNED_CLIENT_ID,
        SERVER_KEEP_ALIVE,
        METHOD,
        0x16,
        0x1A,
        0x1C,
        0x1F,
        RECEIVE_MAXIMUM,
        0x22,
        0x24,
        RETAIN_AVAILABLE,
        USER,
        PACKET_LIMIT,
        WILDCARDS,
        SUBSCRIPTION_IDS,
        SHARED,
    ]);
    pub const PUBLISH: Self = Self::of(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, TOPIC_ALIAS, USER]);
    pub const ANSWER: Self = Self::of(&[0x1F, USER]);
    pub const SUBSCRIBE: Self = Self::of(&[0x0B, USER]);
    pub const UNSUBSCRIBE: Self = Self::of(&[USER]);
    pub const DISCONNECT: Self = Self::of(&[SESSION_EXPIRY, 0x1C, 0x1F, USER]);
    pub const AUTH: Self = Self::of(&[METHOD, 0x16, 0x1F, USER]);

    fn has(self, id: u8) -> bool {
        id < 64 && self.0 & (1 << id) != 0
    }
}

/// Reads properties, and shows each of them.
pub(super) fn read<'a>(
    bytes: &mut Bytes<'a>,
    allowed: Allowed,
    mut each: impl FnMut(u8, Value<'a>),
) -> Result<(), Fault> {
    let length = bytes.varint()? as usize;
    let mut rest = Bytes(bytes.take(length)?);
    let mut seen = 0_u64;
    while !rest.0.is_empty() {
        let id = rest.u8()?;
        if !allowed.has(id) {
            return Err(Fault::protocol("the packet has a property that must not stand there"));
        }
        let repeats = id == USER;
        if !repeats && seen & (1 << id) != 0 {
            return Err(Fault::protocol("a property is given twice"));
        }
        seen |= 1 << id;
        each(id, value(id, &mut rest)?);
    }
    Ok(())
}

fn value<'a>(id: u8, bytes: &mut Bytes<'a>) -> Result<Value<'a>, Fault> {
    let value = match id {
        0x17 | 0x19 | 0x24 | RETAIN_AVAILABLE | WILDCARDS | SUBSCRIPTION_IDS | SHARED | 0x01 => {
            Value::Number(u32::from(bytes.flag()?))
        }
        RECEIVE_MAXIMUM => match bytes.u16()? {
            0 => return Err(Fault::protocol("the receive maximum must not be 0")),
            number => Value::Number(u32::from(number)),
        },
        SERVER_KEEP_ALIVE | 0x22 | TOPIC_ALIAS => Value::Number(u32::from(bytes.u16()?)),
        PACKET_LIMIT => match bytes.u32()? {
            0 => return Err(Fault::protocol("the maximum packet size must not be 0")),
            number => Value::Number(number),
        },
        0x02 | SESSION_EXPIRY | 0x18 => Value::Number(bytes.u32()?),
        0x0B => match bytes.varint()? {
            0 => return Err(Fault::protocol("a subscription identifier must not be 0")),
            number => Value::Number(number),
        },
        0x09 | 0x16 => {
            bytes.binary()?;
            Value::Other
        }
        USER => {
            bytes.text()?;
            bytes.text()?;
            Value::Other
        }
        0x03 | 0x08 | ASSIGNED_CLIENT_ID | METHOD | 0x1A | 0x1C | 0x1F => Value::Text(bytes.text()?),
        _ => return Err(Fault { reason: reason::MALFORMED, rule: "the packet has an unknown property" }),
    };
    Ok(value)
}
