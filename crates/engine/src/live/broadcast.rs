//! Positions for those who hear all of them: kept once and put into words once, however many listen.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tracklane_core::id::DeviceId;
use tracklane_core::model::DeviceLatest;

/// The newest positions of how many devices are kept; what is oldest goes first.
const CAPACITY: usize = 20_000;

/// How many positions are handed out at once.
const BATCH: usize = 128;

/// How many batches are remembered for those who have not come to them yet.
const BATCHES: usize = 32;

/// How many places of replaced positions are kept at least, before they are swept out.
const SWEEP: usize = 1_024;

/// Positions that belong together: all that stand between two places.
#[derive(Debug)]
pub struct Batch {
    /// Behind which place they stand.
    after: u64,
    /// How far they reach.
    upto: u64,
    positions: Vec<Arc<DeviceLatest>>,
    words: OnceLock<Vec<u8>>,
}

impl Batch {
    /// The positions, oldest first.
    pub fn positions(&self) -> &[Arc<DeviceLatest>] {
        &self.positions
    }

    /// All of them as bytes to be written. Whoever comes first makes them for all: everybody has to speak the same way.
    pub fn words(&self, make: impl FnOnce(&[Arc<DeviceLatest>]) -> Vec<u8>) -> &[u8] {
        self.words.get_or_init(|| make(&self.positions))
    }
}

/// The newest positions of a tenant's devices, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Broadcast {
    /// The place of the newest one; places begin at one.
    head: AtomicU64,
    /// True when those who listen are about to be woken.
    calling: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By their places; none where the device has a newer one.
    log: VecDeque<(u64, Option<Arc<DeviceLatest>>)>,
    /// Where the newest one of each device stands.
    newest: HashMap<DeviceId, u64>,
    batches: VecDeque<Arc<Batch>>,
}

impl Broadcast {
    /// Adds a position in place of an older one of the same device. Answers whether those who listen must be woken: once
    /// until [`Broadcast::called`].
    pub fn put(&self, latest: Arc<DeviceLatest>) -> bool {
        let mut inner = self.inner.lock();
        let place = self.head.load(Ordering::Relaxed) + 1;
        if !inner.put(place, latest) {
            return false;
        }
        self.head.store(place, Ordering::Release);
        drop(inner);
        !self.calling.swap(true, Ordering::AcqRel)
    }

    /// Those who listen are woken now: what comes from here on needs another call.
    pub fn called(&self) {
        self.calling.store(false, Ordering::Release);
    }

    /// The place of the newest position.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// What stands behind `place`, a part of it when it is much, and moves `place` behind that. Whoever is far behind gets
    /// the newest position of each device, and nothing of what was before.
    pub fn take(&self, place: &mut u64) -> Option<Arc<Batch>> {
        if *place >= self.head() {
            return None;
        }
        let mut inner = self.inner.lock();
        let batch = match inner.batches.iter().rev().find(|batch| batch.after == *place) {
            Some(known) => known.clone(),
            None => inner.batch(*place)?,
        };
        *place = batch.upto;
        Some(batch)
    }
}

impl Inner {
    /// False when a later one of the device is there.
    fn put(&mut self, place: u64, latest: Arc<DeviceLatest>) -> bool {
        let device = latest.device_id;
        let kept = self.newest.get(&device).and_then(|place| {
            let at = self.log.partition_point(|(other, _)| other < place);
            self.log.get(at).and_then(|(_, kept)| kept.as_ref())
        });
        // Two submissions of one device may tell of themselves in the wrong order.
        if kept.is_some_and(|kept| kept.fix_time > latest.fix_time) {
            return false;
        }
        self.log.push_back((place, Some(latest)));
        if let Some(older) = self.newest.insert(device, place) {
            let older = self.log.partition_point(|(place, _)| *place < older);
            self.log[older].1 = None;
        }
        if self.newest.len() > CAPACITY {
            self.forget_oldest();
        }
        if self.log.len() > 2 * self.newest.len() + SWEEP {
            self.log.retain(|(_, latest)| latest.is_some());
        }
        true
    }

    fn forget_oldest(&mut self) {
        while let Some((_, latest)) = self.log.pop_front() {
            if let Some(latest) = latest {
                self.newest.remove(&latest.device_id);
                return;
            }
        }
    }

    fn batch(&mut self, after: u64) -> Option<Arc<Batch>> {
        let first = self.log.partition_point(|(place, _)| *place <= after);
        let live = self.log.range(first..).filter_map(|(place, latest)| Some((*place, latest.clone()?)));
        let (mut upto, mut positions) = (after, Vec::new());
        for (place, latest) in live.take(BATCH) {
            upto = place;
            positions.push(latest);
        }
        if positions.is_empty() {
            return None;
        }
        let batch = Arc::new(Batch { after, upto, positions, words: OnceLock::new() });
        if self.batches.len() == BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(batch.clone());
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use tracklane_core::id::Id as _;
    use tracklane_core::position::Point;

    use super::*;

    fn latest(device: u128, lat: f64) -> Arc<DeviceLatest> {
        let at = tracklane_core::Timestamp::UNIX_EPOCH;
        Arc::new(DeviceLatest {
            device_id: DeviceId::from_uuid(uuid::Uuid::from_u128(device)),
            driver_id: None,
            fix_time: at,
            received_at: at,
            point: Point { lat, lon: 2.0 },
            speed_mps: None,
            course_deg: None,
            accuracy_m: None,
            altitude_m: None,
            attributes: Default::default(),
        })
    }

    fn heard(broadcast: &Broadcast, place: &mut u64) -> Vec<(u128, f64)> {
        let batches = std::iter::from_fn(|| broadcast.take(place)).collect::<Vec<_>>();
        let positions = batches.iter().flat_map(|batch| batch.positions());
        positions.map(|latest| (latest.device_id.uuid().as_u128(), latest.point.lat)).collect()
    }

    #[test]
    fn who_keeps_up_hears_all_and_who_does_not_the_newest_of_each() {
        let broadcast = Broadcast::default();
        let (mut quick, mut slow) = (0, 0);
        for step in 0..10_000_u32 {
            let sent = (u128::from(step % 3), f64::from(step) / 1_000.0);
            broadcast.put(latest(sent.0, sent.1));
            assert_eq!(heard(&broadcast, &mut quick), [sent]);
        }
        let newest = [(1, 9.997), (2, 9.998), (0, 9.999)];
        // What others heard lately may come first; behind it is the newest of each, once.
        let all = heard(&broadcast, &mut slow);
        assert!(all.ends_with(&newest) && all.len() <= BATCHES + newest.len(), "{all:?}");
        assert!(broadcast.inner.lock().log.len() <= 2 * newest.len() + SWEEP);
        assert_eq!((quick, slow, heard(&broadcast, &mut slow).len()), (10_000, 10_000, 0));
    }

    #[test]
    fn who_stands_at_the_same_place_gets_the_same_batch() {
        let broadcast = Broadcast::default();
        for device in 0..300 {
            broadcast.put(latest(device, 1.0));
        }
        let (mut one, mut other, mut between) = (0, 0, 200);
        let first = broadcast.take(&mut one).expect("a batch");
        // What came meanwhile stands behind it.
        broadcast.put(latest(5, 2.0));
        let again = broadcast.take(&mut other).expect("a batch");
        assert!(Arc::ptr_eq(&first, &again), "made once");
        assert_eq!(first.words(|positions| vec![positions.len() as u8]), [BATCH as u8]);
        assert_eq!(again.words(|_| Vec::new()), [BATCH as u8], "put into words once");
        assert_eq!(heard(&broadcast, &mut other).len(), 300 - BATCH + 1);
        assert_eq!(heard(&broadcast, &mut between).len(), 101);
    }

    #[test]
    fn those_who_listen_are_called_once_until_they_were() {
        let broadcast = Broadcast::default();
        assert!(broadcast.put(latest(1, 1.0)));
        assert!(!broadcast.put(latest(2, 1.0)));
        broadcast.called();
        assert!(broadcast.put(latest(3, 1.0)));
    }

    #[test]
    fn no_more_devices_are_kept_than_there_is_room_for() {
        let broadcast = Broadcast::default();
        for device in 0..2 * CAPACITY as u128 {
            broadcast.put(latest(device, 1.0));
        }
        let all = heard(&broadcast, &mut 0);
        assert_eq!((all.len(), all[0].0), (CAPACITY, CAPACITY as u128));
    }
}
