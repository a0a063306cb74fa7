//! Frames: how they are cut out of a stream, opened and sealed.

use bytes::{Buf, Bytes, BytesMut};

use super::kind;
use crate::DecodeError;
use crate::reader::{Reader, crc_x25};

/// The greatest number of bytes in a frame. Pictures come in parts of a kilobyte or two.
pub(super) const MAX_FRAME: usize = 4096;

const END: &[u8] = b"\r\n";

/// Takes one frame from a connection. What stands before its mark is dropped. Where the length does not lead to an end
/// mark, the frame goes up to the next one.
///
/// # Errors
/// None: there is always a next mark to look for.
pub fn frame(buffer: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
    loop {
        skip_to_mark(buffer);
        let stated = match buffer[..] {
            [0x78, _, length, _, _, ..] => 5 + usize::from(length),
            [0x79, _, high, low, _, ..] => 6 + usize::from(u16::from_be_bytes([high, low])),
            _ => return Ok(None),
        };
        if stated > MAX_FRAME {
            buffer.advance(2);
            continue;
        }
        if buffer.len() < stated {
            return Ok(None);
        }
        if buffer[..stated].ends_with(END) {
            return Ok(Some(buffer.split_to(stated).freeze()));
        }
        let searched = &buffer[4..buffer.len().min(MAX_FRAME)];
        match searched.windows(2).position(|pair| pair == END) {
            Some(end) => return Ok(Some(buffer.split_to(4 + end + 2).freeze())),
            None if buffer.len() < MAX_FRAME => return Ok(None),
            // Half at once, so that no byte is looked at more than a few times.
            None => buffer.advance(MAX_FRAME / 2),
        }
    }
}

/// Drops what stands before the first mark; half a mark at the end may become a whole one.
fn skip_to_mark(buffer: &mut BytesMut) {
    let is_mark = |pair: &[u8]| matches!(pair, [0x78, 0x78] | [0x79, 0x79]);
    let mark = buffer.windows(2).position(is_mark);
    let half = matches!(buffer.last(), Some(0x78 | 0x79));
    let skip = mark.unwrap_or_else(|| buffer.len() - usize::from(half));
    buffer.advance(skip);
}

/// An opened frame.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) long: bool,
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
    /// None where a message has neither serial number nor check sum.
    pub(super) serial: Option<u16>,
    /// Whether the check sum is right.
    pub(super) sound: bool,
    /// What the length says.
    pub(super) stated: usize,
}

impl<'a> Envelope<'a> {
    /// Opens a frame. A lenient reader takes a wrong check sum, and says so.
    pub(super) fn open(frame: &'a [u8], lenient: bool) -> Result<Self, DecodeError> {
        let inner = frame.strip_suffix(END).ok_or_else(|| DecodeError::field("end", "must be 0D 0A"))?;
        let mut reader = Reader::new(inner);
        let long = match reader.u16("start")? {
            0x7878 => false,
            0x7979 => true,
            _ => return Err(DecodeError::field("start", "must be 78 78 or 79 79")),
        };
        let stated = if long { reader.u16("length")?.into() } else { usize::from(reader.u8("length")?) };
        let covered = &inner[2..];
        let rest = reader.len();
        let kind = reader.u8("kind")?;
        if stated != rest || rest < 5 {
            let open_kind = matches!(kind, kind::SHORT_HEARTBEAT | kind::GPS | kind::WIFI | kind::WIFI_2);
            if long || !open_kind {
                return Err(DecodeError::field("length", format!("must be {rest}, and is {stated}")));
            }
            return Ok(Self { long, kind, body: reader.rest(), serial: None, sound: true, stated });
        }
        let body = reader.bytes("body", rest - 5)?;
        let serial = reader.u16("serial")?;
        let (given, real) = (reader.u16("crc")?, crc_x25(&covered[..covered.len() - 2]));
        if given != real && !lenient {
            return Err(DecodeError::field("crc", format!("must be {real:04x}, and is {given:04x}")));
        }
        Ok(Self { long, kind, body, serial: Some(serial), sound: given == real, stated })
    }
}

/// Writes a frame around a body that fits into one.
pub(super) fn seal(long: bool, kind: u8, body: &[u8], serial: u16) -> Vec<u8> {
    let length = ((body.len() + 5) as u16).to_be_bytes();
    let mut frame = if long { vec![0x79, 0x79] } else { vec![0x78, 0x78] };
    frame.extend(if long { &length[..] } else { &length[1..] });
    frame.push(kind);
    frame.extend(body);
    frame.extend(serial.to_be_bytes());
    frame.extend(crc_x25(&frame[2..]).to_be_bytes());
    frame.extend(END);
    frame
}
