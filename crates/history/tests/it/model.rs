//! Whatever is done to a history, it reads like a map from device and fix time to the position appended last.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tracklane_core::ports::PositionHistory;
use tracklane_core::position::Position;
use tracklane_history::{History, Settings};

use crate::support::{append, position, query, run, small, time};

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
    ]
}

fn expected(model: &BTreeMap<(u64, i64), Position>, device: u64, from: i64, to: i64, limit: usize) -> Vec<Position> {
    if to <= from {
        return Vec::new();
    }
    model.range((device, from)..(device, to)).take(limit).map(|(_, position)| position.clone()).collect()
}

fn check(steps: &[Step], settings: &Settings) {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(folder.path(), settings.clone()).unwrap();
    let mut model = BTreeMap::new();
    for step in steps {
        match step {
            Step::Append(rows) => {
                let batch: Vec<_> = rows.iter().map(|(device, fix, value)| position(*device, *fix, *value)).collect();
                append(&history, batch.clone()).unwrap();
                let keys = rows.iter().map(|(device, fix, _)| (*device, *fix));
                model.extend(keys.zip(batch));
            }
            Step::Read { device, from, len, limit } => {
                let found = run(history.range(query(*device, *from, from + len, *limit))).unwrap();
                assert_eq!(found, expected(&model, *device, *from, from + len, *limit));
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
        }
    }
    for device in 0..DEVICES {
        let found = history.read(&query(device, 0, SPAN * 1_000_000, usize::MAX)).unwrap();
        assert_eq!(found, expected(&model, device, 0, SPAN * 1_000_000, usize::MAX));
    }
    assert_eq!(history.expire(time(0)).unwrap(), 0);
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
