//! Opening a database, and what concerns it as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tracklane_core::Timestamp;
use tracklane_core::lifecycle::Status;
use uuid::Uuid;

use crate::db::postgres::{PgHandle, PgPool};
use crate::db::sqlite::SqliteFile;
use crate::db::{Connection, Db, Scope, Tx, Wake, args};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::event_zones;
use crate::hints;
use crate::migrate::migrate;
use crate::settings::Settings;
use crate::shipments::ACTIVE;
use crate::stamps::Stamps;

/// The records of an installation: SQLite or PostgreSQL, by URL. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
    /// A PostgreSQL that may be a little behind.
    behind: Option<Behind>,
    wake: Wake,
    node: Option<Uuid>,
    /// The connection that says that this process alone tracks on the database.
    claim: Arc<Mutex<Option<PgHandle>>>,
    /// Removes a temporary database together with the last clone.
    _temporary: Option<Arc<Temporary>>,
}

/// A database for reading.
#[derive(Clone)]
struct Behind {
    pool: PgPool,
    /// Until when it is not asked, because it was away.
    away: Arc<Mutex<Option<Instant>>>,
}

/// How long a reader waits for a connection to the database for reading.
const BEHIND_PATIENCE: Duration = Duration::from_millis(500);
/// How long it is left alone after it was away.
const BEHIND_PAUSE: Duration = Duration::from_secs(10);

impl Behind {
    fn is_away(&self) -> bool {
        self.away.lock().is_some_and(|until| Instant::now() < until)
    }
}

#[derive(Clone)]
enum Backend {
    Sqlite(SqliteFile),
    Postgres(PgPool),
}

/// Numbers for metrics, over all tenants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Shipments that somebody still waits for.
    pub active_shipments: i64,
    /// Webhook messages that wait for an attempt.
    pub pending_messages: i64,
    /// Average time from pick-up (or creation, where there was none) to delivery, in seconds, of the shipments that
    /// were delivered in the last 24 hours; none when there were none.
    pub average_delivery_seconds: Option<f64>,
}

/// The number of the lock of [`Store::claim`], out of the way of other programs.
const TRACKING_LOCK: i64 = 8_380_918_446_131_412;

const DAY_SECONDS: i64 = 86_400;

impl Store {
    /// Opens the database at `url`, with the other settings as they are by default.
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(&Settings::at(url)).await
    }

    /// Opens a database and brings its schema up to date.
    ///
    /// `sqlite:/path/to/file.db` (made if missing), `sqlite::memory:` (a temporary file, gone with the store; for tests),
    /// `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// [`Error::Url`] for another form, [`Error::Migration`] when the database has a newer or an altered schema.
    pub async fn open_with(settings: &Settings) -> Result<Self> {
        let url = settings.url.as_str();
        let mut temporary = None;
        let backend = if url == "sqlite::memory:" {
            let file = Temporary::new();
            let backend = Backend::Sqlite(SqliteFile::open(&file.0, false).await?);
            temporary = Some(Arc::new(file));
            backend
        } else if let Some(path) = sqlite_path(url) {
            Backend::Sqlite(SqliteFile::open(Path::new(path), true).await?)
        } else if is_postgres(url) {
            Backend::Postgres(PgPool::open(url, settings).await?)
        } else {
            return Err(Error::Url { given: without_password(url) });
        };
        let behind = match settings.read_url.as_str() {
            "" => None,
            url if is_postgres(url) => Some(Behind { pool: PgPool::open_lazily(url, settings)?, away: Arc::default() }),
            url => return Err(Error::Url { given: without_password(url) }),
        };
        let node = settings.node;
        let wake = Wake { changed: watch::Sender::new(0), own: watch::Sender::new(0) };
        let store = Self { backend, behind, wake, node, claim: Arc::default(), _temporary: temporary };
        let mut tx = store.begin(Scope::System).await?;
        if let Some(patience) = store.dialect().no_statement_timeout() {
            tx.run(patience, Vec::new()).await?;
        }
        migrate(&mut tx).await?;
        tx.commit().await?;
        store.maintain().await?;
        store.talk(url);
        Ok(store)
    }

    /// Tells other processes of events, and hears of theirs, where this one has a name among them.
    fn talk(&self, url: &str) {
        let (Backend::Postgres(pool), Some(node)) = (&self.backend, self.node) else { return };
        tokio::spawn(hints::tell(pool.clone(), node, self.wake.own.subscribe()));
        tokio::spawn(hints::hear(url.to_owned(), node, self.wake.own.subscribe(), self.wake.changed.clone()));
    }

    /// Whether `url` has a form that [`Store::open`] takes. Opens nothing.
    ///
    /// # Errors
    /// [`Error::Url`], which lists the forms.
    pub fn check_url(url: &str) -> Result<()> {
        let known = url == "sqlite::memory:" || sqlite_path(url).is_some() || is_postgres(url);
        if known { Ok(()) } else { Err(Error::Url { given: without_password(url) }) }
    }

    /// A handle for reading, each statement by itself. Give it back before you ask for another one: there are only so
    /// many.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn read(&self, scope: Scope) -> Result<Db> {
        let connection = match &self.backend {
            Backend::Sqlite(file) => Connection::Sqlite(file.acquire().await?),
            Backend::Postgres(pool) => Connection::Postgres(pool.acquire().await?),
        };
        Ok(Db::new(scope, connection))
    }

    /// A handle for reading what may be a little behind, where a second database was named for that; else, or when that one
    /// does not answer, as [`Store::read`]. For lists about the past, never for what is going to be changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn read_behind(&self, scope: Scope) -> Result<Db> {
        let Some(behind) = self.behind.as_ref().filter(|behind| !behind.is_away()) else {
            return self.read(scope).await;
        };
        match timeout(BEHIND_PATIENCE, behind.pool.acquire()).await {
            Ok(Ok(handle)) => Ok(Db::new(scope, Connection::Postgres(handle))),
            failed => {
                let error = failed.map_or_else(
                    |_| "no answer".to_owned(),
                    |failed| failed.err().map_or_else(String::new, |error| error.to_string()),
                );
                tracing::warn!(%error, "the database for reading is away: the other one is asked for a while");
                *behind.away.lock() = Some(Instant::now() + BEHIND_PAUSE);
                self.read(scope).await
            }
        }
    }

    /// Begins a transaction. SQLite has one at a time: do nothing slow inside one, and never begin a second one before
    /// the first is done. Read through it, too, while you have it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn begin(&self, scope: Scope) -> Result<Tx> {
        let connection = match &self.backend {
            Backend::Sqlite(file) => Connection::Sqlite(file.begin().await?),
            Backend::Postgres(pool) => Connection::Postgres(pool.begin(scope).await?),
        };
        Ok(Tx::new(Db::new(scope, connection), self.wake.clone()))
    }

    /// Starts a task where transactions cost least: on SQLite on the thread that writes, where each statement is a function
    /// call. It must do little besides, and nothing slow: everybody who writes waits meanwhile.
    pub fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        match &self.backend {
            Backend::Sqlite(file) => file.spawn(work),
            Backend::Postgres(_) => tokio::spawn(work),
        }
    }

    /// Does work that reads many times in a row where that costs least.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the process ends.
    pub async fn reading<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        match &self.backend {
            Backend::Sqlite(file) => file.reading(work).await,
            Backend::Postgres(_) => Ok(work.await),
        }
    }

    /// Says that this process, and no other, keeps the states of devices in this database, until the store is closed or the process
    /// ends; or that several share them, by a position stream. On SQLite the data folder says so.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when another process keeps them alone, or this one wants to and others share them.
    pub async fn claim(&self, shared: bool) -> Result<()> {
        let Backend::Postgres(pool) = &self.backend else { return Ok(()) };
        match pool.lock(TRACKING_LOCK, shared).await? {
            Some(handle) => {
                *self.claim.lock() = Some(handle);
                Ok(())
            }
            None => Err(Error::Unavailable(
                "another server runs on it: one at a time, unless all share a position stream".to_owned(),
            )),
        }
    }

    /// True where transactions come one after the other, whoever begins them.
    pub fn has_one_writer(&self) -> bool {
        matches!(self.backend, Backend::Sqlite(_))
    }

    /// When records were last written, where every write is this process's own; none where others may write, too.
    pub fn stamps(&self) -> Option<&Arc<Stamps>> {
        match &self.backend {
            Backend::Sqlite(file) => Some(file.stamps()),
            Backend::Postgres(_) => None,
        }
    }

    /// Who this process is among those that use the database, if it was said.
    pub fn node(&self) -> Option<Uuid> {
        self.node
    }

    /// Changes after each commit of this process that appended events, and on PostgreSQL soon after those of other processes that
    /// have a name ([`Settings::node`]), most times: poll too.
    pub fn events_changed(&self) -> watch::Receiver<u64> {
        self.wake.changed.subscribe()
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is none.
    pub async fn health(&self) -> Result<()> {
        self.read(Scope::System).await?.fetch("SELECT 1", Vec::new()).await?;
        Ok(())
    }

    /// Writes a consistent copy of the SQLite database at `url` to a new file at `path`, without opening it otherwise: its
    /// schema may be that of an older program, and others may be using it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is no such file, [`Error::Other`] for other databases and when `path` exists.
    pub async fn backup(url: &str, path: &Path) -> Result<()> {
        let file = sqlite_path(url).filter(|_| url != "sqlite::memory:");
        let file = file.ok_or_else(|| Error::Other("a PostgreSQL database is copied with pg_dump".to_owned()))?;
        if !Path::new(file).is_file() {
            return Err(Error::Unavailable(format!("{file} is not there")));
        }
        let file = SqliteFile::open(Path::new(file), true).await?;
        let copied = file.backup_to(path).await;
        file.close().await;
        copied
    }

    /// Writes a consistent copy of an SQLite database to a new file at `path` while the store is in use.
    ///
    /// # Errors
    /// [`Error::Other`] on PostgreSQL (use `pg_dump`), and when the file exists.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        match &self.backend {
            Backend::Sqlite(file) => file.backup_to(path).await,
            Backend::Postgres(_) => Err(Error::Other("a PostgreSQL database is copied with pg_dump".to_owned())),
        }
    }

    /// Numbers for metrics, as of `now`.
    ///
    /// # Errors
    /// As the database says.
    pub async fn counts(&self, now: Timestamp) -> Result<Counts> {
        let mut db = self.read(Scope::System).await?;
        let sql = format!("SELECT COUNT(*) AS count FROM shipments WHERE {ACTIVE}");
        let active_shipments = db.one(sql, Vec::new(), |row| row.get("count")).await?.unwrap_or_default();
        let sql = "SELECT COUNT(*) AS count FROM messages WHERE state = 'pending'";
        let pending_messages = db.one(sql, Vec::new(), |row| row.get("count")).await?.unwrap_or_default();
        let sql = format!(
            "SELECT AVG({}) AS average FROM shipments WHERE status = $1 AND delivered_at >= $2 AND delivered_at <= $3",
            db.dialect().seconds_between("COALESCE(picked_up_at, created_at)", "delivered_at")
        );
        let day_ago = now.as_microsecond().saturating_sub(DAY_SECONDS * 1_000_000);
        let day_ago = Timestamp::from_microsecond(day_ago).unwrap_or(Timestamp::MIN);
        let average = db.one(sql, args![Status::Delivered, day_ago, now], |row| row.opt("average")).await?;
        Ok(Counts { active_shipments, pending_messages, average_delivery_seconds: average.flatten() })
    }

    /// Lets the database look at what it holds, so that it finds the best ways through it. To be called every few hours;
    /// takes milliseconds. PostgreSQL does this by itself.
    ///
    /// # Errors
    /// As the database says.
    pub async fn maintain(&self) -> Result<()> {
        let Some(statements) = self.dialect().gather_statistics() else {
            return Ok(());
        };
        let mut tx = self.begin(Scope::System).await?;
        for statement in statements {
            tx.fetch(statement, Vec::new()).await?;
        }
        tx.commit().await
    }

    /// Lists the entries of the event log by zone where it has no index for that, if at least so many are not listed yet. To be
    /// called now and then: what is not listed is looked through by whoever asks for a zone.
    ///
    /// # Errors
    /// As the database says; what was not done is done the next time.
    pub async fn list_zones(&self, least: i64) -> Result<()> {
        if self.dialect().log_has_zone_index() {
            return Ok(());
        }
        loop {
            let mut db = self.read(Scope::System).await?;
            let Some(unlisted) = event_zones::unlisted_any_tenant(&mut db, least).await? else { return Ok(()) };
            drop(db);
            for piece in unlisted.pieces() {
                let mut tx = self.begin(Scope::System).await?;
                event_zones::insert_many_any_tenant(&mut tx, piece).await?;
                tx.commit().await?;
            }
            let mut tx = self.begin(Scope::System).await?;
            unlisted.done(&mut tx).await?;
            tx.commit().await?;
        }
    }

    /// Closes every connection. Handles that are still out fail afterwards.
    pub async fn close(&self) {
        drop(self.claim.lock().take());
        if let Some(behind) = &self.behind {
            behind.pool.close().await;
        }
        match &self.backend {
            Backend::Sqlite(file) => file.close().await,
            Backend::Postgres(pool) => pool.close().await,
        }
    }

    /// Why the database does not keep tenants apart by itself, if it does not: PostgreSQL shows superusers every row. SQLite
    /// cannot, and has no other users.
    ///
    /// # Errors
    /// As the database says.
    pub async fn row_security_gap(&self) -> Result<Option<String>> {
        let Some(question) = self.dialect().who_is_above_row_security() else { return Ok(None) };
        let mut db = self.read(Scope::System).await?;
        let role = db.one(question, Vec::new(), |row| row.get::<String>("role")).await?;
        Ok(role.map(|role| format!("the role {role} passes by row level security: use one that is no superuser")))
    }

    /// Which database this is, for reports: `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        }
    }

    fn dialect(&self) -> Dialect {
        match self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }
}

/// The path in an address of SQLite's. Parameters are refused: others take them, we would make a file of that name.
fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.is_empty() && !path.contains('?')).then_some(path)
}

pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// A database file that is removed when it is not needed any more.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = Self(std::env::temp_dir().join(format!("tracklane-{}-{number}.db", std::process::id())));
        // Another process may have had the same number and been killed.
        file.remove();
        file
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(suffix);
            let _missing = std::fs::remove_file(name);
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}

pub(crate) fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => format!("{}...{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}
