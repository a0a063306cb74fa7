//! What the disk allows: the floor under whatever is durable.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a batch of 1,000 positions takes in a log, about.
const BATCH_BYTES: usize = 32 << 10;

/// How many durable writes of as many bytes as a batch takes a disk does in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floor {
    /// To a file that grows.
    pub growing: f64,
    /// To a file that was written before, as a log that is used again.
    pub recycled: f64,
}

/// Measures for about as long on a growing file and on one written before, in `folder`.
///
/// # Errors
/// When the folder cannot be written.
pub fn floor(folder: &Path, lasts: Duration) -> io::Result<Floor> {
    let bytes = vec![7; BATCH_BYTES];
    let path = folder.join("floor");
    let mut rates = [0.0; 2];
    for rate in &mut rates {
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        let room = file.metadata()?.len();
        let (started, mut syncs) = (Instant::now(), 0_u64);
        while started.elapsed() < lasts {
            let offset = syncs * BATCH_BYTES as u64;
            // The second time the file has its size already; it starts over at its end.
            file.write_all_at(&bytes, if room == 0 { offset } else { offset % room })?;
            file.sync_data()?;
            syncs += 1;
        }
        *rate = syncs as f64 / started.elapsed().as_secs_f64();
    }
    fs::remove_file(&path)?;
    let [growing, recycled] = rates;
    Ok(Floor { growing, recycled })
}
