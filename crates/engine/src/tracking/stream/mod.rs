//! The pipeline of many nodes: positions wait in a broker, parted by device, for the node that tracks their devices.
//!
//! - Whoever hears a position checks it, publishes it to the partition of its device, and answers once the broker has it (`send`).
//! - Each partition is tracked by one node at a time (`parting` says by which): it takes the records in their order through the
//!   same stages as a single process does (`tenure`). The number of a record in its partition stands where otherwise its number in the
//!   history stands, so that a change of hands is what a restart is for a single process: the states are made again from the
//!   last saved ones, what was recorded is taken up in silence, and the rest is told.
//! - Every transaction that records something checks that the partition is still this node's (`stream_partitions`): one that was held
//!   up for long comes too late.
//! - The other nodes hear of newest positions from the one that tracks, and keep what they need to answer questions (`mirror`).

mod mirror;
mod parting;
mod send;
mod tenure;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::ports::{BoxFuture, HistoryError, Lsn, PositionStream, StreamedHistory, Tenure};
use tracklane_core::position::Position;
use tracklane_store::{Scope, meta, recorded, stream_partitions};

use self::mirror::Word;
use super::checkpoint;
use super::pipeline::Works;
use super::recorder::Recorders;
use crate::engine::{Roles, StreamParts};
use crate::error::{Error, Result};

pub(super) use mirror::start as start_mirror;
pub(super) use parting::start as start_parting;
pub(super) use send::{BUSY, send};

/// How many words may wait to be told to other nodes. More are left out: the next position of a device says it, too.
const WORDS: usize = 4_096;
/// The name under which the store keeps where positions got their numbers last.
const ORIGIN: &str = "tracking.origin";

/// What the pipeline of many nodes works with.
pub(super) struct Streaming {
    pub stream: Arc<dyn PositionStream>,
    pub history: Arc<dyn StreamedHistory>,
    pub roles: Roles,
    lanes: Vec<Mutex<Lane>>,
    /// Held while the states of a partition are saved: what one has begun to save another one must not take for saved.
    saving: Vec<tokio::sync::Mutex<()>>,
    words: mpsc::Sender<Word>,
    heard: Mutex<Option<mpsc::Receiver<Word>>>,
    /// How many positions are on their way to the broker.
    sending: AtomicUsize,
    /// How often a partition was taken over.
    takeovers: AtomicU64,
    /// How old what was taken last was, since it was received, in microseconds.
    behind: AtomicI64,
}

/// How a process stands to the position stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamState {
    /// How many partitions there are.
    pub partitions: u32,
    /// How many of them this process tracks.
    pub tracked: usize,
    /// How often it has taken one over.
    pub takeovers: u64,
    /// How long positions that were taken last had been on their way since they were received, in seconds.
    pub behind_seconds: f64,
    /// What is wrong with the broker, in words.
    pub trouble: Option<String>,
}

/// A partition on this node.
#[derive(Default)]
struct Lane {
    /// None while another node tracks it.
    tenure: Option<Tenure>,
    /// The last record that the states hold.
    last: Lsn,
    /// The last record whose positions were in the history when the partition was taken over.
    written: Lsn,
    /// True when the states hold all that earlier ones held, and may be saved.
    live: bool,
    /// Ends the tenure.
    lost: CancellationToken,
    /// Whether what was read is being taken, or more is waited for, and since when.
    turn: Option<Turn>,
    /// Devices of which newer positions were told than what this tenure has come to.
    told: HashMap<DeviceId, Timestamp>,
}

/// What is done for a partition at the moment, since when.
#[derive(Clone, Copy)]
enum Turn {
    Taking(Instant),
    Waiting(Instant),
}

impl Lane {
    /// For how long the work has been held up.
    fn held_up(&self) -> Option<Duration> {
        match self.turn {
            Some(Turn::Taking(since)) => Some(since.elapsed()).filter(|held| *held > HELD_UP),
            _ => None,
        }
    }

    /// True when there has been nothing to take for a moment.
    fn is_at_rest(&self) -> bool {
        matches!(self.turn, Some(Turn::Waiting(since)) if since.elapsed() > REST)
    }

    /// A tenure begins: nothing is taken yet.
    fn begin(&mut self, tenure: Tenure, floor: Lsn, lost: CancellationToken) {
        *self = Self { tenure: Some(tenure), last: floor.saturating_sub(1), lost, ..Self::default() };
    }
}

/// A lane whose work takes longer than this is held up.
const HELD_UP: Duration = Duration::from_secs(2);
/// Who has waited so long for more has taken everything.
const REST: Duration = Duration::from_secs(1);
/// So far behind the stream a device may seem silent that is not.
const BEHIND: i64 = 10_000_000;

impl Streaming {
    pub fn new(parts: StreamParts, roles: Roles) -> Self {
        let StreamParts { stream, history } = parts;
        let lanes = (0..stream.partitions()).map(|_| Mutex::default()).collect();
        let saving = (0..stream.partitions()).map(|_| tokio::sync::Mutex::default()).collect();
        let (words, heard) = mpsc::channel(WORDS);
        Self {
            stream,
            history,
            roles,
            lanes,
            saving,
            words,
            heard: Mutex::new(Some(heard)),
            sending: AtomicUsize::new(0),
            takeovers: AtomicU64::new(0),
            behind: AtomicI64::new(0),
        }
    }

    /// How this process stands to the stream.
    pub fn state(&self) -> StreamState {
        StreamState {
            partitions: self.stream.partitions(),
            tracked: self.live().len(),
            takeovers: self.takeovers.load(Ordering::Relaxed),
            behind_seconds: self.behind_seconds(),
            trouble: self.stream.health().err(),
        }
    }

    /// How far behind the stream this process is.
    fn behind_seconds(&self) -> f64 {
        let (mut held_up, mut at_rest) = (Duration::ZERO, true);
        for lane in &self.lanes {
            let lane = lane.lock();
            held_up = held_up.max(lane.held_up().unwrap_or_default());
            at_rest &= lane.tenure.is_none() || lane.is_at_rest();
        }
        if at_rest { 0.0 } else { self.behind.load(Ordering::Relaxed) as f64 / 1e6 + held_up.as_secs_f64() }
    }

    /// True when a partition has come to what is heard now: who is silent then is silent.
    pub fn is_abreast(&self, shard: usize) -> bool {
        let lane = self.lanes[shard].lock();
        lane.is_at_rest() || (self.behind.load(Ordering::Relaxed) < BEHIND && lane.held_up().is_none())
    }

    /// The partitions that this node tracks by now, for good.
    pub fn live(&self) -> Vec<usize> {
        (0..self.lanes.len()).filter(|shard| self.lanes[*shard].lock().live).collect()
    }

    /// True when this node tracks the partition, or is about to.
    pub fn holds(&self, shard: usize) -> bool {
        self.lanes[shard].lock().tenure.is_some()
    }

    /// The tenure under which the partition is tracked here.
    pub fn tenure(&self, shard: usize) -> Option<Tenure> {
        self.lanes[shard].lock().tenure
    }

    /// Notes that the states hold this record, and keeps its positions unless the history has them. To be called under the lock of
    /// the shard.
    pub fn append(
        &self,
        shard: usize,
        last: Lsn,
        positions: Vec<Position>,
    ) -> Result<BoxFuture<'static, Result<(), HistoryError>>, HistoryError> {
        let mut lane = self.lanes[shard].lock();
        let tenure = lane.tenure.ok_or(HistoryError::Fenced)?;
        lane.last = lane.last.max(last);
        let positions = if last <= lane.written { Vec::new() } else { positions };
        Ok(self.history.append_streamed(tenure, last, positions))
    }

    /// Ready when all is durable that the states of the shard hold.
    pub fn settled(&self, shard: usize) -> Result<BoxFuture<'static, Result<(), HistoryError>>, HistoryError> {
        let last = self.lanes[shard].lock().last;
        self.append(shard, last, Vec::new())
    }

    /// Something of this tenure could not be kept: it ends, and whoever comes next makes it again from the stream.
    pub fn lost(&self, shard: usize) {
        self.lanes[shard].lock().lost.cancel();
    }

    /// Tells other nodes where devices are. Costs one look when too much waits.
    pub fn tell_moved(&self, tenant: TenantId, moved: &[DeviceLatest]) {
        if let (false, Ok(room)) = (moved.is_empty(), self.words.try_reserve()) {
            room.send(Word::moved(tenant, moved));
        }
    }

    /// How many positions are on their way to the broker.
    pub fn sending(&self) -> usize {
        self.sending.load(Ordering::Relaxed)
    }

    /// Leaves out positions that are older than what was told under earlier tenures.
    pub fn retain_new(&self, shard: usize, moved: &mut Vec<DeviceLatest>) {
        let mut lane = self.lanes[shard].lock();
        if lane.told.is_empty() {
            return;
        }
        moved.retain(|latest| match lane.told.get(&latest.device_id) {
            Some(told) if latest.fix_time <= *told => false,
            known => {
                if known.is_some() {
                    lane.told.remove(&latest.device_id);
                }
                true
            }
        });
    }
}

/// Makes sure that the numbers that states and notes speak of are those of this stream.
///
/// # Errors
/// When they are of something else, and that is not finished.
pub(super) async fn check_origin(works: &Works, streaming: &Streaming) -> Result<()> {
    let wanted = format!("stream:{}", streaming.stream.partitions());
    let mut tx = works.base.store.begin(Scope::System).await?;
    // Of several nodes that start at once one does it.
    if !meta::set_first_any_tenant(&mut tx, ORIGIN, &wanted).await? {
        let known = meta::get_any_tenant(&mut tx, ORIGIN).await?.unwrap_or_default();
        if known == wanted {
            return Ok(());
        }
        return Err(Error::Unavailable(format!(
            "positions of this installation come from {known}, not from {wanted}: the number of partitions is for ever"
        )));
    }
    if !recorded::load_any_tenant(&mut tx, 0, None, 1).await?.is_empty() {
        return Err(Error::Unavailable(
            "the last server on this database had no position stream and was not stopped in order: start one without a \
             stream and stop it, then start this one"
                .to_owned(),
        ));
    }
    tracing::info!(partitions = streaming.stream.partitions(), "positions come from the stream from here on");
    tracklane_store::device_states::renumber_any_tenant(&mut tx, 0).await?;
    Ok(tx.commit().await?)
}

/// Makes sure that this process may track alone.
///
/// # Errors
/// When positions of this installation come from a stream.
pub(super) async fn check_alone(works: &Works) -> Result<()> {
    let mut db = works.base.store.read(Scope::System).await?;
    match meta::get_any_tenant(&mut db, ORIGIN).await? {
        None => Ok(()),
        Some(known) => Err(Error::Unavailable(format!(
            "positions of this installation come from {known}: set stream.url as it was"
        ))),
    }
}

/// Saves what the states of a partition are now, and lets the stream forget what they hold.
pub(super) async fn save(works: &Works, streaming: &Streaming, recorders: &Recorders, shard: usize) -> Result<()> {
    let _turn = streaming.saving[shard].lock().await;
    let (tenure, floor) = {
        let lane = streaming.lanes[shard].lock();
        let Some(tenure) = lane.tenure.filter(|_| lane.live) else { return Ok(()) };
        (tenure, lane.last + 1)
    };
    let dirty: Vec<_> = works.states(shard).iter().filter_map(|(id, state)| state.dirty.then_some(*id)).collect();
    let saved = dirty.clone();
    checkpoint::save_some(works, recorders, shard, dirty).await?;
    // Nothing of it is needed any more once the history has it, too.
    works.settled(shard)?.await?;
    let mut tx = works.base.store.begin(Scope::System).await?;
    stream_partitions::set_floor_any_tenant(&mut tx, tenure, floor).await?;
    recorded::delete_before_any_tenant(&mut tx, tenure.partition, floor).await?;
    tx.commit().await?;
    if !saved.is_empty() {
        // Who waits too long hears it the next time.
        let _ = streaming.words.try_send(Word::saved(saved));
    }
    Ok(streaming.stream.release(tenure.partition, floor).await?)
}
