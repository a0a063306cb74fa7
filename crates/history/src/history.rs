//! The history itself: what callers hold.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tracklane_core::id::{DeviceId, Id, TenantId};
use tracklane_core::ports::{
    Appended, AreaPage, AreaQuery, BoxFuture, HistoryError, HistoryQuery, Limits, Lsn, PositionHistory, Retained,
};
use tracklane_core::position::Position;

use crate::core::{Core, Parts};
use crate::error::Context;
use crate::folder::{self, SEGMENT};
use crate::manifest::Manifest;
use crate::memtable::Memtable;
use crate::row::{Key, Row, from_position, micros_up, to_positions};
use crate::segment::{Reach, Room, Segment};
use crate::tombstone::erased_before;
use crate::view::{View, Wanted};
use crate::wal::Wal;
use crate::{Error, Settings, area, committer, merge, retain, seal};

/// Positions of all devices in one folder of this machine. See the crate for what is kept, and how exactly.
///
/// Dropping it makes the waiting appends durable and stops its threads without sealing: what is in the log only is read
/// back at the next start.
pub struct History {
    core: Arc<Core>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    committer: JoinHandle<()>,
    keeper: JoinHandle<()>,
    merger: JoinHandle<()>,
}

/// How much a history holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Sealed segments.
    pub segments: usize,
    /// Positions in them; one that was stored twice may count twice until segments are merged.
    pub sealed_positions: u64,
    /// Their size on disk, in bytes.
    pub sealed_bytes: u64,
    /// Positions in memory, durable in the log only.
    pub unsealed_positions: u64,
    /// Size of the log on disk, in bytes, files ready for use included.
    pub wal_bytes: u64,
    /// Bytes written to segments and to the log since start, merges included.
    pub written_bytes: u64,
}

impl History {
    /// Opens the history in `folder`, makes it when it is not there, and brings what is only in the log back into memory.
    /// Blocks until that is done.
    ///
    /// # Errors
    /// When the folder is in use, cannot be read or written, is corrupt or was written by a newer program.
    pub fn open(folder: impl AsRef<Path>, settings: Settings) -> Result<Self, Error> {
        let folder = folder.as_ref().to_path_buf();
        let settings = settings.at_least_working();
        let lock = folder::lock(&folder)?;
        folder::remove_temporary(&folder)?;
        let manifest = Manifest::load(&folder)?;
        let is_new = manifest.is_none();
        let manifest = manifest.unwrap_or_default();
        let room = Arc::new(Room::new(settings.directory_bytes));
        let segments = open_segments(&folder, &manifest, is_new, &room)?;
        let active = Memtable::new(manifest.sealed, 0);
        let tombstones = manifest.tombstones.clone();
        let mut view = View { active, frozen: Vec::new(), segments: Vec::new(), tombstones };
        view.change_segments(segments, &[]);
        let (wal, next_lsn) = Wal::open(&folder, &settings, &manifest, &mut |first, rows| {
            insert_kept(&mut view, first, rows);
            if view.active.is_full(&settings) {
                view.freeze();
            }
        })?;
        if is_new {
            manifest.store(&folder, settings.sync)?;
        }
        let shelf = wal.shelf();
        let core = Arc::new(Core::new(Parts { folder, settings, manifest, view, shelf, room, next_lsn, lock }));
        let threads = start(&core, wal)?;
        Ok(Self { core, threads: Mutex::new(Some(threads)) })
    }

    /// Positions of one device, like [`PositionHistory::range`], on the calling thread.
    ///
    /// # Errors
    /// When a segment cannot be read or is corrupt.
    pub fn read(&self, query: &HistoryQuery) -> Result<Vec<Position>, Error> {
        let wanted = wanted(query);
        self.read_within(&wanted, Reach::Disk)
    }

    fn read_within(&self, wanted: &Wanted, reach: Reach) -> Result<Vec<Position>, Error> {
        let selection = self.core.view.read().select(wanted);
        positions(&self.core.folder, selection.rows(reach)?.iter().map(|row| (wanted.key, row)))
    }

    /// Positions in an area, like [`PositionHistory::area`], on the calling thread.
    ///
    /// # Errors
    /// When a segment cannot be read or is corrupt.
    pub fn read_area(&self, query: &AreaQuery) -> Result<AreaPage, Error> {
        area::page(&self.core, query)
    }

    /// Seals everything that is in memory now and waits until it is done.
    ///
    /// # Errors
    /// When a segment or the manifest cannot be written.
    pub fn seal(&self) -> Result<(), Error> {
        {
            let mut view = self.core.view.write();
            if view.active.records() > 0 {
                view.freeze();
            }
        }
        seal::seal_all(&self.core)?;
        self.core.recycle()
    }

    /// How much there is.
    pub fn stats(&self) -> Stats {
        let view = self.core.view.read();
        let unsealed = view.frozen.iter().map(|table| table.records()).sum::<u64>() + view.active.records();
        let segments = view.segments.clone();
        drop(view);
        Stats {
            segments: segments.len(),
            sealed_positions: segments.iter().map(|segment| segment.summary.rows).sum(),
            sealed_bytes: segments.iter().map(|segment| segment.bytes).sum(),
            unsealed_positions: unsealed,
            wal_bytes: self.core.shelf.bytes(),
            written_bytes: self.core.shelf.written() + self.core.written.load(Ordering::Relaxed),
        }
    }

    /// Refuses further appends, makes the waiting ones durable, seals everything and frees the folder. Blocks until that
    /// is done; a second call does nothing.
    ///
    /// # Errors
    /// When sealing failed; what was acknowledged is durable in the log nevertheless.
    pub fn close(&self) -> Result<(), Error> {
        if !self.stop() {
            return Ok(());
        }
        let sealed = self.seal().and_then(|()| self.core.store_checkpoint());
        self.core.unlock();
        sealed
    }

    /// Does work that may wait for the disk, on a thread where that holds up nobody.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Core) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let core = Arc::clone(&self.core);
        let done = tokio::task::spawn_blocking(move || work(&core)).await;
        Ok(done.map_err(|error| HistoryError::Io(error.to_string()))??)
    }

    /// Stops the threads, the committer once all waiting appends are durable. False when they were stopped before.
    fn stop(&self) -> bool {
        let Some(threads) = self.threads.lock().take() else { return false };
        self.core.queue.close();
        // The keeper still works meanwhile: the committer may have to wait for a sealing.
        join(threads.committer);
        self.core.stop.store(true, Ordering::Relaxed);
        self.core.keeper.wake();
        self.core.merger.wake();
        join(threads.keeper);
        join(threads.merger);
        // Whoever keeps to the limits stops where it is; nobody changes the folder any more.
        drop(self.core.compacting.lock());
        true
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.stop();
    }
}

impl PositionHistory for History {
    fn append(&self, batch: Vec<Position>) -> Result<Appended, HistoryError> {
        let records = batch.len() as u64;
        let rows = batch.iter().map(from_position).collect();
        let queued = self.core.queue.append(rows).map_err(|error| error.to_port())?;
        let durable = Box::pin(async move { heard(queued.durable).await });
        Ok(Appended { first: queued.first, next: queued.first + records, durable })
    }

    fn resume(&self) -> BoxFuture<'_, Result<(), HistoryError>> {
        Box::pin(heard(self.core.queue.resume()))
    }

    fn waiting(&self) -> usize {
        self.core.queue.weight()
    }

    fn is_busy(&self) -> bool {
        self.core.queue.weight() >= self.core.settings.queue_records
    }

    fn range(&self, query: HistoryQuery) -> BoxFuture<'_, Result<Vec<Position>, HistoryError>> {
        Box::pin(async move {
            let wanted = wanted(&query);
            // Mostly the system has in memory what is asked for: then it is not worth a thread of its own. A cold disk
            // must not hold up the tasks of this one.
            match self.read_within(&wanted, Reach::Memory) {
                Err(error) if error.would_block() => self.blocking(move |core| {
                    let rows = core.view.read().select(&wanted).rows(Reach::Disk)?;
                    positions(&core.folder, rows.iter().map(|row| (wanted.key, row)))
                }),
                outcome => return Ok(outcome?),
            }
            .await
        })
    }

    fn area(&self, query: AreaQuery) -> BoxFuture<'_, Result<AreaPage, HistoryError>> {
        Box::pin(self.blocking(move |core| area::page(core, &query)))
    }

    fn erase(&self, tenant_id: TenantId, device_id: Option<DeviceId>) -> BoxFuture<'_, Result<(), HistoryError>> {
        let device = device_id.map(Id::uuid);
        Box::pin(self.blocking(move |core| core.erase(tenant_id.uuid(), device)))
    }

    fn retain(&self, limits: Vec<Limits>) -> BoxFuture<'_, Result<Retained, HistoryError>> {
        Box::pin(self.blocking(move |core| retain::retain(core, &limits)))
    }

    fn replay(&self, lsn: Lsn, each: &mut dyn FnMut(Lsn, Vec<Position>)) -> Result<(), HistoryError> {
        let mut outcome = Ok(());
        self.core.shelf.replay(lsn, self.next_lsn(), &mut |first, rows| match positions(
            &self.core.folder,
            rows.iter().map(|(key, row)| (*key, row)),
        ) {
            Ok(positions) if outcome.is_ok() => each(first, positions),
            Ok(_) => {}
            Err(error) => outcome = Err(error),
        })?;
        Ok(outcome?)
    }

    fn checkpoint(&self, lsn: Lsn) -> Result<(), HistoryError> {
        // Stored with the next change of the manifest, before a log file is taken out of use: an older one only keeps more.
        self.core.checkpoint.fetch_max(lsn.min(self.next_lsn()), Ordering::Relaxed);
        Ok(())
    }

    fn next_lsn(&self) -> Lsn {
        self.core.durable.load(Ordering::Acquire)
    }

    fn health(&self) -> Result<(), String> {
        if self.threads.lock().as_ref().is_none_or(|threads| threads.committer.is_finished()) {
            return Err(Error::Closed.to_string());
        }
        self.core.trouble().map_or(Ok(()), |error| Err(error.to_string()))
    }
}

/// Takes rows of the log, without those that were erased.
fn insert_kept(view: &mut View, first: Lsn, rows: Vec<(Key, Row)>) {
    if view.tombstones.is_empty() {
        view.active.insert(rows.into_iter());
        return;
    }
    for (lsn, (key, row)) in (first..).zip(rows) {
        if erased_before(&view.tombstones, key) > lsn {
            view.active.pass_over();
        } else {
            view.active.insert(std::iter::once((key, row)));
        }
    }
}

/// Opens the segments of the manifest and removes others: those of a sealing or merge that was not finished.
fn open_segments(
    folder: &Path,
    manifest: &Manifest,
    is_new: bool,
    room: &Arc<Room>,
) -> Result<Vec<Arc<Segment>>, Error> {
    for id in folder::numbers(folder, SEGMENT)? {
        let path = folder::numbered(folder, SEGMENT, id);
        if is_new {
            return Err(Error::corrupt(&path, "a segment without a manifest"));
        }
        if !manifest.segments.contains(&id) {
            fs::remove_file(&path).context("remove", &path)?;
        }
    }
    // The newest first: they are read most, and memory for directories may not be enough for all.
    let open = |id: &u64| Segment::open(*id, &folder::numbered(folder, SEGMENT, *id), room).map(Arc::new);
    manifest.segments.iter().rev().map(open).collect()
}

fn start(core: &Arc<Core>, wal: Wal) -> Result<Threads, Error> {
    let spawn = |name: &str, work: Box<dyn FnOnce(&Core) + Send>| {
        let shared = Arc::clone(core);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || work(&shared));
        thread.context("start a thread for", &core.folder)
    };
    Ok(Threads {
        committer: spawn("history-log", Box::new(move |core| committer::run(core, wal)))?,
        keeper: spawn("history-seal", Box::new(seal::run))?,
        merger: spawn("history-merge", Box::new(merge::run))?,
    })
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of position history panicked");
    }
}

/// What the committer says, in the words of the port.
async fn heard(outcome: oneshot::Receiver<committer::Outcome>) -> Result<(), HistoryError> {
    let outcome = outcome.await.unwrap_or_else(|_| Err(Arc::new(Error::Closed)));
    outcome.map_err(|error| error.to_port())
}

fn wanted(query: &HistoryQuery) -> Wanted {
    Wanted {
        key: Key::new(query.tenant_id, query.device_id),
        from: micros_up(query.from),
        to: micros_up(query.to),
        limit: query.limit,
    }
}

fn positions<'a>(folder: &Path, rows: impl Iterator<Item = (Key, &'a Row)>) -> Result<Vec<Position>, Error> {
    to_positions(rows).ok_or_else(|| Error::corrupt(folder, "a position"))
}
