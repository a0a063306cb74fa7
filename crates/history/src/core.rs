//! What the threads of a history share.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};
use tracklane_core::ports::Lsn;
use uuid::Uuid;

use crate::Settings;
use crate::committer::Queue;
use crate::compact::{Filter, Limit};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::row::{Key, Row};
use crate::segment::{Room, Segment};
use crate::tombstone::{self, Tombstone};
use crate::view::View;
use crate::wal::Shelf;

/// Appends stop once so many full tables wait to be sealed.
const MOST_FROZEN: usize = 8;
/// Before that they slow down: each group waits so long for each table but the one being sealed. Many short waits instead
/// of a long one.
const SLOW_DOWN: Duration = Duration::from_millis(2);

/// Everything but the threads themselves. Locks are taken in the order of the fields, and the view only for moments.
pub(crate) struct Core {
    pub folder: PathBuf,
    pub settings: Settings,
    pub queue: Queue,
    pub keeper: Bell,
    pub merger: Bell,
    /// Told to the threads that keep house, so that they stop where they are.
    pub stop: AtomicBool,
    /// Held while tables are being sealed: by the keeper, or by whoever asked for it.
    pub sealing: Mutex<()>,
    /// Held while segments are written anew: by the merger, or by whoever keeps to the limits.
    pub compacting: Mutex<()>,
    /// What the last call to keep to the limits gave.
    limits: Mutex<Arc<Vec<Limit>>>,
    manifest: Mutex<Manifest>,
    pub view: RwLock<View>,
    pub shelf: Arc<Shelf>,
    /// For the directories of segments.
    pub room: Arc<Room>,
    /// The number the next record will get: all before it are durable.
    pub durable: AtomicU64,
    pub checkpoint: AtomicU64,
    /// Bytes written to segments since start.
    pub written: AtomicU64,
    trouble: Mutex<Trouble>,
    /// Rung after each sealing, or when it failed.
    sealed: Condvar,
    /// Held until the history is closed.
    lock: File,
}

/// What does not work at the moment.
#[derive(Debug, Default)]
struct Trouble {
    append: Option<Arc<Error>>,
    sealing: Option<Arc<Error>>,
}

/// Wakes a thread that keeps house.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub(crate) fn wake(&self) {
        *self.rung.lock() = true;
        self.changed.notify_all();
    }

    /// Waits until woken, or for the time given.
    pub(crate) fn wait(&self, at_most: Duration) {
        let mut rung = self.rung.lock();
        if !*rung {
            self.changed.wait_for(&mut rung, at_most);
        }
        *rung = false;
    }
}

/// The parts that opening a folder brings together.
pub(crate) struct Parts {
    pub folder: PathBuf,
    pub settings: Settings,
    pub manifest: Manifest,
    pub view: View,
    pub shelf: Arc<Shelf>,
    pub room: Arc<Room>,
    pub next_lsn: Lsn,
    pub lock: File,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            queue: Queue::new(parts.next_lsn),
            folder: parts.folder,
            settings: parts.settings,
            keeper: Bell::default(),
            merger: Bell::default(),
            stop: AtomicBool::new(false),
            sealing: Mutex::new(()),
            compacting: Mutex::new(()),
            limits: Mutex::default(),
            checkpoint: AtomicU64::new(parts.manifest.checkpoint),
            manifest: Mutex::new(parts.manifest),
            view: RwLock::new(parts.view),
            shelf: parts.shelf,
            room: parts.room,
            durable: AtomicU64::new(parts.next_lsn),
            written: AtomicU64::new(0),
            trouble: Mutex::default(),
            sealed: Condvar::new(),
            lock: parts.lock,
        }
    }

    /// Takes durable rows into memory. Answers whether there is something to seal now.
    pub(crate) fn insert(&self, rows: impl ExactSizeIterator<Item = (Key, Row)>) -> bool {
        let mut view = self.view.write();
        view.active.insert(rows);
        self.durable.store(view.active.end_lsn, Ordering::Release);
        let full = view.active.is_full(&self.settings);
        if full {
            view.freeze();
        }
        full
    }

    /// Holds appends back while sealing cannot follow.
    ///
    /// # Errors
    /// When sealing does not work, what it failed with.
    pub(crate) fn wait_for_sealing(&self) -> Result<(), Arc<Error>> {
        loop {
            let frozen = self.view.read().frozen.len() as u32;
            if frozen <= 1 {
                return Ok(());
            }
            let mut trouble = self.trouble.lock();
            if frozen as usize >= MOST_FROZEN
                && let Some(error) = &trouble.sealing
            {
                return Err(Arc::clone(error));
            }
            self.sealed.wait_for(&mut trouble, SLOW_DOWN * (frozen - 1));
            if (frozen as usize) < MOST_FROZEN {
                return Ok(());
            }
        }
    }

    pub(crate) fn append_works(&self) {
        let mut trouble = self.trouble.lock();
        if trouble.append.take().is_some() {
            tracing::info!("appends to position history work again");
        }
    }

    pub(crate) fn append_fails(&self, error: &Arc<Error>) {
        let before = self.trouble.lock().append.replace(Arc::clone(error));
        if before.is_none() {
            tracing::error!(%error, "appends to position history fail");
        }
    }

    /// Notes how the last sealing went.
    pub(crate) fn sealing_went(&self, outcome: Result<(), Error>) {
        let now = outcome.err().map(Arc::new);
        let before = std::mem::replace(&mut self.trouble.lock().sealing, now.clone());
        match (before, now) {
            (None, Some(error)) => tracing::error!(%error, "sealing of position history fails"),
            (Some(_), None) => tracing::info!("sealing of position history works again"),
            _ => {}
        }
        self.sealed.notify_all();
    }

    /// What does not work at the moment.
    pub(crate) fn trouble(&self) -> Option<Arc<Error>> {
        let trouble = self.trouble.lock();
        trouble.append.as_ref().or(trouble.sealing.as_ref()).map(Arc::clone)
    }

    pub(crate) fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// An id for a new segment; never given twice, so that one left behind is never mistaken for another.
    pub(crate) fn next_segment(&self) -> u64 {
        let mut manifest = self.manifest.lock();
        manifest.next_segment += 1;
        manifest.next_segment - 1
    }

    /// Puts segments in the place of others, durably, and removes the files of those. False when one of the others is gone
    /// already: then nothing has changed.
    ///
    /// # Errors
    /// When the manifest cannot be written: then nothing has changed either.
    pub(crate) fn change(&self, change: Change) -> Result<bool, Error> {
        let Change { add, remove, sealed, settled } = change;
        let mut manifest = self.manifest.lock();
        if !remove.iter().all(|id| manifest.segments.contains(id)) {
            add.iter().for_each(|segment| remove_file(segment));
            return Ok(false);
        }
        let mut next = manifest.clone();
        next.segments.retain(|id| !remove.contains(id));
        next.segments.extend(add.iter().map(|segment| segment.id));
        next.tombstones.retain(|stone| !settled.contains(stone));
        next.sealed = sealed.unwrap_or(next.sealed);
        next.checkpoint = self.checkpoint.load(Ordering::Relaxed);
        if let Err(error) = next.store(&self.folder, self.settings.sync) {
            // When the disk is full the new manifest was not written, and its segments only take room.
            if error.is_full() {
                add.iter().for_each(|segment| remove_file(segment));
            }
            return Err(error);
        }
        *manifest = next;
        let mut view = self.view.write();
        let gone: Vec<_> = view.segments.iter().filter(|segment| remove.contains(&segment.id)).cloned().collect();
        view.change_segments(add, &remove);
        view.tombstones.clone_from(&manifest.tombstones);
        let first = view.frozen.first().filter(|table| sealed.is_some_and(|sealed| table.end_lsn <= sealed));
        let table = first.is_some().then(|| view.frozen.remove(0));
        drop(view);
        drop(manifest);
        // Freed only here: that takes time.
        drop(table);
        gone.iter().for_each(|segment| remove_file(segment));
        Ok(true)
    }

    /// Erases everything of a device, or of a tenant, that is durable now: at once for reads, durably when this returns.
    ///
    /// # Errors
    /// When the manifest cannot be written. Reads find nothing of it even then, until the next start.
    pub(crate) fn erase(&self, tenant: Uuid, device: Option<Uuid>) -> Result<(), Error> {
        let mut manifest = self.manifest.lock();
        // Asked with the lock held: closing takes it after the order to stop.
        if self.stops() {
            return Err(Error::Closed);
        }
        {
            let mut view = self.view.write();
            let stone = Tombstone { tenant, device, before: view.active.end_lsn };
            view.active.erase(&stone);
            tombstone::add(&mut manifest.tombstones, stone);
            view.tombstones.clone_from(&manifest.tombstones);
        }
        let mut next = manifest.clone();
        next.checkpoint = self.checkpoint.load(Ordering::Relaxed);
        next.store(&self.folder, self.settings.sync)?;
        *manifest = next;
        Ok(())
    }

    /// What is left out of segments that are written now.
    pub(crate) fn filter(&self, thins: bool) -> Filter {
        let limits = Arc::clone(&self.limits.lock());
        Filter { limits, tombstones: self.view.read().tombstones.clone(), thins }
    }

    /// Sets up to when rows are kept.
    pub(crate) fn set_limits(&self, limits: Vec<Limit>) {
        *self.limits.lock() = Arc::new(limits);
    }

    /// Every record before this one is in segments.
    pub(crate) fn sealed_before(&self) -> Lsn {
        self.manifest.lock().sealed
    }

    /// Takes log files out of use that nobody needs any more.
    pub(crate) fn recycle(&self) -> Result<(), Error> {
        let checkpoint = self.checkpoint.load(Ordering::Relaxed);
        let (sealed, stored) = {
            let manifest = self.manifest.lock();
            (manifest.sealed, manifest.checkpoint)
        };
        if !self.shelf.recyclable(sealed.min(checkpoint)) {
            return Ok(());
        }
        if stored != checkpoint {
            self.change(Change::default())?;
        }
        self.shelf.recycle(sealed.min(checkpoint))
    }

    /// Makes the checkpoint durable.
    pub(crate) fn store_checkpoint(&self) -> Result<(), Error> {
        let stored = self.manifest.lock().checkpoint;
        if stored != self.checkpoint.load(Ordering::Relaxed) {
            self.change(Change::default())?;
        }
        Ok(())
    }

    /// Lets others open the folder.
    pub(crate) fn unlock(&self) {
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "could not unlock position history");
        }
    }
}

/// A change of the manifest.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub add: Vec<Arc<Segment>>,
    pub remove: Vec<u64>,
    /// Everything before this record is in segments now.
    pub sealed: Option<Lsn>,
    /// Nothing that these cover is left.
    pub settled: Vec<Tombstone>,
}

fn remove_file(segment: &Segment) {
    // What cannot be removed now is removed at the next start.
    if let Err(error) = fs::remove_file(segment.path()) {
        tracing::warn!(%error, path = %segment.path().display(), "could not remove a segment");
    }
}
