//! PostgreSQL: native uuid, timestamptz and jsonb.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgArgumentBuffer, PgArguments, PgConnectOptions, PgConnection, PgPoolOptions, PgTypeInfo, PgValueFormat, PgValueRef,
};
use sqlx::{Arguments, AssertSqlSafe, Decode, Encode, Executor, Postgres, Transaction, Type};
use tracklane_core::Timestamp;
use tracklane_core::id::Id as _;

use super::Scope;
use super::row::Row;
use super::value::Value;
use crate::error::{Error, Result};
use crate::settings::Settings;

/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Nobody waits for ever: not for a lock, and not for a process that began a transaction and hangs.
const SESSION: &str = "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'";

/// A handle to a PostgreSQL database.
#[derive(Clone)]
pub struct PgPool(sqlx::PgPool);

/// A connection that knows whose rows it may touch.
pub struct PgHandle {
    work: Work,
    /// What the database was told; none as long as it was told nothing.
    told: Option<Scope>,
}

/// One statement at a time, or a transaction.
enum Work {
    /// Each statement commits by itself.
    Plain(PoolConnection<Postgres>),
    /// Rolled back when dropped.
    Transaction(Transaction<'static, Postgres>),
}

impl PgPool {
    /// Connects to the database at `url`.
    pub async fn open(url: &str, settings: &Settings) -> Result<Self> {
        let (pool, options) = prepared(url, settings)?;
        Ok(Self(pool.connect_with(options).await.map_err(|error| from_sqlx(&error))?))
    }

    /// Connects to the database at `url` when it is first needed: it may be away now.
    pub fn open_lazily(url: &str, settings: &Settings) -> Result<Self> {
        let (pool, options) = prepared(url, settings)?;
        Ok(Self(pool.connect_lazy_with(options)))
    }

    /// A connection of the caller's own.
    pub async fn acquire(&self) -> Result<PgHandle> {
        let connection = self.0.acquire().await.map_err(|error| from_sqlx(&error))?;
        Ok(PgHandle { work: Work::Plain(connection), told: None })
    }

    /// Begins a transaction that may touch these rows.
    pub async fn begin(&self, scope: Scope) -> Result<PgHandle> {
        let pool = self.0.clone();
        // In one message: a transaction costs no round trip more for it.
        let begin = format!("BEGIN; SET LOCAL tracklane.scope = '{}'", word(scope));
        let transaction = to_the_end(async move { pool.begin_with(AssertSqlSafe(begin)).await }).await?;
        Ok(PgHandle { work: Work::Transaction(transaction), told: Some(scope) })
    }

    /// A connection that holds the lock with this number as long as it lives, alone or with others; none when another one holds it.
    pub async fn lock(&self, number: i64, shared: bool) -> Result<Option<PgHandle>> {
        let mut connection = self.0.acquire().await.map_err(|error| from_sqlx(&error))?;
        let locked = take_lock(&mut connection, number, shared).await?;
        Ok(locked.then(|| PgHandle { work: Work::Plain(connection), told: None }))
    }

    /// Gives everybody who listens a word.
    pub async fn notify(&self, channel: &str, word: &str) -> Result<()> {
        let said = sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(word);
        said.execute(&self.0).await.map_err(|error| from_sqlx(&error))?;
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

fn prepared(url: &str, settings: &Settings) -> Result<(PgPoolOptions, PgConnectOptions)> {
    let options = PgConnectOptions::from_str(url).map_err(|error| from_sqlx(&error))?;
    let node = settings.node.map_or_else(String::new, |node| format!("; SET tracklane.node = '{node}'"));
    let session = format!("{SESSION}; SET statement_timeout = '{}s'{node}", settings.statement_timeout_seconds);
    let pool = PgPoolOptions::new().max_connections(settings.connections).acquire_timeout(ACQUIRE_TIMEOUT);
    let pool = pool.after_connect(move |connection, _| {
        let session = session.clone();
        Box::pin(async move { connection.execute(AssertSqlSafe(session)).await.map(drop) })
    });
    Ok((pool, options))
}

impl PgHandle {
    fn connection(&mut self) -> &mut PgConnection {
        match &mut self.work {
            Work::Plain(connection) => connection,
            Work::Transaction(transaction) => transaction,
        }
    }

    /// Whether several statements make one change.
    pub fn is_transaction(&self) -> bool {
        matches!(self.work, Work::Transaction(_))
    }

    /// Tells the database whose rows the next statement may touch, unless it knows.
    async fn tell(&mut self, scope: Scope) -> Result<()> {
        if self.told != Some(scope) {
            let only_now = self.is_transaction();
            tell(self.connection(), scope, only_now).await?;
            self.told = Some(scope);
        }
        Ok(())
    }

    /// Runs a statement on these rows and answers what it says.
    pub async fn fetch(&mut self, scope: Scope, sql: Cow<'static, str>, args: Vec<Value>) -> Result<Vec<Row>> {
        self.tell(scope).await?;
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        let rows = query.fetch_all(self.connection()).await.map_err(|error| from_sqlx(&error))?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    /// Runs a statement on these rows and answers how many it changed.
    pub async fn run(&mut self, scope: Scope, sql: Cow<'static, str>, args: Vec<Value>) -> Result<u64> {
        self.tell(scope).await?;
        let query = sqlx::query_with(AssertSqlSafe(sql), bind(args)?);
        Ok(query.execute(self.connection()).await.map_err(|error| from_sqlx(&error))?.rows_affected())
    }

    /// Runs several statements without parameters on these rows.
    pub async fn script(&mut self, scope: Scope, sql: String) -> Result<()> {
        self.tell(scope).await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(self.connection()).await.map_err(|error| from_sqlx(&error))?;
        Ok(())
    }

    /// Commits a transaction.
    pub async fn commit(self) -> Result<()> {
        match self.work {
            Work::Plain(_) => Ok(()),
            Work::Transaction(transaction) => to_the_end(transaction.commit()).await,
        }
    }
}

/// How a scope is said to the database: see `migrations/0010_row_security.postgres.sql`.
fn word(scope: Scope) -> String {
    match scope {
        Scope::System => "system".to_owned(),
        Scope::Tenant(tenant_id) => tenant_id.uuid().to_string(),
    }
}

/// A process that was killed may take a moment to let go; so often and so long is waited for it.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Takes the lock with this number for as long as the connection lives; false when another one has it.
pub(crate) async fn take_lock(connection: &mut PgConnection, number: i64, shared: bool) -> Result<bool> {
    for _ in 0..LOCK_TRIES {
        let sql = if shared { "SELECT pg_try_advisory_lock_shared($1)" } else { "SELECT pg_try_advisory_lock($1)" };
        let taken = sqlx::query_scalar::<_, bool>(sql).bind(number);
        if taken.fetch_one(&mut *connection).await.map_err(|error| from_sqlx(&error))? {
            return Ok(true);
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Ok(false)
}

/// Tells the database whose rows a connection may touch: until it is told otherwise, or to the end of the transaction.
pub(crate) async fn tell(connection: &mut PgConnection, scope: Scope, only_now: bool) -> Result<()> {
    let said = sqlx::query("SELECT set_config('tracklane.scope', $1, $2)").bind(word(scope)).bind(only_now);
    said.execute(connection).await.map_err(|error| from_sqlx(&error))?;
    Ok(())
}

/// Runs in a task of its own: a caller who gives up in the middle must not leave a connection that is in a transaction
/// and does not know it, or the other way round.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = sqlx::Result<T>> + Send + 'static) -> Result<T> {
    let done = tokio::spawn(work).await.map_err(|error| Error::Unavailable(error.to_string()))?;
    done.map_err(|error| from_sqlx(&error))
}

fn bind(args: Vec<Value>) -> Result<PgArguments> {
    let mut bound = PgArguments::default();
    for value in args {
        value.check()?;
        match value {
            Value::Bool(value) => bound.add(value),
            Value::Int(value) => bound.add(value),
            Value::Real(value) => bound.add(value),
            Value::Text(value) => bound.add(value),
            Value::Bytes(value) => bound.add(value),
            Value::Uuid(value) => bound.add(value),
            Value::Time(value) => bound.add(value.map(PgTime::new)),
            Value::Json(value) => bound.add(value),
        }
        .map_err(|error| Error::Other(error.to_string()))?;
    }
    Ok(bound)
}

/// Microseconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH_OFFSET: i64 = 946_684_800_000_000;

/// The beginning of 4713 BC, before which PostgreSQL has no instants.
const FIRST_INSTANT: i64 = -211_813_488_000_000_000;

/// An instant as PostgreSQL sends it: microseconds since 2000.
pub struct PgTime(i64);

impl PgTime {
    /// What lies before the first instant that PostgreSQL knows stands for that one: older things are not kept, and a
    /// filter means the same.
    pub(crate) fn new(at: Timestamp) -> Self {
        Self((at.as_microsecond() - EPOCH_OFFSET).max(FIRST_INSTANT))
    }

    /// The same, but for a part of a microsecond, which counts as a whole one: comparing it with what is kept is exact.
    pub(crate) fn up(at: Timestamp) -> Self {
        let nanos = at.as_nanosecond();
        // Before 1970 cutting off a part is rounding up already.
        let part = nanos > 0 && nanos % 1_000 != 0;
        Self(Self::new(at).0.saturating_add(i64::from(part)))
    }

    /// As it is sent.
    pub(crate) fn to_bytes(&self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Microseconds since 1970.
    pub fn unix_micros(self) -> i64 {
        self.0.saturating_add(EPOCH_OFFSET)
    }
}

impl Type<Postgres> for PgTime {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("TIMESTAMPTZ")
    }
}

impl Encode<'_, Postgres> for PgTime {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> std::result::Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl Decode<'_, Postgres> for PgTime {
    fn decode(value: PgValueRef<'_>) -> std::result::Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Self(i64::from_be_bytes(value.as_bytes()?.try_into()?))),
            PgValueFormat::Text => Err("instants are read in binary form alone".into()),
        }
    }
}

/// Our word for what sqlx says.
pub(crate) fn from_sqlx(error: &sqlx::Error) -> Error {
    let sqlx::Error::Database(said) = error else {
        return super::from_driver(error);
    };
    let code = said.code().unwrap_or_default();
    match code.as_ref() {
        "23505" => Error::NotUnique { constraint: said.constraint().unwrap_or_default().to_owned() },
        "23503" => Error::ForeignKey,
        "53100" => Error::Full,
        // Serialization failure, deadlock, lock not available, too many connections, a statement that took too long,
        // shutting down or starting up, a read-only standby in the middle of a failover.
        "40001" | "40P01" | "55P03" | "53300" | "57014" | "57P01" | "57P02" | "57P03" | "25006" => {
            Error::Unavailable(said.message().to_owned())
        }
        _ if code.starts_with("08") => Error::Unavailable(said.message().to_owned()),
        _ => Error::Other(format!("{} ({code})", said.message())),
    }
}
