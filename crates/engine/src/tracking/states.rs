//! What is known of each device now: its newest position, the zones it is in, and how much of the history that holds.

use std::ops::Range;

use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, Id, TenantId};
use tracklane_core::model::{DeviceLatest, Movement};
use tracklane_core::ports::Lsn;
use tracklane_core::position::Point;
use tracklane_core::time::Micros;
use tracklane_geo::trips::Segmenter;
use tracklane_geo::visit::{Place, Visits, Window};
use tracklane_store::device_states;

use super::alarms::Alarms;
use super::clock::Ahead;
use super::filter::Doubts;
use super::newest::Newest;
use super::said::Said;
use super::zones::ZoneKey;
use crate::by_id::ById;

/// What is known of one device now.
#[derive(Debug, Clone)]
pub(crate) struct DeviceState {
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Its newest trusted position.
    pub latest: Option<Newest>,
    /// When its newest trusted position was, in the device's order: what is older is late. Ahead of our clock only when the
    /// device's clock is.
    pub newest: Option<Micros>,
    /// The latest fix time of all, trusted or not, ahead of our clock or not: what is later is new.
    pub furthest: Option<Micros>,
    /// True when that one is marked.
    pub furthest_marked: bool,
    /// What is known of its clock, if it was ahead of ours lately.
    pub ahead: Option<Box<Ahead>>,
    /// True when its newest trusted position is the only one.
    pub lone: bool,
    /// What is doubtful about where it is.
    pub doubts: Option<Box<Doubts>>,
    /// The zones it is in, and the last fix that they were asked with.
    pub visits: Visits<ZoneKey>,
    /// Where to go back to when a late fix turns up.
    pub window: Window<ZoneKey>,
    /// What was told of zones since then.
    pub said: Option<Box<Said>>,
    /// The generation of the watch that this device was last asked with.
    pub watched: u64,
    /// When it was last heard of.
    pub heard: Option<Micros>,
    /// True when it was told that it fell silent.
    pub offline: bool,
    /// The alarms that are on.
    pub alarms: Option<Box<Alarms>>,
    /// Whether it goes or stands, since when.
    pub track: Segmenter,
    /// What it did until lately, as far as the store does not have it yet: mostly nothing, which takes little room.
    pub ended: Option<Box<Ended>>,
    /// The earliest position that came late since its track was last looked through.
    pub redo: Option<Micros>,
    /// The last record of the history that this state holds.
    pub applied_lsn: Lsn,
    /// True when the store does not have it yet.
    pub dirty: bool,
}

impl DeviceState {
    /// Nothing is known yet.
    pub fn new(tenant_id: TenantId) -> Self {
        Self {
            tenant_id,
            latest: None,
            newest: None,
            furthest: None,
            furthest_marked: false,
            ahead: None,
            lone: false,
            doubts: None,
            visits: Visits::default(),
            window: Window::default(),
            said: None,
            watched: 0,
            heard: None,
            offline: false,
            alarms: None,
            track: Segmenter::default(),
            ended: None,
            redo: None,
            applied_lsn: 0,
            dirty: false,
        }
    }

    /// Reads what the stages will read of it, for nothing. Done for many devices in a row, memory answers for all of them in the
    /// time that it takes for a few; the stages, which wait for each answer, then find it near.
    pub fn fetch(&self) {
        let place = self.latest.as_ref().map(|latest| (latest.point, latest.accuracy_m()));
        std::hint::black_box((place, self.track, self.visits.previous(), self.newest, self.furthest, self.heard));
        std::hint::black_box((self.window.first().is_some(), self.applied_lsn, self.watched));
    }

    /// Where to go back to for a late fix of this time; none when it is more than so many seconds behind the newest.
    pub fn start_before(&self, at: Timestamp, window_s: u32) -> Option<Start<'_>> {
        let newest = self.visits.previous()?.at;
        let behind = newest.as_microsecond() - at.as_microsecond();
        if behind > i64::from(window_s) * 1_000_000 {
            return None;
        }
        self.window.before(at).map(Start::Place).or_else(|| self.window.first().map(Start::Birth))
    }

    /// Forgets the way that led here: no late fix belongs to it any more. The zones that the device is in stay.
    pub fn begin_anew(&mut self) {
        (self.window, self.said) = (Window::default(), None);
    }

    /// As the store keeps it.
    pub fn to_row(&self, device_id: DeviceId) -> device_states::DeviceState {
        let notes = Notes {
            newest: self.newest.map(Into::into),
            furthest: self.furthest.map(Into::into),
            furthest_marked: self.furthest_marked,
            ahead: self.ahead.clone(),
            lone: self.lone,
            doubts: self.doubts.clone(),
            visits: self.visits.clone(),
            window: self.window.clone(),
            said: self.said.clone(),
            heard: self.heard.map(Into::into),
            offline: self.offline,
            alarms: self.alarms.clone(),
            track: self.track,
            redo: self.redo.map(Into::into),
        };
        device_states::DeviceState {
            tenant_id: self.tenant_id,
            device_id,
            latest: self.latest.as_ref().map(|latest| latest.tell(device_id, None)),
            notes: serde_json::to_vec(&notes).unwrap_or_default(),
            applied_lsn: self.applied_lsn,
        }
    }

    /// As the store kept it. Notes that cannot be read are given up: the next fix begins anew.
    pub fn from_row(row: device_states::DeviceState) -> Self {
        let notes = serde_json::from_slice::<Notes>(&row.notes).unwrap_or_else(|error| {
            tracing::warn!(device = %row.device_id, %error, "notes of a device cannot be read and are given up");
            Notes::default()
        });
        let newest = notes.newest.or(row.latest.as_ref().map(|latest| latest.fix_time));
        Self {
            newest: newest.map(Into::into),
            furthest: notes.furthest.max(newest).map(Into::into),
            latest: row.latest.map(Into::into),
            furthest_marked: notes.furthest_marked,
            ahead: notes.ahead,
            lone: notes.lone,
            doubts: notes.doubts,
            visits: notes.visits,
            window: notes.window,
            said: notes.said,
            heard: notes.heard.map(Into::into),
            offline: notes.offline,
            alarms: notes.alarms,
            track: notes.track,
            redo: notes.redo.map(Into::into),
            applied_lsn: row.applied_lsn,
            ..Self::new(row.tenant_id)
        }
    }
}

/// What a device did until lately, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ended(pub Vec<Movement>);

impl Ended {
    /// Adds what ended since.
    pub fn add(ended: &mut Option<Box<Self>>, later: impl ExactSizeIterator<Item = Movement>) {
        if later.len() > 0 {
            ended.get_or_insert_default().0.extend(later);
        }
    }

    /// All of it.
    pub fn all(ended: Option<&Self>) -> &[Movement] {
        ended.map_or(&[], |ended| &ended.0)
    }
}

/// From where the way of a device is done again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start<'a> {
    /// From a place of it.
    Place(&'a Place<ZoneKey>),
    /// From the beginning: the late fix was taken before all that is known. This is the first place.
    Birth(&'a Place<ZoneKey>),
}

impl<'a> Start<'a> {
    /// From when on what is known is part of it: late fixes reach so many seconds back behind the first place.
    pub fn from(self, window_s: u32) -> Timestamp {
        match self {
            Self::Place(place) => place.at(),
            Self::Birth(place) => {
                let window = jiff::SignedDuration::from_secs(i64::from(window_s));
                place.at().saturating_sub(window).unwrap_or(Timestamp::MIN)
            }
        }
    }

    /// The place that was noted then.
    pub fn place(self) -> &'a Place<ZoneKey> {
        let (Self::Place(place) | Self::Birth(place)) = self;
        place
    }
}

/// What the store keeps besides the newest position.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Notes {
    newest: Option<Timestamp>,
    furthest: Option<Timestamp>,
    furthest_marked: bool,
    ahead: Option<Box<Ahead>>,
    lone: bool,
    doubts: Option<Box<Doubts>>,
    visits: Visits<ZoneKey>,
    window: Window<ZoneKey>,
    said: Option<Box<Said>>,
    heard: Option<Timestamp>,
    offline: bool,
    alarms: Option<Box<Alarms>>,
    track: Segmenter,
    redo: Option<Timestamp>,
}

/// The states of the devices of one shard. Boxed, because a table keeps room for entries that it does not have.
pub(crate) type ShardStates = ById<DeviceId, Box<DeviceState>>;

/// The states of all devices, split into shards. A device is always in the same one.
pub(crate) struct States {
    shards: Vec<Mutex<ShardStates>>,
}

/// How many different numbers the last two bytes of an id are. Those bytes are random.
const SLOTS: usize = 1 << 16;

impl States {
    /// No device, in so many shards.
    pub fn new(shards: usize) -> Self {
        Self { shards: (0..shards.clamp(1, SLOTS)).map(|_| Mutex::default()).collect() }
    }

    /// How many shards there are.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// The shard of a device: the same on every node.
    pub fn shard_of(&self, device: DeviceId) -> usize {
        let [.., high, low] = *device.uuid().as_bytes();
        usize::from(u16::from_be_bytes([high, low])) * self.shards.len() / SLOTS
    }

    /// What the last two bytes of the ids of a shard's devices are, as numbers.
    pub fn slots_of(&self, shard: usize) -> Range<u32> {
        let first = |shard: usize| (shard * SLOTS).div_ceil(self.shards.len()) as u32;
        first(shard)..first(shard + 1)
    }

    /// The states of one shard. Nothing slow may be done while they are held.
    pub fn lock(&self, shard: usize) -> MutexGuard<'_, ShardStates> {
        self.shards[shard].lock()
    }

    /// The newest position of a device, carried by this driver.
    pub fn latest(&self, device: DeviceId, driver: Option<DriverId>) -> Option<DeviceLatest> {
        self.lock(self.shard_of(device)).get(&device)?.latest.as_ref().map(|latest| latest.tell(device, driver))
    }

    /// Where a device was last.
    pub fn place(&self, device: DeviceId) -> Option<Point> {
        self.lock(self.shard_of(device)).get(&device)?.latest.as_ref().map(|latest| latest.point)
    }

    /// Forgets a device.
    pub fn remove(&self, device: DeviceId) {
        self.lock(self.shard_of(device)).remove(&device);
    }

    /// How many devices have a state.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is one for every device that there is, so that each further byte is a megabyte for a million of them. What is seldom
    /// there belongs behind a pointer.
    #[test]
    fn the_state_of_a_device_fills_six_cache_lines_and_no_more() {
        assert_eq!(size_of::<DeviceState>(), 6 * 64);
    }
}
