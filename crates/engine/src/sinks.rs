//! Events for other systems: the event log, published to brokers. Each sink has a place in the log and a task of its own, so
//! that one that is stuck holds up neither the others nor the log. On several nodes one of them does it at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::event::{Event, LogPosition};
use tracklane_core::id::TenantId;
use tracklane_core::ports::EventSink;
use tracklane_store::{Db, Scope, cursors, events, tenants};

use crate::base::Base;
use crate::error::{Error, Result};
use crate::lease::{self, Lease};

/// How many events are taken in one turn.
const TURN: u32 = 500;
/// How long an event of another process may wait until we look.
const POLL: Duration = Duration::from_millis(500);
/// The waits after the first failure, the second, and so on: the last one again and again.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15)];

/// A broker that is told what happened.
pub struct Sink {
    /// Its name in the log, in metrics, and of its place in the event log: two have two.
    pub name: String,
    /// Event types, or groups as in `shipment.*`; all when empty.
    pub events: Vec<String>,
    /// Tenants by short name or id; all when empty.
    pub tenants: Vec<String>,
    /// Whether it is told everything that is in the log when it is new, rather than what happens from then on.
    pub from_beginning: bool,
    /// The broker.
    pub to: Arc<dyn EventSink>,
}

/// How a sink stands, for metrics and health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkState {
    /// Its name.
    pub name: String,
    /// Events that it was told by this process.
    pub published: u64,
    /// Attempts of this process that failed.
    pub failed: u64,
    /// Entries of the log that it was not told of yet.
    pub lag: u64,
    /// Why the last attempt failed; none when it did not.
    pub trouble: Option<String>,
}

/// Everybody who is told over a broker. Cheap to clone.
#[derive(Clone)]
pub struct Sinks(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    stop: CancellationToken,
    workers: Mutex<Vec<(Arc<Worker>, JoinHandle<()>)>>,
}

impl Sinks {
    pub(crate) fn new(base: Arc<Base>, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner { base, stop, workers: Mutex::default() }))
    }

    /// Begins to tell these. `source` is the address of this installation, without a slash at the end.
    pub fn start(&self, sinks: Vec<Sink>, source: &str) {
        let mut workers = self.0.workers.lock();
        for sink in sinks {
            let worker = Arc::new(Worker {
                base: self.0.base.clone(),
                cursor: format!("sink.{}", sink.name),
                source: source.to_owned(),
                published: AtomicU64::new(0),
                failed: AtomicU64::new(0),
                trouble: Mutex::default(),
                sink,
            });
            let task = tokio::spawn(worker.clone().run(self.0.stop.clone()));
            workers.push((worker, task));
        }
    }

    /// How they stand.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn states(&self) -> Result<Vec<SinkState>> {
        let workers: Vec<_> = self.0.workers.lock().iter().map(|(worker, _)| worker.clone()).collect();
        if workers.is_empty() {
            return Ok(Vec::new());
        }
        let mut db = self.0.base.store.read(Scope::System).await?;
        let head = events::head_any_tenant(&mut db).await?;
        let mut states = Vec::with_capacity(workers.len());
        for worker in workers {
            let reached = cursors::get_any_tenant(&mut db, &worker.cursor).await?;
            states.push(SinkState {
                name: worker.sink.name.clone(),
                published: worker.published.load(Ordering::Relaxed),
                failed: worker.failed.load(Ordering::Relaxed),
                lag: u64::try_from(head.number - reached.number).unwrap_or(0),
                trouble: worker.trouble.lock().clone(),
            });
        }
        Ok(states)
    }

    /// The names of the sinks, and why the last attempt of each failed; none when it did not.
    pub fn troubles(&self) -> Vec<(String, Option<String>)> {
        let workers = self.0.workers.lock();
        workers.iter().map(|(worker, _)| (worker.sink.name.clone(), worker.trouble.lock().clone())).collect()
    }

    /// Waits until nothing more is published: after `stop` was cancelled.
    pub(crate) async fn stopped(&self) {
        let workers = std::mem::take(&mut *self.0.workers.lock());
        for (worker, task) in workers {
            if let Err(error) = task.await {
                tracing::error!(sink = worker.sink.name, %error, "a sink has failed");
            }
        }
    }
}

struct Worker {
    base: Arc<Base>,
    sink: Sink,
    cursor: String,
    source: String,
    published: AtomicU64,
    failed: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Worker {
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut lease = Lease::new(self.base.clone(), self.cursor.clone());
        let mut changed = self.base.store.events_changed();
        let mut failures = 0;
        loop {
            // Before the look, so that what is appended during it wakes us.
            changed.borrow_and_update();
            let Some(turn) = stop.run_until_cancelled(self.turn(&mut lease)).await else { break };
            let (wait, wakes) = match turn {
                Ok(Turn::More) => {
                    failures = 0;
                    continue;
                }
                Ok(Turn::Done) => {
                    failures = 0;
                    (POLL, true)
                }
                Ok(Turn::NotOurs) => (lease::WAIT, false),
                Err(error) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    if failures == 0 {
                        tracing::warn!(sink = self.sink.name, %error, "events are not published; it will be tried again");
                    }
                    *self.trouble.lock() = Some(error.to_string());
                    // Another node may have better luck.
                    let _ = lease.release().await;
                    failures += 1;
                    (PAUSES[failures.min(PAUSES.len()) - 1], false)
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(()) = changed.changed(), if wakes => {}
                () = sleep(wait) => {}
            }
        }
        if let Err(error) = lease.release().await {
            tracing::debug!(sink = self.sink.name, %error, "a lease was not given back");
        }
    }

    /// Publishes some events.
    async fn turn(&self, lease: &mut Lease) -> Result<Turn> {
        if !lease.is_ours().await? {
            *self.trouble.lock() = None;
            return Ok(Turn::NotOurs);
        }
        let mut db = self.base.store.read(Scope::System).await?;
        let Some(from) = cursors::find_any_tenant(&mut db, &self.cursor).await? else {
            // From now on it has a place, be it the beginning of an empty log.
            let start = LogPosition::default();
            let place = if self.sink.from_beginning { start } else { events::head_any_tenant(&mut db).await? };
            drop(db);
            self.advance(start, place).await?;
            return Ok(Turn::More);
        };
        let found = events::after_any_tenant(&mut db, from, TURN).await?;
        let Some((to, _)) = found.last() else {
            *self.trouble.lock() = None;
            return Ok(Turn::Done);
        };
        let (to, more) = (*to, found.len() >= TURN as usize);
        let tenants = self.tenants(&mut db).await?;
        drop(db);
        let wanted = found.iter().map(|(_, event)| event).filter(|event| self.wants(event, tenants.as_ref()));
        let wanted: Vec<CloudEvent> = wanted.map(|event| CloudEvent::new(event, &self.source)).collect();
        for wave in waves(wanted) {
            let count = wave.len() as u64;
            // Beyond the lease another node publishes the same.
            match timeout(lease.remaining(), self.sink.to.publish(wave)).await {
                Ok(Ok(())) => self.published.fetch_add(count, Ordering::Relaxed),
                Ok(Err(error)) => return Err(Error::Unavailable(error.to_string())),
                Err(_) => return Err(Error::Unavailable("the broker does not answer".to_owned())),
            };
            if !lease.is_ours().await? {
                return Ok(Turn::NotOurs);
            }
        }
        self.advance(from, to).await?;
        *self.trouble.lock() = None;
        Ok(if more { Turn::More } else { Turn::Done })
    }

    async fn advance(&self, from: LogPosition, to: LogPosition) -> Result<()> {
        let mut tx = self.base.store.begin(Scope::System).await?;
        // Where another node was faster, its place stands.
        if cursors::advance_any_tenant(&mut tx, &self.cursor, from, to).await? {
            tx.commit().await?;
        }
        Ok(())
    }

    /// Whose events are wanted; none for everybody's.
    async fn tenants(&self, db: &mut Db) -> Result<Option<HashSet<TenantId>>> {
        if self.sink.tenants.is_empty() {
            return Ok(None);
        }
        let mut wanted = HashSet::new();
        for name in &self.sink.tenants {
            match name.parse() {
                Ok(id) => wanted.insert(id),
                Err(_) => match tenants::find_by_slug_any_tenant(db, name).await? {
                    Some(tenant) => wanted.insert(tenant.id),
                    // It may be made later.
                    None => false,
                },
            };
        }
        Ok(Some(wanted))
    }

    fn wants(&self, event: &Event, tenants: Option<&HashSet<TenantId>>) -> bool {
        let kinds = &self.sink.events;
        (kinds.is_empty() || kinds.iter().any(|filter| event.kind.matches(filter)))
            && tenants.is_none_or(|tenants| tenants.contains(&event.tenant_id))
    }
}

/// What came of a turn.
enum Turn {
    /// There may be more at once.
    More,
    /// There is nothing more for now.
    Done,
    /// Another node does it.
    NotOurs,
}

/// Parts events so that no part holds two with the same key, and the order of those with one key is that of the parts: when
/// an event of a part is not published, none after it of the same key is.
fn waves(events: Vec<CloudEvent>) -> Vec<Vec<CloudEvent>> {
    let mut seen = std::collections::HashMap::<String, usize>::new();
    let mut waves: Vec<Vec<CloudEvent>> = Vec::new();
    for event in events {
        let wave = seen.entry(event.partition_key()).or_insert(0);
        if *wave == waves.len() {
            waves.push(Vec::new());
        }
        waves[*wave].push(event);
        *wave += 1;
    }
    waves
}
