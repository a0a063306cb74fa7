//! Writing by several processes at once, each for the partitions of the position stream that it tracks.
//!
//! What waits goes to `COPY` in one transaction, which also says up to which record of which partition that is, if the partition is
//! still the writer's. A database that does not answer is asked until it does: the stream has the positions.
//!
//! The number of a row is that of its transaction with its place in it. Transactions hold a lock from before they get their
//! number to their end, and share it; whoever takes it alone knows that what comes later has higher numbers.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{
    Appended, AreaPage, AreaQuery, BoxFuture, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory, Retained,
    StreamedHistory, Tenure,
};
use tracklane_core::position::Position;

use super::partitions::{Window, run};
use super::queue::Rows;
use super::reads::Reads;
use super::writer::{SESSION, WRITER_LOCK, Windows, make_tables};
use super::{BUSY, PgHistory, rows, to_port};
use crate::db::Scope;
use crate::db::postgres::{from_sqlx, take_lock};
use crate::error::Error;

/// Shared by the transactions that write; taken alone by who wants to know which numbers are all there.
const SHARED: &str = "SELECT pg_advisory_xact_lock_shared(8380918446131413)";
/// Waits for every transaction that writes, to the end of the transaction.
pub(super) const ALONE: &str = "SELECT pg_advisory_xact_lock(8380918446131413)";
/// So many rows have a place in a transaction: twice as many as [`MOST`] together with a batch.
const ROWS: i64 = 1 << 20;
/// So many rows go into one transaction, and what comes with the last of them.
const MOST: usize = 100_000;
/// The pause before a database that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);

type Outcome = Result<(), Error>;

/// What one call brings.
struct Append {
    tenure: Tenure,
    last: Lsn,
    parts: Vec<(Window, Encoded)>,
    done: oneshot::Sender<Outcome>,
}

/// The rows of one call in one window.
#[derive(Default)]
struct Encoded {
    rows: Vec<u8>,
    /// Where the number of each goes.
    places: Vec<usize>,
}

/// Positions of all devices in a PostgreSQL database that several processes write to.
pub struct PgStreamedHistory {
    inner: Arc<Inner>,
    appends: Mutex<Option<mpsc::UnboundedSender<Append>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
}

struct Inner {
    options: PgConnectOptions,
    reads: Reads,
    /// How many positions wait or are being written.
    weight: AtomicUsize,
    /// What does not work at the moment.
    trouble: Mutex<Option<String>>,
}

impl PgStreamedHistory {
    /// Connects to the database at `url` and makes what is missing there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer, or when a process that has no stream writes positions to it;
    /// [`Error::Migration`] when a newer program made the tables.
    pub async fn open(url: &str) -> Result<Self, Error> {
        PgHistory::check_url(url)?;
        let options = PgConnectOptions::from_str(url).map_err(|error| from_sqlx(&error))?;
        let connection = connect(&options).await?;
        let inner = Arc::new(Inner {
            reads: Reads::new(options.clone()),
            options,
            weight: AtomicUsize::new(0),
            trouble: Mutex::default(),
        });
        let (appends, queue) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let writer = Writer { inner: inner.clone(), connection: Some(connection), stop: stop.clone() };
        let writer = tokio::spawn(writer.run(queue));
        Ok(Self { inner, appends: Mutex::new(Some(appends)), writer: Mutex::new(Some(writer)), stop })
    }

    /// Refuses further appends, makes the waiting ones durable if the database answers, and lets it go.
    pub async fn close(&self) {
        self.appends.lock().take();
        self.stop.cancel();
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the writer of positions ended badly");
        }
        self.inner.reads.close().await;
    }
}

async fn connect(options: &PgConnectOptions) -> Result<(PgConnection, Windows), Error> {
    let mut connection = options.connect().await.map_err(|error| from_sqlx(&error))?;
    connection.execute(SESSION).await.map_err(|error| from_sqlx(&error))?;
    if !take_lock(&mut connection, WRITER_LOCK, true).await? {
        return Err(Error::Unavailable(
            "a server without a position stream writes positions to this database".to_owned(),
        ));
    }
    make_tables(&mut connection).await?;
    // Numbers that one process gave by itself are before every one that comes.
    let (transaction, next): (i64, i64) = {
        let sql = "SELECT last_value, (SELECT next_lsn FROM position_log WHERE id = 1) FROM position_transactions";
        sqlx::query_as(sql).fetch_one(&mut connection).await.map_err(|error| from_sqlx(&error))?
    };
    if transaction <= next / ROWS {
        let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
        run(&mut tx, ALONE.to_owned()).await?;
        let sql = "SELECT setval('position_transactions', $1) FROM position_transactions WHERE last_value < $1";
        sqlx::query(sql).bind(next / ROWS + 1).execute(&mut *tx).await.map_err(|error| from_sqlx(&error))?;
        tx.commit().await.map_err(|error| from_sqlx(&error))?;
    }
    let windows = Windows::list(&mut connection).await?;
    Ok((connection, windows))
}

/// The first number that no transaction has given to a row; 1 when there was none.
pub(super) async fn given(connection: &mut PgConnection) -> Result<i64, Error> {
    let sql = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM position_transactions";
    let last: i64 = sqlx::query_scalar(sql).fetch_one(connection).await.map_err(|error| from_sqlx(&error))?;
    Ok(if last == 0 { 1 } else { (last + 1) * ROWS })
}

struct Writer {
    inner: Arc<Inner>,
    /// None after a failure, until the next try.
    connection: Option<(PgConnection, Windows)>,
    stop: CancellationToken,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Append>) {
        while let Some(first) = queue.recv().await {
            let mut group = vec![first];
            let mut count = weight(&group[0]);
            while count < MOST
                && let Ok(more) = queue.try_recv()
            {
                count += weight(&more);
                group.push(more);
            }
            self.write(group).await;
            self.inner.weight.fetch_sub(count, Ordering::Relaxed);
        }
        if let Some((connection, _)) = self.connection
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "failed to close the connection that writes positions");
        }
    }

    /// Writes a group, as often as it takes.
    async fn write(&mut self, group: Vec<Append>) {
        let mut fenced = HashSet::new();
        let outcome = loop {
            match self.try_write(&group, &mut fenced).await {
                Ok(()) => break Ok(()),
                // Without them, then.
                Err(Error::Fenced) => {}
                Err(error) => {
                    // Whatever is half done goes with the connection.
                    self.connection = None;
                    if self.inner.trouble.lock().replace(error.to_string()).is_none() {
                        tracing::error!(%error, "positions are not written; they wait in the stream");
                    }
                    if self.stop.is_cancelled() {
                        break Err(error);
                    }
                    tokio::select! {
                        () = self.stop.cancelled() => {}
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
            }
        };
        if outcome.is_ok() && self.inner.trouble.lock().take().is_some() {
            tracing::info!("positions are written again");
        }
        for append in group {
            let outcome = if fenced.contains(&append.tenure) { Err(Error::Fenced) } else { outcome.clone() };
            // Whoever waited may have gone away; the positions are kept all the same.
            let _ = append.done.send(outcome);
        }
    }

    /// # Errors
    /// [`Error::Fenced`] when there are more of those in `fenced` than before: nothing is written then.
    async fn try_write(&mut self, group: &[Append], fenced: &mut HashSet<Tenure>) -> Result<(), Error> {
        let mut lasts = BTreeMap::<u32, (Tenure, Lsn)>::new();
        let wanted = || group.iter().filter(|append| !fenced.contains(&append.tenure) && !append.parts.is_empty());
        for append in wanted() {
            let place = lasts.entry(append.tenure.partition).or_insert((append.tenure, 0));
            // Of two tenures that this process had one after the other the earlier one is over.
            if append.tenure.epoch >= place.0.epoch {
                *place = (append.tenure, place.1.max(append.last));
            }
        }
        if lasts.is_empty() {
            return Ok(());
        }
        let is_over = |tenure: &Tenure| lasts.get(&tenure.partition).is_some_and(|(newest, _)| newest != tenure);
        let over: Vec<Tenure> = wanted().map(|append| append.tenure).filter(is_over).collect();
        if !over.is_empty() {
            fenced.extend(over);
            return Err(Error::Fenced);
        }
        let windows_of = wanted().flat_map(|append| &append.parts).map(|(window, _)| *window).collect();
        if self.connection.is_none() {
            self.connection = Some(connect(&self.inner.options).await?);
        }
        let Some((connection, windows)) = &mut self.connection else { return Err(Error::Spent) };
        windows.provide(connection, &windows_of).await?;
        let mut tx = connection.begin().await.map_err(|error| from_sqlx(&error))?;
        run(&mut tx, SHARED.to_owned()).await?;
        for (tenure, last) in lasts.values() {
            let sql = "UPDATE position_partitions SET written = $3 FROM position_partitions before \
                       WHERE position_partitions.partition = $1 AND position_partitions.epoch = $2 \
                       AND before.partition = $1 RETURNING before.written";
            let before: Option<i64> = sqlx::query_scalar(sql)
                .bind(i64::from(tenure.partition))
                .bind(tenure.epoch)
                .bind(last.cast_signed())
                .fetch_optional(&mut *tx)
                .await
                .map_err(|error| from_sqlx(&error))?;
            let Some(before) = before else {
                fenced.insert(*tenure);
                tx.rollback().await.map_err(|error| from_sqlx(&error))?;
                return Err(Error::Fenced);
            };
            if before.cast_unsigned() >= *last {
                // It was committed the last time, and nobody heard of it.
                return tx.rollback().await.map_err(|error| from_sqlx(&error));
            }
        }
        let sql = "SELECT nextval('position_transactions')";
        let number: i64 = sqlx::query_scalar(sql).fetch_one(&mut *tx).await.map_err(|error| from_sqlx(&error))?;
        let rows = numbered(wanted().flat_map(|append| &append.parts), (number * ROWS).cast_unsigned());
        // Where a window was dropped that we knew this fails; a new connection knows the windows that are there.
        windows.copy(&mut tx, &rows).await?;
        tx.commit().await.map_err(|error| from_sqlx(&error))
    }
}

fn weight(append: &Append) -> usize {
    append.parts.iter().map(|(_, part)| part.places.len()).sum()
}

/// Rows with their numbers, from this one on.
fn numbered<'a>(parts: impl Iterator<Item = &'a (Window, Encoded)>, first: Lsn) -> Rows {
    let (mut all, mut next) = (Rows::new(), first);
    for (window, part) in parts {
        let rows = all.entry(*window).or_default();
        let begin = rows.len();
        rows.extend_from_slice(&part.rows);
        for place in &part.places {
            rows::put_number(rows, begin + place, next);
            next += 1;
        }
    }
    all
}

impl PositionHistory for PgStreamedHistory {
    fn append(&self, batch: Vec<Position>) -> Result<Appended, HistoryError> {
        if batch.is_empty() {
            return Ok(Appended { first: 0, next: 0, durable: Box::pin(std::future::ready(Ok(()))) });
        }
        Err(HistoryError::Io("positions of this history come from the position stream".to_owned()))
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn waiting(&self) -> usize {
        self.inner.weight.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.waiting() >= BUSY
    }

    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>> {
        Box::pin(self.inner.reads.range(query))
    }

    fn area(&self, query: AreaQuery) -> BoxFuture<'_, Result<AreaPage, HistoryError>> {
        Box::pin(self.inner.reads.area(query))
    }

    fn erase(&self, tenant_id: TenantId, device_id: Option<DeviceId>) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(self.inner.reads.erase(tenant_id, device_id))
    }

    fn retain(&self, limits: Vec<Limits>) -> BoxFuture<'_, Result<Retained, HistoryError>> {
        Box::pin(self.inner.reads.retain(limits))
    }

    fn replay(&self, _: Lsn, _: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError> {
        // The stream has what is not applied.
        Ok(())
    }

    fn checkpoint(&self, _: Lsn) -> Result<(), HistoryError> {
        Ok(())
    }

    fn next_lsn(&self) -> Lsn {
        0
    }

    fn health(&self) -> Result<(), String> {
        if self.writer.lock().as_ref().is_none_or(JoinHandle::is_finished) {
            return Err("position history is closed".to_owned());
        }
        self.inner.trouble.lock().clone().map_or(Ok(()), Err)
    }
}

impl StreamedHistory for PgStreamedHistory {
    fn take_over(&self, tenure: Tenure, end: Lsn) -> BoxFuture<'_, Result<Lsn, HistoryError>> {
        Box::pin(async move {
            let mut handle = self.inner.reads.handle(Scope::System).await?;
            let sql = "INSERT INTO position_partitions (partition, epoch, written) VALUES ($1, $2, 0) \
                       ON CONFLICT (partition) DO UPDATE SET epoch = excluded.epoch, \
                       written = CASE WHEN position_partitions.written > $3 THEN $3 ELSE position_partitions.written END \
                       WHERE position_partitions.epoch < excluded.epoch RETURNING written";
            let written: Option<i64> = sqlx::query_scalar(sql)
                .bind(i64::from(tenure.partition))
                .bind(tenure.epoch)
                .bind(i64::try_from(end).unwrap_or(i64::MAX))
                .fetch_optional(&mut *handle)
                .await
                .map_err(|error| to_port(&from_sqlx(&error)))?;
            written.map(i64::cast_unsigned).ok_or(HistoryError::Fenced)
        })
    }

    fn append_streamed(
        &self,
        tenure: Tenure,
        last: Lsn,
        batch: Vec<Position>,
    ) -> BoxFuture<'static, Result<(), HistoryError>> {
        // Encoded here, by many threads, rather than by the one that everybody waits for.
        let mut encoded = BTreeMap::<Window, Encoded>::new();
        for position in &batch {
            let part = encoded.entry(Window::of(position)).or_default();
            match rows::encode(position, &mut part.rows) {
                Ok(place) => part.places.push(place),
                Err(error) => return Box::pin(std::future::ready(Err(to_port(&error)))),
            }
        }
        let parts = encoded.into_iter().collect();
        let (done, durable) = oneshot::channel();
        self.inner.weight.fetch_add(batch.len(), Ordering::Relaxed);
        if let Some(appends) = &*self.appends.lock() {
            // A writer that has ended tells nobody, which says that.
            let _ = appends.send(Append { tenure, last, parts, done });
        }
        Box::pin(async move {
            let closed = || Err(Error::Unavailable("position history is closed".to_owned()));
            durable.await.unwrap_or_else(|_| closed()).map_err(|error| to_port(&error))
        })
    }
}
