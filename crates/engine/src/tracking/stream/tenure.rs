//! Tracking a partition: taking it over, and taking its records through the stages in their order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use smallvec::SmallVec;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::ports::{Lsn, Streamed};
use tracklane_store::stream_partitions::Takeover;
use tracklane_store::{Scope, device_states, devices, stream_partitions};
use uuid::Uuid;

use super::wire::Record;
use super::{Lane, Streaming, Turn, save};
use crate::error::{Error, Result};
use crate::tracking::newest::Newest;
use crate::tracking::pipeline::{Taken, Works};
use crate::tracking::recorded::{self, Recorded};
use crate::tracking::recorder::Recorders;
use crate::tracking::service::bring_together;
use crate::tracking::states::DeviceState;
use crate::tracking::turn::Row;

/// The pause before a partition that could not be tracked is taken over again.
const PAUSE: Duration = Duration::from_millis(500);
/// How many states are read at once.
const BATCH: u32 = 1_000;
/// So many records may wait to be durable and recorded before no more is read.
const AHEAD: usize = 256;
/// The pause before a history that has much to write is looked at again.
const ROOM: Duration = Duration::from_millis(20);

/// What tracks a partition.
pub(super) struct Tracker {
    pub works: Arc<Works>,
    pub recorders: Arc<Recorders>,
    pub streaming: Arc<Streaming>,
    pub node: Uuid,
    pub shard: usize,
}

impl Tracker {
    /// Tracks the partition until `stop` is cancelled; then its states are saved.
    pub async fn run(self, stop: CancellationToken) {
        let partition = self.shard;
        while !stop.is_cancelled() {
            match self.hold(&stop).await {
                Ok(()) => tracing::debug!(partition, "gives a partition of the stream back"),
                Err(error) => tracing::warn!(partition, %error, "a partition of the stream has to be taken over again"),
            }
            *self.streaming.lanes[self.shard].lock() = Lane::default();
            let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    /// Takes the partition over and tracks it until `stop` is cancelled, or something of it is lost.
    async fn hold(&self, stop: &CancellationToken) -> Result<()> {
        let Self { works, streaming, shard, .. } = self;
        let Some(begun) = stop.run_until_cancelled(self.begin()).await else { return Ok(()) };
        let Begun { lost, mut replay, floor, written } = begun?;
        let (acks, waiting) = mpsc::channel(AHEAD);
        let acknowledging = tokio::spawn(acknowledge(works.clone(), waiting, lost.clone()));
        let outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = lost.cancelled() => Err(Error::Unavailable("another node tracks it".to_owned())),
            outcome = self.read(floor, written, &mut replay, acks) => outcome,
        };
        if outcome.is_err() || !streaming.lanes[*shard].lock().live {
            acknowledging.abort();
            return outcome;
        }
        // What was taken is finished, so that whoever comes next has nothing to catch up with.
        let _ = acknowledging.await;
        save(works, streaming, &self.recorders, *shard).await
    }

    /// Takes the partition over, and puts its saved states in the place of those that are there.
    async fn begin(&self) -> Result<Begun> {
        let Self { works, streaming, shard, .. } = self;
        let partition = self.partition();
        let (stream, end) = streaming.stream.end(partition).await?;
        let mut tx = works.base.store.begin(Scope::System).await?;
        let taken = stream_partitions::take_over_any_tenant(&mut tx, partition, self.node, &stream).await?;
        tx.commit().await?;
        let Takeover { tenure, floor, anew } = taken;
        let known = if anew { 0 } else { end };
        let (floor, mut written) = (floor.min(end + 1), streaming.history.take_over(tenure, known).await?);
        // What an earlier tenure of this node left behind is refused by now.
        self.recorders.of(*shard).drained().await;
        let lost = CancellationToken::new();
        // From here on what other nodes tell of these devices is not taken in any more.
        streaming.lanes[*shard].lock().begin(tenure, floor, lost.clone());
        let mut replay = Replay::load(works, streaming, *shard, partition).await?;
        if replay.reaches() > known {
            tracing::error!(
                partition,
                end,
                reached = replay.reaches(),
                anew,
                "the broker has lost records that were tracked"
            );
            // The same numbers come again: what was tracked is known by its fix times alone.
            replay.begin_anew(works, *shard);
            written = 0;
        }
        {
            let mut lane = streaming.lanes[*shard].lock();
            (lane.written, lane.live) = (written, replay.is_over(floor));
        }
        streaming.takeovers.fetch_add(1, Ordering::Relaxed);
        tracing::info!(partition, epoch = tenure.epoch, floor, "tracks a partition of the stream");
        Ok(Begun { lost, replay, floor, written })
    }

    fn partition(&self) -> u32 {
        u32::try_from(self.shard).unwrap_or(u32::MAX)
    }

    /// Takes record after record. Ends with an error alone.
    async fn read(&self, floor: Lsn, written: Lsn, replay: &mut Replay, acks: mpsc::Sender<Taken>) -> Result<()> {
        let mut reader = self.streaming.stream.read(self.partition(), floor).await?;
        loop {
            self.streaming.lanes[self.shard].lock().turn = Some(Turn::Waiting(Instant::now()));
            let records = reader.next().await?;
            self.streaming.lanes[self.shard].lock().turn = Some(Turn::Taking(Instant::now()));
            while self.works.history.is_busy() {
                tokio::time::sleep(ROOM).await;
            }
            for record in records {
                let Some((number, rows)) = self.decoded(record).await? else { continue };
                // Each by itself: whoever takes them again must come to the same, and what goes through the stages together is put in order
                // together.
                if replay.is_over(number) && number > written {
                    self.take(number, rows, false, &acks).await?;
                } else {
                    self.take_again(number, rows, replay, number <= written, &acks).await?;
                }
            }
        }
    }

    /// A record as rows of devices that there are.
    async fn decoded(&self, record: Streamed) -> Result<Option<(Lsn, Vec<Row>)>> {
        let Streamed { number, payload } = record;
        let memory = &self.works.base.memory;
        let Record { tenant_id, positions } = match serde_json::from_slice(&payload) {
            Ok(record) => record,
            Err(error) => {
                let partition = self.shard;
                tracing::error!(partition, number, %error, "a record of the stream cannot be read and is passed over");
                return Ok(None);
            }
        };
        let mut rows = Vec::with_capacity(positions.len());
        for sent in positions {
            let device = sent.device_id();
            let known = match memory.devices.by_id(device) {
                Some(known) => known.tenant_id == tenant_id,
                None => self.is_new(tenant_id, device).await?,
            };
            // Of devices that were deleted meanwhile nothing is kept.
            if known && memory.states.shard_of(device) == self.shard {
                rows.push(sent.into_row(tenant_id));
            }
        }
        Ok(Some((number, rows)))
    }

    /// Whether a device that this node does not know of is there: made a moment ago on another one.
    async fn is_new(&self, tenant_id: TenantId, device: DeviceId) -> Result<bool> {
        let mut db = self.works.base.store.read(Scope::Tenant(tenant_id)).await?;
        let found = devices::get(&mut db, device).await?;
        if let Some(device) = &found {
            self.works.base.memory.devices.put(device);
        }
        Ok(found.is_some())
    }

    /// Takes rows of one tenant through the stages.
    async fn take(&self, last: Lsn, mut rows: Vec<Row>, again: bool, acks: &mpsc::Sender<Taken>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        bring_together(&mut rows);
        let Self { works, recorders, shard, .. } = self;
        if let Some(received_at) = rows.iter().map(|row| row.position.received_at).max() {
            let behind = works.base.env.now().as_microsecond() - received_at.as_microsecond();
            self.streaming.behind.store(behind.max(0), Ordering::Relaxed);
        }
        let taken = match works.take_in_time(recorders, *shard, SmallVec::from_vec(rows), Some(last))? {
            Ok(taken) => taken,
            Err(rows) => {
                let asked = works.asked(*shard, &rows).await;
                // What history has of a record that it was given before is no sign that the record came twice.
                let known = if again { asked.known.but_rows_of(&rows) } else { asked.known };
                works.take(recorders, *shard, rows, &known, Some(last))?
            }
        };
        acks.send(taken).await.map_err(|_| Error::Unavailable("the tenure has ended".to_owned()))
    }

    /// Takes a record that an earlier tenure may have taken, too: each row once.
    async fn take_again(
        &self,
        last: Lsn,
        rows: Vec<Row>,
        replay: &mut Replay,
        written: bool,
        acks: &mpsc::Sender<Taken>,
    ) -> Result<()> {
        let Self { works, streaming, shard, .. } = self;
        replay.restore_before(works, *shard, last);
        let (mut silent, mut rest) = (Vec::new(), Vec::new());
        {
            let states = works.states(*shard);
            for row in rows {
                let device = row.position.device_id;
                if states.get(&device).is_some_and(|state| last <= state.applied_lsn) {
                    continue;
                }
                if replay.is_recorded(device, last) { silent.push(row) } else { rest.push(row) }
            }
        }
        if !silent.is_empty() {
            bring_together(&mut silent);
            let asked = works.asked(*shard, &silent).await;
            let known = asked.known.but_rows();
            works.take_silently(*shard, SmallVec::from_vec(silent), &known, last);
        }
        self.take(last, rest, written, acks).await?;
        replay.restore_before(works, *shard, last + 1);
        if replay.is_over(last + 1) {
            streaming.lanes[*shard].lock().live = true;
        }
        Ok(())
    }
}

/// What a tenure begins with.
struct Begun {
    lost: CancellationToken,
    replay: Replay,
    floor: Lsn,
    written: Lsn,
}

/// Waits for what was taken, in order. What cannot be kept ends the tenure.
async fn acknowledge(works: Arc<Works>, mut waiting: mpsc::Receiver<Taken>, lost: CancellationToken) {
    while let Some(taken) = waiting.recv().await {
        if taken.acknowledged(&works).await.is_err() {
            lost.cancel();
            return;
        }
    }
}

/// What an earlier tenure has left of a partition.
struct Replay {
    /// What was recorded of devices and is not in their saved states, by the last record that it speaks of.
    notes: BTreeMap<Lsn, Vec<Recorded>>,
    /// The last record that any of the saved states holds.
    applied: Lsn,
}

impl Replay {
    /// Puts the saved states of the partition in the place of those that are there.
    async fn load(works: &Works, streaming: &Streaming, shard: usize, partition: u32) -> Result<Self> {
        let memory = &works.base.memory;
        let slots = memory.states.slots_of(shard);
        let (mut loaded, mut after) = (Vec::new(), None);
        loop {
            let mut db = works.base.store.read(Scope::System).await?;
            let page = device_states::load_of_slots_any_tenant(&mut db, slots.clone(), after, BATCH).await?;
            let short = page.len() < BATCH as usize;
            after = page.last().map(|row| row.device_id);
            loaded.extend(page.into_iter().map(|row| (row.device_id, Box::new(DeviceState::from_row(row)))));
            if short {
                break;
            }
        }
        let applied = loaded.iter().map(|(_, state)| state.applied_lsn).max().unwrap_or(0);
        {
            let mut states = works.states(shard);
            let newest = |state: &DeviceState| state.latest.as_ref().map(Newest::fix_time);
            let told: HashMap<DeviceId, Timestamp> =
                states.iter().filter_map(|(id, state)| Some((*id, newest(state)?))).collect();
            states.clear();
            states.extend(loaded);
            // Others know of newer ones than what was saved: what comes again on the way there is not told again.
            let told =
                told.into_iter().filter(|(id, told)| states.get(id).and_then(|state| newest(state)) < Some(*told));
            streaming.lanes[shard].lock().told = told.collect();
        }
        let mut notes = BTreeMap::<Lsn, Vec<Recorded>>::new();
        let recorded = recorded::load(works, partition).await?;
        let states = works.states(shard);
        for (device, note) in recorded {
            // A state that was saved after it holds it.
            if states.get(&device).is_none_or(|state| state.applied_lsn < note.lsn) {
                notes.entry(note.lsn).or_default().push(note);
            }
        }
        Ok(Self { notes, applied })
    }

    /// The last record that anything speaks of.
    fn reaches(&self) -> Lsn {
        self.notes.last_key_value().map_or(0, |(last, _)| *last).max(self.applied)
    }

    /// Takes the states as they are for those before the first record.
    fn begin_anew(&mut self, works: &Works, shard: usize) {
        {
            let mut states = works.states(shard);
            for device in self.notes.values().flatten().map(Recorded::device) {
                // One that was never saved is known by its note alone.
                if let Some(known) = works.base.memory.devices.by_id(device) {
                    states.entry(device).or_insert_with(|| Box::new(DeviceState::new(known.tenant_id)));
                }
            }
        }
        self.restore_before(works, shard, Lsn::MAX);
        for state in works.states(shard).values_mut() {
            (state.applied_lsn, state.dirty) = (0, true);
        }
        self.applied = 0;
    }

    /// True when no record from this one on was taken by an earlier tenure, as far as anything says so.
    fn is_over(&self, next: Lsn) -> bool {
        self.notes.is_empty() && next > self.applied
    }

    /// Whether what this record of a device led to is recorded.
    fn is_recorded(&self, device: DeviceId, number: Lsn) -> bool {
        self.notes.range(number..).any(|(_, notes)| notes.iter().any(|note| note.device() == device))
    }

    /// Makes states say what was told, where every record before this one is in them.
    fn restore_before(&mut self, works: &Works, shard: usize, number: Lsn) {
        let later = self.notes.split_off(&number);
        let over = std::mem::replace(&mut self.notes, later);
        if over.is_empty() {
            return;
        }
        let mut states = works.states(shard);
        for note in over.into_values().flatten() {
            if let Some(state) = states.get_mut(&note.device()) {
                note.restore(state);
            }
        }
    }
}
