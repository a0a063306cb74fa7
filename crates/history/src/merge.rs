//! Merging segments, so that a read has few to look at.
//!
//! Tiers by size: as soon as enough neighbours of one window of time are about equally large, they become one. Neighbours
//! by log number, because of two rows with one fix time the later append wins: nothing that came in between may be left out.

use std::sync::Arc;
use std::time::Duration;

use crate::Settings;
use crate::compact::compact;
use crate::core::Core;
use crate::segment::{Segment, Summary};

/// How often to look whether there is something to merge, without being woken.
const AT_LEAST_EACH: Duration = Duration::from_secs(10);

/// The thread's work: until told to stop.
pub(crate) fn run(core: &Core) {
    while !core.stops() {
        let one_at_a_time = core.compacting.lock();
        let Some(run) = next_run(core) else {
            drop(one_at_a_time);
            core.merger.wait(AT_LEAST_EACH);
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

fn next_run(core: &Core) -> Option<Vec<Arc<Segment>>> {
    let segments = core.view.read().segments.clone();
    let sizes: Vec<_> = segments.iter().map(|segment| (segment.summary, segment.bytes)).collect();
    let run = choose(&sizes, &core.settings)?;
    Some(run.into_iter().map(|index| Arc::clone(&segments[index])).collect())
}

/// Which segments to merge next, given summary and bytes of each in the order of log numbers.
fn choose(segments: &[(Summary, u64)], settings: &Settings) -> Option<Vec<usize>> {
    let mut partitions: Vec<i64> = segments.iter().map(|(summary, _)| summary.partition).collect();
    partitions.sort_unstable();
    partitions.dedup();
    let fan_in = settings.merge_fan_in;
    let tier = |index: usize| {
        let whole = segments[index].0.rows / settings.seal_records as u64;
        whole.max(1).ilog(fan_in as u64)
    };
    let mut best: Option<(u32, Vec<usize>)> = None;
    for partition in partitions {
        let members: Vec<usize> =
            (0..segments.len()).filter(|index| segments[*index].0.partition == partition).collect();
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

    /// Segments as (window, first fix time, last fix time, rows), in the order of log numbers.
    fn check(segments: &[(i64, i64, i64, u64)], expected: Option<&[usize]>) {
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
}
