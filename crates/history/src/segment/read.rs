//! Opening a segment, and reading from it by `pread`: many threads can do that at once.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::ReadWriteFlags;

use crate::error::{Context, Error};
use crate::row::Key;
use crate::segment::cursor::Cursor;
use crate::segment::directory::{Index, Page, decode_index, page_is_sound};
use crate::segment::{HEADER_LEN, MAGIC, Summary, TRAILER_LEN, TenantPart, VERSION};

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub id: u64,
    pub summary: Summary,
    /// In ascending order.
    pub tenants: Vec<TenantPart>,
    /// Size of the file.
    pub bytes: u64,
    pub(super) version: u8,
    pub(super) path: PathBuf,
    file: File,
    pub(super) pages: Vec<Page>,
    /// All pages of the directory, if there was room.
    directory: Option<Resident>,
}

/// How far a read goes for its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Only to what the system has in memory; for anything else it fails with [`io::ErrorKind::WouldBlock`].
    Memory,
    /// To the disk.
    Disk,
}

/// How many bytes of memory the directories of all segments may still take. A segment that finds no room reads its
/// pages from the file.
#[derive(Debug)]
pub(crate) struct Room(AtomicU64);

impl Room {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(AtomicU64::new(bytes))
    }

    fn take(&self, bytes: u64) -> bool {
        let left = |left: u64| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }
}

/// A part of a file in memory.
#[derive(Debug)]
struct Resident {
    offset: u64,
    bytes: Vec<u8>,
    room: Arc<Room>,
}

impl Resident {
    fn load(file: &File, offset: u64, end: u64, room: &Arc<Room>) -> io::Result<Option<Self>> {
        if !room.take(end - offset) {
            return Ok(None);
        }
        // Gives the room back when reading fails, too.
        let mut resident = Self { offset, bytes: vec![0; (end - offset) as usize], room: Arc::clone(room) };
        file.read_exact_at(&mut resident.bytes, offset)?;
        Ok(Some(resident))
    }

    pub(super) fn get(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(start..start.checked_add(len)?)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

impl Segment {
    /// Opens a segment and reads its index.
    pub(crate) fn open(id: u64, path: &Path, room: &Arc<Room>) -> Result<Self, Error> {
        let file = File::open(path).context("open", path)?;
        let bytes = file.metadata().context("read", path)?.len();
        let corrupt = |what: &str| Error::corrupt(path, what);
        let Some(trailer_at) = bytes.checked_sub(TRAILER_LEN as u64).filter(|at| *at >= HEADER_LEN as u64) else {
            return Err(corrupt("segment is cut short"));
        };
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0).context("read", path)?;
        let mut trailer = [0; TRAILER_LEN];
        file.read_exact_at(&mut trailer, trailer_at).context("read", path)?;
        if !header.starts_with(&MAGIC) || !trailer.ends_with(&MAGIC) {
            return Err(corrupt("not a segment, or cut short"));
        }
        let version = header[4];
        for found in [version, trailer[16]] {
            if found == 0 || found > VERSION || found != version {
                return Err(Error::Version { path: path.to_path_buf(), found, known: VERSION });
            }
        }
        let word = |at: usize| u32::from_le_bytes([trailer[at], trailer[at + 1], trailer[at + 2], trailer[at + 3]]);
        let offset = u64::from(word(0)) | u64::from(word(4)) << 32;
        let len = u64::from(word(8));
        if offset.checked_add(len) != Some(trailer_at) {
            return Err(corrupt("trailer of segment"));
        }
        let mut index = vec![0; len as usize];
        file.read_exact_at(&mut index, offset).context("read", path)?;
        if crc32fast::hash(&index) != word(12) {
            return Err(corrupt("index of segment"));
        }
        let Index { summary, tenants, pages } =
            decode_index(&index, version).ok_or_else(|| corrupt("index of segment"))?;
        let begin = pages.first().map_or(offset, |page| page.offset);
        if begin > offset {
            return Err(corrupt("index of segment"));
        }
        let directory = Resident::load(&file, begin, offset, room).context("read", path)?;
        let path = path.to_path_buf();
        let known = tenants.is_some();
        let tenants = tenants.unwrap_or_default();
        let mut segment = Self { id, summary, tenants, bytes, version, path, file, pages, directory };
        for page in &segment.pages {
            // Looked at once here, so that no read has to.
            if segment.resident(page).is_some_and(|page| !page_is_sound(page)) {
                return Err(segment.corrupt("directory page", page.offset));
            }
        }
        if !known {
            segment.tenants = segment.count_tenants()?;
        }
        Ok(segment)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks through the directory for what an index of format 1 does not say.
    fn count_tenants(&self) -> Result<Vec<TenantPart>, Error> {
        let mut parts: Vec<TenantPart> = Vec::new();
        let mut cursor = Cursor::all(Reach::Disk);
        while let Some(entry) = cursor.next_entry(self)? {
            let (tenant, rows) = (entry.key.tenant, entry.rows as u64);
            match parts.last_mut() {
                Some(last) if last.tenant == tenant => {
                    last.rows += rows;
                    last.min = last.min.min(entry.min);
                    last.max = last.max.max(entry.max);
                }
                _ => parts.push(TenantPart { tenant, rows, min: entry.min, max: entry.max, thinned: 0 }),
            }
        }
        Ok(parts)
    }

    /// What it holds of a tenant.
    pub(crate) fn tenant(&self, tenant: u128) -> Option<&TenantPart> {
        let at = self.tenants.binary_search_by_key(&tenant, |part| part.tenant).ok()?;
        self.tenants.get(at)
    }

    /// The number of the page that may hold the first wanted block of a device.
    pub(super) fn page_of(&self, key: Key, from: i64) -> usize {
        self.pages.partition_point(|page| (page.key, page.min) <= (key, from)).saturating_sub(1)
    }

    /// A page that is in memory; its checksum fits.
    pub(super) fn resident(&self, page: &Page) -> Option<&[u8]> {
        self.directory.as_ref()?.get(page.offset, page.len)
    }

    /// A page that is not in memory.
    pub(super) fn read_page(&self, page: &Page, reach: Reach) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.read_at(page.offset, page.len, reach, &mut bytes)?;
        if page_is_sound(&bytes) { Ok(bytes) } else { Err(self.corrupt("directory page", page.offset)) }
    }

    /// Fills `out` with a part of the file.
    pub(super) fn read_at(&self, offset: u64, len: usize, reach: Reach, out: &mut Vec<u8>) -> Result<(), Error> {
        if offset.checked_add(len as u64).is_none_or(|end| end > self.bytes) {
            return Err(self.corrupt("place", offset));
        }
        out.clear();
        out.resize(len, 0);
        match reach {
            Reach::Disk => self.file.read_exact_at(out, offset),
            Reach::Memory => read_from_memory(&self.file, out, offset),
        }
        .context("read", &self.path)
    }

    pub(super) fn corrupt(&self, what: &str, offset: u64) -> Error {
        Error::corrupt(&self.path, format!("{what} at byte {offset}"))
    }
}

/// Reads what the system has in memory; fails at once for anything else, and where the file system cannot tell.
fn read_from_memory(file: &File, out: &mut [u8], offset: u64) -> io::Result<()> {
    let wanted = out.len();
    match rustix::io::preadv2(file, &mut [IoSliceMut::new(out)], offset, ReadWriteFlags::NOWAIT) {
        Ok(read) if read == wanted => Ok(()),
        _ => Err(io::ErrorKind::WouldBlock.into()),
    }
}
