//! Copies that are made while positions come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tracklane_core::ports::PositionHistory;
use tracklane_history::{Backup, Error, History, Settings};

use crate::support::{all, append, position, replayed, small, unsealed, wait_until};

#[test]
fn a_copy_made_while_positions_come_in_holds_all_that_was_acknowledged_before() {
    let folder = tempfile::tempdir().unwrap();
    let copies = tempfile::tempdir().unwrap();
    let settings = Settings { seal_records: 50, merge_fan_in: 2, partition_seconds: 1_000_000, ..small() };
    let history = Arc::new(History::open(folder.path().join("live"), settings.clone()).unwrap());
    let (stop, appended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let writer = {
        let (history, stop, appended) = (history.clone(), stop.clone(), appended.clone());
        std::thread::spawn(move || {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                let (_, last) = append(&history, vec![position(1, i64::from(number) * 1_000, number)]).unwrap();
                number += 1;
                appended.store(number, Ordering::SeqCst);
                // The log is taken out of use as fast as may be.
                history.checkpoint(last + 1).unwrap();
            }
        })
    };
    for round in 0..8 {
        let target = copies.path().join(round.to_string());
        wait_until(|| appended.load(Ordering::SeqCst) > 300 * (round + 1));
        // What another part of the installation knows: everything before this record is applied.
        let backup = Backup::begin(folder.path().join("live")).unwrap();
        let known = history.next_lsn();
        let before = appended.load(Ordering::SeqCst);
        wait_until(|| appended.load(Ordering::SeqCst) > before + 200);
        let copied = backup.copy_to(&target).unwrap();
        drop(backup);
        assert!(copied.next_lsn > known, "{copied:?}");
        assert!(copied.segments > 0, "{copied:?}");

        let copy = History::open(&target, settings.clone()).unwrap();
        assert_eq!(copy.next_lsn(), copied.next_lsn);
        let found = all(&copy, 1);
        assert_eq!(found.len() as u64, copied.next_lsn - 1);
        assert!(found.len() as u32 >= before);
        let expected = (0..found.len() as u32).map(|n| position(1, i64::from(n) * 1_000, n));
        assert!(found.iter().cloned().eq(expected), "round {round}");
        // Whoever was behind can catch up in the copy.
        let missed = replayed(&copy, known).unwrap();
        assert_eq!(missed.first().map(|(lsn, _)| *lsn), Some(known));
        assert_eq!(missed.len() as u64, copied.next_lsn - known);
        append(&copy, vec![position(2, 0, 0)]).unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    // No backup holds the log any more.
    history.seal().unwrap();
    let files = std::fs::read_dir(folder.path().join("live")).unwrap().map(|entry| entry.unwrap().file_name());
    let logs = files.filter(|name| name.to_str().unwrap().starts_with("wal-")).count();
    assert!(logs <= 2, "only the one in use, and the next one, not {logs}");
}

#[test]
fn a_history_that_nobody_uses_is_copied_too_and_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let (live, copy) = (folder.path().join("live"), folder.path().join("copy"));
    assert!(matches!(Backup::begin(&live), Err(Error::Io { .. })));
    assert!(!live.exists(), "looking makes nothing");
    let history = History::open(&live, unsealed()).unwrap();
    append(&history, vec![position(1, 1, 1)]).unwrap();
    history.seal().unwrap();
    append(&history, vec![position(1, 2, 2)]).unwrap();
    let expected = all(&history, 1);
    drop(history);
    Backup::begin(&live).unwrap().copy_to(&copy).unwrap();
    assert!(matches!(Backup::begin(&live).unwrap().copy_to(&copy), Err(Error::Io { .. })));
    assert_eq!(all(&History::open(&copy, unsealed()).unwrap(), 1), expected);
}
