//! The one task that writes: everything that waits goes into one transaction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tracklane_core::ports::Lsn;

use super::partitions::{self, Window, run};
use super::queue::{Group, Rows, Work};
use super::rows::{COLUMNS, HEADER, TRAILER};
use super::{Inner, streamed};
use crate::db::postgres::{from_sqlx, take_lock};
use crate::error::{Error, Result};

/// Held by who writes positions to a database.
pub(super) const WRITER_LOCK: i64 = 8_380_918_446_131_410;
/// Held while the tables are made.
const SCHEMA_LOCK: i64 = 8_380_918_446_131_411;
/// The form of the tables that this program knows.
const FORMAT: i64 = 1;
/// A commit waits for the disk whatever the database's own setting is; nobody waits for a lock for ever, nor for a process that began to
/// write and hangs.
pub(super) const SESSION: &str = "SET synchronous_commit = on; SET lock_timeout = '10s'; SET statement_timeout = '30s'; \
                                  SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning";
/// What the database says of a table that is not there.
const UNDEFINED_TABLE: &str = "(42P01)";
/// So much goes to the database in one message.
const CHUNK: usize = 256 << 10;

pub(super) struct Writer {
    options: PgConnectOptions,
    /// None after a failure, until the next try.
    connection: Option<PgConnection>,
    next: Lsn,
    windows: Windows,
}

/// Which windows have a partition of their own.
#[derive(Clone, Default)]
pub(super) struct Windows {
    pub known: BTreeSet<Window>,
    /// Those that cannot have one.
    pub shared: BTreeSet<Window>,
}

impl Windows {
    /// Those that are there.
    pub async fn list(connection: &mut PgConnection) -> Result<Self> {
        Ok(Self { known: partitions::list(connection).await?, shared: BTreeSet::new() })
    }

    /// Makes those of these rows that are missing.
    pub async fn provide(&mut self, connection: &mut PgConnection, wanted: &BTreeSet<Window>) -> Result<()> {
        partitions::provide(connection, wanted, &mut self.known, &mut self.shared).await
    }

    /// Gives rows to the tables of their windows.
    pub async fn copy(&self, connection: &mut PgConnection, rows: &Rows) -> Result<()> {
        for (window, rows) in rows {
            let own = self.known.contains(window);
            let table = if own { *window } else { Window::EARLY }.name();
            copy(connection, &table, rows).await?;
        }
        Ok(())
    }
}

/// Makes the tables that are missing, and checks that this program knows their form.
pub(super) async fn make_tables(connection: &mut PgConnection) -> Result<()> {
    let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
    run(&mut tx, format!("SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")).await?;
    run(&mut tx, include_str!("schema.postgres.sql").to_owned()).await?;
    check_format(log(&mut tx).await?.0)?;
    tx.commit().await.map_err(|error| from_sqlx(&error))
}

impl Writer {
    pub async fn open(options: &PgConnectOptions) -> Result<Self> {
        let mut connection = options.connect().await.map_err(|error| from_sqlx(&error))?;
        connection.execute(SESSION).await.map_err(|error| from_sqlx(&error))?;
        // The lock comes first: who does not get it changes nothing.
        if !take_lock(&mut connection, WRITER_LOCK, false).await? {
            return Err(Error::Unavailable("another process writes positions to this database".to_owned()));
        }
        make_tables(&mut connection).await?;
        super::retain::remove_leftovers(&mut connection).await?;
        // Numbers that transactions of several processes gave are before every one that comes.
        let sql = "UPDATE position_log SET next_lsn = $1 WHERE next_lsn < $1";
        let given = streamed::given(&mut connection).await?;
        sqlx::query(sql).bind(given).execute(&mut connection).await.map_err(|error| from_sqlx(&error))?;
        let (_, next) = log(&mut connection).await?;
        let windows = Windows::list(&mut connection).await?;
        Ok(Self { options: options.clone(), connection: Some(connection), next, windows })
    }

    pub fn next_lsn(&self) -> Lsn {
        self.next
    }

    /// The task's work: until the queue is closed and empty.
    pub async fn run(mut self, inner: Arc<Inner>) {
        loop {
            match inner.queue.take().await {
                Work::Write(group) => self.write(&inner, group).await,
                Work::Try(asked) => {
                    let outcome = self.connected().await.map(drop);
                    if outcome.is_ok() {
                        inner.trouble.lock().take();
                        inner.queue.go_on(self.next);
                    }
                    asked.into_iter().for_each(|done| drop(done.send(outcome.clone())));
                }
                Work::End => break,
            }
        }
        inner.queue.end();
        if let Some(connection) = self.connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "failed to close the connection that writes positions");
        }
    }

    async fn write(&mut self, inner: &Inner, group: Group) {
        let first = self.next;
        let mut outcome = self.try_write(&group).await;
        if matches!(outcome, Err(Error::Unavailable(_))) {
            // The connection may have been cut, with the commit or without it: the number of the next record tells.
            outcome = match self.connected().await.map(drop) {
                Ok(()) if self.next == first + group.count => Ok(()),
                Ok(()) if self.next == first => self.try_write(&group).await,
                Ok(()) => Err(Error::Other("somebody else wrote positions to this database".to_owned())),
                Err(error) => Err(error),
            };
        }
        match &outcome {
            Ok(()) => {
                self.next = first + group.count;
                inner.durable.store(self.next, Ordering::Release);
                if inner.trouble.lock().take().is_some() {
                    tracing::info!("positions are written again");
                }
            }
            Err(error) => {
                tracing::error!(%error, "positions are not written");
                *inner.trouble.lock() = Some(error.to_string());
                inner.queue.fail(error, self.next);
            }
        }
        inner.queue.complete(group, &outcome);
    }

    /// The connection; a new one, with the number that the database says, when the last one failed.
    async fn connected(&mut self) -> Result<&mut PgConnection> {
        if self.connection.is_none() {
            let again = Self::open(&self.options).await?;
            (self.connection, self.next, self.windows) = (again.connection, again.next, again.windows);
        }
        self.connection.as_mut().ok_or_else(|| Error::Unavailable("no connection".to_owned()))
    }

    async fn try_write(&mut self, group: &Group) -> Result<()> {
        self.connected().await?;
        let (first, mut windows) = (self.next, std::mem::take(&mut self.windows));
        let connection = self.connected().await?;
        let mut written = write(connection, group, first, &mut windows).await;
        if matches!(&written, Err(Error::Other(text)) if text.contains(UNDEFINED_TABLE)) {
            // A window was dropped that we knew; what comes late for it goes into a new one.
            windows = Windows::list(connection).await?;
            written = write(connection, group, first, &mut windows).await;
        }
        if written.is_ok() {
            self.windows = windows;
        } else {
            // Whatever is half done goes with the connection.
            self.connection = None;
        }
        written
    }
}

async fn write(connection: &mut PgConnection, group: &Group, first: Lsn, windows: &mut Windows) -> Result<()> {
    if group.count == 0 {
        return Ok(());
    }
    windows.provide(connection, &group.rows.keys().copied().collect()).await?;
    let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
    let moved = sqlx::query("UPDATE position_log SET next_lsn = $2 WHERE next_lsn = $1")
        .bind(first.cast_signed())
        .bind((first + group.count).cast_signed())
        .execute(&mut *tx)
        .await
        .map_err(|error| from_sqlx(&error))?;
    if moved.rows_affected() != 1 {
        return Err(Error::Unavailable("the number of the next record has moved".to_owned()));
    }
    windows.copy(&mut tx, &group.rows).await?;
    tx.commit().await.map_err(|error| from_sqlx(&error))
}

async fn copy(connection: &mut PgConnection, table: &str, rows: &[u8]) -> Result<()> {
    let sql = format!("COPY {table} ({COLUMNS}) FROM STDIN (FORMAT binary)");
    let mut copy = connection.copy_in_raw(&sql).await.map_err(|error| from_sqlx(&error))?;
    let sent = async {
        copy.send(HEADER).await?;
        for chunk in rows.chunks(CHUNK) {
            copy.send(chunk).await?;
        }
        copy.send(TRAILER).await.map(drop)
    };
    sent.await.map_err(|error| from_sqlx(&error))?;
    copy.finish().await.map_err(|error| from_sqlx(&error))?;
    Ok(())
}

fn check_format(format: i64) -> Result<()> {
    if format == FORMAT {
        return Ok(());
    }
    Err(Error::Migration(format!(
        "position history has format {format}, this program knows {FORMAT}: use a newer program"
    )))
}

/// Says in a line what is there.
pub(super) async fn look(options: &PgConnectOptions) -> Result<String> {
    let mut connection = options.connect().await.map_err(|error| from_sqlx(&error))?;
    let there: bool = sqlx::query_scalar("SELECT to_regclass('position_log') IS NOT NULL")
        .fetch_one(&mut connection)
        .await
        .map_err(|error| from_sqlx(&error))?;
    if !there {
        return Ok("postgres, not there yet: the first start makes it".to_owned());
    }
    let (format, next) = log(&mut connection).await?;
    check_format(format)?;
    let windows = partitions::list(&mut connection).await?.len();
    Ok(format!("postgres, {windows} weeks, {} positions written so far", next - 1))
}

/// The form of the tables, and the number of the next record.
async fn log(connection: &mut PgConnection) -> Result<(i64, Lsn)> {
    let sql = "SELECT format, next_lsn FROM position_log WHERE id = 1";
    let (format, next): (i64, i64) =
        sqlx::query_as(sql).fetch_one(connection).await.map_err(|error| from_sqlx(&error))?;
    Ok((format, next.cast_unsigned()))
}
