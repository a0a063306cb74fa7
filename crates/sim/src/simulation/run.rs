//! One run: zones and devices are made, everything is sent as it falls due, and what the server told is judged.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde_json::json;
use tracklane_api_types::LoggedEvent;
use tracklane_client::requests::NewDevice;
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::event::EventKind;
use tracklane_core::id::{DeviceId, ZoneId};
use tracklane_core::model::Zone;
use tracklane_core::position::Fix;
use tracklane_core::time::Env;

use super::faults::{Delivery, Fault};
use super::oracle::{Side, Truth};
use super::report::{Report, RunReport};
use super::send::{Counts, Protocol, Row, send};
use super::trackers::Trackers;
use super::verdict::{Told, Verdict, judge};
use super::world::{City, Device, MIDDLE, Plan, dwell_s};
use crate::trip::moved_m;

/// Calls at the same time while things are made.
const AT_ONCE: usize = 16;
/// Seconds of the simulation that are sent at once when the clock is ours.
const STEP_S: u32 = 5;
/// Real time between two sendings when it is not.
const TICK: Duration = Duration::from_millis(200);
/// Seconds between the end of one run and the beginning of the next.
const PAUSE_S: i64 = 600;

/// Whose clock it is.
pub enum Pace<'a> {
    /// The server goes by this clock, which is set to each instant as the simulation reaches it: as fast as it can go.
    Made {
        /// When the simulation begins, by that clock.
        start: Timestamp,
        /// Sets it.
        set: &'a (dyn Fn(Timestamp) + Sync),
    },
    /// The server goes by the time of the world. Time between fixes is kept; the last is taken when the run ends.
    Real {
        /// How many times faster than real the fixes are sent, 1 or more.
        speed: f64,
        /// The world.
        env: &'a Env,
    },
}

/// What to do.
pub struct Setup<'a> {
    /// The city and its fleet.
    pub plan: Plan,
    /// The faults of each run. Every run has devices of its own; the zones are the same.
    pub runs: Vec<Vec<Fault>>,
    /// How devices send.
    pub protocol: Protocol,
    /// Where trackers connect to, as `host:port`; needed for their protocols alone.
    pub trackers: Option<String>,
    /// Whose clock it is.
    pub pace: Pace<'a>,
    /// Names this simulation on the server, below 1,000,000, so that two do not meet.
    pub number: u32,
    /// How long nothing new must be told before all is taken to have been told.
    pub quiet: Duration,
    /// How many mistakes are listed for each run.
    pub cases: usize,
}

/// How far a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Runs that are over.
    pub runs_done: usize,
    /// Runs in all.
    pub runs: usize,
    /// Fixes sent in this run.
    pub sent: usize,
    /// Fixes of this run in all.
    pub fixes: usize,
}

/// Lets the fleet drive, once for each list of faults.
///
/// # Errors
/// When zones or devices cannot be made, or positions cannot be sent.
pub async fn simulate(
    client: &Client,
    setup: &Setup<'_>,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, Error> {
    let city = City::new(&setup.plan);
    let zones = make_zones(client, setup, &city).await?;
    let mut report = Report::new(&setup.plan, setup.protocol);
    for (number, faults) in setup.runs.iter().enumerate() {
        let trackers = match (setup.protocol, &setup.trackers) {
            (Protocol::Tracker(name), Some(address)) => Some(Trackers::new(name, address)?),
            _ => None,
        };
        let run = Run { client, setup, city: &city, zones: &zones, number, faults, trackers };
        report.add(run.go(watch).await?);
    }
    Ok(report)
}

async fn make_zones(client: &Client, setup: &Setup<'_>, city: &City) -> Result<Vec<ZoneId>, Error> {
    let zones = city.areas.iter().enumerate().map(|(place, area)| {
        let (geometry, radius_m) = area.geometry(MIDDLE);
        let name = format!("Simulated zone {} of {}", place + 1, setup.number);
        let rules = dwell_s(place).map(|dwell_s| json!({ "dwell_s": dwell_s }));
        json!({ "name": name, "geometry": geometry, "radius_m": radius_m, "rules": rules })
    });
    stream::iter(zones)
        .map(|zone| async move { client.post::<_, Zone>("v1/zones", &zone).await.map(|made| made.id) })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

struct Run<'a> {
    client: &'a Client,
    setup: &'a Setup<'a>,
    city: &'a City,
    zones: &'a [ZoneId],
    number: usize,
    faults: &'a [Fault],
    trackers: Option<Trackers>,
}

/// A device as the server knows it.
struct Made {
    id: DeviceId,
    identifier: String,
    device: Device,
}

/// What was told, by device and zone.
#[derive(Default)]
struct Heard(HashMap<(usize, usize), (Vec<Told>, Vec<Told>)>);

impl Heard {
    /// Entries and exits, and dwells.
    fn of(&self, device: usize, zone: usize) -> (&[Told], &[Told]) {
        self.0.get(&(device, zone)).map_or((&[], &[]), |(told, dwelt)| (told, dwelt))
    }
}

/// Seconds of the simulation as instants, and back.
#[derive(Clone, Copy)]
struct Calendar(Timestamp);

impl Calendar {
    fn at(self, second: i64) -> Timestamp {
        self.0.saturating_add(SignedDuration::from_secs(second)).unwrap_or(self.0)
    }

    fn second(self, at: Timestamp) -> f64 {
        (at.as_microsecond() - self.0.as_microsecond()) as f64 / 1e6
    }
}

impl Run<'_> {
    async fn go(&self, watch: &mut (dyn FnMut(Progress) + Send)) -> Result<RunReport, Error> {
        let began = Instant::now();
        let devices = self.make_devices().await?;
        let mut due: Vec<(Delivery, usize)> = Vec::new();
        for (number, made) in devices.iter().enumerate() {
            due.extend(made.device.sent.deliveries.iter().map(|delivery| (*delivery, number)));
        }
        // Stable: what one device sends at one moment stays in its order.
        due.sort_by_key(|(delivery, _)| delivery.at_ms);
        let last_s = due.last().map_or(0, |(delivery, _)| delivery.at_ms / 1000 + 1);
        let calendar = self.calendar(last_s);
        let mut told = Heard::default();
        // What was told before is of no concern.
        let mut cursor = self.hear(&devices, calendar, None, &mut told).await?;
        let counts = self.play(&devices, &due, calendar, watch).await?;
        let mut quiet = Instant::now();
        while quiet.elapsed() < self.setup.quiet {
            tokio::time::sleep(self.setup.quiet / 10).await;
            let before = cursor.clone();
            cursor = self.hear(&devices, calendar, before.clone(), &mut told).await?;
            if cursor != before {
                quiet = Instant::now();
            }
        }
        Ok(self.judge(&devices, calendar, &told, counts, began.elapsed()))
    }

    async fn make_devices(&self) -> Result<Vec<Made>, Error> {
        let Setup { plan, number, .. } = self.setup;
        stream::iter(0..plan.devices)
            .map(|place| async move {
                // Fifteen digits, as trackers name themselves.
                let identifier = format!("{number:06}{:02}{place:07}", self.number);
                let name = format!("Simulated {}", place + 1);
                let device = NewDevice { identifier: identifier.clone(), name: Some(name), ..NewDevice::default() };
                let id = self.client.create_device(&device).await?.id;
                Ok(Made { id, identifier, device: self.city.device(plan, place, self.faults) })
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    fn calendar(&self, last_s: u32) -> Calendar {
        match &self.setup.pace {
            Pace::Made { start, .. } => {
                // Deliveries may come up to an hour after the end of the way.
                let length_s = i64::from(self.setup.plan.duration_s) + PAUSE_S;
                Calendar(Calendar(*start).at(self.number as i64 * length_s))
            }
            Pace::Real { speed, env } => {
                let lasts = SignedDuration::from_secs_f64(f64::from(last_s) / speed);
                let end = env.now().saturating_add(lasts).unwrap_or(Timestamp::MAX);
                Calendar(Calendar(end).at(-i64::from(last_s)))
            }
        }
    }

    async fn play(
        &self,
        devices: &[Made],
        due: &[(Delivery, usize)],
        calendar: Calendar,
        watch: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Counts, Error> {
        let started = Instant::now();
        let mut counts = Counts::default();
        let mut rest = due;
        let mut until_s = 0;
        while !rest.is_empty() {
            let ready_ms = match &self.setup.pace {
                Pace::Made { set, .. } => {
                    until_s += STEP_S;
                    set(calendar.at(i64::from(until_s)));
                    f64::from(until_s) * 1e3
                }
                Pace::Real { speed, .. } => {
                    tokio::time::sleep(TICK).await;
                    started.elapsed().as_secs_f64() * speed * 1e3
                }
            };
            let ready = rest.partition_point(|(delivery, _)| f64::from(delivery.at_ms) < ready_ms);
            let (now, later) = rest.split_at(ready);
            rest = later;
            let rows: Vec<Row<'_>> =
                now.iter().map(|(delivery, number)| row(&devices[*number], delivery, calendar)).collect();
            if !rows.is_empty() {
                counts.add(send(self.client, self.setup.protocol, self.trackers.as_ref(), &rows).await?);
            }
            let (runs_done, runs) = (self.number, self.setup.runs.len());
            watch(Progress { runs_done, runs, sent: due.len() - rest.len(), fixes: due.len() });
        }
        Ok(counts)
    }

    /// Hears what was told behind `after`, and answers up to where.
    async fn hear(
        &self,
        devices: &[Made],
        calendar: Calendar,
        after: Option<String>,
        told: &mut Heard,
    ) -> Result<Option<String>, Error> {
        let numbers: HashMap<DeviceId, usize> =
            devices.iter().zip(0..).map(|(made, number)| (made.id, number)).collect();
        let zones: HashMap<ZoneId, usize> = self.zones.iter().copied().zip(0..).collect();
        let mut after = after;
        loop {
            let page = self.client.events(&["zone.entered,zone.dwelled,zone.exited"], after.as_deref()).await?;
            for LoggedEvent { event, .. } in &page.items {
                let device = event.device_id.and_then(|id| numbers.get(&id).copied());
                let zone = event.zone_id.and_then(|id| zones.get(&id).copied());
                let (Some(device), Some(zone)) = (device, zone) else { continue };
                let to = if event.kind == EventKind::ZoneExited { Side::Out } else { Side::In };
                let late = event.data.get("late").and_then(serde_json::Value::as_bool).unwrap_or(false);
                // A clock that is ahead is believed only up to when the fix came.
                let skew_s = f64::from(devices[device].device.sent.skew_s);
                let (least_ahead_s, most_ahead_s) = (skew_s.min(0.0), skew_s);
                let at_s = calendar.second(event.occurred_at);
                let (told, dwelt) = told.0.entry((device, zone)).or_default();
                let list = if event.kind == EventKind::ZoneDwelled { dwelt } else { told };
                list.push(Told { at_s, least_ahead_s, most_ahead_s, to, late });
            }
            after = page.next_cursor.or(after);
            if !page.has_more {
                return Ok(after);
            }
        }
    }

    fn judge(&self, devices: &[Made], calendar: Calendar, told: &Heard, counts: Counts, took: Duration) -> RunReport {
        let once = |made: &Made| {
            let sent: HashSet<usize> = made.device.sent.deliveries.iter().map(|delivery| delivery.fix).collect();
            sent.len()
        };
        let mut report = RunReport::new(self.faults, devices.iter().map(once).sum(), counts, took);
        let mut all = Verdict::default();
        let nothing = Truth { passages: Vec::new(), begins_in: None, last_s: 0.0 };
        for (number, made) in devices.iter().enumerate() {
            let truths: HashMap<usize, &Truth> =
                made.device.truths.iter().map(|(zone, found)| (*zone, found)).collect();
            for (zone, id) in self.zones.iter().enumerate() {
                let (told, dwelt) = told.of(number, zone);
                let truth = truths.get(&zone).copied().unwrap_or(&nothing);
                let verdict = judge(truth, told, dwelt, dwell_s(zone));
                for mistake in &verdict.faults {
                    if report.cases.len() < self.setup.cases {
                        report.note(*mistake, (made.id, *id), calendar.at(mistake.at_s.round() as i64));
                    }
                }
                all.add(verdict);
            }
        }
        report.settle(all, told.0.values().flat_map(|(told, _)| told).filter(|told| told.late).count());
        report
    }
}

fn row<'a>(made: &'a Made, delivery: &Delivery, calendar: Calendar) -> Row<'a> {
    let fix = made.device.sent.fixes[delivery.fix];
    Row {
        wild: fix.wild,
        device: &made.identifier,
        time: calendar.at(i64::from(fix.taken_s) + i64::from(made.device.sent.skew_s)),
        fix: Fix {
            point: moved_m(MIDDLE, fix.place.0, fix.place.1),
            altitude_m: None,
            speed_mps: Some(fix.speed_mps),
            course_deg: Some(fix.course_deg),
            accuracy_m: Some(fix.accuracy_m),
            valid: true,
        },
    }
}
