//! The shape of a protocol with a connection of its own: bytes are cut into frames, a frame is decoded with what the
//! session knows, and what is to be answered is handed out for the caller to send when the time has come.
//!
//! ```text
//! read -> buffer -> frame -> decode(frame, session) -> reports -> commit -> send the reply
//! ```

use bytes::{Bytes, BytesMut};
use tracklane_core::Timestamp;
use tracklane_core::position::Report;

use crate::DecodeError;
use crate::reader::unhex;

/// A protocol over TCP or UDP, as functions.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Whether devices speak it over TCP.
    pub tcp: bool,
    /// Whether devices speak it over UDP.
    pub udp: bool,
    /// The greatest number of bytes in one frame. A buffer in which no frame is found never holds more.
    pub max_frame: usize,
    /// Takes one frame from the front of a buffer; none when more bytes are needed. What stands between frames is dropped
    /// where the protocol has marks to find the next frame by. An error means that it has not: close the connection.
    pub frame: fn(&mut BytesMut) -> Result<Option<Bytes>, DecodeError>,
    /// Reads one frame.
    pub decode: fn(&[u8], &mut Session) -> Decoded,
    /// Reads one datagram.
    pub datagram: fn(&[u8], &mut Session) -> Decoded,
    /// Writes what a device with this identity sends first on a connection; empty when the protocol has no such thing.
    /// None when the protocol cannot carry the identity.
    pub login: fn(&str) -> Option<Vec<u8>>,
    /// Writes a report with a running number, as a device would after its login. None when the protocol cannot carry it
    /// (without a time, say).
    pub encode: fn(&Report, u16) -> Option<Vec<u8>>,
}

/// What a connection, or over UDP an address, knows of the device at its other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// How the device names itself; empty until it has. Reports carry it, too.
    pub device: String,
    /// When the frame at hand was received. Set it before each frame: answers to devices that want to know the time carry
    /// it.
    pub received_at: Timestamp,
    /// How far the device's clock is ahead of UTC, in seconds, as stated at login.
    pub clock_offset_seconds: i32,
    /// Whether frames with a wrong check sum are read all the same, and marked with the attribute `checksum_wrong`. That is
    /// for looking at messages, not for listening.
    pub(crate) lenient: bool,
}

impl Session {
    /// A session of which nothing is known yet.
    pub fn new(received_at: Timestamp) -> Self {
        Self { device: String::new(), received_at, clock_offset_seconds: 0, lenient: false }
    }
}

/// What a frame says, and what to answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decoded {
    /// The reports that can be read.
    pub reports: Vec<Report>,
    /// Why the frame, or some of its records, cannot be read. The connection stays usable.
    pub errors: Vec<DecodeError>,
    /// To be sent once the reports are durable: a device forgets what is acknowledged. A report of a device that has not
    /// named itself cannot become durable.
    pub reply: Vec<u8>,
    /// To be sent instead of the reply when the reports cannot be kept, because the device is not known, say.
    pub refusal: Vec<u8>,
}

impl Decoded {
    /// A frame of which nothing can be read.
    pub(crate) fn error(error: DecodeError) -> Self {
        Self { errors: vec![error], ..Self::default() }
    }

    fn append(&mut self, mut next: Self) {
        self.reports.append(&mut next.reports);
        self.errors.append(&mut next.errors);
        self.reply.append(&mut next.reply);
        self.refusal.append(&mut next.refusal);
    }
}

/// Reads bytes that hold frames as a connection does.
pub(crate) fn frames(
    bytes: &[u8],
    session: &mut Session,
    frame: fn(&mut BytesMut) -> Result<Option<Bytes>, DecodeError>,
    decode: fn(&[u8], &mut Session) -> Decoded,
) -> Decoded {
    let mut buffer = BytesMut::from(bytes);
    let mut all = Decoded::default();
    let mut found = false;
    loop {
        match frame(&mut buffer) {
            Ok(Some(frame)) => all.append(decode(&frame, session)),
            Ok(None) if buffer.is_empty() && found => return all,
            Ok(None) => {
                let detail = "it is cut short, or is of another protocol".to_owned();
                all.errors.push(DecodeError::Syntax { detail });
                return all;
            }
            Err(error) => {
                all.errors.push(error);
                return all;
            }
        }
        found = true;
    }
}

/// Reads a line of hex as a datagram.
pub(crate) fn hex_line(line: &str, read: fn(&[u8], &mut Session) -> Decoded) -> Result<Vec<Report>, DecodeError> {
    line_of(&unhex(line)?, read)
}

/// Reads a line of text, or of hex, as a datagram. A line often has lost the end mark of its message.
pub(crate) fn text_line(
    line: &str,
    end: &str,
    read: fn(&[u8], &mut Session) -> Decoded,
) -> Result<Vec<Report>, DecodeError> {
    match unhex(line) {
        Ok(bytes) => line_of(&bytes, read),
        Err(_) if line.ends_with(end) => line_of(line.as_bytes(), read),
        Err(_) => line_of(format!("{line}{end}").as_bytes(), read),
    }
}

fn line_of(bytes: &[u8], read: fn(&[u8], &mut Session) -> Decoded) -> Result<Vec<Report>, DecodeError> {
    let mut session = Session { lenient: true, ..Session::new(Timestamp::UNIX_EPOCH) };
    let decoded = read(bytes, &mut session);
    match decoded.errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(decoded.reports),
    }
}
