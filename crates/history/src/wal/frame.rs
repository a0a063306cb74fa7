//! How a file of the log looks.
//!
//! A file begins with a header: magic (4), format version (1), three zeros, sequence of the file (8), number of its first
//! record (8), checksum of all that (4), four zeros. Then frames follow, each written with one write and made durable
//! before the next one is begun: magic (4), checksum of what follows (4), length of the payload (4), records (4), sequence of the
//! file (8), number of the first record (8), payload. The rest of the file is zeros, or what an earlier life of the file
//! left there, which the sequence tells apart.

use std::path::Path;

use tracklane_core::ports::Lsn;

use crate::error::Error;

const FILE_MAGIC: [u8; 4] = *b"TLWL";
const FRAME_MAGIC: [u8; 4] = *b"TLWF";
/// The format written here; those before it are read. Since 2 a row that is not valid says whether it is marked.
pub(super) const VERSION: u8 = 2;

pub(super) const FILE_HEADER_LEN: usize = 32;
pub(super) const FRAME_HEADER_LEN: usize = 32;

/// Adds the header of a file.
pub(super) fn put_file_header(out: &mut Vec<u8>, sequence: u64, first_lsn: Lsn) {
    let start = out.len();
    out.extend_from_slice(&FILE_MAGIC);
    out.extend_from_slice(&[VERSION, 0, 0, 0]);
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&first_lsn.to_le_bytes());
    let crc = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
}

/// The number of the first record of a file, and its format; none when the file has no header of this sequence (yet).
pub(super) fn file_header(bytes: &[u8], sequence: u64, path: &Path) -> Result<Option<(Lsn, u8)>, Error> {
    let Some(header) = bytes.first_chunk::<FILE_HEADER_LEN>() else { return Ok(None) };
    if !header.starts_with(&FILE_MAGIC) {
        return Ok(None);
    }
    if header[4] == 0 || header[4] > VERSION {
        return Err(Error::Version { path: path.to_path_buf(), found: header[4], known: VERSION });
    }
    let fits = header[24..28] == crc32fast::hash(&header[..24]).to_le_bytes() && long(&header[8..]) == sequence;
    Ok(fits.then(|| (long(&header[16..]), header[4])))
}

/// Adds a frame.
pub(super) fn put_frame(out: &mut Vec<u8>, sequence: u64, first_lsn: Lsn, records: u32, payload: &[u8]) {
    out.extend_from_slice(&FRAME_MAGIC);
    let crc_at = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&records.to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&first_lsn.to_le_bytes());
    out.extend_from_slice(payload);
    let crc = crc32fast::hash(&out[crc_at + 4..]);
    out[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
}

/// A frame whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub first_lsn: Lsn,
    pub records: u32,
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Length of the whole frame, in bytes.
    pub(super) fn len(&self) -> usize {
        FRAME_HEADER_LEN + self.payload.len()
    }
}

/// The frame at `offset`; none when no sound frame of this sequence begins there.
pub(super) fn frame_at(bytes: &[u8], offset: usize, sequence: u64) -> Option<Frame<'_>> {
    let bytes = bytes.get(offset..)?;
    let header = bytes.first_chunk::<FRAME_HEADER_LEN>().filter(|header| header.starts_with(&FRAME_MAGIC))?;
    if long(&header[16..]) != sequence {
        return None;
    }
    let len = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
    let payload = bytes.get(FRAME_HEADER_LEN..FRAME_HEADER_LEN + len)?;
    let crc = crc32fast::hash(&bytes[8..FRAME_HEADER_LEN + len]);
    if header[4..8] != crc.to_le_bytes() {
        return None;
    }
    let records = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
    Some(Frame { first_lsn: long(&header[24..]), records, payload })
}

/// Where, after `offset`, a sound frame begins. A frame is written only once the one before it is durable, so such a
/// frame proves that what is unsound before it was damaged later, and is not just the torn end of the log.
pub(super) fn frame_after(bytes: &[u8], offset: usize, sequence: u64) -> Option<usize> {
    const STEP: usize = 4_096;
    for start in (offset + 1..bytes.len()).step_by(STEP) {
        let piece = &bytes[start..bytes.len().min(start + STEP + FRAME_MAGIC.len() - 1)];
        // Most of a new file is zeros, which are compared faster than searched.
        if piece == &[0; STEP + FRAME_MAGIC.len() - 1][..piece.len()] {
            continue;
        }
        let places = piece.windows(FRAME_MAGIC.len()).enumerate().filter(|(_, window)| **window == FRAME_MAGIC);
        let found = places.map(|(place, _)| start + place).find(|place| frame_at(bytes, *place, sequence).is_some());
        if found.is_some() {
            return found;
        }
    }
    None
}

fn long(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
