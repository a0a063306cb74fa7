//! What the disk allows.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What a batch takes in a log, about.
const BATCH_BYTES: usize = 32 << 10;

/// Syncs per second of as many bytes as a batch takes: to a growing file, and to one written before.
///
/// # Errors
/// When the folder cannot be written.
pub fn floor(folder: &Path) -> Outcome<(f64, f64)> {
    let bytes = vec![7; BATCH_BYTES];
    let path = folder.join("floor");
    let mut rates = [0.0; 2];
    for rate in &mut rates {
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        let room = file.metadata()?.len();
        let (started, mut syncs) = (Instant::now(), 0_u64);
        while started.elapsed() < Duration::from_secs(2) {
            let offset = syncs * BATCH_BYTES as u64;
            // The second time the file has its size already; it starts over at its end.
            file.write_all_at(&bytes, if room == 0 { offset } else { offset % room })?;
            file.sync_data()?;
            syncs += 1;
        }
        *rate = syncs as f64 / started.elapsed().as_secs_f64();
    }
    fs::remove_file(&path)?;
    Ok((rates[0], rates[1]))
}
