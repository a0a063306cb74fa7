//! What must not be kept goes: from reads, and from the disk.

use std::path::Path;

use tracklane_core::id::{Id as _, TenantId};
use tracklane_core::ports::{Limits, PositionHistory, Retained};
use tracklane_core::position::Position;
use tracklane_history::{History, Settings};
use uuid::Uuid;

use crate::support::{all, append, device, dropping, position, query, run, small, tenant, time};

const SECOND: i64 = 1_000_000;

/// Windows of 100 seconds; nothing is sealed or merged unless asked for.
fn still() -> Settings {
    Settings { merge_fan_in: 1_000, seal_records: 1_000_000, ..small() }
}

fn segment_bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let segments = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("segment-"));
    segments.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn other_tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0xbeef))
}

fn of_other(mut position: Position) -> Position {
    position.tenant_id = other_tenant();
    position
}

fn all_of_other(history: &History, of_device: u64) -> Vec<Position> {
    let mut query = query(of_device, 0, 1_000_000 * SECOND, usize::MAX);
    query.tenant_id = other_tenant();
    history.read(&query).unwrap()
}

#[test]
fn segments_that_are_too_old_are_dropped_whole() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), still()).unwrap();
    // Five windows; the epoch of the tests begins one.
    let batch: Vec<_> = (0..500_u32).map(|n| position(1, i64::from(n) * SECOND, n)).collect();
    append(&history, batch.clone()).unwrap();
    let limits = || vec![dropping(time(250 * SECOND))];
    assert_eq!(run(history.retain(limits())).unwrap(), Retained::default(), "nothing is sealed");
    history.seal().unwrap();
    assert_eq!(history.stats().segments, 5);
    assert_eq!(run(history.retain(Vec::new())).unwrap(), Retained::default(), "no limits, nothing goes");
    let expected = Retained { dropped_parts: 2, rewritten_parts: 0, removed_positions: 200 };
    assert_eq!(run(history.retain(limits())).unwrap(), expected);
    assert_eq!(all(&history, 1), batch[200..]);
    assert_eq!(run(history.retain(limits())).unwrap(), Retained::default());
    drop(history);
    let history = History::open(folder.path(), still()).unwrap();
    assert_eq!(all(&history, 1), batch[200..]);
    assert_eq!(history.stats().sealed_positions, 300);
}

#[test]
fn tenants_that_share_a_segment_each_keep_what_they_want() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), still()).unwrap();
    let ours: Vec<_> = (0..300_u32).map(|n| position(1, i64::from(n) * SECOND, n)).collect();
    let theirs: Vec<_> = ours.iter().cloned().map(of_other).collect();
    append(&history, ours.iter().chain(&theirs).cloned().collect()).unwrap();
    history.seal().unwrap();
    let retained = run(history.retain(vec![dropping(time(200 * SECOND))])).unwrap();
    assert_eq!(retained, Retained { dropped_parts: 0, rewritten_parts: 2, removed_positions: 200 });
    assert_eq!(all(&history, 1), ours[200..]);
    assert_eq!(all_of_other(&history, 1), theirs);
    assert_eq!(history.stats().sealed_positions, 400, "gone from the disk");
    let again = run(history.retain(vec![dropping(time(200 * SECOND))])).unwrap();
    assert_eq!(again, Retained::default(), "not written anew again and again");
    // What comes late is dropped by the next merge or the next day, too.
    append(&history, vec![position(1, 50 * SECOND, 7)]).unwrap();
    history.seal().unwrap();
    assert_eq!(run(history.retain(vec![dropping(time(200 * SECOND))])).unwrap().removed_positions, 1);
    assert_eq!(all(&history, 1), ours[200..]);
}

#[test]
fn old_months_keep_one_position_per_so_many_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), still()).unwrap();
    let batch: Vec<_> = (0..400_u32).map(|n| position(1, i64::from(n) * SECOND, n)).collect();
    // In two segments of each window, so that each has rows in the same seconds.
    append(&history, batch.iter().step_by(2).cloned().collect()).unwrap();
    history.seal().unwrap();
    append(&history, batch.iter().skip(1).step_by(2).cloned().collect()).unwrap();
    history.seal().unwrap();
    let (drop_before, thin_before) = (time(100 * SECOND), time(300 * SECOND));
    let limits = Limits { tenant_id: tenant(), drop_before, thin_before, thin_seconds: 20 };
    let retained = run(history.retain(vec![limits])).unwrap();
    assert_eq!((retained.dropped_parts, retained.rewritten_parts), (2, 4));
    let expected: Vec<_> = (100..300).step_by(20).chain(300..400).map(|n| batch[n].clone()).collect();
    assert_eq!(all(&history, 1), expected);
    assert_eq!(run(history.retain(vec![limits])).unwrap(), Retained::default(), "thinned once");
    // A fix that comes late into thinned seconds goes, into others it stays.
    append(&history, vec![position(1, 110 * SECOND + 1, 5)]).unwrap();
    history.seal().unwrap();
    run(history.retain(vec![limits])).unwrap();
    assert_eq!(all(&history, 1), expected);
}

#[test]
fn fixes_of_long_ago_that_share_a_segment_are_dropped_when_a_window_of_them_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), still()).unwrap();
    // Forty windows: eight get a segment of their own, the rest share one.
    let batch: Vec<_> = (0..40_u32).map(|n| position(1, i64::from(n) * 100 * SECOND, n)).collect();
    append(&history, batch.clone()).unwrap();
    history.seal().unwrap();
    assert_eq!(history.stats().segments, 9);
    run(history.retain(vec![dropping(time(1_050 * SECOND))])).unwrap();
    assert_eq!(all(&history, 1), batch[11..]);
}

#[test]
fn what_is_erased_is_gone_from_reads_at_once_and_from_the_disk_after_the_next_retention() {
    let folder = tempfile::tempdir().unwrap();
    let mut history = History::open(folder.path(), still()).unwrap();
    let secret = |n: u32| {
        let mut position = position(1, i64::from(n) * SECOND, n);
        position.attributes.insert("note".to_owned(), "top-secret-note".into());
        position
    };
    let holds_secret = || segment_bytes(folder.path()).windows(10).any(|window| window == b"top-secret");
    append(&history, (0..50).map(secret).collect()).unwrap();
    append(&history, (0..50).map(|n| position(2, i64::from(n) * SECOND, n)).collect()).unwrap();
    history.seal().unwrap();
    append(&history, (50..60).map(secret).collect()).unwrap();
    assert!(holds_secret());
    run(history.erase(tenant(), Some(device(1)))).unwrap();
    assert_eq!(all(&history, 1), []);
    let later = position(1, 100 * SECOND, 3);
    append(&history, vec![later.clone()]).unwrap();
    for round in 0..3 {
        assert_eq!(all(&history, 1), std::slice::from_ref(&later), "round {round}");
        assert_eq!(all(&history, 2).len(), 50);
        // Killed, then sealed: nothing comes back out of the log.
        drop(history);
        history = History::open(folder.path(), still()).unwrap();
        if round == 1 {
            history.seal().unwrap();
        }
    }
    assert!(holds_secret());
    run(history.retain(Vec::new())).unwrap();
    assert!(!holds_secret());
    let manifest = String::from_utf8_lossy(&std::fs::read(folder.path().join("manifest")).unwrap()).into_owned();
    assert!(manifest.contains("\"tombstones\":[]"), "nothing is left to remember: {manifest}");
    assert_eq!(all(&history, 1), [later]);
    assert_eq!(all(&history, 2).len(), 50);
}

#[test]
fn a_tenant_is_erased_with_all_devices() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), still()).unwrap();
    let batch = || (0..100_u32).map(|n| position(u64::from(n % 5), i64::from(n) * SECOND, n));
    append(&history, batch().chain(batch().map(of_other)).collect()).unwrap();
    history.seal().unwrap();
    append(&history, batch().map(of_other).collect()).unwrap();
    run(history.erase(other_tenant(), None)).unwrap();
    for retained in [false, true] {
        if retained {
            history.seal().unwrap();
            run(history.retain(Vec::new())).unwrap();
            assert_eq!(history.stats().sealed_positions, 100);
        }
        assert_eq!((0..5).map(|number| all(&history, number).len()).sum::<usize>(), 100);
        assert_eq!((0..5).map(|number| all_of_other(&history, number).len()).sum::<usize>(), 0);
    }
}

#[test]
fn merging_leaves_out_what_was_erased_and_what_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { merge_fan_in: 2, seal_records: 100, ..small() };
    let history = History::open(folder.path(), settings).unwrap();
    run(history.retain(vec![dropping(time(10 * SECOND))])).unwrap();
    append(&history, (0..50).map(|n| position(1, i64::from(n) * SECOND, n)).collect()).unwrap();
    append(&history, (0..50).map(|n| position(2, i64::from(n) * SECOND, n)).collect()).unwrap();
    run(history.erase(tenant(), Some(device(2)))).unwrap();
    append(&history, (0..100).map(|n| position(3, i64::from(n) * SECOND, n)).collect()).unwrap();
    crate::support::wait_until(|| history.stats().segments == 1);
    crate::support::wait_until(|| history.stats().sealed_positions == 130);
}
