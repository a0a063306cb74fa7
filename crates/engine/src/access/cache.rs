//! What was read from the store a moment ago.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::SignedDuration;
use parking_lot::RwLock;
use tracklane_core::Timestamp;

/// How many entries are kept at most; what is too old goes first.
const MOST: usize = 100_000;

/// Values by key, each believed for a while.
pub(super) struct Cache<K, V> {
    entries: RwLock<HashMap<K, (Timestamp, V)>>,
    believed: SignedDuration,
    /// Grows with each [`Cache::forget`]: what was read before one must not be kept after it.
    generation: AtomicU64,
}

/// The state of a cache before something was read from the store.
#[derive(Clone, Copy)]
pub(super) struct Before(u64);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// An empty cache whose entries are believed for so many seconds.
    pub fn new(seconds: i64) -> Self {
        Self { entries: RwLock::default(), believed: SignedDuration::from_secs(seconds), generation: AtomicU64::new(0) }
    }

    /// What is known under `key` and young enough.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.entries.read();
        let (at, value) = entries.get(key)?;
        (now.duration_since(*at) < self.believed).then(|| value.clone())
    }

    /// To be called before reading from the store.
    pub fn before_read(&self) -> Before {
        Before(self.generation.load(Ordering::Acquire))
    }

    /// Keeps what was read, unless something was forgotten in the meantime.
    pub fn put(&self, before: Before, key: K, value: V, now: Timestamp) {
        let mut entries = self.entries.write();
        if self.generation.load(Ordering::Acquire) != before.0 {
            return;
        }
        if entries.len() >= MOST {
            entries.retain(|_, (at, _)| now.duration_since(*at) < self.believed);
        }
        if entries.len() < MOST {
            entries.insert(key, (now, value));
        }
    }

    /// Forgets everything: what was changed is not known.
    pub fn forget_all(&self) {
        let mut entries = self.entries.write();
        self.generation.fetch_add(1, Ordering::Release);
        entries.clear();
    }

    /// Forgets what is known under `key`: it was changed.
    pub fn forget(&self, key: &K) {
        let mut entries = self.entries.write();
        self.generation.fetch_add(1, Ordering::Release);
        entries.remove(key);
    }
}
