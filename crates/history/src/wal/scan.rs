//! Reading a file of the log, frame by frame.

use std::path::Path;

use tracklane_core::ports::Lsn;

use super::Rows;
use super::frame::{FILE_HEADER_LEN, VERSION, file_header, frame_after, frame_at};
use crate::batch;
use crate::error::Error;

/// Where the reading of a file stands.
pub(super) struct Scan<'a> {
    path: &'a Path,
    sequence: u64,
    bytes: &'a [u8],
    offset: usize,
    first_lsn: Option<Lsn>,
    version: u8,
    next_lsn: Lsn,
}

impl<'a> Scan<'a> {
    /// Begins to read the file with this sequence and content.
    pub(super) fn new(path: &'a Path, sequence: u64, bytes: &'a [u8]) -> Result<Self, Error> {
        let (first_lsn, version) = file_header(bytes, sequence, path)?.unzip();
        let next_lsn = first_lsn.unwrap_or_default();
        if first_lsn.is_none() && frame_after(bytes, 0, sequence).is_some() {
            return Err(Error::corrupt(path, "header of the log file"));
        }
        let version = version.unwrap_or(VERSION);
        Ok(Self { path, sequence, bytes, offset: FILE_HEADER_LEN, first_lsn, version, next_lsn })
    }

    /// The number of the first record; none when the file was never written to.
    pub(super) fn first_lsn(&self) -> Option<Lsn> {
        self.first_lsn
    }

    /// Whether the file has the format that is written now, so that it can be gone on with.
    pub(super) fn is_current(&self) -> bool {
        self.version == VERSION
    }

    /// The number after the last record read.
    pub(super) fn next_lsn(&self) -> Lsn {
        self.next_lsn
    }

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The number of the first record of the next frame, and its rows; none at the end. Frames without rows are passed
    /// over.
    pub(super) fn next(&mut self) -> Result<Option<(Lsn, Rows)>, Error> {
        if self.first_lsn.is_none() {
            return Ok(None);
        }
        loop {
            let Some(frame) = frame_at(self.bytes, self.offset, self.sequence) else { return self.end() };
            let mut rows = Rows::with_capacity(frame.records as usize);
            let sound = batch::decode_all(frame.payload, self.version, &mut rows).is_some()
                && rows.len() == frame.records as usize
                && frame.first_lsn == self.next_lsn;
            if !sound {
                return Err(self.corrupt());
            }
            self.offset += frame.len();
            self.next_lsn += u64::from(frame.records);
            if !rows.is_empty() {
                return Ok(Some((frame.first_lsn, rows)));
            }
        }
    }

    fn end(&self) -> Result<Option<(Lsn, Rows)>, Error> {
        match frame_after(self.bytes, self.offset, self.sequence) {
            Some(_) => Err(self.corrupt()),
            None => Ok(None),
        }
    }

    fn corrupt(&self) -> Error {
        Error::corrupt(self.path, format!("frame at byte {}", self.offset))
    }
}
