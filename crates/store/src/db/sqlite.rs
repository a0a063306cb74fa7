//! SQLite: many readers and one writer, whose transactions share their commits.
//!
//! Every transaction is a savepoint inside one outer transaction. Whoever is done gives the connection to the next in
//! line and then queues up again for the outer commit; everybody who was in line by then is part of it. So many small
//! transactions pay one fsync together, and a lonely one waits for nobody.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection, Sqlite};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tracklane_core::Timestamp;

use super::row::Row;
use super::value::Value;
use crate::error::{Error, Result};
use crate::stamps::{Stamps, Written};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a caller waits for a reader before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How many readers there are at most; each has a thread.
const READERS: u32 = 8;

/// Pages of the file that the writer keeps in memory, in KiB (negative: so SQLite wants it). The states of ten thousand
/// devices fit in.
const WRITER_CACHE: &str = "-16384";

/// The log of the database is brought into the file once it has so many pages (16 MiB): pages that change again and again
/// are written once then.
const CHECKPOINT_PAGES: &str = "4000";

/// A handle to an SQLite database.
#[derive(Clone)]
pub struct SqliteFile {
    options: Arc<SqliteConnectOptions>,
    readers: sqlx::SqlitePool,
    writer: Arc<Mutex<Writer>>,
    stamps: Arc<Stamps>,
}

/// One statement at a time, or a transaction.
pub enum SqliteHandle {
    /// Reads.
    Reader(PoolConnection<Sqlite>),
    /// Reads and writes.
    Transaction(WriteTx),
}

/// The one connection that writes.
struct Writer {
    /// None once the file is closed.
    connection: Option<SqliteConnection>,
    /// The outer transaction is open.
    open: bool,
    /// A transaction was dropped; its savepoint is still there.
    abandoned: bool,
    /// What the last statement that failed in the present transaction failed with.
    failure: Option<Error>,
    /// Transactions that are done and wait for the outer commit, with what they have written.
    waiting: Vec<(Written, oneshot::Sender<Result<()>>)>,
    stamps: Arc<Stamps>,
}

/// A transaction: the writer, held until it is done.
pub struct WriteTx {
    writer: Option<OwnedMutexGuard<Writer>>,
    home: Arc<Mutex<Writer>>,
    written: Written,
}

impl SqliteFile {
    /// Opens or makes the database at `path`. `durable` is false for databases that nobody needs after a crash.
    pub async fn open(path: &Path, durable: bool) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(if durable { SqliteSynchronous::Full } else { SqliteSynchronous::Off })
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // What savepoints need to go back stays in memory, too; otherwise each makes a file.
            .pragma("temp_store", "memory")
            .statement_cache_capacity(256);
        // The writer comes first: it makes the file.
        let writer = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let connection = writer.connect().await.map_err(|error| match from_sqlx(&error) {
            Error::Unavailable(why) => Error::Unavailable(format!("{}: {why}", path.display())),
            other => other,
        })?;
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // Readers are made anew now and then: they learn of new statistics only when they open the file.
            .test_before_acquire(false);
        let readers =
            pool.connect_with(options.clone().pragma("query_only", "on")).await.map_err(|error| from_sqlx(&error))?;
        let stamps = Arc::new(Stamps::new());
        let writer = Writer {
            connection: Some(connection),
            open: false,
            abandoned: false,
            failure: None,
            waiting: Vec::new(),
            stamps: stamps.clone(),
        };
        Ok(Self { options: Arc::new(options), readers, writer: Arc::new(Mutex::new(writer)), stamps })
    }

    /// When records were last written.
    pub fn stamps(&self) -> &Arc<Stamps> {
        &self.stamps
    }

    /// A reader.
    pub async fn acquire(&self) -> Result<SqliteHandle> {
        Ok(SqliteHandle::Reader(self.readers.acquire().await.map_err(|error| from_sqlx(&error))?))
    }

    /// Begins a transaction, as soon as those who asked before are done.
    pub async fn begin(&self) -> Result<SqliteHandle> {
        let home = Arc::clone(&self.writer);
        // A task of its own: a caller who gives up in the middle must not leave the writer half-way.
        let task = tokio::spawn(async move {
            let mut writer = Arc::clone(&home).lock_owned().await;
            writer.begin().await?;
            Ok(WriteTx { writer: Some(writer), home, written: Written::default() })
        });
        Ok(SqliteHandle::Transaction(task.await.map_err(|error| Error::Unavailable(error.to_string()))??))
    }

    /// Writes a copy to a new file at `path`.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        let Some(path) = path.to_str() else {
            return Err(Error::Other("the path of a backup must be valid UTF-8".to_owned()));
        };
        // Readers refuse even this kind of writing.
        let mut connection = self.options.connect().await.map_err(|error| from_sqlx(&error))?;
        let copy = sqlx::query("VACUUM INTO $1").bind(path);
        copy.execute(&mut connection).await.map_err(|error| from_sqlx(&error))?;
        connection.close().await.map_err(|error| from_sqlx(&error))
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        let connection = self.writer.lock().await.connection.take();
        if let Some(connection) = connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "failed to close the database");
        }
    }
}

impl SqliteHandle {
    fn connection(&mut self) -> Result<&mut SqliteConnection> {
        match self {
            Self::Reader(connection) => Ok(connection),
            Self::Transaction(transaction) => {
                transaction.writer.as_mut().and_then(|writer| writer.connection.as_mut()).ok_or_else(closed)
            }
        }
    }

    /// Runs a statement and answers its rows.
    pub async fn fetch(&mut self, sql: Cow<'static, str>, args: Vec<Value>) -> Result<Vec<Row>> {
        self.note(&sql, &args);
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        let outcome = query.fetch_all(self.connection()?).await;
        let rows = outcome.map_err(|error| self.failed(&error))?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    /// Runs a statement and answers how many rows it changed.
    pub async fn run(&mut self, sql: Cow<'static, str>, args: Vec<Value>) -> Result<u64> {
        self.note(&sql, &args);
        let query = sqlx::query_with(AssertSqlSafe(unnamed(sql, args.len())), bind(args)?);
        let outcome = query.execute(self.connection()?).await;
        Ok(outcome.map_err(|error| self.failed(&error))?.rows_affected())
    }

    /// Runs several statements without parameters.
    pub async fn script(&mut self, sql: String) -> Result<()> {
        if let Self::Transaction(transaction) = self {
            transaction.written.add_all();
        }
        let outcome = sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.connection()?).await;
        outcome.map_err(|error| self.failed(&error))?;
        Ok(())
    }

    fn note(&mut self, sql: &str, args: &[Value]) {
        if let Self::Transaction(transaction) = self {
            transaction.written.add(sql, args);
        }
    }

    fn failed(&mut self, error: &sqlx::Error) -> Error {
        let error = from_sqlx(error);
        if let Self::Transaction(WriteTx { writer: Some(writer), .. }) = self {
            writer.failure = Some(error.clone());
        }
        error
    }

    /// Commits a transaction.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Reader(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await,
        }
    }
}

impl Writer {
    async fn statement(&mut self, sql: &'static str) -> Result<()> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        sqlx::query(sql).execute(connection).await.map_err(|error| from_sqlx(&error))?;
        Ok(())
    }

    async fn begin(&mut self) -> Result<()> {
        self.undo_abandoned().await;
        self.failure = None;
        if !self.open {
            self.statement("BEGIN IMMEDIATE").await?;
            self.open = true;
        }
        if let Err(error) = self.statement("SAVEPOINT tx").await {
            self.lose(&error).await;
            return Err(error);
        }
        Ok(())
    }

    async fn undo_abandoned(&mut self) {
        if !std::mem::take(&mut self.abandoned) {
            return;
        }
        let undone = match self.statement("ROLLBACK TO tx").await {
            Ok(()) => self.statement("RELEASE tx").await,
            Err(error) => Err(error),
        };
        if let Err(error) = undone {
            // The savepoint is gone because an earlier failure took everything with it: that is what happened.
            let cause = self.failure.take().unwrap_or(error);
            self.lose(&cause).await;
        }
    }

    /// The outer commit. Everybody who waits for it learns how it ended.
    async fn flush(&mut self) {
        self.undo_abandoned().await;
        if !self.open {
            return;
        }
        match self.statement("COMMIT").await {
            Ok(()) => self.open = false,
            Err(error) => return self.lose(&error).await,
        }
        for (written, waiting) in self.waiting.drain(..) {
            self.stamps.note(&written);
            let _gone = waiting.send(Ok(()));
        }
    }

    /// The outer transaction is no more: SQLite itself rolls back when the disk is full, say. Nobody who waits for it was
    /// told that they are done.
    async fn lose(&mut self, error: &Error) {
        let _already_rolled_back = self.statement("ROLLBACK").await;
        self.open = false;
        self.abandoned = false;
        for (written, waiting) in self.waiting.drain(..) {
            // Whoever cannot know whether something was written must take it that it was.
            self.stamps.note(&written);
            let _gone = waiting.send(Err(error.clone()));
        }
    }
}

impl WriteTx {
    async fn commit(mut self) -> Result<()> {
        let Some(mut writer) = self.writer.take() else {
            return Err(closed());
        };
        let (home, written) = (Arc::clone(&self.home), std::mem::take(&mut self.written));
        // A task of its own, as for `begin`.
        let task = tokio::spawn(async move {
            if let Err(error) = writer.statement("RELEASE tx").await {
                writer.lose(&error).await;
                return Err(error);
            }
            let (done, mut outcome) = oneshot::channel();
            writer.waiting.push((written, done));
            drop(writer);
            let mut writer = home.lock().await;
            if let Ok(known) = outcome.try_recv() {
                return known;
            }
            writer.flush().await;
            drop(writer);
            outcome.await.unwrap_or_else(|_| Err(closed()))
        });
        task.await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take() else {
            return;
        };
        writer.abandoned = true;
        drop(writer);
        // Without a runtime there is nobody left to wait for the writer either.
        if let Ok(runtime) = Handle::try_current() {
            let home = Arc::clone(&self.home);
            runtime.spawn(async move { home.lock().await.flush().await });
        }
    }
}

/// The statement with parameters that have no names, if it has many and they stand in their order, each once: SQLite keeps
/// names in a list, and to go through it for each of a thousand parameters takes longer than all the rest.
fn unnamed(sql: Cow<'static, str>, parameters: usize) -> Cow<'static, str> {
    const MANY: usize = 16;
    if parameters < MANY {
        return sql;
    }
    let mut pieces = sql.split('$');
    let mut text = String::with_capacity(sql.len());
    text.push_str(pieces.next().unwrap_or_default());
    let mut seen = 0;
    for piece in pieces {
        seen += 1;
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        if piece[..digits].parse() != Ok(seen) {
            return sql;
        }
        text.push('?');
        text.push_str(&piece[digits..]);
    }
    if seen == parameters { text.into() } else { sql }
}

fn bind(args: Vec<Value>) -> Result<SqliteArguments> {
    let mut bound = SqliteArguments::default();
    for value in args {
        value.check()?;
        match value {
            Value::Bool(value) => bound.add(value),
            Value::Int(value) => bound.add(value),
            Value::Real(value) => bound.add(value),
            Value::Text(value) => bound.add(value),
            Value::Bytes(value) => bound.add(value),
            Value::Uuid(value) => bound.add(value),
            Value::Time(value) => bound.add(value.map(Timestamp::as_microsecond)),
            Value::Json(value) => bound.add(value.map(|json| json.to_string())),
        }
        .map_err(|error| Error::Other(error.to_string()))?;
    }
    Ok(bound)
}

fn closed() -> Error {
    Error::Unavailable("the database is closed".to_owned())
}

/// Our word for what sqlx says. The codes are SQLite's extended result codes.
fn from_sqlx(error: &sqlx::Error) -> Error {
    let sqlx::Error::Database(said) = error else {
        return super::from_driver(error);
    };
    let code: i32 = said.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    match (code, code & 0xff) {
        (2067, _) => Error::NotUnique { constraint: constraint(said.message(), false) },
        (1555, _) => Error::NotUnique { constraint: constraint(said.message(), true) },
        (787 | 1811, _) => Error::ForeignKey,
        (_, 13) => Error::Full,
        // Busy, locked, input or output error, cannot open.
        (_, 5 | 6 | 10 | 14) => Error::Unavailable(said.message().to_owned()),
        _ => Error::Other(format!("{} ({code})", said.message())),
    }
}

/// SQLite names the columns, PostgreSQL the constraint, which it derives from the columns: so do we.
fn constraint(message: &str, primary: bool) -> String {
    let columns = message.split_once(": ").map_or(message, |(_, columns)| columns);
    let mut names = columns.split(", ").map(|column| column.split_once('.').unwrap_or(("", column)));
    let Some((table, first)) = names.next() else {
        return String::new();
    };
    if primary {
        return format!("{table}_pkey");
    }
    let columns: Vec<_> = std::iter::once(first).chain(names.map(|(_, column)| column)).collect();
    format!("{table}_{}_key", columns.join("_"))
}

#[cfg(test)]
mod tests {
    use super::unnamed;

    #[test]
    fn many_parameters_in_their_order_lose_their_names() {
        let places =
            |numbers: &[usize]| numbers.iter().map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
        let sql = |numbers: &[usize]| format!("VALUES ({}) LIMIT 1", places(numbers));
        let all: Vec<usize> = (1..=20).collect();
        assert_eq!(unnamed(sql(&all).into(), 20), format!("VALUES ({}) LIMIT 1", ["?"; 20].join(", ")));
        // One that stands twice, some out of order, few, and a text that does not use all.
        let twice: Vec<usize> = all.iter().copied().chain([7]).collect();
        let turned: Vec<usize> = all.iter().rev().copied().collect();
        for (numbers, parameters) in [(&twice, 20), (&turned, 20), (&vec![1, 2], 2), (&all, 21)] {
            assert_eq!(unnamed(sql(numbers).into(), parameters), sql(numbers));
        }
    }
}
