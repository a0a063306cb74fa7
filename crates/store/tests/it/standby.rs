//! A standby that is read from: what is shown there may be a little behind, and its absence is not felt.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tracklane_core::model::Tenant;
use tracklane_store::{Scope, Settings, Store, tenants};

use crate::fixtures;
use crate::harness::{admin, postgres_url};

/// A PostgreSQL and a standby of our own, as `scripts/services` starts them.
struct Pair {
    script: PathBuf,
    folder: tempfile::TempDir,
}

impl Pair {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("tracklane-pair-").tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/services");
        Self { script, folder }
    }

    /// Runs the script, and answers what it says.
    fn run(&self, service: &str, what: &str) -> String {
        let mut command = Command::new(&self.script);
        let said = command.args([service, what]).env("TRACKLANE_SERVICES_DIR", self.folder.path()).output().unwrap();
        assert!(said.status.success(), "{service} {what}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for service in ["standby", "postgres"] {
            let mut command = Command::new(&self.script);
            let _ = command.args([service, "stop"]).env("TRACKLANE_SERVICES_DIR", self.folder.path()).output();
        }
    }
}

async fn add(store: &Store, name: &str) -> Tenant {
    let tenant = fixtures::tenant(name);
    let mut tx = store.begin(Scope::System).await.unwrap();
    tenants::insert_any_tenant(&mut tx, &tenant).await.unwrap();
    tx.commit().await.unwrap();
    tenant
}

/// The tables themselves come a moment later, too.
async fn is_shown_behind(store: &Store, tenant: &Tenant) -> bool {
    let mut db = store.read_behind(Scope::System).await.unwrap();
    matches!(tenants::get_any_tenant(&mut db, tenant.id).await, Ok(Some(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_read_from_while_it_is_there() {
    if postgres_url().is_none() {
        return;
    }
    let pair = Pair::start();
    let url = pair.run("postgres", "start");
    let standby = pair.run("standby", "start");
    let store = Store::open_with(&Settings { read_url: standby.clone(), ..Settings::at(&url) }).await.unwrap();
    let first = add(&store, "first").await;
    let follows = async {
        while !is_shown_behind(&store, &first).await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), follows).await.expect("the standby follows");

    admin(&standby, "SELECT pg_wal_replay_pause()".to_owned()).await;
    let second = add(&store, "second").await;
    let mut db = store.read_behind(Scope::System).await.unwrap();
    let shown = tenants::get_any_tenant(&mut db, second.id).await;
    assert_eq!(shown, Ok(None), "read from the standby, which stands still");
    drop(db);
    let mut db = store.read(Scope::System).await.unwrap();
    assert_eq!(tenants::get_any_tenant(&mut db, second.id).await.unwrap().as_ref(), Some(&second));
    drop(db);

    pair.run("standby", "stop");
    assert!(is_shown_behind(&store, &second).await, "the other one answers");
    store.close().await;
}
