//! A full disk: appends fail, nothing that was acknowledged is lost, and it heals by itself.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tracklane_core::ports::{HistoryError, PositionHistory};
use tracklane_history::{History, Settings};

use crate::support::{all, append, position, run};

/// A small file system in memory, as long as it lives.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// None when that is not allowed here.
    fn mount(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={bytes}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

#[test]
fn a_full_disk_refuses_appends_until_there_is_room_again() {
    let Some(disk) = SmallDisk::mount(2 << 20) else {
        println!("left out: mounting a small disk is not allowed here");
        return;
    };
    let filler = disk.path().join("filler");
    std::fs::write(&filler, vec![1; 1 << 20]).unwrap();
    let folder = disk.path().join("history");
    let settings = Settings { wal_segment_bytes: 65_536, seal_records: 2_000, seal_seconds: 1, ..Settings::default() };
    let history = History::open(&folder, settings.clone()).unwrap();
    let mut acknowledged = 0_u32;
    let mut refused = None;
    while refused.is_none() && acknowledged < 100_000 {
        let batch = (0..10).map(|n| position(1, i64::from(acknowledged + n), acknowledged + n)).collect();
        match append(&history, batch) {
            Ok((_, last)) => {
                acknowledged += 10;
                assert_eq!(last, u64::from(acknowledged));
            }
            Err(error) => refused = Some(error),
        }
    }
    assert!(matches!(refused, Some(HistoryError::Full)), "{refused:?} after {acknowledged}");
    assert!(history.health().unwrap_err().contains("failed to"));
    assert_eq!(history.next_lsn(), u64::from(acknowledged) + 1);
    let refused_too = append(&history, (0..5_000).map(|n| position(2, n, 7)).collect());
    assert!(matches!(refused_too, Err(HistoryError::Full)), "{refused_too:?}");
    assert_eq!(all(&history, 1).len(), acknowledged as usize);
    assert_eq!(all(&history, 2), []);

    assert!(matches!(run(history.resume()), Err(HistoryError::Full)));
    std::fs::remove_file(&filler).unwrap();
    let refused = append(&history, vec![position(3, 1, 1)]);
    assert!(matches!(refused, Err(HistoryError::Full)), "until somebody who knows of the loss says so: {refused:?}");
    let started = Instant::now();
    while let Err(error) = run(history.resume()) {
        assert!(matches!(error, HistoryError::Full), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10), "does not recover");
        std::thread::sleep(Duration::from_millis(20));
    }
    append(&history, vec![position(3, 1, 1)]).unwrap();
    while let Err(error) = history.health() {
        assert!(started.elapsed() < Duration::from_secs(10), "{error}");
        std::thread::sleep(Duration::from_millis(20));
    }
    for reopened in [false, true] {
        assert_eq!(all(&history, 1).len(), acknowledged as usize, "{reopened}");
        assert_eq!(all(&history, 2), [], "{reopened}");
        assert_eq!(all(&history, 3).len(), 1, "{reopened}");
        if !reopened {
            drop(history);
            return check_reopened(&folder, &settings, acknowledged);
        }
    }
}

fn check_reopened(folder: &Path, settings: &Settings, acknowledged: u32) {
    let history = History::open(folder, settings.clone()).unwrap();
    assert_eq!(all(&history, 1).len(), acknowledged as usize);
    assert_eq!(all(&history, 2), []);
    assert_eq!(all(&history, 3).len(), 1);
    assert_eq!(history.next_lsn(), u64::from(acknowledged) + 2);
}
