//! Who was in a zone: answered from all positions that history keeps by now, by the rules that the zone has now. Times are
//! dated as events are: by our clock.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracklane_core::id::{DeviceId, DriverId, ZoneId};
use tracklane_core::model::{Caller, Role, Zone};
use tracklane_core::ports::{AreaCursor, AreaQuery, HistoryQuery};
use tracklane_core::{Invalid, Timestamp};
use tracklane_geo::shape::{Bbox, Sizes};
use tracklane_geo::visit::{Event, EventKind, Taken, Travel, Visits, ZoneFix};
use tracklane_geo::{Shape, ZoneIndex};
use tracklane_store::zones;

use super::filter::Judge;
use super::way::Way;
use super::zones::Drawn;
use super::{BoundingBox, KnownDevice, Tracking};
use crate::error::{Error, Result};

/// The longest period that is asked about at once: a month.
const LONGEST_S: i64 = 31 * 86_400;
/// How long before a period the positions are looked at, to know who was inside already: a day.
pub(super) const LEAD_S: i64 = 86_400;
/// How long after it, so that what happened at its end can be confirmed.
const TAIL_S: i64 = 3_600;
/// The most positions of one device that one answer looks at.
const MOST: usize = 100_000;
/// The most positions in the area that one page of visitors looks at.
const AREA_PAGE: usize = 10_000;

/// Which visits of a zone are asked for.
#[derive(Debug, Clone)]
pub struct VisitsQuery {
    /// From this instant on.
    pub from: Timestamp,
    /// Before this instant.
    pub to: Timestamp,
    /// Of this device alone.
    pub device_id: Option<DeviceId>,
    /// Of devices after this one, in the order of their ids.
    pub after: Option<DeviceId>,
    /// Of so many devices at most.
    pub limit: usize,
}

/// One visit of a device to a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneVisit {
    /// Who.
    pub device_id: DeviceId,
    /// The driver who carries the device now.
    pub driver_id: Option<DriverId>,
    /// When it went in; none when it was inside from the first position looked at.
    pub entered_at: Option<Timestamp>,
    /// Since when it is known to have been inside: `entered_at`, or the first position seen inside.
    pub inside_since: Timestamp,
    /// When it went out; none when it had not until the last position looked at.
    pub exited_at: Option<Timestamp>,
    /// From `inside_since` to `exited_at`, or else to the last position looked at, in seconds.
    pub inside_s: i64,
    /// True when no position lay in the zone: the way between two of them leads through it.
    pub inferred: bool,
    /// True when a position that proves the entry or the exit came in after later ones of its device: nobody could know in time.
    pub late: bool,
}

/// The visits of some devices.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneVisits {
    /// By device, then by time.
    pub visits: Vec<ZoneVisit>,
    /// Devices with more positions in the period than are looked at; their visits may be incomplete.
    pub incomplete: Vec<DeviceId>,
    /// The last device looked at, if there are more.
    pub next_cursor: Option<DeviceId>,
}

/// A zone, ready to be asked.
pub(super) struct Fence {
    pub zone: Zone,
    pub drawn: Drawn,
    pub shape: Arc<Shape>,
    index: ZoneIndex<()>,
    pub travel: Travel,
}

impl Fence {
    fn of(zone: Zone) -> Result<Self> {
        let sizes = Sizes { radius_m: zone.radius_m, width_m: zone.width_m };
        let shape = Shape::read(&zone.geometry, sizes).map_err(|error| Error::internal(error.to_string()))?;
        let shape = Arc::new(shape);
        let mut index = ZoneIndex::new();
        index.insert((), shape.clone());
        let drawn = Drawn::new(&zone);
        let travel = super::zones::travel(drawn.rules.pass_through);
        Ok(Self { zone, drawn, shape, index, travel })
    }

    /// Takes one fix, and answers what it proves.
    pub fn take(&self, visits: &mut Visits<()>, fix: ZoneFix) -> Vec<Event> {
        match visits.take(&self.index, fix, self.travel, |()| self.drawn.rules) {
            Taken::Stepped { events, .. } => events.into_iter().map(|(_, event)| event).collect(),
            Taken::Suspected => Vec::new(),
        }
    }
}

impl Tracking {
    /// Who was in a zone between two times.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`] for a period that is empty or longer than 31 days, [`Error::Forbidden`] for
    /// roles that do not see all positions.
    pub async fn zone_visits(&self, caller: &Caller, id: ZoneId, query: VisitsQuery) -> Result<ZoneVisits> {
        let fence = self.fence(caller, id).await?;
        let seconds = query.to.as_second() - query.from.as_second();
        if query.from >= query.to || seconds > LONGEST_S {
            return Err(Invalid::one("/to", "must be after from, by at most 31 days").into());
        }
        let (devices, more) = match query.device_id {
            Some(device) => (BTreeSet::from([device]), false),
            None => self.visitors(&fence, &query).await?,
        };
        let next_cursor = devices.last().copied().filter(|_| more);
        let mut answer = ZoneVisits { next_cursor, ..ZoneVisits::default() };
        for device in devices {
            let Some(known) = self.base().memory.devices.by_id(device).filter(|d| d.tenant_id == caller.tenant_id)
            else {
                if query.device_id.is_some() {
                    return Err(Error::NotFound);
                }
                continue;
            };
            let way = self.way(&known, shifted(query.from, -LEAD_S), shifted(query.to, TAIL_S)).await?;
            if way.positions.len() >= MOST {
                answer.incomplete.push(device);
            }
            let all = visits_of(&fence, device, known.driver_id, &way, &way.believable(self.travel_of(&known)));
            let overlaps = |visit: &ZoneVisit| {
                visit.inside_since < query.to && visit.exited_at.is_none_or(|exited| exited >= query.from)
            };
            answer.visits.extend(all.into_iter().filter(overlaps));
        }
        Ok(answer)
    }

    /// A zone of the caller's, for those who see all positions.
    pub(super) async fn fence(&self, caller: &Caller, id: ZoneId) -> Result<Fence> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => {}
            Role::Driver | Role::Device | Role::Customer => return Err(Error::Forbidden),
        }
        let mut db = self.base().read(caller).await?;
        Fence::of(zones::get(&mut db, id).await?.ok_or(Error::NotFound)?)
    }

    /// How a device moves that the filters believe.
    pub(super) fn travel_of(&self, known: &KnownDevice) -> Travel {
        Judge::of_device(self.base().settings.filter, known.max_speed_mps).travel()
    }

    /// The devices that were near the zone, at most so many, and whether there are more.
    async fn visitors(&self, fence: &Fence, query: &VisitsQuery) -> Result<(BTreeSet<DeviceId>, bool)> {
        let mut found = BTreeSet::new();
        for area in areas(&fence.shape) {
            let mut after = query.after.map(|device_id| AreaCursor { device_id, fix_time: Timestamp::MAX });
            let mut mine = BTreeSet::new();
            while mine.len() <= query.limit {
                // By the clocks of devices, of which some are ahead.
                let (tenant_id, from, to) = (fence.zone.tenant_id, query.from, shifted(query.to, TAIL_S));
                let page = AreaQuery { tenant_id, area, from, to, after, limit: AREA_PAGE };
                let page = self.history_port().area(page).await?;
                mine.extend(page.positions.iter().map(|position| position.device_id));
                let Some(next) = page.next else { break };
                // The rest of the positions of a device that was found would say nothing new.
                let known = mine.contains(&next.device_id);
                after = Some(if known { AreaCursor { fix_time: Timestamp::MAX, ..next } } else { next });
            }
            found.extend(mine);
        }
        let more = found.len() > query.limit;
        Ok((found.into_iter().take(query.limit).collect(), more))
    }

    /// What is known of a device between two instants of ours.
    pub(super) async fn way(&self, known: &KnownDevice, from: Timestamp, to: Timestamp) -> Result<Way> {
        let (tenant_id, device_id) = (known.tenant_id, known.device_id);
        let (base, states) = (self.base(), &self.base().memory.states);
        // A clock that is far ahead has other times for them.
        let now = base.env.now();
        let ahead_s = states.lock(states.shard_of(device_id)).get(&device_id).map_or(0, |state| state.ahead_s(now));
        let query = HistoryQuery { tenant_id, device_id, from, to: shifted(to, ahead_s), limit: MOST };
        Ok(Way::new(self.history_port().range(query).await?, base.settings.tracking.worst_accuracy_m))
    }
}

pub(super) fn shifted(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// The visits of one device, in order of time.
fn visits_of(
    fence: &Fence,
    device_id: DeviceId,
    driver_id: Option<DriverId>,
    way: &Way,
    track: &[ZoneFix],
) -> Vec<ZoneVisit> {
    let (mut visits, mut all, mut last) = (Visits::default(), Vec::<ZoneVisit>::new(), None);
    let blank = |entered_at, since, inferred| ZoneVisit {
        device_id,
        driver_id,
        entered_at,
        inside_since: since,
        exited_at: None,
        inside_s: 0,
        inferred,
        late: false,
    };
    let came_late = late_times(way);
    for fix in track {
        let previous = last.replace(fix.at).unwrap_or(fix.at);
        let before = visits.get(()).since().map(|since| way.ours(since, previous));
        for event in fence.take(&mut visits, *fix) {
            let at = way.ours(event.at, event.proved_at);
            match event.kind {
                EventKind::Enter => all.push(blank(Some(at), at, event.inferred)),
                EventKind::Dwell => continue,
                EventKind::Exit => {
                    // In silence from the first: the visit was not begun by an entry.
                    if all.last().is_none_or(|visit| visit.exited_at.is_some()) {
                        all.push(blank(None, before.unwrap_or(at), event.inferred));
                    }
                    if let Some(visit) = all.last_mut() {
                        visit.exited_at = Some(at);
                    }
                }
            }
            if let Some(visit) = all.last_mut() {
                // From the last position before the edge on, as far as that is known.
                let from = way.heard.partition_point(|(_, fix)| fix.at < event.at).checked_sub(1);
                let from = from.map_or(previous, |place| way.heard[place].1.at.min(previous));
                visit.late |= came_late.iter().any(|time| (from..=event.proved_at).contains(time));
            }
        }
    }
    if let Some(since) = visits.get(()).since()
        && all.last().is_none_or(|visit| visit.exited_at.is_some())
    {
        all.push(blank(None, way.ours(since, last.unwrap_or(since)), false));
    }
    let last = last.map(|last| way.ours(last, last));
    for visit in &mut all {
        let until = visit.exited_at.or(last).unwrap_or(visit.inside_since);
        visit.inside_s = (until.as_second() - visit.inside_since.as_second()).max(0);
    }
    all
}

/// The times of the fixes that came in after later ones.
fn late_times(way: &Way) -> Vec<Timestamp> {
    let mut earliest = Timestamp::MAX;
    let mut late = Vec::new();
    for (received_at, fix) in way.heard.iter().rev() {
        if *received_at > earliest {
            late.push(fix.at);
        }
        earliest = earliest.min(*received_at);
    }
    late
}

/// The boxes around a shape as the history asks them: one, or two at the antimeridian.
fn areas(shape: &Shape) -> Vec<BoundingBox> {
    let boxes = shape.bboxes();
    let hull = |side: &dyn Fn(&Bbox) -> bool| {
        let mut mine = boxes.iter().filter(|bbox| side(bbox));
        let first = *mine.next()?;
        let all = mine.fold(first, |all, next| Bbox {
            west: all.west.min(next.west),
            south: all.south.min(next.south),
            east: all.east.max(next.east),
            north: all.north.max(next.north),
        });
        let Bbox { west, south, east, north } = all;
        Some(BoundingBox { west, south, east, north })
    };
    // Parts east and west of the antimeridian would span the world together.
    let splits = boxes.iter().any(|bbox| bbox.east >= 180.0) && boxes.iter().any(|bbox| bbox.west <= -180.0);
    if !splits {
        return hull(&|_| true).into_iter().collect();
    }
    [hull(&|bbox| bbox.west >= 0.0), hull(&|bbox| bbox.west < 0.0)].into_iter().flatten().collect()
}
