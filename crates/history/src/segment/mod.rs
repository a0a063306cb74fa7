//! A sealed segment: one file that never changes, sorted by device and fix time.
//!
//! ```text
//! header    magic, format version
//! blocks    one device each, at most 128 rows, with a checksum (see `codec`)
//! pages     the directory: up to 16 entries each, one entry per block, with a checksum
//! index     where each page begins and with which entry, and what the segment holds as a whole and of each tenant
//! trailer   place, length and checksum of the index, format version, magic
//! ```
//!
//! The index is always in memory, the directory as long as there is room for it (see `Settings::directory_bytes`): mostly
//! a read is one `pread` for all the blocks it needs.
//!
//! Format 2 says of each block, page and tenant where and when its rows are; format 1 did not.

mod codec;
mod cursor;
mod directory;
mod read;
mod write;

pub(crate) use codec::{Columns, Part};
pub(crate) use cursor::Cursor;
pub(crate) use directory::Entry;
pub(crate) use read::{Reach, Room, Segment};
pub(crate) use write::Writer;

use tracklane_core::ports::Lsn;

/// Begins and ends each file.
const MAGIC: [u8; 4] = *b"TLSG";
/// The format written here; those before it are read.
const VERSION: u8 = 2;
/// Magic, version, three zeros.
const HEADER_LEN: usize = 8;
/// Place (8) and length (4) of the index, its checksum (4), version (1), three zeros, magic (4).
const TRAILER_LEN: usize = 24;

/// What a segment holds as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    pub rows: u64,
    /// The earliest fix time, in microseconds since 1970.
    pub min: i64,
    /// The latest fix time.
    pub max: i64,
    /// The rows came from this log number on. A later segment wins over an earlier one.
    pub first_lsn: Lsn,
    /// Up to but not including this one.
    pub end_lsn: Lsn,
    /// The window of fix time that the segment belongs to, see `partition`.
    pub partition: i64,
}

impl Summary {
    /// Whether some fix time could be in both.
    pub(crate) fn overlaps(&self, min: i64, max: i64) -> bool {
        self.min <= max && min <= self.max
    }
}

/// What a segment holds of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TenantPart {
    pub tenant: u128,
    pub rows: u64,
    /// The earliest fix time.
    pub min: i64,
    /// The latest fix time.
    pub max: i64,
    /// At most one row of each device stands in so many seconds; 0 when they were not thinned.
    pub thinned: u32,
}

#[cfg(test)]
mod tests;
