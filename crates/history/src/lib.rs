//! The embedded position history: files in one folder, no database.
//!
//! ```text
//! append --> queue --> committer: one frame, one sync for all that waits --> wal-*      (durable: answered)
//!                          |
//!                          v
//!                      memtable --- full or old ---> sealed by the keeper --> segment-*  (sorted, never changed)
//!                                                                                |
//!                      manifest: which segments, what is sealed                  v
//!                                                                     merged with its like
//! ```
//!
//! - [`History::open`] gives what implements [`tracklane_core::ports::PositionHistory`].
//! - Of two positions with the same device and fix time the one appended later is read. Late fixes and fixes out of order
//!   are as good as others.
//! - Kept are whole microseconds, 1e-7 degrees, centimetres, centimetres per second (up to 655.34 m/s) and hundredths of a
//!   degree; attributes are kept as they are.
//! - The records of the log are numbered from 1.
//! - A log file is used again once its records are sealed and lie before the checkpoint: whoever appends must call
//!   `checkpoint` from time to time, or the log grows.
//! - The end of the log may be torn by a crash: then the last frame, which nobody was told is durable, is dropped.
//!   Damage anywhere else is an error that names the file.

mod area;
mod backup;
mod batch;
mod bounds;
mod committer;
mod compact;
mod core;
mod error;
mod folder;
mod history;
mod manifest;
mod memtable;
mod merge;
mod retain;
mod row;
mod seal;
mod segment;
mod settings;
mod tombstone;
mod varint;
mod view;
mod wal;

pub use backup::{Backup, Copied};
pub use error::Error;
pub use history::{History, Stats};
pub use settings::Settings;
