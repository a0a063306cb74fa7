//! The pipeline: its stages in order, and what runs them.
//!
//! A position enters in `receive` and is acknowledged when it, and everything it led to, is durable:
//!
//! | stage | what it does |
//! |---|---|
//! | receive | which device, may the caller speak for it, are the numbers in range |
//! | dedupe | the same device and fix time is kept once |
//! | order | by fix time; what is older than the newest is history, and never moves "now" |
//! | filter | is it believed; what is not is kept in history with a mark, and takes no part in what follows |
//! | alarms | what the device raises, told once |
//! | zones | which zones the device went into, stayed in, came out of; late fixes have their way done again |
//! | milestones | what that proves about the shipments that its driver carries |
//! | trips | whether the device goes or stands |
//! | publish | the newest position goes out on the live stream: where the vehicle is holds, whatever the disk says |
//! | persist | into history, together with all that waits at the moment; then what it led to, in one transaction |
//! | acknowledge | the caller is answered |
//!
//! All of it runs where the call comes in, without a switch of tasks: the stages up to milestones under the lock of the
//! device's shard, where the position also gets its number in the history. So the numbers of a device's records are in the
//! order in which its state took them, and the state says up to which number that is. The state is ahead of the disk for
//! a moment; the answer waits for the disk, and so does what the position led to, which goes through
//! a recorder (`recorder`) in the same order. When a position does not become durable after all, the states
//! that hold it are made again from what is (`mend`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::MutexGuard;
use smallvec::SmallVec;
use tokio::sync::{OwnedMutexGuard, oneshot};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, TenantId};
use tracklane_core::model::{DeviceLatest, Movement};
use tracklane_core::ports::{BoxFuture, HistoryError, HistoryQuery, Lsn, PositionHistory, Tenure};
use tracklane_core::position::{Mark, Position};

use super::dedupe::{self, Known};
use super::expected::Expected;
use super::filter::Judge;
use super::mend::Trouble;
use super::pass::{Found, Pass};
use super::recorded::Held;
use super::recorder::{Item, Recorders, Recording};
use super::states::{Ended, ShardStates};
use super::stats::Stats;
use super::stream::Streaming;
use super::turn::{Failure, Kept, Row};
use crate::base::Base;
use crate::live::Live;
use crate::shipments::Shipments;

/// What the stages work with.
pub(super) struct Works {
    pub base: Arc<Base>,
    pub source: Source,
    pub history: Arc<dyn PositionHistory>,
    pub shipments: Shipments,
    pub live: Live,
    pub stats: Arc<Stats>,
    /// How shipments will stand once everything that is on its way is recorded.
    pub expected: Expected,
    /// What keeps positions from being taken.
    pub trouble: Trouble,
    /// When the process began to listen.
    pub started: Timestamp,
    /// Set when no more positions are taken.
    pub closed: AtomicBool,
    /// Whose turn it is to bring late rows, by shard.
    pub late_turns: Vec<Arc<tokio::sync::Mutex<()>>>,
}

/// Where positions get their numbers, and become durable.
pub(super) enum Source {
    /// In the history of this process.
    History,
    /// In the position stream, before they come here.
    Stream(Arc<Streaming>),
}

/// What history has already, and the turn of the shard's late rows.
pub(super) struct Asked {
    pub known: Known,
    _turn: OwnedMutexGuard<()>,
}

/// What became of rows, each with its place in its submission.
type Outcomes = SmallVec<[(usize, Kept); 1]>;

/// Rows that went through the stages and are not acknowledged yet.
pub(super) struct Taken {
    /// What became of each.
    pub kept: Outcomes,
    until: Until,
}

/// What an acknowledgement waits for.
enum Until {
    /// That they are in history.
    Durable(BoxFuture<'static, Result<(), HistoryError>>),
    /// That what they led to is in the store, too.
    Recorded(oneshot::Receiver<Result<(), Failure>>),
}

impl Taken {
    /// Waits until the rows may be acknowledged. Whoever gives up waiting changes nothing.
    pub async fn acknowledged(self, works: &Works) -> Result<Outcomes, Failure> {
        let outcome = match self.until {
            Until::Durable(durable) => durable.await.map_err(|error| works.lost(&error)),
            Until::Recorded(recorded) => recorded.await.unwrap_or_else(|_| Err(Failure::stopping())),
        };
        outcome.map(|()| self.kept)
    }
}

impl Works {
    /// Takes rows through the stages, if none of them is late: nearly always. Otherwise they come back.
    ///
    /// # Errors
    /// When none of them is taken.
    pub fn take_in_time(
        &self,
        recorders: &Recorders,
        shard: usize,
        rows: SmallVec<[Row; 1]>,
        last: Option<Lsn>,
    ) -> Result<Result<Taken, SmallVec<[Row; 1]>>, Failure> {
        let states = self.states(shard);
        if rows.len() > 1 {
            let known = rows.iter().filter_map(|row| states.get(&row.position.device_id));
            known.for_each(|state| state.fetch());
        }
        if !self.late_spans(&states, &rows).is_empty() {
            return Ok(Err(rows));
        }
        self.take_with(recorders, shard, states, rows, &Known::default(), last).map(Ok)
    }

    /// Asks history which of these rows, some of them late, it has already. Hold the answer until they are
    /// taken: late rows of a shard go one after the other, so that the same ones sent twice at once are known the second time.
    pub async fn asked(&self, shard: usize, rows: &[Row]) -> Asked {
        let turn = self.late_turns[shard].clone().lock_owned().await;
        // History knows what is durable. What does not become so is refused when these rows are taken.
        if let Ok(durable) = self.settled(shard) {
            let _ = durable.await;
        }
        let spans = self.late_spans(&self.states(shard), rows);
        Asked { known: dedupe::ask(&*self.history, spans).await, _turn: turn }
    }

    /// Takes rows of one tenant and one shard, sorted by device and fix time, through the stages. Rows of the stream say up to
    /// which record of it they are.
    ///
    /// # Errors
    /// When none of them is taken.
    pub fn take(
        &self,
        recorders: &Recorders,
        shard: usize,
        rows: SmallVec<[Row; 1]>,
        known: &Known,
        last: Option<Lsn>,
    ) -> Result<Taken, Failure> {
        self.take_with(recorders, shard, self.states(shard), rows, known, last)
    }

    /// Takes up again what has led to all that it leads to, and tells nothing of it.
    pub fn take_silently(&self, shard: usize, rows: SmallVec<[Row; 1]>, known: &Known, last: Lsn) {
        let mut states = self.states(shard);
        let (found, ..) = self.pass(&mut states, rows, known);
        applied(&mut states, &found, last, false);
        self.expected.settle(found.run);
    }

    /// Gives positions their numbers, or those that the stream gave them. Answers the number of the last one.
    fn append(
        &self,
        shard: usize,
        positions: Vec<Position>,
        last: Option<Lsn>,
    ) -> Result<(Lsn, BoxFuture<'static, Result<(), HistoryError>>), HistoryError> {
        match (&self.source, last) {
            (Source::Stream(streaming), Some(last)) => Ok((last, streaming.append(shard, last, positions)?)),
            _ => {
                let appended = self.history.append(positions)?;
                Ok((appended.next.saturating_sub(1), appended.durable))
            }
        }
    }

    /// Ready when all is durable that the states of a shard hold.
    ///
    /// # Errors
    /// Why it will not be.
    pub fn settled(&self, shard: usize) -> Result<BoxFuture<'static, Result<(), HistoryError>>, HistoryError> {
        match &self.source {
            Source::History => Ok(self.history.append(Vec::new())?.durable),
            Source::Stream(streaming) => streaming.settled(shard),
        }
    }

    /// The shards whose states are this process's own.
    pub fn own_shards(&self) -> Vec<usize> {
        match &self.source {
            Source::History => (0..self.base.memory.states.shards()).collect(),
            Source::Stream(streaming) => streaming.live(),
        }
    }

    /// True when the states of a shard hold what is heard now.
    pub fn is_abreast(&self, shard: usize) -> bool {
        match &self.source {
            Source::History => true,
            Source::Stream(streaming) => streaming.is_abreast(shard),
        }
    }

    /// The tenure under which a shard is this process's own; none where there is no stream.
    pub fn tenure(&self, shard: usize) -> Option<Tenure> {
        match &self.source {
            Source::History => None,
            Source::Stream(streaming) => streaming.tenure(shard),
        }
    }

    /// A position could not be kept. Answers what the caller is told.
    pub fn lost(&self, error: &HistoryError) -> Failure {
        match &self.source {
            Source::History => self.trouble.lost(error),
            // The stream has it: its tenure ends.
            Source::Stream(_) => match error {
                HistoryError::Fenced => Failure::Fenced,
                other => Failure::Unavailable(other.to_string()),
            },
        }
    }

    fn take_with(
        &self,
        recorders: &Recorders,
        shard: usize,
        mut states: MutexGuard<'_, ShardStates>,
        rows: SmallVec<[Row; 1]>,
        known: &Known,
        last: Option<Lsn>,
    ) -> Result<Taken, Failure> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Failure::stopping());
        }
        self.trouble.check()?;
        let tenant = rows.first().map(|row| row.position.tenant_id);
        let (found, kept, positions) = self.pass(&mut states, rows, known);
        let (last, durable) = match self.append(shard, positions, last) {
            Ok(appended) => appended,
            Err(error) => {
                applied(&mut states, &found, Lsn::MAX, false);
                self.expected.settle(found.run);
                return Err(self.lost(&error));
            }
        };
        let mut moved = applied(&mut states, &found, last, self.tells_positions());
        if let Source::Stream(streaming) = &self.source {
            streaming.retain_new(shard, &mut moved);
        }
        self.stats.kept(kept.iter().map(|(_, kept)| *kept));
        let until = match found.led_to.into_iter().next() {
            None => Until::Durable(durable),
            Some((tenant, mut led_to)) => {
                let held = Held::behind(&mut states, &mut led_to, &found.touched).under(self.tenure(shard));
                let (reply, recorded) = oneshot::channel();
                let run = found.run;
                recorders.of(shard).give(Item::Recording(Recording { run, tenant, led_to, held, durable, reply }));
                Until::Recorded(recorded)
            }
        };
        drop(states);
        if let Some(tenant) = tenant {
            self.publish(tenant, &moved);
        }
        Ok(Taken { kept, until })
    }

    /// The spans of history that late rows fall into.
    fn late_spans(&self, states: &ShardStates, rows: &[Row]) -> Vec<HistoryQuery> {
        let window_s = |tenant| {
            let zones = &self.base.memory.zones;
            zones.limits(tenant, &self.base.settings.tracking).reorder_window_s
        };
        dedupe::late_spans(rows.iter().map(|row| &row.position), states, window_s)
    }

    /// Order, filter, zones and milestones, row by row. Answers the positions that history must keep, too.
    fn pass(
        &self,
        states: &mut ShardStates,
        mut rows: SmallVec<[Row; 1]>,
        known: &Known,
    ) -> (Found, Outcomes, Vec<Position>) {
        let Some(tenant) = rows.first().map(|row| row.position.tenant_id) else { return Default::default() };
        let zones = self.base.memory.zones.made(tenant);
        let mut pass = Pass::new(&self.base.memory, &zones, &self.expected, &self.base.settings);
        let mut kept = Outcomes::with_capacity(rows.len());
        for Row { position, driver_id, max_speed_mps, index, nowhere } in &mut rows {
            if *nowhere {
                // It is told, and there is nothing that history could keep.
                pass.raise(states, position, *driver_id);
                kept.push((*index, Kept::Marked(Mark::NoFix)));
                continue;
            }
            let judge = Judge::of_device(self.base.settings.filter, *max_speed_mps);
            kept.push((*index, pass.take(states, position, *driver_id, known, judge)));
        }
        let found = pass.finish(states, known);
        let mut positions = Vec::with_capacity(rows.len());
        let new = rows.into_iter().zip(&kept).filter(|(row, (_, kept))| !row.nowhere && *kept != Kept::Duplicate);
        positions.extend(new.map(|(row, _)| row.position));
        (found, kept, positions)
    }

    /// Whether anybody may want to know where devices are.
    fn tells_positions(&self) -> bool {
        matches!(self.source, Source::Stream(_)) || self.live.connections() > 0
    }

    /// Hands out the newest positions of a tenant's devices.
    fn publish(&self, tenant: TenantId, moved: &[DeviceLatest]) {
        if let Source::Stream(streaming) = &self.source {
            streaming.tell_moved(tenant, moved);
        }
        self.publish_here(tenant, moved);
    }

    /// Hands out the newest positions of a tenant's devices to those who listen to this process.
    pub fn publish_here(&self, tenant: TenantId, moved: &[DeviceLatest]) {
        let shipments = |driver: Option<DriverId>| driver.map(|driver| self.base.memory.watch.shipments_of(driver));
        let positions = moved.iter().map(|latest| (latest, shipments(latest.driver_id).unwrap_or_default()));
        self.live.publish_positions(tenant, positions);
    }

    /// The devices of a shard.
    pub fn states(&self, shard: usize) -> MutexGuard<'_, ShardStates> {
        self.base.memory.states.lock(shard)
    }

    /// Takes back that the store has what devices did until lately.
    pub fn put_back(&self, movements: Vec<(TenantId, Movement)>) {
        for (_, movement) in movements {
            let device = movement.device_id;
            if let Some(state) = self.states(self.base.memory.states.shard_of(device)).get_mut(&device) {
                Ended::add(&mut state.ended, std::iter::once(movement));
            }
        }
    }

    /// Takes back that the store has the states of these devices.
    pub fn mark_dirty(&self, devices: impl Iterator<Item = DeviceId>) {
        for device in devices {
            if let Some(state) = self.states(self.base.memory.states.shard_of(device)).get_mut(&device) {
                state.dirty = true;
            }
        }
    }
}

/// Notes that the states of the devices that were touched hold everything up to this record. Answers the newest positions that
/// changed, if they are wanted.
fn applied(states: &mut ShardStates, found: &Found, last: Lsn, wanted: bool) -> Vec<DeviceLatest> {
    let mut moved = Vec::with_capacity(if wanted { found.touched.len() } else { 0 });
    for touched in &found.touched {
        let Some(state) = states.get_mut(&touched.device_id) else { continue };
        state.applied_lsn = last;
        state.dirty = true;
        if wanted && touched.moved {
            moved.extend(state.latest.as_ref().map(|latest| latest.tell(touched.device_id, touched.driver_id)));
        }
    }
    moved
}
