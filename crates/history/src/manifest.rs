//! The manifest: which segments there are, and from where on the log is needed. Replaced as a whole, never edited.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracklane_core::ports::Lsn;

use crate::error::{Context, Error};
use crate::folder;
use crate::tombstone::Tombstone;

const NAME: &str = "manifest";
const MAGIC: [u8; 4] = *b"TLMF";
/// The format written here; those before it are read. Since 2 there are tombstones.
const VERSION: u8 = 2;
/// Magic (4), version (1), checksum of the rest (4), a line break so that the JSON after it is easy to look at.
const HEADER_LEN: usize = 10;

/// The number of the first record of all.
pub(crate) const FIRST_LSN: Lsn = 1;

/// What is known to be durable elsewhere than in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Every record before this one is in a segment.
    pub sealed: Lsn,
    /// No record before this one will be asked for again.
    pub checkpoint: Lsn,
    /// The next segment gets this id.
    pub next_segment: u64,
    /// The segments there are.
    pub segments: Vec<u64>,
    /// What was erased and may still stand in segments or in the log.
    #[serde(default)]
    pub tombstones: Vec<Tombstone>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self { sealed: FIRST_LSN, checkpoint: FIRST_LSN, next_segment: 1, segments: Vec::new(), tombstones: Vec::new() }
    }
}

impl Manifest {
    /// Reads the manifest; none when there is none.
    pub(crate) fn load(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("read", &path),
        };
        let Some((header, body)) = bytes.split_first_chunk::<HEADER_LEN>().filter(|(head, _)| head.starts_with(&MAGIC))
        else {
            return Err(Error::corrupt(&path, "header"));
        };
        if header[4] == 0 || header[4] > VERSION {
            return Err(Error::Version { path, found: header[4], known: VERSION });
        }
        if header[5..9] != crc32fast::hash(body).to_le_bytes() {
            return Err(Error::corrupt(&path, "checksum"));
        }
        serde_json::from_slice(body).map(Some).map_err(|error| Error::corrupt(&path, error.to_string()))
    }

    /// Replaces the manifest. When this fails, the old one may or may not be there still.
    pub(crate) fn store(&self, folder: &Path, sync: bool) -> Result<(), Error> {
        let path = folder.join(NAME);
        let temporary = path.with_extension("tmp");
        let body = serde_json::to_vec(self).map_err(|error| Error::corrupt(&path, error.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(&body);
        let mut file = File::create(&temporary).context("create", &temporary)?;
        file.write_all(&bytes).context("write", &temporary)?;
        if sync {
            file.sync_all().context("sync", &temporary)?;
        }
        fs::rename(&temporary, &path).context("rename", &temporary)?;
        if sync { folder::sync(folder) } else { Ok(()) }
    }
}
