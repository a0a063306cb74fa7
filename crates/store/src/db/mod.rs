//! The handles, and the one place that knows that there are two databases.

pub(crate) mod postgres;
pub(crate) mod row;
pub(crate) mod sqlite;
pub(crate) mod value;

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use tokio::sync::watch;
use tracklane_core::id::TenantId;
use uuid::Uuid;

use self::postgres::PgHandle;
pub(crate) use self::row::{Column, Row, corrupt};
use self::sqlite::SqliteHandle;
pub use self::value::has_nul;
pub(crate) use self::value::{Value, args};
use crate::dialect::Dialect;
use crate::error::{Error, Result};

/// Whose rows a handle may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The rows of one tenant.
    Tenant(TenantId),
    /// All rows: bootstrap, workers, look-ups before the tenant is known.
    System,
}

pub(crate) enum Connection {
    Sqlite(SqliteHandle),
    Postgres(PgHandle),
}

/// A handle to the database with the scope of its caller. Every table function takes one.
pub struct Db {
    scope: Scope,
    connection: Connection,
    /// A statement has failed.
    spent: bool,
    /// An event was appended.
    pub(crate) appended: bool,
}

impl Db {
    pub(crate) fn new(scope: Scope, connection: Connection) -> Self {
        Self { scope, connection, spent: false, appended: false }
    }

    /// Whose rows this handle may touch.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Narrows a handle of the system to one tenant, for the rest of its life: so a worker can move its own cursor and
    /// then change a tenant's tables in one transaction.
    ///
    /// # Errors
    /// [`Error::Scope`] when the handle belongs to another tenant.
    pub fn narrow(&mut self, tenant_id: TenantId) -> Result<()> {
        self.check_tenant(tenant_id)?;
        self.scope = Scope::Tenant(tenant_id);
        Ok(())
    }

    /// The tenant of this handle.
    pub fn tenant(&self) -> Result<TenantId> {
        match self.scope {
            Scope::Tenant(id) => Ok(id),
            Scope::System => Err(Error::Scope("a tenant's handle is needed, this one is of the system")),
        }
    }

    /// Whether these records are, as this transaction sees them, as they were at an instant that [`Tx::commit_seen`] answered:
    /// then what was kept since needs not be read again. Never where others may write, too.
    pub fn sees_unchanged(&self, then: u64, ids: &[Uuid]) -> bool {
        match &self.connection {
            Connection::Sqlite(handle) => handle.sees_unchanged(then, ids),
            Connection::Postgres(_) => false,
        }
    }

    /// Refuses a tenant's handle.
    pub(crate) fn check_system(&self) -> Result<()> {
        match self.scope {
            Scope::Tenant(_) => Err(Error::Scope("a handle of the system is needed, this one is of a tenant")),
            Scope::System => Ok(()),
        }
    }

    /// Refuses a record of another tenant than the handle's.
    pub(crate) fn check_tenant(&self, tenant_id: TenantId) -> Result<()> {
        match self.scope {
            Scope::Tenant(id) if id != tenant_id => Err(Error::Scope("the record belongs to another tenant")),
            Scope::Tenant(_) | Scope::System => Ok(()),
        }
    }

    /// Spends the transaction for an error that the database did not see.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.spent = true;
        error
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement and answers how many rows it changed.
    pub(crate) async fn run(&mut self, sql: impl Into<Cow<'static, str>>, args: Vec<Value>) -> Result<u64> {
        let sql = sql.into();
        self.check_usable()?;
        let outcome = match &mut self.connection {
            Connection::Sqlite(handle) => handle.run(sql, args).await,
            Connection::Postgres(handle) => handle.run(self.scope, sql, args).await,
        };
        self.spent |= outcome.is_err();
        outcome
    }

    /// Runs a statement and answers its rows.
    pub(crate) async fn fetch(&mut self, sql: impl Into<Cow<'static, str>>, args: Vec<Value>) -> Result<Vec<Row>> {
        let sql = sql.into();
        self.check_usable()?;
        let outcome = match &mut self.connection {
            Connection::Sqlite(handle) => handle.fetch(sql, args).await,
            Connection::Postgres(handle) => handle.fetch(self.scope, sql, args).await,
        };
        self.spent |= outcome.is_err();
        outcome
    }

    /// Runs a statement and reads its rows.
    pub(crate) async fn many<T>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Value>,
        read: fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.fetch(sql, args).await?.iter().map(read).collect()
    }

    /// Runs a statement and reads its first row.
    pub(crate) async fn one<T>(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Value>,
        read: fn(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        self.fetch(sql, args).await?.first().map(read).transpose()
    }

    /// Runs several statements without parameters.
    pub(crate) async fn script(&mut self, sql: String) -> Result<()> {
        self.check_usable()?;
        let outcome = match &mut self.connection {
            Connection::Sqlite(handle) => handle.script(sql).await,
            Connection::Postgres(handle) => handle.script(self.scope, sql).await,
        };
        self.spent |= outcome.is_err();
        outcome
    }

    /// A transaction that has failed takes no more statements: PostgreSQL would refuse them, and SQLite may have rolled
    /// back by itself, so that they would stand alone. A reader goes on.
    fn check_usable(&self) -> Result<()> {
        let in_transaction = match &self.connection {
            Connection::Sqlite(handle) => matches!(handle, SqliteHandle::Transaction(_)),
            Connection::Postgres(handle) => handle.is_transaction(),
        };
        if self.spent && in_transaction { Err(Error::Spent) } else { Ok(()) }
    }
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
pub struct Tx {
    db: Db,
    wake: Wake,
}

/// Who is told that events were appended.
#[derive(Clone)]
pub(crate) struct Wake {
    /// Whoever in this process waits for events, of whatever process.
    pub changed: watch::Sender<u64>,
    /// Those who tell other processes of the events of this one.
    pub own: watch::Sender<u64>,
}

impl Tx {
    pub(crate) fn new(db: Db, wake: Wake) -> Self {
        Self { db, wake }
    }

    /// Makes the changes durable. If events were appended, everybody who waits for them wakes.
    ///
    /// # Errors
    /// [`Error::Spent`] after an earlier error in this transaction; otherwise as the database says. After an error nothing
    /// was changed, except for [`Error::Unavailable`]: then it is not known.
    pub async fn commit(self) -> Result<()> {
        self.commit_seen().await.map(drop)
    }

    /// As [`Tx::commit`]. Answers as of when what was written is seen by transactions, for [`Db::sees_unchanged`]; none where
    /// others may write, too.
    ///
    /// # Errors
    /// Those of [`Tx::commit`].
    pub async fn commit_seen(self) -> Result<Option<u64>> {
        self.db.check_usable()?;
        let seen = match self.db.connection {
            Connection::Sqlite(handle) => handle.commit().await?,
            Connection::Postgres(handle) => {
                handle.commit().await?;
                None
            }
        };
        if self.db.appended {
            for count in [&self.wake.changed, &self.wake.own] {
                count.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
        Ok(seen)
    }
}

impl Deref for Tx {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Db {
        &mut self.db
    }
}

/// Our word for what sqlx itself says, whatever the database.
fn from_driver(error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Error::Full,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::Unavailable(error.to_string()),
        _ => Error::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
