//! The calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use smallvec::{SmallVec, smallvec};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::{Caller, DeviceLatest, Role};
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::Position;
use tracklane_core::{Invalid, Timestamp};

use super::dedupe::just_after;
use super::expected::Expected;
use super::mend::{self, Trouble};
use super::pipeline::{Source, Taken, Works};
use super::receive::{device, must_send, receive};
use super::recorder::Recorders;
use super::stream::{self, StreamState, Streaming};
use super::turn::{Failure, Kept, Row};
use super::{DeviceRef, Incoming, KnownDevice, LatestFilter, RowOutcome, Stats, checkpoint, presence, trips};
use crate::base::{Base, must_own};
use crate::engine::Scale;
use crate::error::{Error, Result};
use crate::live::Live;
use crate::settings::TrackingRules;
use crate::shipments::Shipments;

/// So long a stop waits until the partitions of the stream are given back: not for ever for a database that is away.
const GIVE_BACK: Duration = Duration::from_secs(20);

/// The position pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Tracking(Arc<Inner>);

struct Inner {
    works: Arc<Works>,
    recorders: Arc<Recorders>,
    streaming: Option<Arc<Streaming>>,
    /// Ends the tracking of partitions of the stream.
    give_back: CancellationToken,
    /// Ready when they are given back.
    trackers: Mutex<Option<JoinHandle<()>>>,
    /// Ends the work in the background.
    stop: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Tracking {
    pub(crate) async fn start(
        base: Arc<Base>,
        history: Arc<dyn PositionHistory>,
        shipments: Shipments,
        live: Live,
        scale: Scale,
    ) -> Result<Self> {
        let Scale { roles, stream, shared: _ } = scale;
        let streaming = stream.map(|parts| Arc::new(Streaming::new(parts, roles)));
        let started = base.env.now();
        let late_turns = (0..base.memory.states.shards()).map(|_| Arc::default()).collect();
        let works = Arc::new(Works {
            base,
            source: streaming.clone().map_or(Source::History, Source::Stream),
            history,
            shipments,
            live,
            stats: Arc::default(),
            expected: Expected::default(),
            trouble: Trouble::default(),
            started,
            closed: AtomicBool::new(false),
            late_turns,
        });
        match &streaming {
            None => {
                stream::check_alone(&works).await?;
                checkpoint::restore(&works).await?;
            }
            Some(streaming) => stream::check_origin(&works, streaming).await?,
        }
        let stop = CancellationToken::new();
        let (recorders, mut tasks) = Recorders::start(&works, &stop);
        let recorders = Arc::new(recorders);
        let pause = Duration::from_secs(works.base.settings.tracking.checkpoint_seconds.clamp(1, 3_600));
        tasks.push(tokio::spawn(save_regularly(works.clone(), recorders.clone(), pause, stop.clone())));
        let (give_back, mut trackers) = (CancellationToken::new(), None);
        match &streaming {
            None => tasks.push(tokio::spawn(mend::run(works.clone(), recorders.clone(), stop.clone()))),
            Some(streaming) => {
                let node = works
                    .base
                    .store
                    .node()
                    .unwrap_or_else(|| uuid::Builder::from_random_bytes(works.base.env.random()).into_uuid());
                stream::start_mirror(&works, streaming, node, &stop);
                if streaming.roles.track {
                    trackers = Some(stream::start_parting(&works, &recorders, streaming, node, give_back.clone()));
                }
            }
        }
        let tasks = Mutex::new(tasks);
        Ok(Self(Arc::new(Inner {
            works,
            recorders,
            streaming,
            stop,
            give_back,
            trackers: Mutex::new(trackers),
            tasks,
        })))
    }

    /// Takes positions; resolves when they are durable. The answer has one outcome for each row, in the same order.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for roles that send none, [`Error::Overloaded`] when too many wait, [`Error::Full`] when no space
    /// is left, [`Error::Unavailable`]. After the last three some rows may have been kept: to send all of them again is
    /// safe.
    pub async fn submit(&self, caller: &Caller, rows: Vec<Incoming>) -> Result<Vec<RowOutcome>> {
        self.must_take(caller)?;
        self.provide(caller, &rows).await?;
        let mut outcomes = vec![RowOutcome::Accepted; rows.len()];
        let parts = self.receive_all(caller, rows, &mut outcomes);
        if let Some(streaming) = &self.0.streaming {
            // What else becomes of them, whoever tracks their devices finds out.
            stream::send(&self.0.works, streaming, caller, parts.into_iter().enumerate().collect()).await?;
            return Ok(outcomes);
        }
        for (index, kept) in self.take_parts(parts).await? {
            outcomes[index] = kept.into();
        }
        Ok(outcomes)
    }

    /// Makes rows of the pipeline out of rows as they came in, by shard; of those that break a rule it notes the outcome.
    fn receive_all(&self, caller: &Caller, rows: Vec<Incoming>, outcomes: &mut [RowOutcome]) -> Vec<Vec<Row>> {
        let memory = &self.0.works.base.memory;
        let now = self.0.works.base.env.now();
        let shards = memory.states.shards();
        // A little more than their share, so that hardly any part of a batch has to grow.
        let mut parts: Vec<Vec<Row>> = Vec::new();
        parts.resize_with(shards, || Vec::with_capacity(rows.len() / shards * 5 / 4));
        let mut rejected = 0;
        let mut devices = memory.devices.now();
        devices.fetch(rows.iter().map(|row| &row.device));
        for (index, row) in rows.into_iter().enumerate() {
            let last = |device| {
                let before = || {
                    let mut before = parts[memory.states.shard_of(device)].iter().rev();
                    before
                        .find(|row| row.position.device_id == device && !row.nowhere)
                        .map(|row| row.position.fix.point)
                };
                memory.states.place(device).or_else(before)
            };
            match receive(&mut devices, caller, (index, row), now, last) {
                Ok(row) => parts[memory.states.shard_of(row.position.device_id)].push(row),
                Err(invalid) => {
                    outcomes[index] = RowOutcome::Rejected(invalid);
                    rejected += 1;
                }
            }
        }
        self.stats().rejected(rejected);
        parts
    }

    /// All rules that a row breaks. Nothing is kept, and nobody is told.
    pub fn check(&self, caller: &Caller, row: Incoming) -> Invalid {
        let memory = &self.0.works.base.memory;
        let last = |device| memory.states.place(device);
        let received = receive(&mut memory.devices.now(), caller, (0, row), self.0.works.base.env.now(), last);
        received.err().unwrap_or_default()
    }

    /// Takes rows that are parted by shard; resolves when they are durable. The answer says what became of the row at each
    /// index.
    async fn take_parts(&self, parts: Vec<Vec<Row>>) -> Result<Vec<(usize, Kept)>> {
        let works = &self.0.works;
        let since = Instant::now();
        let most = works.base.settings.tracking.turn.max(1);
        let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
        let (mut waiting, mut turn) = (Vec::new(), 0);
        for (shard, mut part) in parts.into_iter().enumerate() {
            bring_together(&mut part);
            while !part.is_empty() {
                let rest = part.split_off(most.min(part.len()));
                turn += part.len();
                waiting.push(self.take(shard, SmallVec::from_vec(part)).await?);
                part = rest;
                // A long batch must not hold up everybody else.
                if turn >= most {
                    turn = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
        for taken in waiting {
            all.extend(taken.acknowledged(works).await?);
        }
        works.stats.answered(since);
        Ok(all)
    }

    /// Takes rows of one shard, sorted by device and fix time, through the stages.
    async fn take(&self, shard: usize, rows: SmallVec<[Row; 1]>) -> Result<Taken, Failure> {
        let Inner { works, recorders, .. } = &*self.0;
        match works.take_in_time(recorders, shard, rows, None)? {
            Ok(taken) => Ok(taken),
            // Boxed, because every submission holds this future and few need it.
            Err(rows) => {
                Box::pin(async move {
                    let asked = works.asked(shard, &rows).await;
                    works.take(recorders, shard, rows, &asked.known, None)
                })
                .await
            }
        }
    }

    /// Takes one position; resolves when it is durable.
    ///
    /// # Errors
    /// Those of [`Tracking::submit`].
    pub async fn submit_one(&self, caller: &Caller, row: Incoming) -> Result<RowOutcome> {
        let since = Instant::now();
        self.must_take(caller)?;
        self.provide(caller, std::slice::from_ref(&row)).await?;
        let works = &self.0.works;
        let memory = &works.base.memory;
        let last = |device| memory.states.place(device);
        let received = receive(&mut memory.devices.now(), caller, (0, row), works.base.env.now(), last);
        let row = match received {
            Ok(row) => row,
            Err(invalid) => {
                self.stats().rejected(1);
                return Ok(RowOutcome::Rejected(invalid));
            }
        };
        let shard = memory.states.shard_of(row.position.device_id);
        if let Some(streaming) = &self.0.streaming {
            // Boxed, because every submission holds this future.
            Box::pin(stream::send(works, streaming, caller, vec![(shard, vec![row])])).await?;
            return Ok(RowOutcome::Accepted);
        }
        let taken = self.take(shard, smallvec![row]).await?;
        let kept = taken.acknowledged(works).await?;
        works.stats.answered(since);
        kept.first().map(|(_, kept)| (*kept).into()).ok_or_else(|| Error::internal("a row has no outcome"))
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

    /// Positions of a device by fix time, oldest first: from `from` up to but not including `to`, at most `limit`; those
    /// that are not believed only when `marked` says so.
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
        marked: bool,
    ) -> Result<Vec<Position>> {
        let known = self.0.works.base.memory.devices.by_id(device).ok_or(Error::NotFound)?;
        must_own(caller, known.tenant_id)?;
        if !may_see(caller, &known) {
            return Err(Error::NotFound);
        }
        let mut query = HistoryQuery { tenant_id: known.tenant_id, device_id: device, from, to, limit };
        let mut found: Vec<Position> = Vec::new();
        loop {
            let some = self.0.works.history.range(query.clone()).await?;
            let next = some.last().filter(|_| some.len() >= limit).map(|last| just_after(last.fix_time));
            found.extend(some.into_iter().filter(|position| marked || position.mark.is_none()));
            match next {
                Some(next) if found.len() < limit => query.from = next,
                _ => break,
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// The device that a row so named would be from; none when the caller may not speak for it.
    pub fn device(&self, caller: &Caller, named: &DeviceRef) -> Option<Arc<KnownDevice>> {
        device(&self.0.works.base.memory.devices.now(), caller, named).ok().cloned()
    }

    /// How positions are dealt with.
    pub fn rules(&self) -> TrackingRules {
        TrackingRules::from(&self.0.works.base.settings)
    }

    /// What the pipeline counts.
    pub fn stats(&self) -> &Stats {
        &self.0.works.stats
    }

    /// True when so much waits that more is refused for now. Whoever can wait saves having it refused.
    pub fn is_busy(&self) -> bool {
        let most = self.0.works.base.settings.tracking.queue;
        if let Some(streaming) = &self.0.streaming {
            return streaming.sending() >= stream::BUSY;
        }
        self.0.works.history.is_busy() || self.0.recorders.waiting() > most
    }

    /// About how many positions, and submissions that led to something, wait to become durable.
    pub fn waiting(&self) -> usize {
        let sending = self.0.streaming.as_ref().map_or(0, |streaming| streaming.sending());
        sending + self.0.works.history.waiting() + self.0.recorders.waiting()
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
        if self.0.works.closed.load(Ordering::Acquire) {
            return Err("shutting down".to_owned());
        }
        if self.0.recorders.has_ended() {
            return Err("a recorder of the pipeline has ended".to_owned());
        }
        self.0.works.history.health()
    }

    /// How this process stands to the position stream; none where there is none.
    pub fn stream(&self) -> Option<StreamState> {
        self.0.streaming.as_ref().map(|streaming| streaming.state())
    }

    /// Takes no more positions, finishes what was taken, and saves the state of every device.
    pub(crate) async fn shutdown(&self) {
        if self.0.works.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        // Each partition is finished and saved before it is given back.
        self.0.give_back.cancel();
        let trackers = self.0.trackers.lock().take();
        if let Some(trackers) = trackers
            && tokio::time::timeout(GIVE_BACK, trackers).await.is_err()
        {
            tracing::warn!("partitions of the stream are not given back in order; others catch up with what is left");
        }
        self.0.stop.cancel();
        // Whoever holds the lock of a shard now is the last one. What they led to is recorded before the states are saved.
        if let Err(error) = checkpoint::save(&self.0.works, &self.0.recorders).await {
            tracing::warn!(%error, "the states of devices are not saved; the next start catches up");
        }
        self.0.recorders.drain().await;
        let tasks = std::mem::take(&mut *self.0.tasks.lock());
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
    }

    pub(super) fn history_port(&self) -> &dyn PositionHistory {
        &*self.0.works.history
    }

    pub(super) fn works(&self) -> &Works {
        &self.0.works
    }

    pub(super) fn base(&self) -> &Base {
        &self.0.works.base
    }

    fn must_take(&self, caller: &Caller) -> Result<()> {
        must_send(caller)?;
        let works = &self.0.works;
        if works.closed.load(Ordering::Acquire) {
            return Err(Failure::stopping().into());
        }
        if self.is_busy() { Err(Error::Overloaded) } else { Ok(()) }
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
            Kept::Marked(mark) => Self::Marked(mark),
        }
    }
}

pub(super) fn may_see(caller: &Caller, device: &KnownDevice) -> bool {
    let role = match caller.role {
        Role::Admin | Role::Operator | Role::Viewer => true,
        Role::Driver => caller.driver_id.is_some() && device.driver_id == caller.driver_id,
        Role::Device => caller.device_id.is_none_or(|own| own == device.device_id),
        Role::Customer => false,
    };
    role && device.tenant_id == caller.tenant_id
}

/// Puts the rows of each device next to each other, in order of their fix times. Mostly each is from another device, or they
/// came in order: rows are large, and stay where they are then.
pub(super) fn bring_together(part: &mut [Row]) {
    let key = |row: &Row| (row.position.device_id, row.position.fix_time);
    let mut devices: SmallVec<[DeviceId; 256]> = part.iter().map(|row| row.position.device_id).collect();
    devices.sort_unstable();
    if devices.windows(2).any(|pair| pair[0] == pair[1]) && !part.is_sorted_by_key(key) {
        // Stable: of two rows with one device and one time the first that came stands.
        part.sort_by_cached_key(key);
    }
}

async fn save_regularly(works: Arc<Works>, recorders: Arc<Recorders>, pause: Duration, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = checkpoint::save(&works, &recorders).await {
            tracing::warn!(%error, "the states of devices are not saved; they will be the next time");
        }
        if let Err(error) = presence::tell_silent(&works, &recorders) {
            tracing::warn!(%error, "devices that fell silent are not told of; they will be the next time");
        }
        if let Err(error) = trips::redo(&works, &recorders).await {
            tracing::warn!(%error, "trips are not done again for late positions; they will be the next time");
        }
    }
}
