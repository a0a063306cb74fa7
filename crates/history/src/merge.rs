//! Merging segments, so that a read has few to look at.
//!
//! Tiers by size: as soon as enough neighbours of one window of time are about equally large, they become one. Neighbours
//! by log number, because of two rows with one fix time the later append wins: nothing that came in between may be left out.
//!
//! While nothing is appended, neighbours become one before there are that many: to write a row once more costs nobody
//! anything then, and each segment less is a place less that a read has to look at.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::Settings;
use crate::compact::compact;
use crate::core::Core;
use crate::segment::{Segment, Summary};

/// The pause after a merge that failed.
const AT_LEAST_EACH: Duration = Duration::from_secs(10);

/// A history to which nothing was appended for so long is at rest.
const REST: Duration = Duration::from_secs(5);
/// What is merged at rest is not written anew for less than this part of it.
const WORTHWHILE: u64 = 8;

/// The thread's work: until told to stop.
pub(crate) fn run(core: &Core) {
    let (mut durable, mut since) = (core.durable.load(Ordering::Relaxed), Instant::now());
    while !core.stops() {
        let now = core.durable.load(Ordering::Relaxed);
        if now != durable {
            (durable, since) = (now, Instant::now());
        }
        let one_at_a_time = core.compacting.lock();
        let Some(run) = next_run(core, since.elapsed() >= REST) else {
            drop(one_at_a_time);
            core.merger.wait(REST);
            continue;
        };
        let filter = core.filter(false);
        let merged = compact(core, &run, &filter);
        drop(one_at_a_time);
        if let Err(error) = merged {
            tracing::error!(%error, "merging of position history fails");
            core.merger.wait(AT_LEAST_EACH);
        }
    }
}

fn next_run(core: &Core, at_rest: bool) -> Option<Vec<Arc<Segment>>> {
    let segments = core.view.read().segments.clone();
    let sizes: Vec<_> = segments.iter().map(|segment| (segment.summary, segment.bytes)).collect();
    let run = choose(&sizes, &core.settings)
        .or_else(|| if at_rest { choose_at_rest(&sizes, &core.settings) } else { None })?;
    Some(run.into_iter().map(|index| Arc::clone(&segments[index])).collect())
}

/// Which segments to merge next, given summary and bytes of each in the order of log numbers.
fn choose(segments: &[(Summary, u64)], settings: &Settings) -> Option<Vec<usize>> {
    let fan_in = settings.merge_fan_in;
    let tier = |index: usize| {
        let whole = segments[index].0.rows / settings.seal_records as u64;
        whole.max(1).ilog(fan_in as u64)
    };
    let mut best: Option<(u32, Vec<usize>)> = None;
    for members in partitions(segments) {
        for run in members.windows(fan_in) {
            let highest = run.iter().map(|index| tier(*index)).max().unwrap_or_default();
            // Never a large one with many small ones again and again.
            let alike = run.iter().filter(|index| tier(**index) == highest).count() * 2 > fan_in;
            let bytes: u64 = run.iter().map(|index| segments[*index].1).sum();
            if !alike || bytes > settings.merge_bytes || best.as_ref().is_some_and(|(tier, _)| *tier <= highest) {
                continue;
            }
            if is_closed(segments, run) {
                best = Some((highest, run.to_vec()));
            }
        }
    }
    best.map(|(_, run)| run)
}

/// The same while nothing is appended: the longest run of which no segment makes up nearly everything.
fn choose_at_rest(segments: &[(Summary, u64)], settings: &Settings) -> Option<Vec<usize>> {
    let worthwhile = |run: &&[usize]| {
        let bytes = run.iter().map(|index| segments[*index].1);
        let (all, largest) = (bytes.clone().sum::<u64>(), bytes.max().unwrap_or_default());
        all <= settings.merge_bytes && all - largest >= all / WORTHWHILE && is_closed(segments, run)
    };
    let partitions = partitions(segments);
    let longest = |members: &Vec<usize>| {
        let lengths = (2..=settings.merge_fan_in.min(members.len())).rev();
        lengths.filter_map(|length| members.windows(length).rfind(worthwhile)).next().map(<[usize]>::to_vec)
    };
    partitions.iter().filter_map(longest).max_by_key(Vec::len)
}

/// The segments of each window of fix time, in the order of log numbers.
fn partitions(segments: &[(Summary, u64)]) -> Vec<Vec<usize>> {
    let mut partitions = BTreeMap::<i64, Vec<usize>>::new();
    for (index, (summary, _)) in segments.iter().enumerate() {
        partitions.entry(summary.partition).or_default().push(index);
    }
    partitions.into_values().collect()
}

/// Whether no other segment that stands between the ones of the run could share a fix time with them.
pub(crate) fn is_closed(segments: &[(Summary, u64)], run: &[usize]) -> bool {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return false };
    let of = |index: &usize| segments[*index].0;
    let min = run.iter().map(|index| of(index).min).min().unwrap_or(i64::MIN);
    let max = run.iter().map(|index| of(index).max).max().unwrap_or(i64::MAX);
    let mut between = (*first..*last).filter(|index| !run.contains(index));
    !between.any(|index| segments[index].0.overlaps(min, max))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Chooses = fn(&[(Summary, u64)], &Settings) -> Option<Vec<usize>>;

    /// Segments as (window, first fix time, last fix time, rows), in the order of log numbers.
    fn check(segments: &[(i64, i64, i64, u64)], expected: Option<&[usize]>) {
        check_with(choose, segments, expected);
    }

    fn check_with(choose: Chooses, segments: &[(i64, i64, i64, u64)], expected: Option<&[usize]>) {
        let settings = Settings { seal_records: 10, merge_fan_in: 3, merge_bytes: 10_000, ..Settings::default() };
        let segments: Vec<_> = segments
            .iter()
            .enumerate()
            .map(|(index, (partition, min, max, rows))| {
                let first_lsn = index as u64;
                let (min, max, partition) = (*min, *max, *partition);
                (Summary { rows: *rows, min, max, first_lsn, end_lsn: first_lsn + 1, partition }, rows * 10)
            })
            .collect();
        assert_eq!(choose(&segments, &settings).as_deref(), expected);
    }

    #[test]
    fn merges_neighbours_of_one_window_and_one_size() {
        check(&[(1, 0, 9, 10), (1, 0, 9, 10)], None);
        check(&[(1, 0, 9, 10), (1, 0, 9, 10), (1, 0, 9, 10)], Some(&[0, 1, 2]));
        check(&[(1, 0, 9, 10), (2, 10, 19, 10), (1, 0, 9, 10), (2, 10, 19, 10), (1, 0, 9, 10)], Some(&[0, 2, 4]));
        // A large one is left alone until there are others like it.
        check(&[(1, 0, 9, 90), (1, 0, 9, 10), (1, 0, 9, 10)], None);
        check(&[(1, 0, 9, 90), (1, 0, 9, 90), (1, 0, 9, 90)], Some(&[0, 1, 2]));
        // Small ones first.
        check(
            &[(1, 0, 9, 90), (1, 0, 9, 90), (1, 0, 9, 90), (1, 0, 9, 10), (1, 0, 9, 10), (1, 0, 9, 10)],
            Some(&[3, 4, 5]),
        );
        // Not beyond the largest size.
        check(&[(1, 0, 9, 900), (1, 0, 9, 900), (1, 0, 9, 900)], None);
    }

    #[test]
    fn never_jumps_over_a_segment_that_could_hold_the_same_fix() {
        check(&[(1, 0, 9, 10), (1, 0, 9, 10), (i64::MIN, -50, 5, 10), (1, 0, 9, 10)], None);
        check(&[(1, 0, 9, 10), (1, 0, 9, 10), (i64::MIN, -50, -5, 10), (1, 0, 9, 10)], Some(&[0, 1, 3]));
    }

    #[test]
    fn at_rest_few_neighbours_become_one_unless_one_of_them_is_nearly_all() {
        let check = |segments: &[_], expected| check_with(choose_at_rest, segments, expected);
        check(&[(1, 0, 9, 10)], None);
        check(&[(1, 0, 9, 10), (1, 0, 9, 10)], Some(&[0, 1]));
        check(&[(1, 0, 9, 50), (1, 0, 9, 50), (1, 0, 9, 10)], Some(&[0, 1, 2]));
        check(&[(1, 0, 9, 10), (2, 10, 19, 10)], None);
        // The small one would have all of the large one written anew.
        check(&[(1, 0, 9, 100), (1, 0, 9, 10)], None);
        check(&[(1, 0, 9, 100), (1, 0, 9, 10), (1, 0, 9, 10)], Some(&[0, 1, 2]));
        check(&[(1, 0, 9, 900), (1, 0, 9, 900)], None);
        check(&[(1, 0, 9, 10), (i64::MIN, -50, 5, 10), (1, 0, 9, 10)], None);
    }
}
