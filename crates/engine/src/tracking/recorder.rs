//! What positions led to, on its way into the store. All of one shard goes through one recorder, so that what concerns one
//! device is recorded in the order in which it happened. Nothing is recorded before the positions that it follows from are
//! durable.
//!
//! All that waits is recorded at once; where much happens, little pauses let more come together. A database that does not answer is asked until it does: those who wait are told
//! after a while, and what they sent is kept. What the process cannot record before it ends, the next one makes again
//! from the history.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::TenantId;
use tracklane_core::model::Movement;
use tracklane_core::ports::{BoxFuture, HistoryError, Tenure};
use tracklane_store::{Scope, device_states, movements, stream_partitions};

use super::persist;
use super::pipeline::{Source, Works};
use super::recorded::Held;
use super::turn::{Consequences, Failure};
use crate::error::Result;

/// How many recordings one transaction holds at most.
const MOST: usize = 1_024;
/// The least time between the beginnings of two transactions of one recorder: whoever comes after a longer pause does not
/// wait.
const GAP: Duration = Duration::from_millis(2);
/// How many recorders there are where the database takes several transactions at a time.
const SEVERAL: usize = 4;
/// The pause before a database that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// What rows of one tenant led to.
pub(super) struct Recording {
    /// The run that found it.
    pub run: u64,
    pub tenant: TenantId,
    pub led_to: Consequences,
    /// What says that it is recorded.
    pub held: Held,
    /// Ready when the positions are in history.
    pub durable: BoxFuture<'static, Result<(), HistoryError>>,
    /// Told when it is recorded.
    pub reply: oneshot::Sender<Result<(), Failure>>,
}

impl Recording {
    /// One that is nobody's submission.
    pub fn nobody_waits(
        run: u64,
        tenant: TenantId,
        led_to: Consequences,
        held: Held,
        durable: BoxFuture<'static, Result<(), HistoryError>>,
    ) -> Self {
        Self { run, tenant, led_to, held, durable, reply: oneshot::channel().0 }
    }
}

/// States, and what their devices did until lately.
pub(super) struct Saving {
    /// Under which tenure; none where there is no stream.
    pub tenure: Option<Tenure>,
    pub rows: Vec<device_states::DeviceState>,
    pub movements: Vec<(TenantId, Movement)>,
}

/// What a recorder is given.
pub(super) enum Item {
    /// Something that happened.
    Recording(Recording),
    /// States to be written down, once what they hold is durable.
    Save(Saving, BoxFuture<'static, Result<(), HistoryError>>, oneshot::Sender<Result<()>>),
    /// Tell when everything before this is done.
    Tell(oneshot::Sender<()>),
}

/// The recorders of all shards.
pub(super) struct Recorders(Vec<Recorder>);

impl Recorders {
    /// Starts them. They end, with what they cannot record left behind, when `stop` is cancelled and nothing more is given
    /// to them.
    pub fn start(works: &Arc<Works>, stop: &CancellationToken) -> (Self, Vec<JoinHandle<()>>) {
        let count = match &works.source {
            // What is refused to one partition must not hold up another.
            Source::Stream(_) => works.base.memory.states.shards(),
            Source::History if works.base.store.has_one_writer() => 1,
            Source::History => SEVERAL,
        };
        let (recorders, tasks) = (0..count).map(|_| Recorder::start(works.clone(), stop.clone())).unzip();
        (Self(recorders), tasks)
    }

    /// That of a shard.
    pub fn of(&self, shard: usize) -> &Recorder {
        &self.0[shard % self.0.len()]
    }

    /// Waits until everything that they were given is done.
    pub async fn drain(&self) {
        for recorder in &self.0 {
            recorder.drained().await;
        }
    }

    /// True when one of them cannot record any more.
    pub fn has_ended(&self) -> bool {
        self.0.iter().any(|recorder| recorder.items.is_closed())
    }

    /// How many items wait, or are being recorded.
    pub fn waiting(&self) -> usize {
        self.0.iter().map(|recorder| recorder.waiting.load(Ordering::Relaxed)).sum()
    }
}

/// The way to one recorder.
pub(super) struct Recorder {
    items: mpsc::UnboundedSender<Item>,
    waiting: Arc<AtomicUsize>,
}

impl Recorder {
    fn start(works: Arc<Works>, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let (items, queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let worker = Worker { works, waiting: waiting.clone(), stop, gave_up: false };
        let task = tokio::spawn(worker.run(queue));
        (Self { items, waiting }, task)
    }

    /// Waits until everything that it was given is done.
    pub async fn drained(&self) {
        let (reply, done) = oneshot::channel();
        self.give(Item::Tell(reply));
        // One that has ended has nothing left to do.
        let _ = done.await;
    }

    /// Gives it something. To be called under the lock of the shard, so that its order is that of the states.
    pub fn give(&self, item: Item) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // One that has ended has nobody left to tell.
        let _ = self.items.send(item);
    }
}

/// The recorder itself.
struct Worker {
    works: Arc<Works>,
    waiting: Arc<AtomicUsize>,
    stop: CancellationToken,
    /// True when something was left behind: then nothing may be recorded that comes after it.
    gave_up: bool,
}

impl Worker {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Item>) {
        let mut items = Vec::new();
        while queue.recv_many(&mut items, MOST).await > 0 {
            let earliest = Instant::now() + GAP;
            let count = items.len();
            let mut recordings = Vec::new();
            for item in items.drain(..) {
                match item {
                    Item::Recording(recording) => recordings.push(recording),
                    Item::Save(saving, durable, reply) => {
                        self.record(std::mem::take(&mut recordings)).await;
                        let _ = reply.send(self.save(&saving, durable).await);
                    }
                    Item::Tell(reply) => {
                        self.record(std::mem::take(&mut recordings)).await;
                        let _ = reply.send(());
                    }
                }
            }
            self.record(recordings).await;
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            tokio::time::sleep_until(earliest).await;
        }
    }

    /// Records what is durable, tenant by tenant.
    async fn record(&mut self, recordings: Vec<Recording>) {
        let mut tenants = BTreeMap::<TenantId, Sum>::new();
        for recording in recordings {
            let Recording { run, tenant, led_to, held, durable, reply } = recording;
            if let Err(error) = durable.await {
                self.works.expected.settle(run);
                let _ = reply.send(Err(self.works.lost(&error)));
                continue;
            }
            let sum = tenants.entry(tenant).or_default();
            sum.led_to.add(led_to);
            sum.held.add(held);
            sum.runs.push(run);
            sum.replies.push(reply);
        }
        for (tenant, sum) in tenants {
            self.record_sum(tenant, sum).await;
        }
    }

    async fn record_sum(&mut self, tenant: TenantId, sum: Sum) {
        let Sum { led_to, held, runs, mut replies } = sum;
        let (led_to, held) = (Arc::new(led_to), Arc::new(held));
        let (mut again, mut fenced) = (false, false);
        while !self.gave_up {
            let (works, led_to, held) = (self.works.clone(), led_to.clone(), held.clone());
            let recorded = Box::pin(async move { persist::record(&works, tenant, &led_to, &held, again).await });
            match self.works.base.store.spawn(recorded).await.unwrap_or_else(|fault| Err(persist::broken_off(fault))) {
                Ok(()) => break,
                // Whoever tracks these devices now makes it again from the stream.
                Err(Failure::Fenced) => {
                    fenced = true;
                    break;
                }
                // Sooner or later it will be recorded, but nobody has to wait for that.
                Err(failure) => replies.drain(..).for_each(|reply| drop(reply.send(Err(failure.clone())))),
            }
            again = true;
            tokio::select! {
                () = self.stop.cancelled() => self.gave_up = true,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
        runs.into_iter().for_each(|run| self.works.expected.settle(run));
        let outcome = match (self.gave_up, fenced) {
            (true, _) => Err(Failure::stopping()),
            (_, true) => Err(Failure::Fenced),
            _ => Ok(()),
        };
        replies.into_iter().for_each(|reply| drop(reply.send(outcome.clone())));
    }

    /// Writes states down.
    async fn save(&self, saving: &Saving, durable: BoxFuture<'static, Result<(), HistoryError>>) -> Result<()> {
        if self.gave_up {
            return Err(Failure::stopping().into());
        }
        if let Err(error) = durable.await {
            return Err(self.works.lost(&error).into());
        }
        let mut tx = self.works.base.store.begin(Scope::System).await?;
        if let Some(tenure) = saving.tenure {
            stream_partitions::hold_any_tenant(&mut tx, tenure).await?;
        }
        device_states::upsert_many_any_tenant(&mut tx, &saving.rows).await?;
        movements::upsert_many_any_tenant(&mut tx, &saving.movements).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What several recordings of one tenant add up to.
#[derive(Default)]
struct Sum {
    led_to: Consequences,
    held: Held,
    runs: Vec<u64>,
    replies: Vec<oneshot::Sender<Result<(), Failure>>>,
}
