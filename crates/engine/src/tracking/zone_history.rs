//! Questions about zones and the past, answered from the positions that history keeps, by the rules that the zone has now:
//! who was in it, and why there was or was not an event.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracklane_core::event::{Event, LogPosition};
use tracklane_core::id::{DeviceId, DriverId, ZoneId};
use tracklane_core::model::{Caller, Role, Zone};
use tracklane_core::ports::{AreaCursor, AreaQuery, HistoryQuery};
use tracklane_core::position::{Mark, Point, Position};
use tracklane_core::{Invalid, Timestamp};
use tracklane_geo::shape::{Bbox, Sizes};
use tracklane_geo::visit::replay::believable;
use tracklane_geo::visit::{Decision, EventKind, Held, Outcome, Taken, Travel, Visits, ZoneFix};
use tracklane_geo::{Shape, ZoneIndex};
use tracklane_store::events::EventFilter;
use tracklane_store::{events, zones};

use super::filter::Judge;
use super::zones::Drawn;
use super::{BoundingBox, Tracking};
use crate::error::{Error, Result};

/// The longest period that is asked about at once: a month.
const LONGEST_S: i64 = 31 * 86_400;
/// How long before a period the positions are looked at, to know who was inside already: a day.
const LEAD_S: i64 = 86_400;
/// How long after it, so that what happened at its end can be confirmed.
const TAIL_S: i64 = 3_600;
/// How long before and after a moment its explanation looks.
const AROUND_S: i64 = 1_800;
/// The most positions of one device that one answer looks at.
const MOST: usize = 100_000;
/// The most positions that an explanation lists.
const MOST_LISTED: usize = 60;
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

/// One position, and what it says about the zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExplainedFix {
    /// When it was taken.
    pub time: Timestamp,
    /// When it came in.
    pub received_at: Timestamp,
    /// Where.
    pub point: Point,
    /// Stated accuracy, in metres.
    pub accuracy_m: Option<f32>,
    /// Why it was not believed; then it says nothing.
    pub mark: Option<Mark>,
    /// What it says; none when it was not believed or too inaccurate to be asked.
    pub decision: Option<Decision>,
}

/// What happened, as it follows from all positions that are known by now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExplainedEvent {
    /// What.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// The time of the position that proves it.
    pub proved_at: Timestamp,
    /// False when the zone's schedule was closed then: such events are not told.
    pub in_schedule: bool,
}

/// Why there was or was not an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneExplanation {
    /// The zone, as it is drawn now.
    pub zone_id: ZoneId,
    /// Its name.
    pub zone_name: String,
    /// When its record was last changed: before that it may have been another.
    pub zone_changed_at: Timestamp,
    /// The device.
    pub device_id: DeviceId,
    /// The moment that was asked about.
    pub at: Timestamp,
    /// The answer, in a sentence.
    pub summary: String,
    /// True when the zone tells events at that moment.
    pub in_schedule: bool,
    /// The positions around that moment, oldest first.
    pub fixes: Vec<ExplainedFix>,
    /// What happened within half an hour of it, as it follows from all positions that are known by now.
    pub events: Vec<ExplainedEvent>,
    /// What was told of that time, oldest first.
    pub told: Vec<Event>,
}

/// A zone, ready to be asked.
struct Fence {
    zone: Zone,
    drawn: Drawn,
    shape: Arc<Shape>,
    index: ZoneIndex<()>,
    travel: Travel,
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

    fn take(&self, visits: &mut Visits<()>, fix: ZoneFix) -> Vec<tracklane_geo::visit::Event> {
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
            let way = self.way(&fence, device, shifted(query.from, -LEAD_S), shifted(query.to, TAIL_S)).await?;
            if way.len() >= MOST {
                answer.incomplete.push(device);
            }
            let travel = Judge::of_device(self.base().settings.filter, known.max_speed_mps).travel();
            let track = track(self.worst_accuracy_m(), travel, &way);
            let all = visits_of(&fence, device, known.driver_id, &way, &track);
            let overlaps = |visit: &ZoneVisit| {
                visit.inside_since < query.to && visit.exited_at.is_none_or(|exited| exited >= query.from)
            };
            answer.visits.extend(all.into_iter().filter(overlaps));
        }
        Ok(answer)
    }

    /// Why there was or was not an event of a device and a zone at some moment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Forbidden`] for roles that do not see all positions.
    pub async fn explain_zone(
        &self,
        caller: &Caller,
        id: ZoneId,
        device: DeviceId,
        at: Timestamp,
    ) -> Result<ZoneExplanation> {
        let fence = self.fence(caller, id).await?;
        let known = self.base().memory.devices.by_id(device);
        known.filter(|known| known.tenant_id == caller.tenant_id).ok_or(Error::NotFound)?;
        let (from, to) = (shifted(at, -AROUND_S), shifted(at, AROUND_S));
        let way = self.way(&fence, device, shifted(at, -LEAD_S), to).await?;
        let (mut visits, mut fixes, mut found) = (Visits::default(), Vec::new(), Vec::new());
        let clock = Clock::of(&way);
        for position in &way {
            let fix = zone_fix(self.worst_accuracy_m(), clock, position);
            let decision = fix.map(|fix| visits.explain((), &fence.shape, fix, fence.travel, &fence.drawn.rules));
            if let Some(fix) = fix {
                found.extend(fence.take(&mut visits, fix));
            }
            if position.fix_time >= from {
                fixes.push(ExplainedFix {
                    time: position.fix_time,
                    received_at: position.received_at,
                    point: position.fix.point,
                    accuracy_m: position.fix.accuracy_m,
                    mark: position.mark,
                    decision,
                });
            }
        }
        let in_schedule = fence.drawn.tells(at);
        let events: Vec<_> = found
            .into_iter()
            .filter(|event| (from..to).contains(&event.at))
            .map(|event| ExplainedEvent {
                kind: event.kind,
                at: event.at,
                point: event.point,
                proved_at: event.proved_at,
                in_schedule: fence.drawn.tells(event.at),
            })
            .collect();
        let summary = summary(&fixes, &events, at);
        Ok(ZoneExplanation {
            zone_id: fence.zone.id,
            zone_name: fence.zone.name,
            zone_changed_at: fence.zone.updated_at,
            device_id: device,
            at,
            summary,
            in_schedule,
            fixes: nearest(fixes, at),
            events,
            told: self.told(caller, id, device, from, to).await?,
        })
    }

    async fn fence(&self, caller: &Caller, id: ZoneId) -> Result<Fence> {
        match caller.role {
            Role::Admin | Role::Operator | Role::Viewer => {}
            Role::Driver | Role::Device | Role::Customer => return Err(Error::Forbidden),
        }
        let mut db = self.base().read(caller).await?;
        Fence::of(zones::get(&mut db, id).await?.ok_or(Error::NotFound)?)
    }

    fn worst_accuracy_m(&self) -> f32 {
        self.base().settings.tracking.worst_accuracy_m
    }

    /// The devices that were near the zone, at most so many, and whether there are more.
    async fn visitors(&self, fence: &Fence, query: &VisitsQuery) -> Result<(BTreeSet<DeviceId>, bool)> {
        let mut found = BTreeSet::new();
        for area in areas(&fence.shape) {
            let mut after = query.after.map(|device_id| AreaCursor { device_id, fix_time: Timestamp::MAX });
            let mut mine = BTreeSet::new();
            while mine.len() <= query.limit {
                let (tenant_id, from, to) = (fence.zone.tenant_id, query.from, query.to);
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

    async fn way(&self, fence: &Fence, device_id: DeviceId, from: Timestamp, to: Timestamp) -> Result<Vec<Position>> {
        let query = HistoryQuery { tenant_id: fence.zone.tenant_id, device_id, from, to, limit: MOST };
        Ok(self.history_port().range(query).await?)
    }

    async fn told(
        &self,
        caller: &Caller,
        zone: ZoneId,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Event>> {
        let filter = EventFilter {
            zone_id: Some(zone),
            device_id: Some(device),
            occurred_from: Some(from),
            occurred_to: Some(to),
            ..EventFilter::default()
        };
        let mut db = self.base().read(caller).await?;
        let found = events::list(&mut db, &filter, LogPosition::default(), 200).await?;
        let mut told: Vec<Event> = found.into_iter().map(|(_, event)| event).collect();
        told.sort_by_key(|event| event.occurred_at);
        Ok(told)
    }
}

fn shifted(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// Whether the clock of a device was ahead of ours: then its positions are in order by it, and those that came before their
/// time count like others.
#[derive(Clone, Copy, PartialEq)]
enum Clock {
    Ours,
    Ahead,
}

impl Clock {
    /// What a way says of it: one position from the future is a mistake, two are not.
    fn of(way: &[Position]) -> Self {
        let ahead = way.iter().filter(|position| position.mark.is_none() && position.fix_time > position.received_at);
        if ahead.take(2).count() > 1 { Self::Ahead } else { Self::Ours }
    }
}

/// The position as zones see it; none when it says nothing.
fn zone_fix(worst_accuracy_m: f32, clock: Clock, position: &Position) -> Option<ZoneFix> {
    let (at, accuracy_m) = (position.fix_time, position.fix.accuracy_m);
    let vague = accuracy_m.is_some_and(|accuracy| accuracy > worst_accuracy_m);
    let dated = clock == Clock::Ahead || at <= position.received_at;
    (position.mark.is_none() && !vague && dated).then_some(ZoneFix { at, point: position.fix.point, accuracy_m })
}

/// A way as zones see it, without what its neighbours contradict.
fn track(worst_accuracy_m: f32, travel: Travel, way: &[Position]) -> Vec<ZoneFix> {
    let clock = Clock::of(way);
    let fixes: Vec<ZoneFix> = way.iter().filter_map(|position| zone_fix(worst_accuracy_m, clock, position)).collect();
    believable(None, &fixes, travel)
}

/// The visits of one device, in order of time.
fn visits_of(
    fence: &Fence,
    device_id: DeviceId,
    driver_id: Option<DriverId>,
    way: &[Position],
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
        let before = visits.get(()).since();
        for event in fence.take(&mut visits, *fix) {
            match event.kind {
                EventKind::Enter => all.push(blank(Some(event.at), event.at, event.inferred)),
                EventKind::Dwell => continue,
                EventKind::Exit => {
                    // In silence from the first: the visit was not begun by an entry.
                    if all.last().is_none_or(|visit| visit.exited_at.is_some()) {
                        all.push(blank(None, before.unwrap_or(event.at), event.inferred));
                    }
                    if let Some(visit) = all.last_mut() {
                        visit.exited_at = Some(event.at);
                    }
                }
            }
            if let Some(visit) = all.last_mut() {
                // From the last position before the edge on, as far as that is known.
                let from = way.partition_point(|position| position.fix_time < event.at).checked_sub(1);
                let from = from.map_or(previous, |place| way[place].fix_time.min(previous));
                visit.late |= came_late.iter().any(|time| (from..=event.proved_at).contains(time));
            }
        }
    }
    if let Some(since) = visits.get(()).since()
        && all.last().is_none_or(|visit| visit.exited_at.is_some())
    {
        all.push(blank(None, since, false));
    }
    for visit in &mut all {
        let until = visit.exited_at.or(last).unwrap_or(visit.inside_since);
        visit.inside_s = (until.as_second() - visit.inside_since.as_second()).max(0);
    }
    all
}

/// The times of the positions that came in after later ones.
fn late_times(way: &[Position]) -> Vec<Timestamp> {
    let mut earliest = Timestamp::MAX;
    let mut late = Vec::new();
    for position in way.iter().rev() {
        if position.received_at > earliest {
            late.push(position.fix_time);
        }
        earliest = earliest.min(position.received_at);
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

/// The fixes nearest to a moment, oldest first.
fn nearest(mut fixes: Vec<ExplainedFix>, at: Timestamp) -> Vec<ExplainedFix> {
    let place = fixes.partition_point(|fix| fix.time < at);
    let from = place.saturating_sub(MOST_LISTED / 2).min(fixes.len().saturating_sub(MOST_LISTED));
    fixes.drain(..from);
    fixes.truncate(MOST_LISTED);
    fixes
}

/// The answer in a sentence.
fn summary(fixes: &[ExplainedFix], events: &[ExplainedEvent], at: Timestamp) -> String {
    let apart = |time: Timestamp| (time.as_microsecond() - at.as_microsecond()).abs();
    if let Some(event) = events.iter().filter(|event| apart(event.at) <= 60_000_000).min_by_key(|event| apart(event.at))
    {
        let what = match event.kind {
            EventKind::Enter => "entered the zone",
            EventKind::Dwell => "had stayed in the zone long enough",
            EventKind::Exit => "left the zone",
        };
        let closed = if event.in_schedule { "" } else { "; nothing was told, because the zone's schedule was closed" };
        return format!("the device {what} at {}, proved by the position of {}{closed}", event.at, event.proved_at);
    }
    let Some(fix) = fixes.iter().min_by_key(|fix| apart(fix.time)) else {
        return "no position of the device is known from half an hour before until half an hour after".to_owned();
    };
    let time = fix.time;
    if let Some(mark) = fix.mark {
        return format!("the nearest position, of {time}, was not believed ({}), so it proved nothing", mark.as_str());
    }
    let Some(decision) = &fix.decision else {
        return format!("the nearest position, of {time}, is too inaccurate to be asked");
    };
    let side = if decision.distance_m > 0.0 { "outside" } else { "inside" };
    let place = format!("the nearest position, of {time}, lies {:.0} m {side} the edge", decision.distance_m.abs());
    let why = match decision.outcome {
        Outcome::Told(_) => "and proved an event".to_owned(),
        Outcome::Unchanged if decision.inside_before => "where the device was inside already".to_owned(),
        Outcome::Unchanged => "where the device was outside already".to_owned(),
        Outcome::Held(held) => held_back(held, decision),
    };
    format!("{place}, {why}")
}

fn held_back(held: Held, decision: &Decision) -> String {
    let margin = if decision.inside_before { decision.exit_margin_m } else { decision.enter_margin_m };
    match held {
        Held::AccuracyWiderThanZone => {
            format!("but its accuracy of {:.0} m is wider than the zone", decision.accuracy_m)
        }
        Held::NearEdge => format!("but to be certain it must lie {margin:.0} m beyond the edge"),
        Held::Confirming => {
            format!("and is certain, but confirmation {} of {}", decision.confirmations, decision.confirmations_needed)
        }
        Held::DwellTooShort => format!("but the visit of {:.0} s was too short yet", decision.beyond_s),
        Held::AbsenceTooShort => format!("but the absence of {:.0} s was too short yet", decision.beyond_s),
        Held::NotSeenOutside => "but the device was not seen outside before: nobody entered".to_owned(),
        Held::ImpossibleSpeed => "but could only be reached at an impossible speed".to_owned(),
    }
}
