//! Position history on a PostgreSQL whose disk is full: what was acknowledged stays, and it heals by itself.

use std::path::PathBuf;
use std::process::Command;

use tracklane_core::ports::{HistoryError, HistoryQuery, PositionHistory as _};
use tracklane_core::position::Position;
use tracklane_store::PgHistory;

use crate::harness::{OWNER, admin, as_owner, create_owner, database_url, postgres_url};
use crate::positions::{at, device, position, tenant};

/// A small file system in memory that belongs to the database's user, as a tablespace with a database of its own in it.
struct SmallDisk {
    folder: tempfile::TempDir,
    base: String,
    name: String,
}

impl SmallDisk {
    /// None when that is not allowed here.
    async fn mount(base: &str, megabytes: u32) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("tracklane-small-disk-").tempdir().unwrap();
        let options = format!("size={megabytes}M,mode=0777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let name = format!("tracklane_full_{}", std::process::id());
        let disk = Self { folder, base: base.to_owned(), name };
        // The folder above is ours alone; the database must get through to what is mounted on it.
        let inside = disk.folder.path().join("tablespace");
        std::fs::create_dir(&inside).unwrap();
        let owned = Command::new("chown").arg("postgres").arg(&inside).output();
        if !owned.is_ok_and(|output| output.status.success()) {
            return None;
        }
        admin(base, format!("CREATE TABLESPACE {} LOCATION '{}'", disk.name, inside.display())).await;
        create_owner(base).await;
        admin(base, format!("CREATE DATABASE {0} OWNER {OWNER} TABLESPACE {0}", disk.name)).await;
        Some(disk)
    }

    fn url(&self) -> String {
        as_owner(&database_url(&self.base, &self.name))
    }

    async fn remove(&self) {
        admin(&self.base, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        admin(&self.base, format!("DROP TABLESPACE {}", self.name)).await;
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).output();
    }
}

/// What is kept of a device from this second on.
async fn kept(history: &PgHistory, of_device: u64, from: i64) -> Vec<Position> {
    let (from, to) = (at(from), at(1_000_000));
    let query = HistoryQuery { tenant_id: tenant(), device_id: device(of_device), from, to, limit: 1_000_000 };
    history.range(query).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_appends_until_there_is_room_again() {
    let Some(base) = postgres_url() else { return };
    let Some(disk) = SmallDisk::mount(&base, 96).await else {
        println!("left out: mounting a small disk is not allowed here");
        return;
    };
    let filler = disk.folder.path().join("filler");
    // In a task of its own: the database must not lose what lies on the disk, however this ends.
    let outcome = tokio::spawn(fill_and_heal(disk.url(), filler)).await;
    disk.remove().await;
    outcome.unwrap();
}

async fn fill_and_heal(url: String, filler: PathBuf) {
    const BATCH: u32 = 1_000;
    let history = PgHistory::open(&url).await.unwrap();
    std::fs::write(&filler, vec![1; 48 << 20]).unwrap();
    let mut acknowledged = 0;
    let refused = loop {
        let batch = (acknowledged..acknowledged + BATCH).map(|n| position(1, i64::from(n), n)).collect();
        match history.append_and_wait(batch).await {
            Ok(_) => acknowledged += BATCH,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000_000, "the disk is never full");
    };
    assert!(matches!(refused, HistoryError::Full), "{refused:?} after {acknowledged}");
    assert!(acknowledged > 0, "too small to prove anything");
    assert!(history.health().is_err());
    let again = history.append_and_wait(vec![position(2, 1, 1)]).await;
    assert!(matches!(again, Err(HistoryError::Full)), "until somebody who knows of the loss says so: {again:?}");
    // No more than fits into the memory of a session: a larger sort would need the disk, too.
    let last = i64::from(acknowledged) - 1_000;
    assert_eq!(kept(&history, 1, last).await.len(), 1_000);
    assert_eq!(kept(&history, 2, 0).await, []);

    std::fs::remove_file(&filler).unwrap();
    history.resume().await.unwrap();
    let (first, _) = history.append_and_wait(vec![position(3, 1, 1)]).await.unwrap();
    assert_eq!(first, u64::from(acknowledged) + 1, "the next one gets the number of the lost one");
    assert_eq!(history.health(), Ok(()));
    history.close().await;

    let history = PgHistory::open(&url).await.unwrap();
    assert_eq!(kept(&history, 1, 0).await.len(), acknowledged as usize);
    assert_eq!(kept(&history, 3, 0).await.len(), 1);
    history.close().await;
}
