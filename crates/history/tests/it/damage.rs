//! Torn ends are cut off, anything else that is damaged is said out loud.

use std::fs;
use std::path::{Path, PathBuf};

use tracklane_core::ports::PositionHistory;
use tracklane_core::position::Position;
use tracklane_history::{Error, History, Settings};

use crate::support::{all, append, position, unsealed};

const FRAME: &[u8] = b"TLWF";

fn log_file(folder: &Path) -> PathBuf {
    folder.join("wal-000000000001")
}

/// Where the frames of a log file begin.
fn frames(bytes: &[u8]) -> Vec<usize> {
    bytes.windows(FRAME.len()).enumerate().filter(|(_, window)| *window == FRAME).map(|(at, _)| at).collect()
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

/// A folder with three appends in the log, and these.
fn three_appends() -> (tempfile::TempDir, Vec<Position>) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), unsealed()).unwrap();
    let positions: Vec<_> = (1..=9_u32).map(|n| position(1, i64::from(n), n * 3)).collect();
    for batch in positions.chunks(3) {
        append(&history, batch.to_vec()).unwrap();
    }
    (folder, positions)
}

#[test]
fn a_torn_end_loses_only_what_was_never_acknowledged() {
    let (folder, positions) = three_appends();
    let whole = fs::read(log_file(folder.path())).unwrap();
    let [.., last, mark] = frames(&whole)[..] else { panic!("no frames") };
    // A crash: no mark of a proper end.
    let mut crashed = whole.clone();
    crashed[mark..].fill(0);
    for at in last..=mark {
        let mut zeroed = crashed.clone();
        zeroed[at..].fill(0);
        let mut garbage = crashed.clone();
        garbage[at..mark].iter_mut().for_each(|byte| *byte = !*byte);
        for torn in [zeroed, garbage, crashed[..at].to_vec()] {
            let copied = copy(folder.path());
            fs::write(log_file(copied.path()), &torn).unwrap();
            let history = History::open(copied.path(), unsealed()).unwrap();
            // The last bytes of the frame may happen to be zeros, then nothing is torn.
            let expected = if torn.len() >= mark && torn[..mark] == crashed[..mark] { 9 } else { 6 };
            assert_eq!(all(&history, 1), positions[..expected], "torn at byte {at}");
            assert_eq!(history.next_lsn(), expected as u64 + 1);

            // And life goes on from there.
            append(&history, vec![position(1, 100, 100)]).unwrap();
            drop(history);
            let history = History::open(copied.path(), unsealed()).unwrap();
            assert_eq!(all(&history, 1).len(), expected + 1, "torn at byte {at}");
        }
    }
}

#[test]
fn every_flipped_byte_of_the_log_is_noticed() {
    let (folder, positions) = three_appends();
    let whole = fs::read(log_file(folder.path())).unwrap();
    let mark = *frames(&whole).last().unwrap();
    let mut noticed = 0;
    for at in 0..mark {
        let copied = copy(folder.path());
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(log_file(copied.path()), &flipped).unwrap();
        match History::open(copied.path(), unsealed()) {
            Err(Error::Corrupt { .. } | Error::Version { .. }) => noticed += 1,
            Err(error) => panic!("byte {at}: {error}"),
            // The last bytes of the header mean nothing.
            Ok(history) => {
                assert!((28..32).contains(&at), "byte {at}");
                assert_eq!(all(&history, 1), positions);
            }
        }
    }
    assert_eq!(noticed, mark - 4);
}

#[test]
fn a_flipped_byte_of_a_segment_never_gives_other_positions() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { merge_fan_in: 100, ..unsealed() };
    let history = History::open(folder.path(), settings.clone()).unwrap();
    let batch: Vec<_> = (0..100_u32).map(|n| position(u64::from(n % 2), i64::from(n), n)).collect();
    append(&history, batch).unwrap();
    history.close().unwrap();
    let expected = [all(&history, 0), all(&history, 1)];
    drop(history);
    let segment = folder.path().join("segment-000000000001");
    let whole = fs::read(&segment).unwrap();
    let mut unnoticed = Vec::new();
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x01;
        fs::write(&segment, &flipped).unwrap();
        let Ok(history) = History::open(folder.path(), settings.clone()) else { continue };
        let mut failed = false;
        for device in 0..2_u64 {
            match history.read(&crate::support::query(device, -1, 1_000, 1_000)) {
                Ok(found) => assert_eq!(found, expected[device as usize], "byte {at}"),
                Err(error) => {
                    assert!(matches!(error, Error::Corrupt { .. }), "byte {at}: {error}");
                    failed = true;
                }
            }
        }
        if !failed {
            unnoticed.push(at);
        }
    }
    // Only the bytes that fill up header and trailer mean nothing.
    let len = whole.len();
    assert_eq!(unnoticed, [5, 6, 7, len - 7, len - 6, len - 5]);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    for (name, at) in [("manifest", 4), ("wal-000000000001", 4), ("segment-000000000001", 4)] {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path(), unsealed()).unwrap();
        append(&history, vec![position(1, 1, 1)]).unwrap();
        history.close().unwrap();
        drop(history);
        let path = folder.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] = 9;
        fs::write(&path, bytes).unwrap();
        let error = History::open(folder.path(), unsealed()).err().unwrap();
        assert!(matches!(error, Error::Version { found: 9, .. }), "{name}: {error}");
        assert!(error.to_string().contains(name));
    }
}

#[test]
fn missing_files_are_noticed() {
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(folder.path(), unsealed()).unwrap();
        for n in 0..200_u32 {
            append(&history, vec![position(1, i64::from(n), n)]).unwrap();
        }
        history.seal().unwrap();
        append(&history, vec![position(1, 1_000, 1)]).unwrap();
        folder
    };
    for name in ["manifest", "segment-000000000001", "wal-000000000001", "wal-000000000002"] {
        let folder = make();
        fs::remove_file(folder.path().join(name)).unwrap();
        assert!(History::open(folder.path(), unsealed()).is_err(), "{name}");
    }
    History::open(make().path(), unsealed()).unwrap();
}

#[test]
fn what_an_unfinished_sealing_left_behind_is_removed() {
    let (folder, positions) = three_appends();
    for name in ["segment-000000000007", "segment-000000000008.tmp", "manifest.tmp", "spare-000000000099.tmp"] {
        fs::write(folder.path().join(name), b"half").unwrap();
    }
    let history = History::open(folder.path(), unsealed()).unwrap();
    assert_eq!(all(&history, 1), positions);
    for name in ["segment-000000000007", "segment-000000000008.tmp", "manifest.tmp", "spare-000000000099.tmp"] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}
