//! One turn of a shard: the positions it takes at once, and what they lead to.

use std::collections::HashSet;
use std::time::Instant;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use tracklane_core::Timestamp;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, DriverId, ZoneId};
use tracklane_core::position::{Point, Position};

use super::stats::Stats;
use crate::error::Error;
use crate::shipments::Proof;

/// One position on its way through the pipeline.
#[derive(Debug)]
pub(super) struct Row {
    pub position: Position,
    pub driver_id: Option<DriverId>,
}

/// What became of a row that broke no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Accepted,
    Duplicate,
    Late,
}

/// Why a submission was not kept, or not all that it led to.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Full,
    Unavailable(String),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

/// What a shard answers to a submission: what became of each row.
pub(super) type Answer = Result<SmallVec<[Kept; 1]>, Failure>;

/// The rows of one submission that belong to one shard.
#[derive(Debug)]
pub(super) struct Job {
    pub rows: SmallVec<[Row; 1]>,
    pub reply: oneshot::Sender<Answer>,
    pub since: Instant,
}

/// A submission whose rows are in the turn.
pub(super) struct Pending {
    pub outcomes: SmallVec<[Kept; 1]>,
    pub reply: oneshot::Sender<Answer>,
    pub since: Instant,
    /// True when its positions led to something that must be durable too before it is answered.
    pub waits: bool,
}

/// A row of the turn, with the submission it came in.
pub(super) struct Entry {
    pub row: Row,
    pub kept: Kept,
    job: usize,
    index: usize,
}

/// A zone that a device went into or came out of.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub device_id: DeviceId,
    pub driver_id: Option<DriverId>,
    pub zone_id: ZoneId,
    pub zone_name: String,
    pub kind: EventKind,
    pub at: Timestamp,
    pub point: Point,
}

/// What the positions of one tenant led to.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    pub crossings: Vec<Seen>,
    pub proofs: Vec<Proof>,
    pub devices: HashSet<DeviceId>,
}

/// The positions of a turn, by device and fix time.
pub(super) struct Turn {
    pub jobs: Vec<Pending>,
    pub entries: Vec<Entry>,
}

impl Turn {
    /// Puts submissions together.
    pub fn new(jobs: Vec<Job>) -> Self {
        let mut pending = Vec::with_capacity(jobs.len());
        let mut entries = Vec::with_capacity(jobs.iter().map(|job| job.rows.len()).sum());
        for (job, Job { rows, reply, since }) in jobs.into_iter().enumerate() {
            let outcomes = SmallVec::from_elem(Kept::Accepted, rows.len());
            pending.push(Pending { outcomes, reply, since, waits: false });
            let rows = rows.into_iter().enumerate();
            entries.extend(rows.map(|(index, row)| Entry { row, kept: Kept::Accepted, job, index }));
        }
        // Stable: of two rows with one device and one time the first that came stands.
        entries.sort_by_key(|entry: &Entry| (entry.row.position.device_id, entry.row.position.fix_time));
        Self { jobs: pending, entries }
    }

    /// Takes the positions that history must keep out of the turn, notes what became of each row, and which submissions
    /// must wait for what they led to.
    pub fn take_kept(&mut self, led_somewhere: impl Fn(&Position) -> bool) -> Vec<Position> {
        let mut kept = Vec::with_capacity(self.entries.len());
        for entry in self.entries.drain(..) {
            let job = &mut self.jobs[entry.job];
            job.outcomes[entry.index] = entry.kept;
            job.waits |= led_somewhere(&entry.row.position);
            if entry.kept != Kept::Duplicate {
                kept.push(entry.row.position);
            }
        }
        kept
    }

    /// Answers submissions: all of them, or only those that wait for nothing more.
    pub fn answer(&mut self, which: impl Fn(&Pending) -> bool, outcome: &Result<(), Failure>, stats: &Stats) {
        let (now, later) = std::mem::take(&mut self.jobs).into_iter().partition::<Vec<_>, _>(which);
        self.jobs = later;
        for job in now {
            stats.answered(job.since);
            if outcome.is_ok() {
                job.outcomes.iter().for_each(|kept| stats.kept(*kept));
            }
            let answer = outcome.clone().map(|()| job.outcomes);
            // Whoever asked may have gone; the positions are kept all the same.
            let _ = job.reply.send(answer);
        }
    }
}
