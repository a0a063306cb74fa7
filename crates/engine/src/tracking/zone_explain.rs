//! Why there was or was not an event of a device and a zone: what follows from all positions that are known by now, by the rules
//! that the zone has now, held against what was told. Times are dated as events are: by our clock.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind as LogKind, LogPosition};
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::model::Caller;
use tracklane_core::position::{Mark, Point};
use tracklane_geo::visit::{self, Decision, EventKind, Held, Outcome, Visits};
use tracklane_store::events::{self, EventFilter};

use super::Tracking;
use super::way::{Way, in_time};
use super::zone_history::{Fence, LEAD_S, shifted};
use crate::error::{Error, Result};

/// How long before and after a moment its explanation looks, in seconds.
const AROUND_S: i64 = 1_800;
/// The most positions that an explanation lists.
const MOST_LISTED: usize = 60;
/// The most events that an explanation looks at.
const MOST_TOLD: u32 = 400;

/// One position, and what it says about the zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExplainedFix {
    /// When it was taken: by our clock, as events are dated.
    pub time: Timestamp,
    /// When it came in.
    pub received_at: Timestamp,
    /// Where.
    pub point: Point,
    /// Stated accuracy, in metres.
    pub accuracy_m: Option<f32>,
    /// Why it was not believed; then it says nothing.
    pub mark: Option<Mark>,
    /// What it says; none when it was not believed, too inaccurate to be asked, or from the future.
    pub decision: Option<Decision>,
}

/// What happened, as it follows from all positions that are known by now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExplainedEvent {
    /// What.
    pub kind: EventKind,
    /// When: by our clock, as it is told.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// The time of the position that proves it, likewise.
    pub proved_at: Timestamp,
    /// Why it was not told; none when it was.
    pub untold: Option<Untold>,
}

/// Why something that happened, as it is known by now, was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Untold {
    /// The zone's schedule was closed then.
    ScheduleClosed,
    /// The zone was drawn, or changed, after the position came in that proves it.
    ZoneChanged,
    /// A position that it follows from came so late that zones were not asked with it any more.
    TooLate,
    /// By what was known when the positions came in it did not happen, or it was told as something else.
    KnownOtherwise,
}

impl Untold {
    /// Why, as the end of a sentence.
    fn text(self) -> &'static str {
        match self {
            Self::ScheduleClosed => "the zone's schedule was closed",
            Self::ZoneChanged => "the zone was drawn or changed later",
            Self::TooLate => "a position that it follows from came too late",
            Self::KnownOtherwise => "by what was known when the positions came in it looked otherwise",
        }
    }
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

/// What was told of a device and a zone, each taken to be one thing that happened at most.
struct Log {
    events: Vec<Event>,
    taken: Vec<bool>,
    /// Events of one kind whose times differ by no more than so many seconds are the same.
    window_s: u32,
}

impl Log {
    /// True when this was told. The nearest one in time is taken to be it.
    fn tells(&mut self, kind: EventKind, at: Timestamp) -> bool {
        let word = match kind {
            EventKind::Enter => LogKind::ZoneEntered,
            EventKind::Dwell => LogKind::ZoneDwelled,
            EventKind::Exit => LogKind::ZoneExited,
        };
        let apart = |event: &Event| (event.occurred_at.as_microsecond() - at.as_microsecond()).unsigned_abs();
        let near = |event: &Event| event.kind == word && apart(event) <= u64::from(self.window_s) * 1_000_000;
        let open = self.events.iter().enumerate().filter(|(place, event)| !self.taken[*place] && near(event));
        let Some((place, _)) = open.min_by_key(|(_, event)| apart(event)) else { return false };
        self.taken[place] = true;
        true
    }
}

impl Tracking {
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
        let known = known.filter(|known| known.tenant_id == caller.tenant_id).ok_or(Error::NotFound)?;
        let (from, to) = (shifted(at, -AROUND_S), shifted(at, AROUND_S));
        let way = self.way(&known, shifted(at, -LEAD_S), to).await?;
        let (base, tenant) = (self.base(), caller.tenant_id);
        let window_s = base.memory.zones.limits(tenant, &base.settings.tracking).reorder_window_s;
        let mut told = self.told(caller, id, device, (shifted(from, -AROUND_S), shifted(to, AROUND_S))).await?;
        let mut log = Log { taken: vec![false; told.len()], events: told.clone(), window_s };
        let believed = way.believable(self.travel_of(&known));
        let (mut visits, mut fixes, mut events) = (Visits::default(), Vec::new(), Vec::new());
        for position in &way.positions {
            let time = way.time_of(position);
            let fix = way.fix(position);
            let mut decision = fix.map(|fix| visits.explain((), &fence.shape, fix, fence.travel, &fence.drawn.rules));
            if let (Some(fix), Some(decision)) = (fix, &mut decision) {
                if believed.binary_search_by_key(&fix.at, |believed| believed.at).is_err() {
                    decision.inside_after = decision.inside_before;
                    decision.outcome = Outcome::Held(Held::ImpossibleSpeed);
                } else {
                    for event in fence.take(&mut visits, fix) {
                        let event = explained(&fence, &way, &mut log, event);
                        if event.untold.is_some() && decision.outcome == Outcome::Told(event.kind) {
                            decision.outcome = Outcome::Untold(event.kind);
                        }
                        events.push(event);
                    }
                }
            }
            if time >= from {
                fixes.push(ExplainedFix {
                    time,
                    received_at: position.received_at,
                    point: position.fix.point,
                    accuracy_m: position.fix.accuracy_m,
                    mark: position.mark,
                    decision,
                });
            }
        }
        events.retain(|event| (from..to).contains(&event.at));
        fixes.retain(|fix| fix.time < to);
        fixes.sort_by_key(|fix| fix.time);
        told.retain(|event| (from..to).contains(&event.occurred_at));
        Ok(ZoneExplanation {
            zone_id: fence.zone.id,
            in_schedule: fence.drawn.tells(at),
            zone_name: fence.zone.name,
            zone_changed_at: fence.zone.updated_at,
            device_id: device,
            at,
            summary: summary(&fixes, &events, at),
            fixes: nearest(fixes, at),
            events,
            told,
        })
    }

    async fn told(
        &self,
        caller: &Caller,
        zone: ZoneId,
        device: DeviceId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<Event>> {
        let filter = EventFilter {
            zone_id: Some(zone),
            device_id: Some(device),
            occurred_from: Some(from),
            occurred_to: Some(to),
            ..EventFilter::default()
        };
        let mut db = self.base().read(caller).await?;
        let found = events::list(&mut db, &filter, LogPosition::default(), MOST_TOLD).await?;
        let mut told: Vec<Event> = found.into_iter().map(|(_, event)| event).collect();
        told.sort_by_key(|event| event.occurred_at);
        Ok(told)
    }
}

/// What happened, and whether it was told.
fn explained(fence: &Fence, way: &Way, log: &mut Log, event: visit::Event) -> ExplainedEvent {
    let at = way.ours(event.at, event.proved_at);
    let untold = (!log.tells(event.kind, at)).then(|| {
        if !fence.drawn.tells(at) {
            Untold::ScheduleClosed
        } else if way.received_at(event.proved_at) < fence.zone.updated_at {
            Untold::ZoneChanged
        } else if follows_from_late(way, &event, log.window_s) {
            Untold::TooLate
        } else {
            Untold::KnownOtherwise
        }
    });
    let (kind, point) = (event.kind, event.point);
    ExplainedEvent { kind, at, point, proved_at: way.ours(event.proved_at, event.proved_at), untold }
}

/// True when any of the fixes that an event follows from, from the last one before it on, came too late for zones to be asked.
fn follows_from_late(way: &Way, event: &visit::Event, window_s: u32) -> bool {
    let first = way.heard.partition_point(|(_, fix)| fix.at <= event.at).saturating_sub(1);
    let last = way.heard.partition_point(|(_, fix)| fix.at <= event.proved_at);
    in_time(&way.heard, window_s)[first..last.max(first)].contains(&false)
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
        let untold = event.untold.map(|why| format!("; nothing was told, because {}", why.text())).unwrap_or_default();
        return format!("the device {what} at {}, proved by the position of {}{untold}", event.at, event.proved_at);
    }
    let Some(fix) = fixes.iter().min_by_key(|fix| apart(fix.time)) else {
        return "no position of the device is known from half an hour before until half an hour after".to_owned();
    };
    let time = fix.time;
    if let Some(mark) = fix.mark {
        return format!("the nearest position, of {time}, was not believed ({}), so it proved nothing", mark.as_str());
    }
    let Some(decision) = &fix.decision else {
        return format!("the nearest position, of {time}, is too inaccurate, or from the future, so it proved nothing");
    };
    let side = if decision.distance_m > 0.0 { "outside" } else { "inside" };
    let place = format!("the nearest position, of {time}, lies {:.0} m {side} the edge", decision.distance_m.abs());
    let why = match decision.outcome {
        Outcome::Told(_) => "and proved an event".to_owned(),
        Outcome::Untold(_) => "and proved an event that was not told".to_owned(),
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
        Held::ImpossibleSpeed => "but could only be reached, or left, at an impossible speed".to_owned(),
    }
}
