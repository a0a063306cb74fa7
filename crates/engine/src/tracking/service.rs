//! The calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use smallvec::{SmallVec, smallvec};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::{Caller, DeviceLatest, Role};
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::Position;

use super::pipeline::{Order, Shard, Works};
use super::receive::{device, must_send, receive};
use super::turn::{Answer, Job, Kept, Row};
use super::{DeviceRef, Incoming, KnownDevice, LatestFilter, RowOutcome, Stats, checkpoint};
use crate::base::{Base, must_own};
use crate::error::{Error, Result};
use crate::live::Live;
use crate::shipments::Shipments;

/// The position pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Tracking(Arc<Inner>);

struct Inner {
    works: Arc<Works>,
    shards: Vec<mpsc::Sender<Order>>,
    /// Set when no more positions are taken.
    closed: AtomicBool,
    /// Ends the saving of states.
    stop: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Tracking {
    pub(crate) async fn start(
        base: Arc<Base>,
        history: Arc<dyn PositionHistory>,
        shipments: Shipments,
        live: Live,
    ) -> Result<Self> {
        let works = Arc::new(Works { base, history, shipments, live, stats: Arc::default() });
        checkpoint::restore(&works).await?;
        let settings = &works.base.settings.tracking;
        let mut shards = Vec::new();
        let mut tasks = Vec::new();
        for number in 0..works.base.memory.states.shards() {
            let (sender, orders) = mpsc::channel(settings.queue.clamp(1, 1_000_000));
            let shard = Shard { works: works.clone(), number };
            tasks.push(tokio::spawn(shard.run(orders)));
            shards.push(sender);
        }
        let stop = CancellationToken::new();
        let pause = Duration::from_secs(settings.checkpoint_seconds.clamp(1, 3_600));
        tasks.push(tokio::spawn(save_regularly(works.clone(), shards.clone(), pause, stop.clone())));
        let tasks = Mutex::new(tasks);
        Ok(Self(Arc::new(Inner { works, shards, closed: AtomicBool::new(false), stop, tasks })))
    }

    /// Takes positions; resolves when they are durable. The answer has one outcome for each row, in the same order.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for roles that send none, [`Error::Overloaded`] when a queue is full (nothing was kept),
    /// [`Error::Full`] when no space is left, [`Error::Unavailable`]. After the last two some rows may have been kept: to
    /// send all of them again is safe.
    pub async fn submit(&self, caller: &Caller, rows: Vec<Incoming>) -> Result<Vec<RowOutcome>> {
        self.must_be_open(caller)?;
        self.provide(caller, &rows).await?;
        let memory = &self.0.works.base.memory;
        let now = self.0.works.base.env.now();
        let mut outcomes = vec![RowOutcome::Accepted; rows.len()];
        let mut parts: Vec<(SmallVec<[Row; 1]>, Vec<usize>)> = Vec::new();
        parts.resize_with(self.0.shards.len(), Default::default);
        let mut rejected = 0;
        for (index, row) in rows.into_iter().enumerate() {
            match receive(memory, caller, row, now) {
                Ok(row) => {
                    let (part, places) = &mut parts[memory.states.shard_of(row.position.device_id)];
                    part.push(row);
                    places.push(index);
                }
                Err(invalid) => {
                    outcomes[index] = RowOutcome::Rejected(invalid);
                    rejected += 1;
                }
            }
        }
        self.stats().rejected(rejected);
        for (answer, places) in self.hand_over(parts)? {
            for (kept, index) in heard(answer).await?.into_iter().zip(places) {
                outcomes[index] = kept.into();
            }
        }
        Ok(outcomes)
    }

    /// Takes one position; resolves when it is durable.
    ///
    /// # Errors
    /// Those of [`Tracking::submit`].
    pub async fn submit_one(&self, caller: &Caller, row: Incoming) -> Result<RowOutcome> {
        self.must_be_open(caller)?;
        self.provide(caller, std::slice::from_ref(&row)).await?;
        let memory = &self.0.works.base.memory;
        let row = match receive(memory, caller, row, self.0.works.base.env.now()) {
            Ok(row) => row,
            Err(invalid) => {
                self.stats().rejected(1);
                return Ok(RowOutcome::Rejected(invalid));
            }
        };
        let shard = &self.0.shards[memory.states.shard_of(row.position.device_id)];
        let permit = shard.try_reserve().map_err(|error| refused(&error))?;
        let (reply, answer) = oneshot::channel();
        self.stats().queued(1);
        permit.send(Order::Take(Job { rows: smallvec![row], reply, since: Instant::now() }));
        let kept = heard(answer).await?;
        kept.first().map(|kept| (*kept).into()).ok_or_else(|| Error::internal("a shard answered nothing"))
    }

    /// The newest positions of the tenant's devices, by device id. Drivers and devices see their own.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for customers.
    pub fn latest(&self, caller: &Caller, filter: &LatestFilter) -> Result<Vec<DeviceLatest>> {
        let memory = &self.0.works.base.memory;
        let mut devices: Vec<Arc<KnownDevice>> = match (caller.role, filter.device_id, filter.driver_id) {
            (Role::Customer, ..) => return Err(Error::Forbidden),
            (_, Some(device), _) => memory.devices.by_id(device).into_iter().collect(),
            (_, None, Some(driver)) => memory.devices.of_driver(driver),
            (Role::Driver, None, None) => memory.devices.of_driver(caller.driver_id.ok_or(Error::Forbidden)?),
            _ => memory.devices.of_tenant(caller.tenant_id),
        };
        devices.retain(|device| may_see(caller, device));
        devices.retain(|device| filter.driver_id.is_none_or(|driver| device.driver_id == Some(driver)));
        devices.sort_by_key(|device| device.device_id);
        let latest = devices.iter().filter_map(|device| memory.latest_of(device));
        Ok(latest.filter(|latest| filter.bbox.is_none_or(|bbox| bbox.contains(latest.point))).collect())
    }

    /// The newest position of a driver of the tenant: that of the device heard last.
    pub fn latest_of_driver(&self, caller: &Caller, driver: DriverId) -> Option<DeviceLatest> {
        let memory = &self.0.works.base.memory;
        let mine = memory.devices.of_driver(driver).iter().any(|device| device.tenant_id == caller.tenant_id);
        if mine { memory.latest_of_driver(driver) } else { None }
    }

    /// Positions of a device by fix time, oldest first: from `from` up to but not including `to`, at most `limit`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a device that the caller may not see.
    pub async fn history(
        &self,
        caller: &Caller,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Position>> {
        let known = self.0.works.base.memory.devices.by_id(device).ok_or(Error::NotFound)?;
        must_own(caller, known.tenant_id)?;
        if !may_see(caller, &known) {
            return Err(Error::NotFound);
        }
        let query = HistoryQuery { tenant_id: known.tenant_id, device_id: device, from, to, limit };
        Ok(self.0.works.history.range(query).await?)
    }

    /// The device that a row so named would be from; none when the caller may not speak for it.
    pub fn device(&self, caller: &Caller, named: &DeviceRef) -> Option<Arc<KnownDevice>> {
        device(&self.0.works.base.memory, caller, named).ok()
    }

    /// What the pipeline counts.
    pub fn stats(&self) -> &Stats {
        &self.0.works.stats
    }

    /// How many devices have a state in memory, zones are drawn, and fleet legs are watched.
    pub fn sizes(&self) -> Sizes {
        let memory = &self.0.works.base.memory;
        Sizes {
            devices: memory.devices.len(),
            states: memory.states.len(),
            zones: memory.zones.len(),
            legs: memory.watch.len(),
        }
    }

    /// Whether the history can be written now.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn history_health(&self) -> Result<(), String> {
        self.0.works.history.health()
    }

    /// Whether positions can be taken now.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn health(&self) -> Result<(), String> {
        if self.0.closed.load(Ordering::Acquire) {
            return Err("shutting down".to_owned());
        }
        if self.0.shards.iter().any(mpsc::Sender::is_closed) {
            return Err("a shard of the pipeline has ended".to_owned());
        }
        self.0.works.history.health()
    }

    /// Takes no more positions, finishes what was taken, and saves the state of every device.
    pub(crate) async fn shutdown(&self) {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.0.stop.cancel();
        if let Err(error) = checkpoint::save(&self.0.works, &self.0.shards).await {
            tracing::warn!(%error, "the states of devices are not saved; the next start catches up");
        }
        for shard in &self.0.shards {
            let _ = shard.send(Order::Stop).await;
        }
        let tasks = std::mem::take(&mut *self.0.tasks.lock());
        for task in tasks {
            let _ = task.await;
        }
    }

    pub(super) fn base(&self) -> &Base {
        &self.0.works.base
    }

    fn must_be_open(&self, caller: &Caller) -> Result<()> {
        must_send(caller)?;
        if self.0.closed.load(Ordering::Acquire) {
            return Err(Error::Unavailable("shutting down".to_owned()));
        }
        Ok(())
    }

    /// Gives each shard its part. A place in every queue is taken first, so that either all parts go or none.
    fn hand_over(
        &self,
        parts: Vec<(SmallVec<[Row; 1]>, Vec<usize>)>,
    ) -> Result<Vec<(oneshot::Receiver<Answer>, Vec<usize>)>> {
        let mut places = Vec::new();
        for (shard, (rows, indices)) in self.0.shards.iter().zip(parts) {
            if !rows.is_empty() {
                places.push((shard.try_reserve().map_err(|error| refused(&error))?, rows, indices));
            }
        }
        let since = Instant::now();
        let handed = places.into_iter().map(|(place, rows, indices)| {
            let (reply, answer) = oneshot::channel();
            self.stats().queued(rows.len());
            place.send(Order::Take(Job { rows, reply, since }));
            (answer, indices)
        });
        Ok(handed.collect())
    }
}

/// How much is kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Devices known.
    pub devices: usize,
    /// Devices with a state: those that were heard of.
    pub states: usize,
    /// Zones, drawn and derived.
    pub zones: usize,
    /// Fleet legs on the way.
    pub legs: usize,
}

impl From<Kept> for RowOutcome {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Accepted => Self::Accepted,
            Kept::Duplicate => Self::Duplicate,
            Kept::Late => Self::Late,
        }
    }
}

async fn heard(answer: oneshot::Receiver<Answer>) -> Result<SmallVec<[Kept; 1]>> {
    let answer = answer.await.map_err(|_| Error::Unavailable("shutting down".to_owned()))?;
    Ok(answer?)
}

fn refused<T>(error: &mpsc::error::TrySendError<T>) -> Error {
    match error {
        mpsc::error::TrySendError::Full(_) => Error::Overloaded,
        mpsc::error::TrySendError::Closed(_) => Error::Unavailable("shutting down".to_owned()),
    }
}

fn may_see(caller: &Caller, device: &KnownDevice) -> bool {
    let role = match caller.role {
        Role::Admin | Role::Operator | Role::Viewer => true,
        Role::Driver => caller.driver_id.is_some() && device.driver_id == caller.driver_id,
        Role::Device => caller.device_id.is_none_or(|own| own == device.device_id),
        Role::Customer => false,
    };
    role && device.tenant_id == caller.tenant_id
}

async fn save_regularly(works: Arc<Works>, shards: Vec<mpsc::Sender<Order>>, pause: Duration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = checkpoint::save(&works, &shards).await {
            tracing::warn!(%error, "the states of devices are not saved; they will be the next time");
        }
    }
}
