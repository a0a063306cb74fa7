//! How many streams are open, counted by whoever is limited.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// Counts by key. Cheap to clone; all clones are one.
#[derive(Debug)]
pub struct Seats<K>(Arc<Mutex<HashMap<K, u32>>>);

impl<K> Default for Seats<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash + Copy> Seats<K> {
    /// Takes a seat, to be given back by dropping it. None when `limit` seats are taken; zero means no limit.
    pub fn take(&self, key: K, limit: u32) -> Option<Seat<K>> {
        let mut taken = self.0.lock();
        let count = taken.entry(key).or_insert(0);
        if limit != 0 && *count >= limit {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.0.clone(), key })
    }
}

/// A seat that is taken until this is dropped.
#[derive(Debug)]
pub struct Seat<K: Eq + Hash + Copy> {
    seats: Arc<Mutex<HashMap<K, u32>>>,
    key: K,
}

impl<K: Eq + Hash + Copy> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        let Some(count) = taken.get_mut(&self.key) else { return };
        *count -= 1;
        if *count == 0 {
            taken.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_run_out_by_key_and_come_back() {
        let seats = Seats::default();
        let first = seats.take("a", 2);
        let second = seats.take("a", 2);
        assert!(first.is_some() && second.is_some() && seats.take("a", 2).is_none());
        assert!(seats.take("b", 2).is_some() && seats.take("a", 0).is_some());
        drop(first);
        assert!(seats.take("a", 2).is_some());
        drop(second);
        assert!(seats.0.lock().is_empty());
    }
}
