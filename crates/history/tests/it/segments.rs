//! Sealing and merging.

use tracklane_history::{History, Settings};

use crate::support::{all, append, position, query, small, time, unsealed, wait_until};

#[test]
fn merged_segments_read_like_the_many_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { merge_fan_in: 1_000, partition_seconds: 1_000_000, ..small() };
    let history = History::open(folder.path(), settings.clone()).unwrap();
    for n in 0..2_000_u32 {
        // Every third one replaces an earlier one.
        let fix = if n % 3 == 0 { n / 2 } else { n };
        append(&history, vec![position(u64::from(n % 7), i64::from(fix) * 1_000, n)]).unwrap();
    }
    history.close().unwrap();
    let before: Vec<_> = (0..7).map(|device| all(&history, device)).collect();
    let many = history.stats();
    assert!(many.segments >= 50, "{many:?}");
    drop(history);

    let history = History::open(folder.path(), Settings { merge_fan_in: 3, ..settings }).unwrap();
    wait_until(|| history.stats().segments < 10);
    let few = history.stats();
    assert!(few.sealed_bytes < many.sealed_bytes, "{few:?} after {many:?}");
    for (device, before) in before.iter().enumerate() {
        let device = device as u64;
        assert_eq!(&all(&history, device), before);
        for from in (0..2_000_000).step_by(190_000) {
            let expected: Vec<_> =
                before.iter().filter(|found| found.fix_time >= time(from)).take(20).cloned().collect();
            assert_eq!(history.read(&query(device, from, i64::MAX / 1_000, 20)).unwrap(), expected);
        }
    }
    history.close().unwrap();
    drop(history);
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let segments = files.filter(|name| name.to_str().unwrap().starts_with("segment-")).count();
    assert!(segments < 10, "the files of merged segments are gone, {segments} are left");
}

#[test]
fn a_device_with_more_rows_than_a_block_or_a_page_holds_reads_right() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { partition_seconds: 1_000_000, ..unsealed() };
    let history = History::open(folder.path(), settings).unwrap();
    let rows = 30_000_u32;
    for device in [1, 2, 3] {
        let batch: Vec<_> = (0..rows).map(|n| position(device, i64::from(n) * 10, n)).collect();
        append(&history, batch).unwrap();
    }
    history.seal().unwrap();
    assert_eq!(all(&history, 2).len(), rows as usize);
    for from in (0..i64::from(rows) * 10).step_by(7_013) {
        let found = history.read(&query(2, from, from + 1_000, 1_000)).unwrap();
        let first = from.div_euclid(10) + i64::from(from % 10 != 0);
        let expected = (first..i64::from(rows)).map(|n| n * 10).take_while(|micros| *micros < from + 1_000);
        assert!(found.iter().map(|position| position.fix_time).eq(expected.map(time)), "from {from}");
    }
}

#[test]
fn old_rows_are_sealed_without_more_coming() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { seal_seconds: 1, ..unsealed() };
    let history = History::open(folder.path(), settings).unwrap();
    append(&history, vec![position(1, 1, 1)]).unwrap();
    wait_until(|| history.stats().sealed_positions == 1);
    assert_eq!(history.stats().unsealed_positions, 0);
    assert_eq!(all(&history, 1).len(), 1);
}
