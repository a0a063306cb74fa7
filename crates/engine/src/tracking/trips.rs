//! Trips and stops: told apart while positions come in, and done again for the part of a track that late ones changed.

use std::sync::Arc;

use jiff::SignedDuration;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, TenantId};
use tracklane_core::model::Movement;
use tracklane_core::ports::HistoryQuery;
use tracklane_core::position::Position;
use tracklane_geo::filter::{FilterState, Sighting};
use tracklane_geo::trips::{Segment, Segmenter, TrackFix};
use tracklane_store::{Scope, movements};

use super::dedupe::just_after;
use super::newest::Newest;
use super::pipeline::Works;
use super::recorded::Held;
use super::recorder::{Item, Recorders, Recording};
use super::states::{DeviceState, Ended};
use super::turn::{Consequences, Redone};
use crate::error::Result;
use crate::settings::Settings;

/// How many positions are read at once.
const BATCH: usize = 5_000;
/// How many positions one track is done again for at most; a longer one is left as it is.
const LONGEST: usize = 200_000;
/// How many devices of a shard are done at once; the others wait for the next time.
const DEVICES: usize = 100;

/// A position that comes later than this leaves trips as they are: a device whose clock is wrong by years must not have all of
/// them done again and again.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// True for a late position that is near enough to the newest.
pub(super) fn is_worth_redoing(state: &DeviceState, at: Timestamp) -> bool {
    state.newest.is_some_and(|newest| Timestamp::from(newest).duration_since(at) <= WINDOW)
}

/// Steps the track of a device, at a position that is believed.
pub(super) fn step(state: &mut DeviceState, position: &Position, driver_id: Option<DriverId>, settings: &Settings) {
    let at = state.latest.as_ref().map_or(position.fix_time, Newest::fix_time);
    let fix = TrackFix { at, point: position.fix.point, speed_mps: position.fix.speed_mps };
    let ended = state.track.take(fix, &settings.trips);
    Ended::add(&mut state.ended, ended.into_iter().map(|segment| movement(position.device_id, driver_id, segment)));
}

/// A segment as a record.
pub(super) fn movement(device_id: DeviceId, driver_id: Option<DriverId>, segment: Segment) -> Movement {
    let Segment { kind, from, until, start, end, distance_m } = segment;
    Movement { device_id, driver_id, kind, started_at: from, ended_at: until, start, end, distance_m }
}

/// Does the tracks again that late positions changed.
///
/// # Errors
/// As the store and the history say; then it is done the next time.
pub(super) async fn redo(works: &Arc<Works>, recorders: &Recorders) -> Result<()> {
    for shard in works.own_shards() {
        let wanted: Vec<Wanted> = {
            let states = works.states(shard);
            let late = states.iter().filter_map(|(id, state)| Some((*id, state, state.redo?.into())));
            late.map(|(device, state, since)| Wanted { tenant: state.tenant_id, device, since }).take(DEVICES).collect()
        };
        for device in wanted {
            redo_one(works, recorders, device).await?;
        }
    }
    Ok(())
}

/// A track that must be done again.
#[derive(Clone, Copy)]
struct Wanted {
    tenant: TenantId,
    device: DeviceId,
    /// From here on it is not what it was.
    since: Timestamp,
}

async fn redo_one(works: &Arc<Works>, recorders: &Recorders, wanted: Wanted) -> Result<()> {
    let Wanted { tenant, device, since } = wanted;
    let shard = works.base.memory.states.shard_of(device);
    let Some((applied, began)) = standing(works, shard, device) else { return Ok(()) };
    // What the state holds must be there to be read.
    works.settled(shard)?.await?;
    let mut db = works.base.store.read(Scope::System).await?;
    let before = movements::start_before_any_tenant(&mut db, device, since).await?;
    drop(db);
    let from = before.or(began).map_or(since, |from| from.min(since));
    let Some((track, segments)) = again(works, wanted, from).await? else {
        tracing::warn!(%device, %since, "a track is too long to be done again for late positions and stays as it was");
        if let Some(state) = works.states(shard).get_mut(&device) {
            state.redo = None;
        }
        return Ok(());
    };
    let driver = works.base.memory.devices.by_id(device).and_then(|device| device.driver_id);
    let mut states = works.states(shard);
    // Whoever came in meanwhile is not part of it: the next time.
    let Some(state) = states.get_mut(&device).filter(|state| state.applied_lsn == applied) else { return Ok(()) };
    let durable = works.settled(shard)?;
    (state.track, state.redo, state.ended) = (track, None, None);
    let movements = segments.into_iter().map(|segment| movement(device, driver, segment)).collect();
    let mut led_to = Consequences::default();
    led_to.devices.insert(device);
    led_to.redone.push(Redone { device_id: device, from, movements });
    let rows = vec![state.to_row(device)];
    let run = works.expected.next_run();
    recorders.of(shard).give(Item::Recording(Recording::nobody_waits(
        run,
        tenant,
        led_to,
        Held::states(rows).under(works.tenure(shard)),
        durable,
    )));
    Ok(())
}

/// Up to which record the state of a device is true, and since when it does what it does.
fn standing(works: &Works, shard: usize, device: DeviceId) -> Option<(u64, Option<Timestamp>)> {
    let states = works.states(shard);
    let state = states.get(&device)?;
    let ended = Ended::all(state.ended.as_deref()).first().map(|movement| movement.started_at);
    Some((state.applied_lsn, ended.or(state.track.open().map(|open| open.from))))
}

/// Does a track again from an instant on; none when it is too long.
async fn again(works: &Works, wanted: Wanted, from: Timestamp) -> Result<Option<(Segmenter, Vec<Segment>)>> {
    let settings = &works.base.settings;
    let fastest = works.base.memory.devices.by_id(wanted.device).and_then(|device| device.max_speed_mps);
    let filters = super::filter::of_device(settings.filter, fastest);
    let (mut track, mut found, mut seen) = (Segmenter::default(), Vec::new(), 0);
    let mut state = FilterState::default();
    let mut query =
        HistoryQuery { tenant_id: wanted.tenant, device_id: wanted.device, from, to: Timestamp::MAX, limit: BATCH };
    loop {
        let some = works.history.range(query.clone()).await?;
        for position in some.iter().filter(|position| position.mark.is_none()) {
            // Those that came late were judged by themselves alone; now their neighbours are at hand.
            let sighting = Sighting { at: position.fix_time, fix: &position.fix, mock: false };
            let mark = filters.judge(&state, &sighting);
            state.learn(&filters, &sighting, mark);
            if mark.is_none() {
                found.extend(track.take(fix(position), &settings.trips));
            }
        }
        seen += some.len();
        match some.last() {
            Some(last) if some.len() >= BATCH => query.from = just_after(last.fix_time),
            _ => return Ok(Some((track, found))),
        }
        if seen >= LONGEST {
            return Ok(None);
        }
    }
}

/// A position as trips and stops see it. What is ahead of our clock counts for when it came.
fn fix(position: &Position) -> TrackFix {
    let at = position.fix_time.min(position.received_at);
    TrackFix { at, point: position.fix.point, speed_mps: position.fix.speed_mps }
}
