//! Whatever is done to a history, it reads like a map from device and fix time to the position appended last.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tracklane_core::bounds::BoundingBox;
use tracklane_core::ports::PositionHistory;
use tracklane_core::position::Position;
use tracklane_history::{History, Settings};

use crate::support::{append, device, dropping, in_area, position, query, run, small, tenant, time};

#[derive(Debug, Clone)]
enum Step {
    /// Device, fix time and value of each position.
    Append(Vec<(u64, i64, u32)>),
    Read {
        device: u64,
        from: i64,
        len: i64,
        limit: usize,
    },
    Seal,
    /// Close or just drop, then open again.
    Reopen {
        close: bool,
    },
    Checkpoint,
    /// Erase a device.
    Erase(u64),
    /// Drop what is older than this, and what was erased from the files.
    Retain(i64),
    /// Ask for everything in an area, so many at a time.
    Area {
        east: u32,
        limit: usize,
    },
}

const DEVICES: u64 = 4;
/// Fix times lie in so many seconds: a hundred windows, more than get a segment of their own.
const SPAN: i64 = 10_000;

fn fix_time() -> impl Strategy<Value = i64> {
    // Mostly now, often the very same moments, sometimes long ago.
    let recent = (0..200_i64).prop_map(|n| (SPAN - 200 + n) * 1_000_000);
    let any = (0..SPAN * 1_000_000).prop_map(|n| n);
    prop_oneof![6 => recent, 1 => any]
}

fn step() -> impl Strategy<Value = Step> {
    let row = (0..DEVICES, fix_time(), any::<u32>());
    let read = (0..DEVICES, fix_time(), 0..SPAN * 1_000_000, 0..60_usize);
    prop_oneof![
        8 => prop::collection::vec(row, 0..40).prop_map(Step::Append),
        6 => read.prop_map(|(device, from, len, limit)| Step::Read { device, from, len, limit }),
        1 => Just(Step::Seal),
        1 => any::<bool>().prop_map(|close| Step::Reopen { close }),
        1 => Just(Step::Checkpoint),
        1 => (0..DEVICES).prop_map(Step::Erase),
        1 => (0..SPAN * 1_000_000).prop_map(Step::Retain),
        2 => (any::<u32>(), 1..50_usize).prop_map(|(east, limit)| Step::Area { east, limit }),
    ]
}

/// What a history should hold.
#[derive(Default)]
struct Model {
    rows: BTreeMap<(u64, i64), Position>,
    /// What is older may be gone, or go at any time.
    floor: i64,
}

impl Model {
    fn expected(&self, device: u64, from: i64, to: i64, limit: usize) -> Vec<Position> {
        let from = from.max(self.floor);
        if to <= from {
            return Vec::new();
        }
        self.rows.range((device, from)..(device, to)).take(limit).map(|(_, position)| position.clone()).collect()
    }

    /// Leaves out what may be there or not, after checking that it once was.
    fn sure(&self, found: Vec<Position>) -> Vec<Position> {
        let old = |position: &Position| position.fix_time < time(self.floor);
        for position in found.iter().filter(|position| old(position)) {
            assert!(
                self.rows.values().any(|known| known.fix_time == position.fix_time),
                "never appended: {position:?}"
            );
        }
        found.into_iter().filter(|position| !old(position)).collect()
    }

    fn check_read(&self, history: &History, device: u64, (from, to): (i64, i64), limit: usize) {
        let found = run(history.range(query(device, from, to, limit))).unwrap();
        assert!(found.len() <= limit);
        assert!(found.is_sorted_by_key(|position| position.fix_time));
        let old = found.iter().filter(|position| position.fix_time < time(self.floor)).count();
        assert_eq!(self.sure(found), self.expected(device, from, to, limit - old));
    }
}

fn check(steps: &[Step], settings: &Settings) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(folder.path(), settings.clone()).unwrap();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(rows) => {
                let batch: Vec<_> = rows.iter().map(|(device, fix, value)| position(*device, *fix, *value)).collect();
                append(&history, batch.clone()).unwrap();
                let keys = rows.iter().map(|(device, fix, _)| (*device, *fix));
                model.rows.extend(keys.zip(batch));
            }
            Step::Read { device, from, len, limit } => {
                model.check_read(&history, *device, (*from, from + len), *limit);
            }
            Step::Seal => history.seal().unwrap(),
            Step::Reopen { close } => {
                if *close {
                    history.close().unwrap();
                }
                let next = history.next_lsn();
                drop(history);
                history = History::open(folder.path(), settings.clone()).unwrap();
                assert_eq!(history.next_lsn(), next);
            }
            Step::Checkpoint => history.checkpoint(history.next_lsn()).unwrap(),
            Step::Erase(number) => {
                run(history.erase(tenant(), Some(device(*number)))).unwrap();
                model.rows.retain(|(of_device, _), _| of_device != number);
            }
            Step::Retain(before) => {
                model.floor = model.floor.max(*before);
                run(history.retain(vec![dropping(time(*before))])).unwrap();
            }
            Step::Area { east, limit } => {
                let east = -f64::from(east % 1_800_000_000) / 1e7;
                let area = BoundingBox { west: -180.0, south: 0.0, east, north: 90.0 };
                let sure = model.rows.values().filter(|position| position.fix_time >= time(model.floor));
                let inside = sure.filter(|position| area.contains(position.fix.point)).cloned();
                assert_eq!(model.sure(in_area(&history, area, *limit)), inside.collect::<Vec<_>>());
            }
        }
    }
    for device in 0..DEVICES {
        model.check_read(&history, device, (0, SPAN * 1_000_000), usize::MAX);
    }
    assert_eq!(history.health(), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn reads_like_a_map(steps in prop::collection::vec(step(), 1..60)) {
        check(&steps, &small());
    }

    #[test]
    fn reads_like_a_map_when_every_append_is_sealed(steps in prop::collection::vec(step(), 1..40)) {
        check(&steps, &Settings { seal_records: 1, merge_fan_in: 2, ..small() });
    }
}
