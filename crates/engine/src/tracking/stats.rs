//! What the pipeline counts. The server shows it as metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracklane_core::event::EventKind;
use tracklane_core::position::Mark;

use super::turn::{Kept, Told};

/// The upper bounds of the latency buckets, in seconds.
pub const LATENCY_BOUNDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Counters of the pipeline since the start.
#[derive(Debug, Default)]
pub struct Stats {
    accepted: AtomicU64,
    duplicate: AtomicU64,
    late: AtomicU64,
    marked: [AtomicU64; Mark::ALL.len()],
    rejected: AtomicU64,
    crossings: AtomicU64,
    milestones: AtomicU64,
    alarms: AtomicU64,
    latency_buckets: [AtomicU64; LATENCY_BOUNDS.len()],
    latency_count: AtomicU64,
    latency_micros: AtomicU64,
}

/// The counters as they were at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Positions kept.
    pub accepted: u64,
    /// Positions known already.
    pub duplicate: u64,
    /// Positions kept in history that say nothing about now.
    pub late: u64,
    /// Positions kept with a mark, by mark.
    pub marked: Vec<(Mark, u64)>,
    /// Positions that broke a rule.
    pub rejected: u64,
    /// Zones entered and exited.
    pub crossings: u64,
    /// Facts that positions made.
    pub milestones: u64,
    /// Alarms of devices that were told.
    pub alarms: u64,
    /// How long submissions took from arrival to durable.
    pub latency: Latency,
}

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    /// The upper bound of each bucket in seconds, and how many were at most that long (cumulative).
    pub buckets: Vec<(f64, u64)>,
    /// How many there were.
    pub count: u64,
    /// Their sum, in seconds.
    pub sum_seconds: f64,
}

impl Stats {
    /// Rows that broke a rule.
    pub(super) fn rejected(&self, rows: usize) {
        add(&self.rejected, rows);
    }

    /// What became of the rows of a submission that was not refused.
    pub(super) fn kept(&self, all: impl Iterator<Item = Kept>) {
        let mut accepted = 0;
        for kept in all {
            match kept {
                Kept::Accepted => accepted += 1,
                Kept::Duplicate => add(&self.duplicate, 1),
                Kept::Late => add(&self.late, 1),
                Kept::Marked(mark) => add(&self.marked[mark as usize], 1),
            }
        }
        add(&self.accepted, accepted);
    }

    /// What positions led to.
    pub(super) fn recorded(&self, crossings: usize, milestones: usize) {
        add(&self.crossings, crossings);
        add(&self.milestones, milestones);
    }

    /// What was told of devices.
    pub(super) fn told(&self, told: &[Told]) {
        add(&self.alarms, told.iter().filter(|told| told.kind == EventKind::DeviceAlarm).count());
    }

    /// A submission that is answered now, and came in then.
    pub(super) fn answered(&self, since: Instant) {
        let took = since.elapsed();
        let seconds = took.as_secs_f64();
        if let Some(bucket) = LATENCY_BOUNDS.iter().position(|bound| seconds <= *bound) {
            add(&self.latency_buckets[bucket], 1);
        }
        add(&self.latency_count, 1);
        self.latency_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The counters as they are now.
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut below = 0;
        let buckets = LATENCY_BOUNDS.iter().zip(&self.latency_buckets).map(|(bound, bucket)| {
            below += read(bucket);
            (*bound, below)
        });
        Snapshot {
            accepted: read(&self.accepted),
            duplicate: read(&self.duplicate),
            late: read(&self.late),
            marked: Mark::ALL.iter().zip(&self.marked).map(|(mark, count)| (*mark, read(count))).collect(),
            rejected: read(&self.rejected),
            crossings: read(&self.crossings),
            milestones: read(&self.milestones),
            alarms: read(&self.alarms),
            latency: Latency {
                buckets: buckets.collect(),
                count: read(&self.latency_count),
                sum_seconds: Duration::from_micros(read(&self.latency_micros)).as_secs_f64(),
            },
        }
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}
