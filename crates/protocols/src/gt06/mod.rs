//! GT06 trackers (Concox, Jimi and their many relatives) over TCP and UDP.
//!
//! ```text
//! short  78 78, length u8,  kind u8, body, serial u16, CRC-16/X-25 u16, 0D 0A
//! long   79 79, length u16, kind u8, body, serial u16, CRC-16/X-25 u16, 0D 0A
//! ```
//!
//! The length counts what stands between it and the end mark; the check sum covers the length and all up to the serial
//! number. A few kinds of message of some models come without serial number and check sum, and use the length for other
//! things. Dates are by the device's clock, which may be ahead of UTC by what it said at login.

mod body;
mod envelope;
mod info;
mod location;
mod modules;
mod network;

use tracklane_core::position::{Attributes, Report};

pub use envelope::frame;

use crate::DecodeError;
use crate::reader::Reader;
use crate::stream::{Decoded, Session, Stream, frames, hex_line};
use envelope::{Envelope, seal};

/// The protocol's functions.
pub const STREAM: Stream = Stream {
    tcp: true,
    udp: true,
    max_frame: envelope::MAX_FRAME,
    frame,
    decode,
    datagram,
    login: |identity| login(identity, 1),
    encode,
};

/// Kinds of message that are named in more than one place.
mod kind {
    pub(super) const LOGIN: u8 = 0x01;
    pub(super) const SHORT_HEARTBEAT: u8 = 0x08;
    pub(super) const GPS: u8 = 0x10;
    pub(super) const LOCATION: u8 = 0x12;
    pub(super) const STATUS: u8 = 0x13;
    pub(super) const ALARM: u8 = 0x16;
    pub(super) const WIFI: u8 = 0x17;
    pub(super) const LOCATION_2: u8 = 0x22;
    pub(super) const ADDRESS: u8 = 0x2A;
    pub(super) const WIFI_2: u8 = 0x69;
    pub(super) const TIME: u8 = 0x8A;
    pub(super) const ADDRESS_ANSWER: u8 = 0x97;
}

/// What a message says, before it is known whose it is.
#[derive(Debug, Default)]
struct Message {
    /// The kind of a report without a fix.
    kind: &'static str,
    /// The device, where a message other than the login names it.
    device: Option<String>,
    time: Option<tracklane_core::Timestamp>,
    fix: Option<tracklane_core::position::Fix>,
    attributes: Attributes,
}

impl Message {
    fn of_kind(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }

    fn set(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        self.attributes.insert(name.to_owned(), value.into());
    }

    /// A measurement in steps of which so many are one unit.
    fn measure(&mut self, name: &str, steps: impl Into<f64>, per_unit: f64) {
        self.set(name, steps.into() / per_unit);
    }
}

/// Reads one frame. What the device expects an answer to is answered with the kind and the serial number of its message.
pub fn decode(frame: &[u8], session: &mut Session) -> Decoded {
    let envelope = match Envelope::open(frame, session.lenient) {
        Ok(envelope) => envelope,
        Err(error) => return Decoded::error(error),
    };
    if envelope.kind == kind::LOGIN {
        return read_login(&envelope, session);
    }
    let message = match body::read(&envelope, session) {
        Ok(message) => message,
        Err(error) => return Decoded::error(error),
    };
    let Message { kind, device, time, fix, mut attributes } = message;
    if !envelope.sound {
        attributes.insert("checksum_wrong".to_owned(), true.into());
    }
    let kind = if fix.is_some() { "position" } else { kind };
    let device = device.unwrap_or_else(|| session.device.clone());
    let report = Report { device, kind: kind.to_owned(), time, fix, attributes };
    Decoded { reports: vec![report], reply: answer(&envelope, session), ..Decoded::default() }
}

fn read_login(envelope: &Envelope<'_>, session: &mut Session) -> Decoded {
    let read = || {
        let mut reader = Reader::new(envelope.body);
        let identity = identity(&mut reader)?;
        let mut attributes = Attributes::new();
        let mut offset = 0;
        if reader.len() >= 2 {
            attributes.insert("device_type".to_owned(), reader.u16("type")?.into());
        }
        if reader.len() >= 2 {
            let zone = reader.u16("time zone")?;
            let (hours, minutes) = (i32::from(zone >> 4) / 100, i32::from(zone >> 4) % 100);
            let east = (hours * 60 + minutes) * 60;
            offset = if zone & 0x8 == 0 { east } else { -east };
            if hours > 14 || minutes > 59 {
                return Err(DecodeError::field(
                    "time zone",
                    format!("must be up to 14 hours, and is {hours}:{minutes:02}"),
                ));
            }
            attributes.insert("clock_offset_seconds".to_owned(), offset.into());
        }
        Ok((identity, offset, attributes))
    };
    match read() {
        Ok((device, offset, mut attributes)) => {
            session.device.clone_from(&device);
            session.clock_offset_seconds = offset;
            if !envelope.sound {
                attributes.insert("checksum_wrong".to_owned(), true.into());
            }
            let report = Report { device, kind: "login".to_owned(), time: None, fix: None, attributes };
            Decoded { reports: vec![report], reply: answer(envelope, session), ..Decoded::default() }
        }
        Err(error) => Decoded::error(error),
    }
}

/// An IMEI of 15 digits in 16 half bytes.
fn identity(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let digits = crate::reader::hex(reader.bytes("imei", 8)?);
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(DecodeError::field("imei", format!("must be digits, and is {digits}")));
    }
    Ok(digits[1..].to_owned())
}

fn answer(envelope: &Envelope<'_>, session: &Session) -> Vec<u8> {
    let serial = envelope.serial.unwrap_or(0);
    match (envelope.long, envelope.kind) {
        // These carry the time instead of a serial number, and so do their answers.
        (_, kind::WIFI | kind::WIFI_2) if envelope.serial.is_none() => {
            let time = envelope.body.get(..6).unwrap_or_default();
            [&[0x78, 0x78, 0, envelope.kind], time, b"\r\n"].concat()
        }
        _ if envelope.serial.is_none() || !envelope.sound => Vec::new(),
        (_, kind::TIME) => seal(false, kind::TIME, &location::write_time(session.received_at), serial),
        (_, kind::ADDRESS) => {
            let text = b"NA&&NA&&0##";
            let body = [&[text.len() as u8, 0, 0, 0, 0], &text[..]].concat();
            seal(true, kind::ADDRESS_ANSWER, &body, serial)
        }
        // Answers to our commands, and what is passed on from other devices, want none.
        (false, 0x15 | 0x80..=0x82 | 0x94) | (true, 0x21 | 0x36 | 0x8C | 0x94 | 0x9B) => Vec::new(),
        (long, kind) => seal(long && kind != 0x70, kind, &[], serial),
    }
}

/// Reads one datagram.
pub fn datagram(bytes: &[u8], session: &mut Session) -> Decoded {
    frames(bytes, session, frame, decode)
}

/// Reads frames from a line of hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    hex_line(line, datagram)
}

/// Writes a login. None when the identity is not 15 digits.
pub fn login(identity: &str, serial: u16) -> Option<Vec<u8>> {
    if identity.len() != 15 || !identity.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let body = hex::decode(format!("0{identity}")).ok()?;
    Some(seal(false, kind::LOGIN, &body, serial))
}

/// Writes a report with a fix as a location (22), one without as a heartbeat (13). Speeds are rounded to km/h, courses to
/// degrees, times to seconds; coordinates are exact to 1e-6 degrees. None for a fix without a time, or one before 2000.
pub fn encode(report: &Report, serial: u16) -> Option<Vec<u8>> {
    match &report.fix {
        Some(_) => Some(seal(false, kind::LOCATION_2, &location::write(report)?, serial)),
        None => Some(seal(false, kind::STATUS, &[0, 6, 4, 0, 2], serial)),
    }
}
