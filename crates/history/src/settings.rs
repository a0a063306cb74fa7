//! What can be set, with units and defaults.

use std::time::Duration;

/// How a history behaves. The defaults suit one machine with up to some ten thousand devices.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Size of one file of the write-ahead log, in bytes; at least 4,096. Such files are filled with zeros once and then
    /// used again and again. Default: 16,777,216 (16 MiB).
    pub wal_segment_bytes: u64,
    /// Seal the positions in memory into a segment once there are so many, at least 1. Default: 500,000.
    pub seal_records: usize,
    /// Seal once their attributes and rows take so many bytes of memory, at least 1. Default: 134,217,728 (128 MiB).
    pub seal_bytes: usize,
    /// Seal once the oldest of them is in memory for so many seconds. Default: 3,600 (one hour).
    pub seal_seconds: u64,
    /// How many positions may wait to become durable before the history says that it is busy, at least 1. Default: 200,000.
    pub queue_records: usize,
    /// A segment holds the fixes of one window of so many seconds of fix time, at least 1, so that old segments can be
    /// dropped whole. Default: 604,800 (one week).
    pub partition_seconds: u64,
    /// Merge so many neighbouring segments of about the same size into one, at least 2. Default: 8.
    pub merge_fan_in: usize,
    /// Never merge into a segment larger than so many bytes. Default: 1,073,741,824 (1 GiB).
    pub merge_bytes: u64,
    /// Keep the directories of segments in memory up to so many bytes in total; the others are read when needed. One
    /// position takes some 0.3 bytes of it. Default: 67,108,864 (64 MiB).
    pub directory_bytes: u64,
    /// Whether an append waits until the disk has it. Always true in production; false only makes tests faster.
    pub sync: bool,
    /// Sleep so long after each sync of the log, to pretend a slower disk when measuring. Default: zero.
    pub sync_delay: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wal_segment_bytes: 16 << 20,
            seal_records: 500_000,
            seal_bytes: 128 << 20,
            seal_seconds: 3_600,
            queue_records: 200_000,
            partition_seconds: 7 * 24 * 3_600,
            merge_fan_in: 8,
            merge_bytes: 1 << 30,
            directory_bytes: 64 << 20,
            sync: true,
            sync_delay: Duration::ZERO,
        }
    }
}

impl Settings {
    /// The same settings with each number raised to the least that works.
    pub(crate) fn at_least_working(mut self) -> Self {
        self.wal_segment_bytes = self.wal_segment_bytes.max(4_096);
        self.seal_records = self.seal_records.max(1);
        self.seal_bytes = self.seal_bytes.max(1);
        self.queue_records = self.queue_records.max(1);
        self.partition_seconds = self.partition_seconds.max(1);
        self.merge_fan_in = self.merge_fan_in.max(2);
        self
    }
}
