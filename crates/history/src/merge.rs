//! Merging segments, so that a read has few to look at.
//!
//! Tiers by size: as soon as enough neighbours of one window of time are about equally large, they become one. Neighbours
//! by log number, because of two rows with one fix time the later append wins: nothing that came in between may be left out.

use std::sync::Arc;
use std::time::Duration;

use crate::Settings;
use crate::core::{Change, Core};
use crate::error::Error;
use crate::row::{Key, Row, sort_and_dedupe};
use crate::seal::{begin, finish};
use crate::segment::{Cursor, Segment, Summary};

/// How often to look whether there is something to merge, without being woken.
const AT_LEAST_EACH: Duration = Duration::from_secs(10);

/// The thread's work: until told to stop.
pub(crate) fn run(core: &Core) {
    while !core.stops() {
        let Some(run) = next_run(core) else {
            core.merger.wait(AT_LEAST_EACH);
            continue;
        };
        if let Err(error) = merge(core, &run) {
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
fn is_closed(segments: &[(Summary, u64)], run: &[usize]) -> bool {
    let [first, .., last] = run else { return false };
    let of = |index: &usize| segments[*index].0;
    let min = run.iter().map(|index| of(index).min).min().unwrap_or(i64::MIN);
    let max = run.iter().map(|index| of(index).max).max().unwrap_or(i64::MAX);
    let mut between = (*first..*last).filter(|index| !run.contains(index));
    !between.any(|index| segments[index].0.overlaps(min, max))
}

/// Writes what is in all of them to one, then puts it in their place.
fn merge(core: &Core, run: &[Arc<Segment>]) -> Result<(), Error> {
    let first_lsn = run.iter().map(|segment| segment.summary.first_lsn).min().unwrap_or_default();
    let end_lsn = run.iter().map(|segment| segment.summary.end_lsn).max().unwrap_or_default();
    let partition = run.first().map_or(0, |segment| segment.summary.partition);
    let (id, mut writer) = begin(core, partition, (first_lsn, end_lsn))?;
    let mut inputs = Vec::with_capacity(run.len());
    for segment in run {
        inputs.push(Input::open(segment)?);
    }
    while let Some(key) = inputs.iter().filter_map(Input::key).min() {
        if core.stops() {
            return Ok(());
        }
        let mut rows = Vec::new();
        for input in &mut inputs {
            input.take(key, &mut rows)?;
        }
        sort_and_dedupe(&mut rows);
        writer.push(key, &rows)?;
    }
    let add = vec![finish(core, id, writer)?];
    core.change(Change { add, remove: run.iter().map(|segment| segment.id).collect(), sealed: None })?;
    Ok(())
}

/// A segment being merged, at its next block.
struct Input {
    cursor: Cursor,
    next: Option<(Key, Vec<Row>)>,
}

impl Input {
    fn open(segment: &Arc<Segment>) -> Result<Self, Error> {
        let mut cursor = Cursor::all(Arc::clone(segment));
        let next = cursor.next_block()?;
        Ok(Self { cursor, next })
    }

    fn key(&self) -> Option<Key> {
        self.next.as_ref().map(|(key, _)| *key)
    }

    /// Adds all rows of the device to `rows`.
    fn take(&mut self, key: Key, rows: &mut Vec<Row>) -> Result<(), Error> {
        while let Some((_, block)) = self.next.take_if(|(next, _)| *next == key) {
            rows.extend(block);
            self.next = self.cursor.next_block()?;
        }
        Ok(())
    }
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
