//! A store for each test, from a template that is migrated once.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::sync::OnceCell;
use tracklane_store::Store;

/// The migrated database that every test gets a copy of; it lives as long as the test binary.
static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();

async fn template() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("template.db");
    let store = Store::open(&url(&path)).await.expect("the template opens");
    store.close().await;
    // Closing the last connection has moved the write-ahead log into the file.
    std::fs::read(&path).expect("the template is a file")
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A migrated SQLite database in a folder that is removed with it.
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// Where it is.
    pub path: PathBuf,
    folder: TempDir,
}

impl TestStore {
    /// A fresh one.
    ///
    /// # Panics
    /// When the disk does not do as it is told: tests cannot go on then.
    pub async fn new() -> Self {
        let bytes = TEMPLATE.get_or_init(template).await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("tracklane.db");
        std::fs::write(&path, bytes).expect("a copy of the template");
        let store = Store::open(&url(&path)).await.expect("the copy opens");
        Self { store, path, folder }
    }

    /// The folder that the database lies in: the data folder of an installation.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
