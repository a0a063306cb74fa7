//! SQLite: many readers and one writer, whose transactions share their commits.
//!
//! Every transaction is a savepoint inside one outer transaction. Whoever is done gives the connection to the next in
//! line and then queues up again for the outer commit; everybody who was in line by then is part of it. So many small
//! transactions pay one fsync together, and a lonely one waits for nobody.
//!
//! The writing connection has a thread of its own ([`home`]). A statement of a task that runs there is a function call; of
//! any other task it is a way there and back.

mod home;
mod readers;
mod statement;
mod writer;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;

use self::home::Home;
use self::readers::{Reader, Readers};
pub use self::statement::{Cell, FromCell, SqliteRow};
use self::statement::{Opening, fetch, run, script};
use self::writer::WriteTx;
use super::Row;
use super::value::Value;
use crate::error::{Error, Result};
use crate::stamps::Stamps;

/// Pages of the file that the writer keeps in memory, in KiB (negative: so SQLite wants it). The states of ten thousand
/// devices fit in.
const WRITER_CACHE: &str = "PRAGMA cache_size = -32768";

/// The log of the database is brought into the file once it has so many pages (64 MiB): pages that change again and again
/// are written once then.
const CHECKPOINT_PAGES: &str = "PRAGMA wal_autocheckpoint = 16000";

/// A handle to an SQLite database.
#[derive(Clone)]
pub struct SqliteFile {
    opening: Arc<Opening>,
    readers: Arc<Readers>,
    home: Arc<Home>,
    stamps: Arc<Stamps>,
}

/// One statement at a time, or a transaction.
pub enum SqliteHandle {
    /// Reads.
    Reader(Reader),
    /// Reads and writes.
    Transaction(WriteTx),
}

impl SqliteFile {
    /// Opens or makes the database at `path`. `durable` is false for databases that nobody needs after a crash.
    pub async fn open(path: &Path, durable: bool) -> Result<Self> {
        let opening = Arc::new(Opening { path: path.to_owned(), durable });
        let stamps = Arc::new(Stamps::new());
        let make = opening.clone();
        // The writer comes first: it makes the file.
        let home = Home::start(stamps.clone(), move || make.connect(&[WRITER_CACHE, CHECKPOINT_PAGES])).await?;
        let readers = Arc::new(Readers::new(opening.clone()));
        Ok(Self { opening, readers, home: Arc::new(home), stamps })
    }

    /// When records were last written.
    pub fn stamps(&self) -> &Arc<Stamps> {
        &self.stamps
    }

    /// A reader.
    pub async fn acquire(&self) -> Result<SqliteHandle> {
        Ok(SqliteHandle::Reader(self.readers.acquire().await?))
    }

    /// Begins a transaction, as soon as those who asked before are done.
    pub async fn begin(&self) -> Result<SqliteHandle> {
        Ok(SqliteHandle::Transaction(WriteTx::begin(&self.home).await?))
    }

    /// Starts a task on the thread that writes.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.home.spawn(work)
    }

    /// Does work that reads many times.
    pub async fn reading<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        self.readers.at_once(work).await
    }

    /// Writes a copy to a new file at `path`.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        let Some(path) = path.to_str().map(str::to_owned) else {
            return Err(Error::Other("the path of a backup must be valid UTF-8".to_owned()));
        };
        // Readers refuse even this kind of writing.
        let opening = self.opening.clone();
        let copy = move || run(&opening.connect(&[])?, "VACUUM INTO $1", vec![path.into()]).map(drop);
        spawn_blocking(copy).await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.readers.close();
        if let Err(error) = self.home.close().await {
            tracing::warn!(%error, "failed to close the database");
        }
    }
}

impl SqliteHandle {
    /// Runs a statement and answers its rows.
    pub async fn fetch(&mut self, sql: Cow<'static, str>, args: Vec<Value>) -> Result<Vec<Row>> {
        let rows = match self {
            Self::Reader(reader) => reader.with(move |connection| fetch(connection, &sql, args)).await,
            Self::Transaction(transaction) => {
                transaction.note(&sql, &args);
                transaction.with(move |connection| fetch(connection, &sql, args)).await
            }
        };
        Ok(rows?.into_iter().map(Row::Sqlite).collect())
    }

    /// Runs a statement and answers how many rows it changed.
    pub async fn run(&mut self, sql: Cow<'static, str>, args: Vec<Value>) -> Result<u64> {
        match self {
            Self::Reader(reader) => reader.with(move |connection| run(connection, &sql, args)).await,
            Self::Transaction(transaction) => {
                transaction.note(&sql, &args);
                transaction.with(move |connection| run(connection, &sql, args)).await
            }
        }
    }

    /// Runs several statements without parameters.
    pub async fn script(&mut self, sql: String) -> Result<()> {
        match self {
            Self::Reader(reader) => reader.with(move |connection| script(connection, &sql)).await,
            Self::Transaction(transaction) => {
                transaction.note_all();
                transaction.with(move |connection| script(connection, &sql)).await
            }
        }
    }

    /// Commits a transaction. Answers as of when what it wrote is seen by others.
    pub async fn commit(self) -> Result<Option<u64>> {
        match self {
            Self::Reader(_) => Ok(None),
            Self::Transaction(transaction) => transaction.commit().await.map(Some),
        }
    }

    /// Whether these records are as they were at an instant that a commit answered.
    pub fn sees_unchanged(&self, then: u64, ids: &[Uuid]) -> bool {
        match self {
            Self::Reader(_) => false,
            Self::Transaction(transaction) => transaction.sees_unchanged(then, ids),
        }
    }
}

fn closed() -> Error {
    Error::Unavailable("the database is closed".to_owned())
}
