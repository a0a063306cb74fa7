//! Teltonika trackers over TCP and UDP: records in codecs 8, 8 Extended and 16, messages in codecs 12 to 14.
//!
//! ```text
//! TCP login    length u16, IMEI as text                                  answer: 01 welcome, 00 not
//! TCP data     0 u32, length u32, data, CRC-16/ARC of data as u32        answer: number of records u32, 0 = send again
//! TCP          FF                                                        keep-alive, no answer
//! UDP          length u16, packet u16, 01, data packet u8, length u16, IMEI, data
//!                                                                        answer: 0005, packet, 01, data packet, number u8
//! data         codec u8, count u8, records or messages, count u8
//! ```

mod elements;
mod record;

use bytes::{Bytes, BytesMut};
use tracklane_core::position::{Attributes, Report};

pub use record::Codec;

use crate::DecodeError;
use crate::reader::{Reader, crc_arc, hex};
use crate::stream::{Decoded, Session, Stream, frames, hex_line};

/// The greatest length of the data in a frame, in bytes. Records come in at most 1,280 bytes; answers to commands and
/// pictures come in somewhat more.
const MAX_DATA: usize = 16 * 1024;

/// The greatest length of an identity in bytes. An IMEI has 15 digits.
const MAX_IDENTITY: usize = 32;

const KEEP_ALIVE: u8 = 0xFF;

/// The protocol's functions.
pub const STREAM: Stream = Stream {
    tcp: true,
    udp: true,
    max_frame: MAX_DATA + 12,
    frame,
    decode,
    datagram,
    login,
    encode: |report, _| encode(Codec::EightExtended, std::slice::from_ref(report)),
};

/// Takes one frame from a TCP connection: a login, data, or a keep-alive.
///
/// # Errors
/// Where no frame can stand: there are no marks to find the next one by, so the connection is lost.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    let total = match buffer[..] {
        [KEEP_ALIVE, ..] => 1,
        [0, 0, third, ..] if third != 0 => return Err(preamble()),
        [0, 0, _, fourth, ..] if fourth != 0 => return Err(preamble()),
        [0, 0, _, _, a, b, c, d, ..] => {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if !(3..=MAX_DATA).contains(&length) {
                return Err(DecodeError::field(
                    "data length",
                    format!("must be 3 to {MAX_DATA} bytes, and is {length}"),
                ));
            }
            length + 12
        }
        [0, 0, ..] | [] | [_] => return Ok(None),
        [a, b, ..] => {
            let length = usize::from(u16::from_be_bytes([a, b]));
            if length > MAX_IDENTITY {
                let rule = format!("must be 1 to {MAX_IDENTITY} bytes, and is {length}");
                return Err(DecodeError::field("identity length", rule));
            }
            length + 2
        }
    };
    Ok((buffer.len() >= total).then(|| buffer.split_to(total).freeze()))
}

fn preamble() -> DecodeError {
    DecodeError::field("preamble", "must be four zero bytes")
}

/// Reads one frame of a TCP connection. A login answers 01, and 00 when the device is refused; data answers with the number
/// of records, and 0 when they are to be sent again. Records that cannot be kept count as received: they would stand in the
/// way of all that follow.
pub fn decode(frame: &[u8], session: &mut Session) -> Decoded {
    match frame {
        [KEEP_ALIVE] => Decoded::default(),
        [0, 0, ..] => decode_data(frame, session),
        _ => match read_identity(&mut Reader::new(frame)) {
            Ok(identity) => {
                session.device.clone_from(&identity);
                let (kind, attributes) = ("login".to_owned(), Attributes::new());
                let report = Report { device: identity, kind, time: None, fix: None, attributes };
                Decoded { reports: vec![report], reply: vec![1], refusal: vec![0], ..Decoded::default() }
            }
            Err(error) => Decoded { reply: vec![0], refusal: vec![0], ..Decoded::error(error) },
        },
    }
}

fn read_identity(reader: &mut Reader<'_>) -> Result<String, DecodeError> {
    let length = reader.u16("identity length")?;
    let identity = reader.bytes("identity", length.into())?;
    let fits = (1..=MAX_IDENTITY).contains(&identity.len()) && identity.iter().all(u8::is_ascii_alphanumeric);
    match std::str::from_utf8(identity) {
        Ok(text) if fits => Ok(text.to_owned()),
        _ => Err(DecodeError::field("identity", format!("must be 1 to {MAX_IDENTITY} letters or digits"))),
    }
}

fn decode_data(frame: &[u8], session: &Session) -> Decoded {
    let again = 0u32.to_be_bytes().to_vec();
    match unwrap_data(frame, session.lenient) {
        Ok((data, sound)) => {
            let mut body = read_data(data, &session.device);
            if !sound {
                body.reports.iter_mut().for_each(|report| {
                    report.attributes.insert("checksum_wrong".to_owned(), true.into());
                });
            }
            let reply = match body.count {
                Some(count) => u32::from(count).to_be_bytes().to_vec(),
                // A message has no acknowledgement; one that cannot be read is not asked for again.
                None if body.is_message => Vec::new(),
                None => again.clone(),
            };
            let refusal = if body.is_message { Vec::new() } else { again };
            Decoded { reports: body.reports, errors: body.errors, reply, refusal }
        }
        Err(error) => Decoded { reply: again.clone(), refusal: again, ..Decoded::error(error) },
    }
}

/// The data of a TCP frame, and whether its check sum is right.
fn unwrap_data(frame: &[u8], lenient: bool) -> Result<(&[u8], bool), DecodeError> {
    let mut reader = Reader::new(frame);
    if reader.u32("preamble")? != 0 {
        return Err(preamble());
    }
    let length = reader.u32("data length")?;
    let data = reader.bytes("data", length as usize)?;
    let (stated, real) = (reader.u32("crc")?, u32::from(crc_arc(data)));
    if stated != real && !lenient {
        return Err(DecodeError::field("crc", format!("must be {real:04x}, and is {stated:04x}")));
    }
    Ok((data, stated == real))
}

/// What stands in the data of a frame or datagram.
struct Body {
    reports: Vec<Report>,
    errors: Vec<DecodeError>,
    /// How many records there are; none when they cannot be told apart, and for messages.
    count: Option<u8>,
    is_message: bool,
}

fn read_data(data: &[u8], device: &str) -> Body {
    let is_message = matches!(data, [12..=14, ..]);
    // Some models add a group of elements of sixteen bytes, and do not say so.
    let read = read_records(data, device, false).or_else(|error| read_records(data, device, true).map_err(|_| error));
    read.unwrap_or_else(|error| Body { reports: Vec::new(), errors: vec![error], count: None, is_message })
}

fn read_records(data: &[u8], device: &str, has_wide: bool) -> Result<Body, DecodeError> {
    let mut body = Body { reports: Vec::new(), errors: Vec::new(), count: None, is_message: false };
    let mut reader = Reader::new(data);
    let (codec, count) = (reader.u8("codec")?, reader.u8("record count")?);
    let records = Codec::of(codec);
    body.is_message = matches!(codec, 12..=14);
    for _ in 0..count {
        match records {
            Some(codec) => match record::read(&mut reader, codec, has_wide, device)? {
                Ok(report) => body.reports.push(report),
                Err(error) => body.errors.push(error),
            },
            None if body.is_message => body.reports.push(record::read_message(&mut reader, codec, device)?),
            None => {
                return Err(DecodeError::field(
                    "codec",
                    format!("must be 8, 8E, 10, 0C, 0D or 0E, and is {codec:02X}"),
                ));
            }
        }
    }
    let again = reader.u8("record count")?;
    if again != count {
        return Err(DecodeError::field("record count", format!("must be the same twice, and is {count} and {again}")));
    }
    if !reader.is_empty() {
        return Err(DecodeError::field(
            "data",
            format!("must end after the records, and goes on: {}", hex(reader.rest())),
        ));
    }
    body.count = records.is_some().then_some(count);
    Ok(body)
}

/// Reads one datagram. Its answer names the packet and counts the records; when they are to be sent again, there is none.
pub fn datagram(bytes: &[u8], session: &mut Session) -> Decoded {
    let read = || {
        let mut reader = Reader::new(bytes);
        let length = reader.u16("length")?;
        if usize::from(length) != reader.len() {
            return Err(DecodeError::field("length", format!("must be {}, and is {length}", reader.len())));
        }
        let packet = reader.u16("packet")?;
        reader.u8("packet type")?;
        let data_packet = reader.u8("data packet")?;
        Ok((packet, data_packet, read_identity(&mut reader)?, reader.rest()))
    };
    let (packet, data_packet, identity, data) = match read() {
        Ok(parts) => parts,
        Err(error) => return Decoded::error(error),
    };
    session.device = identity;
    let body = read_data(data, &session.device);
    let reply = body.count.map(|count| {
        let [high, low] = packet.to_be_bytes();
        vec![0, 5, high, low, 1, data_packet, count]
    });
    Decoded { reports: body.reports, errors: body.errors, reply: reply.unwrap_or_default(), refusal: Vec::new() }
}

/// Reads frames or a datagram from a line of hex.
pub(crate) fn decode_line(line: &str) -> Result<Vec<Report>, DecodeError> {
    hex_line(line, |bytes, session| {
        // A datagram and a login both begin with their length; an identity has no byte 01.
        let stated = bytes.first_chunk().map(|length| usize::from(u16::from_be_bytes(*length)) + 2);
        let is_datagram = stated == Some(bytes.len()) && bytes.get(4) == Some(&1);
        if is_datagram { datagram(bytes, session) } else { frames(bytes, session, frame, decode) }
    })
}

/// Writes the login of a TCP connection. None when the identity is not one.
pub fn login(identity: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(identity.len()).ok()?;
    let bytes = [&length.to_be_bytes(), identity.as_bytes()].concat();
    read_identity(&mut Reader::new(&bytes)).ok()?;
    Some(bytes)
}

/// Writes reports as a frame of a TCP connection. Attributes that are no elements are left out; speeds are rounded to km/h,
/// courses to degrees, altitudes to metres. None for more than 255 reports, or one that the codec cannot carry.
pub fn encode(codec: Codec, reports: &[Report]) -> Option<Vec<u8>> {
    let mut frame = Vec::with_capacity(12 + 64 * reports.len());
    encode_into(codec, reports, &mut frame)?;
    Some(frame)
}

/// Writes what [`encode`] does behind what is in a buffer, for those who write many frames. When it cannot be written, the
/// buffer is left as it was.
pub fn encode_into(codec: Codec, reports: &[Report], buffer: &mut Vec<u8>) -> Option<()> {
    let start = buffer.len();
    let written = write_frame(codec, reports, buffer);
    if written.is_none() {
        buffer.truncate(start);
    }
    written
}

fn write_frame(codec: Codec, reports: &[Report], buffer: &mut Vec<u8>) -> Option<()> {
    let data = buffer.len() + 8;
    buffer.extend([0; 8]);
    write_data(codec, reports, buffer)?;
    let length = u32::try_from(buffer.len() - data).ok().filter(|length| *length as usize <= MAX_DATA)?;
    buffer[data - 4..data].copy_from_slice(&length.to_be_bytes());
    let crc = u32::from(crc_arc(&buffer[data..]));
    buffer.extend(crc.to_be_bytes());
    Some(())
}

/// Writes reports as a datagram. None as for [`encode`], and when the identity is not one.
pub fn encode_datagram(codec: Codec, reports: &[Report], identity: &str, packet: u16) -> Option<Vec<u8>> {
    let mut datagram = vec![0; 2];
    datagram.extend(packet.to_be_bytes());
    datagram.extend([1, packet.to_be_bytes()[1]]);
    datagram.extend(login(identity)?);
    write_data(codec, reports, &mut datagram)?;
    let length = u16::try_from(datagram.len() - 2).ok()?;
    datagram[..2].copy_from_slice(&length.to_be_bytes());
    Some(datagram)
}

fn write_data(codec: Codec, reports: &[Report], buffer: &mut Vec<u8>) -> Option<()> {
    let count = u8::try_from(reports.len()).ok()?;
    buffer.extend([codec.byte(), count]);
    for report in reports {
        record::write(report, codec, buffer)?;
    }
    buffer.push(count);
    Some(())
}
