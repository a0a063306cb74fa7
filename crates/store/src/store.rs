//! Opening a database, and what concerns it as a whole.

use std::path::Path;

use tokio::sync::watch;
use tracklane_core::Timestamp;

use crate::db::{Db, Scope, Tx};
use crate::error::Result;

/// The records of an installation: SQLite or PostgreSQL, by URL. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

/// Numbers for metrics, over all tenants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Shipments that somebody still waits for.
    pub active_shipments: i64,
    /// Average time from pick-up (or creation, where there was none) to delivery, in seconds, of the shipments that
    /// were delivered in the last 24 hours; none when there were none.
    pub average_delivery_seconds: Option<f64>,
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// `sqlite:/path/to/file.db` (made if missing), `sqlite::memory:` (a temporary file, gone with the store; for tests),
    /// `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`Error::Url`](crate::Error::Url) for another form, [`Error::Migration`](crate::Error::Migration) when the
    /// database has a newer or an altered schema.
    pub async fn open(url: &str) -> Result<Self> {
        todo!()
    }

    /// A handle for reading, each statement by itself.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    pub async fn read(&self, scope: Scope) -> Result<Db> {
        todo!()
    }

    /// Begins a transaction. SQLite has one at a time: do nothing slow inside one.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    pub async fn begin(&self, scope: Scope) -> Result<Tx> {
        todo!()
    }

    /// Changes after each commit of this process that appended events. Commits of other processes do not show: poll too.
    pub fn events_changed(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) when there is none.
    pub async fn health(&self) -> Result<()> {
        todo!()
    }

    /// Writes a consistent copy of an SQLite database to a new file at `path` while the store is in use.
    ///
    /// # Errors
    /// [`Error::Other`](crate::Error::Other) on PostgreSQL (use `pg_dump`), and when the file exists.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        todo!()
    }

    /// Numbers for metrics, as of `now`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn counts(&self, now: Timestamp) -> Result<Counts> {
        todo!()
    }

    /// Closes every connection. Handles that are still out fail afterwards.
    pub async fn close(&self) {
        todo!()
    }
}
