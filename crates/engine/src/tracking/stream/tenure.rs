//! Tracking a partition: taking it over, and taking its records through the stages in their order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use smallvec::SmallVec;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracklane_core::id::TenantId;
use tracklane_core::ports::{Lsn, Streamed};
use tracklane_store::{Scope, device_states, stream_partitions};
use uuid::Uuid;

use super::wire::Record;
use super::{Lane, Streaming, save};
use crate::error::{Error, Result};
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
/// So many rows go through the stages at once.
const TURN: usize = 1_000;
/// So many turns may wait to be durable and recorded before no more is read.
const AHEAD: usize = 64;

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
        let partition = u32::try_from(*shard).unwrap_or(u32::MAX);
        let mut tx = works.base.store.begin(Scope::System).await?;
        let (tenure, floor) = stream_partitions::take_over_any_tenant(&mut tx, partition, self.node).await?;
        tx.commit().await?;
        let written = streaming.history.take_over(tenure).await?;
        // What an earlier tenure of this node left behind is refused by now.
        self.recorders.of(*shard).drained().await;
        let lost = CancellationToken::new();
        let mut replay = Replay::load(works, *shard, partition).await?;
        *streaming.lanes[*shard].lock() = Lane {
            tenure: Some(tenure),
            last: floor.saturating_sub(1),
            written,
            live: replay.is_over(floor),
            lost: lost.clone(),
        };
        streaming.takeovers.fetch_add(1, Ordering::Relaxed);
        tracing::info!(partition, epoch = tenure.epoch, floor, "tracks a partition of the stream");
        let (acks, waiting) = mpsc::channel(AHEAD);
        let acks_lost = lost.clone();
        let acknowledging = tokio::spawn(acknowledge(works.clone(), waiting, acks_lost));
        let outcome = tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = lost.cancelled() => Err(Error::Unavailable("another node tracks it".to_owned())),
            outcome = self.read(partition, floor, written, &mut replay, acks) => outcome,
        };
        if outcome.is_err() || !streaming.lanes[*shard].lock().live {
            acknowledging.abort();
            return outcome;
        }
        // What was taken is finished, so that whoever comes next has nothing to catch up with.
        let _ = acknowledging.await;
        save(works, streaming, &self.recorders, *shard).await
    }

    /// Takes record after record. Ends with an error alone.
    async fn read(
        &self,
        partition: u32,
        floor: Lsn,
        written: Lsn,
        replay: &mut Replay,
        acks: mpsc::Sender<Taken>,
    ) -> Result<()> {
        let unavailable = |error| Error::Unavailable(format!("position stream unavailable: {error}"));
        let mut reader = self.streaming.stream.read(partition, floor).await.map_err(unavailable)?;
        loop {
            let records = reader.next().await.map_err(unavailable)?;
            let mut records = records.into_iter().filter_map(|record| self.decoded(record)).peekable();
            while let Some((mut last, tenant, mut rows)) = records.next() {
                if !replay.is_over(last) || last <= written {
                    self.take_again(last, tenant, rows, replay, last <= written, &acks).await?;
                    continue;
                }
                let together =
                    |(_, other, more): &(Lsn, TenantId, Vec<Row>)| *other == tenant && rows.len() + more.len() <= TURN;
                let mut more = Vec::new();
                let mut count = rows.len();
                while let Some((next, _, others)) =
                    records.next_if(|record| together(record) && count + record.2.len() <= TURN)
                {
                    (last, count) = (next, count + others.len());
                    more.push(others);
                }
                rows.extend(more.into_iter().flatten());
                self.take(last, rows, false, &acks).await?;
            }
        }
    }

    /// A record as rows of devices that are known here.
    fn decoded(&self, record: Streamed) -> Option<(Lsn, TenantId, Vec<Row>)> {
        let Streamed { number, payload } = record;
        let memory = &self.works.base.memory;
        match serde_json::from_slice::<Record>(&payload) {
            Ok(Record { tenant_id, positions }) => {
                // Of devices that were deleted meanwhile nothing is kept.
                let known = positions.into_iter().filter(|sent| {
                    let device = memory.devices.by_id(sent.device_id());
                    memory.states.shard_of(sent.device_id()) == self.shard
                        && device.is_none_or(|device| device.tenant_id == tenant_id)
                });
                Some((number, tenant_id, known.map(|sent| sent.into_row(tenant_id)).collect()))
            }
            Err(error) => {
                tracing::error!(partition = self.shard, number, %error, "a record of the stream cannot be read and is passed over");
                None
            }
        }
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
        tenant: TenantId,
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
            tracing::trace!(%tenant, last, rows = silent.len(), "takes up what was recorded");
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
    async fn load(works: &Works, shard: usize, partition: u32) -> Result<Self> {
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
            states.clear();
            states.extend(loaded);
        }
        let mut notes = BTreeMap::<Lsn, Vec<Recorded>>::new();
        for (_, note) in recorded::load(works, partition).await? {
            notes.entry(note.lsn).or_default().push(note);
        }
        Ok(Self { notes, applied })
    }

    /// True when no record from this one on was taken by an earlier tenure, as far as anything says so.
    fn is_over(&self, next: Lsn) -> bool {
        self.notes.is_empty() && next > self.applied
    }

    /// Whether what this record of a device led to is recorded.
    fn is_recorded(&self, device: tracklane_core::id::DeviceId, number: Lsn) -> bool {
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
