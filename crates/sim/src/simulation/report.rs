//! What came of a simulation, for people and for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tracklane_core::Timestamp;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, ZoneId};

use super::faults::Fault;
use super::send::{Counts, Protocol};
use super::verdict::{self, Verdict, Wrong};
use super::world::Plan;

/// What came of a simulation.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// True when nothing is wrong in any run.
    pub ok: bool,
    /// The seed: the same one gives the same simulation.
    pub seed: u64,
    /// Devices of each run.
    pub devices: usize,
    /// Zones.
    pub zones: usize,
    /// Length of each run, in simulated seconds.
    pub duration_s: u32,
    /// Seconds between two fixes.
    pub fix_every_s: u32,
    /// How devices sent.
    pub protocol: &'static str,
    /// The runs.
    pub runs: Vec<RunReport>,
}

/// What came of one run.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// True when nothing is wrong.
    pub ok: bool,
    /// The faults that were let loose.
    pub faults: Vec<Fault>,
    /// Fixes that there were, each counted once.
    pub fixes: usize,
    /// Fixes sent, those sent again counted again.
    pub sent: usize,
    /// Of them, those that the server took as the newest of their device.
    pub accepted: usize,
    /// Those that it knew already.
    pub duplicates: usize,
    /// Those that it took as older than what it knew.
    pub late: usize,
    /// Those that it kept and did not believe, by mark.
    pub marked: BTreeMap<&'static str, usize>,
    /// Of those that are nowhere near the truth, how many were marked.
    pub wild_marked: usize,
    /// And how many were not.
    pub wild_believed: usize,
    /// Those that it did not take.
    pub rejected: usize,
    /// Entries that had to be told.
    pub entries: usize,
    /// Exits that had to be told.
    pub exits: usize,
    /// How many of both were told.
    pub found: usize,
    /// Dwells that had to be told.
    pub dwells: usize,
    /// How many of them were told.
    pub dwells_found: usize,
    /// How many events were told as late.
    pub told_late: usize,
    /// Events that had to be told and were not.
    pub missing: usize,
    /// Events that were told where nothing happened.
    pub extra: usize,
    /// Events more than crossings at one passage of an edge.
    pub flaps: usize,
    /// Entries without an exit, exits without an entry.
    pub halves: usize,
    /// Events out of order.
    pub disorder: usize,
    /// Passages with a true crossing of which nobody can be sure: too short, too shallow, or not heard.
    pub undecided: usize,
    /// Of them, those of which something was told.
    pub undecided_told: usize,
    /// Passages near an edge, without a true crossing, of which something was told.
    pub doubtful_told: usize,
    /// How far events that had to be told lie from the truth.
    pub time_error_s: TimeError,
    /// How long the run took, in real seconds.
    pub seconds: f64,
    /// The first mistakes.
    pub cases: Vec<Case>,
}

/// Percentiles of the error in time, in seconds; 0 when nothing was told.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct TimeError {
    /// Half of all are better.
    pub p50: f64,
    /// Of a hundred, one is worse.
    pub p99: f64,
    /// The worst.
    pub max: f64,
}

/// One mistake.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// What is wrong.
    pub wrong: Wrong,
    /// The event that was told, or was to be told.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When, about.
    pub at: Timestamp,
    /// The device.
    pub device_id: DeviceId,
    /// The zone.
    pub zone_id: ZoneId,
}

impl Report {
    pub(super) fn new(plan: &Plan, protocol: Protocol) -> Self {
        let Plan { seed, devices, zones, duration_s, fix_every_s, .. } = *plan;
        let protocol = protocol.as_str();
        Self { ok: true, seed, devices, zones, duration_s, fix_every_s, protocol, runs: Vec::new() }
    }

    pub(super) fn add(&mut self, run: RunReport) {
        self.ok &= run.ok;
        self.runs.push(run);
    }
}

impl RunReport {
    pub(super) fn new(faults: &[Fault], fixes: usize, counts: Counts, took: Duration) -> Self {
        let Counts { sent, accepted, duplicates, late, rejected, marked, wild_marked, wild_believed } = counts;
        Self {
            ok: true,
            faults: faults.to_vec(),
            fixes,
            sent,
            accepted,
            duplicates,
            late,
            marked,
            wild_marked,
            wild_believed,
            rejected,
            entries: 0,
            exits: 0,
            found: 0,
            dwells: 0,
            dwells_found: 0,
            told_late: 0,
            missing: 0,
            extra: 0,
            flaps: 0,
            halves: 0,
            disorder: 0,
            undecided: 0,
            undecided_told: 0,
            doubtful_told: 0,
            time_error_s: TimeError::default(),
            seconds: took.as_secs_f64(),
            cases: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, mistake: verdict::Fault, (device_id, zone_id): (DeviceId, ZoneId), at: Timestamp) {
        self.cases.push(Case { wrong: mistake.wrong, kind: mistake.what, at, device_id, zone_id });
    }

    pub(super) fn settle(&mut self, mut all: Verdict, told_late: usize) {
        let count = |wrong| all.faults.iter().filter(|mistake| mistake.wrong == wrong).count();
        (self.missing, self.extra) = (count(Wrong::Missing), count(Wrong::Extra));
        (self.flaps, self.halves, self.disorder) = (count(Wrong::Flap), count(Wrong::Half), count(Wrong::Order));
        (self.entries, self.exits, self.found) = (all.entries, all.exits, all.found);
        (self.dwells, self.dwells_found) = (all.dwells, all.dwells_found);
        (self.undecided, self.undecided_told) = (all.undecided, all.undecided_told);
        (self.doubtful_told, self.told_late) = (all.doubtful_told, told_late);
        self.ok = all.faults.is_empty() && self.rejected == 0;
        all.errors_s.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let place = (all.errors_s.len() as f64 * share).ceil() as usize;
            all.errors_s.get(place.saturating_sub(1)).map_or(0.0, |error_s| (error_s * 10.0).round() / 10.0)
        };
        self.time_error_s = TimeError { p50: rank(0.5), p99: rank(0.99), max: rank(1.0) };
    }

    /// The faults as words.
    pub fn name(&self) -> String {
        match self.faults.len() {
            0 => "none".to_owned(),
            all if all == Fault::ALL.len() => "all".to_owned(),
            _ => self.faults.iter().map(|fault| fault.as_str()).collect::<Vec<_>>().join(","),
        }
    }
}
