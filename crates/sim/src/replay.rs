//! Plays trips through the public API: hubs, customers, drivers and devices first, then a shipment per trip as the trip
//! starts, and its positions as they fall due. Nothing but positions moves the shipments.
//!
//! **Time.** At `speed` times real time a replay of `span` seconds lasts `span / speed`. What the fixes are dated is up to
//! the plan; in either way none lies in the future: see [`FixTimes`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde::Serialize;
use tracklane_api_types::PositionInput;
use tracklane_client::requests::{NewCustomer, NewDevice, NewDriver, NewLocation, NewPackage, NewShipment};
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DeviceId, DriverId, LocationId, ShipmentId};
use tracklane_core::lifecycle::Status;
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{Address, LocationType};
use tracklane_core::position::{Attributes, Point};

use crate::trip::{Trip, distance_m, one_after_the_other};

/// How to play.
#[derive(Debug, Clone)]
pub struct ReplayPlan {
    /// What to play; trips of one driver that overlap are played one after the other.
    pub trips: Vec<Trip>,
    /// How many times faster than real, 1 or more.
    pub speed: f64,
    /// What the fixes are dated.
    pub fix_times: FixTimes,
    /// The name of this run: part of every reference, so that two runs on one server do not meet.
    pub run: String,
    /// How long to wait for the last shipments to arrive once everything is sent.
    pub patience: Duration,
}

/// What the fixes of a replay are dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixTimes {
    /// Time between fixes is kept: all are shifted by the same amount, so that the last one is taken at the moment when
    /// the replay ends. Speeds are true; the first fixes lie `span - span / speed` in the past, so that what they prove
    /// comes late.
    Kept,
    /// Each fix is dated the moment when it falls due, as in a film that is shown too fast: everything happens now, and
    /// vehicles are `speed` times as fast as they say.
    Now,
}

/// What happens on the way, for whoever watches.
#[derive(Debug)]
pub enum Step<'a> {
    /// Hubs, customers, drivers and devices are there; the first position goes out now.
    Ready,
    /// A trip has begun under this shipment.
    Begun(&'a Trip, ShipmentId),
    /// So much is done.
    Played(&'a Progress),
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Trips that have begun.
    pub begun: usize,
    /// Trips in all.
    pub trips: usize,
    /// Positions sent.
    pub sent: usize,
    /// Positions in all.
    pub positions: usize,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Shipments made.
    pub shipments: usize,
    /// Shipments delivered.
    pub delivered: usize,
    /// Shipments by their status at the end.
    pub by_status: BTreeMap<String, usize>,
    /// Shipments that were not delivered, with their status.
    pub undelivered: Vec<Undelivered>,
    /// Trips for which no shipment could be made, with the reason.
    pub failed: Vec<(String, String)>,
    /// Positions sent.
    pub positions: usize,
    /// Of them, those that were rejected.
    pub rejected: usize,
    /// Real time from the first position to the last answer, in seconds.
    pub seconds: f64,
}

impl Summary {
    /// True when every trip became a shipment and every shipment was delivered.
    pub fn all_delivered(&self) -> bool {
        self.failed.is_empty() && self.undelivered.is_empty()
    }
}

/// A shipment that did not arrive.
#[derive(Debug, Clone, Serialize)]
pub struct Undelivered {
    /// The trip.
    pub trip: String,
    /// Its shipment.
    pub shipment_id: ShipmentId,
    /// Where the shipment stands.
    pub status: Status,
}

/// Real time between two batches.
const TICK: Duration = Duration::from_millis(200);
/// Rows of one batch; the server takes 10,000.
const BATCH: usize = 5_000;
/// Calls at the same time while things are made.
const AT_ONCE: usize = 8;
/// Trip ends nearer than this to a known hub share it, in metres.
const SAME_HUB_M: f64 = 25.0;
/// Recipients who share the shipments of a run.
const RECIPIENTS: [&str; 8] = [
    "Ana Almeida",
    "Bruno Barros",
    "Carla Costa",
    "Duarte Dias",
    "Elsa Esteves",
    "Filipe Faria",
    "Graça Gomes",
    "Hugo Henriques",
];

/// Which instant of the recording falls due when.
#[derive(Debug, Clone, Copy)]
struct Pace {
    first: Timestamp,
    last: Timestamp,
    started: Timestamp,
    speed: f64,
    fix_times: FixTimes,
}

impl Pace {
    fn new(trips: &[Trip], speed: f64, fix_times: FixTimes, started: Timestamp) -> Self {
        let first = trips.iter().map(Trip::start).min().unwrap_or(started);
        let last = trips.iter().map(Trip::end).max().unwrap_or(started);
        Self { first, last, started, speed: speed.max(1.0), fix_times }
    }

    /// How long after the start it falls due, in real time.
    fn due(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.first)).unwrap_or_default().div_f64(self.speed)
    }

    /// What a fix of then is dated.
    fn fix_time(&self, at: Timestamp) -> Timestamp {
        let (due, before) = match self.fix_times {
            FixTimes::Kept => (self.due(self.last), self.last.duration_since(at)),
            FixTimes::Now => (self.due(at), SignedDuration::ZERO),
        };
        let dated = self.started.checked_add(due).and_then(|end| end.checked_sub(before));
        dated.unwrap_or(self.started)
    }
}

/// Plays the plan through `client`. `now` is the present by the clock that fix times should fit.
///
/// # Errors
/// When hubs, customers, drivers or devices cannot be made, or positions cannot be sent. A shipment that cannot be made
/// is told in the summary and stops no other.
pub async fn replay(
    client: &Client,
    plan: ReplayPlan,
    now: impl Fn() -> Timestamp,
    watch: &mut (dyn FnMut(Step<'_>) + Send),
) -> Result<Summary, Error> {
    let trips = one_after_the_other(plan.trips);
    let stage = Stage::set(client, &trips, &plan.run).await?;
    let mut timeline: Vec<Due> = Vec::new();
    for (trip, drive) in trips.iter().enumerate() {
        timeline.push(Due { at: drive.start(), trip, point: None });
        timeline.extend(drive.points.iter().enumerate().map(|(point, fix)| Due {
            at: fix.at,
            trip,
            point: Some(point),
        }));
    }
    // `None` sorts first: a trip begins before its first fix.
    timeline.sort_unstable_by_key(|due| (due.at, due.trip, due.point));
    watch(Step::Ready);
    let pace = Pace::new(&trips, plan.speed, plan.fix_times, now());
    let progress = Progress { trips: trips.len(), positions: timeline.len() - trips.len(), ..Progress::default() };
    let mut player = Player {
        client,
        trips: &trips,
        stage,
        pace,
        watch,
        progress,
        shipments: Vec::new(),
        failed: Vec::new(),
        rejected: 0,
        begin: Vec::new(),
        fixes: Vec::new(),
        moving: HashSet::new(),
    };
    let started = Instant::now();
    player.play(&timeline, started).await?;
    let seconds = started.elapsed().as_secs_f64();
    let mut summary = player.summary();
    summary.seconds = seconds;
    settle(client, &mut summary, &trips, player.shipments, plan.patience).await?;
    Ok(summary)
}

/// Something that falls due: the beginning of a trip, or one of its fixes.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Timestamp,
    trip: usize,
    point: Option<usize>,
}

/// What must be there before the first trip begins.
struct Stage {
    run: String,
    sender: CustomerId,
    recipients: Vec<CustomerId>,
    drivers: HashMap<String, (DriverId, DeviceId)>,
    /// Origin and destination of each trip.
    hubs: Vec<(LocationId, LocationId)>,
}

impl Stage {
    async fn set(client: &Client, trips: &[Trip], run: &str) -> Result<Self, Error> {
        let customer = |name: &str| NewCustomer { name: name.to_owned(), ..NewCustomer::default() };
        let sender = client.create_customer(&customer("Porto Parcels")).await?.id;
        let recipients = stream::iter(RECIPIENTS.map(customer))
            .map(|customer| async move { client.create_customer(&customer).await.map(|made| made.id) })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut names: Vec<&str> = trips.iter().map(|trip| trip.driver.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let drivers = stream::iter(names)
            .map(|name| async move { driver(client, name, run).await.map(|ids| (name.to_owned(), ids)) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let (places, ends) = places(trips);
        let made: Vec<LocationId> = stream::iter(places.into_iter().enumerate())
            .map(|(number, point)| async move { hub(client, run, number + 1, point).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let hubs = ends.into_iter().map(|(origin, destination)| (made[origin], made[destination])).collect();
        Ok(Self { run: run.to_owned(), sender, recipients, drivers, hubs })
    }

    fn shipment(&self, number: usize, trip: &Trip) -> NewShipment {
        let reference = format!("{}-{}", self.run, trip.id);
        let (origin, destination) = self.hubs[number];
        NewShipment {
            sender_id: Some(self.sender),
            recipient_id: Some(self.recipients[number % self.recipients.len()]),
            origin_id: Some(origin),
            destination_id: Some(destination),
            packages: vec![NewPackage {
                tracking_number: Some(format!("{reference}-1")),
                description: Some("Parcel".to_owned()),
                weight_kg: Some(1.5),
            }],
            driver_id: self.drivers.get(&trip.driver).map(|(driver, _)| *driver),
            milestones: Some(MilestonePolicy::Full),
            reference: Some(reference),
            ..NewShipment::default()
        }
    }
}

async fn driver(client: &Client, name: &str, run: &str) -> Result<(DriverId, DeviceId), Error> {
    let reference = format!("{run}-{}", name.to_lowercase().replace(' ', "-"));
    let driver = NewDriver { reference: Some(reference.clone()), name: name.to_owned() };
    let driver_id = client.create_driver(&driver).await?.id;
    let device =
        NewDevice { identifier: reference, name: Some(format!("Phone of {name}")), driver_id: Some(driver_id) };
    Ok((driver_id, client.create_device(&device).await?.id))
}

async fn hub(client: &Client, run: &str, number: usize, point: Point) -> Result<LocationId, Error> {
    let location = NewLocation {
        reference: Some(format!("{run}-hub-{number}")),
        name: format!("Hub {number}"),
        location_type: LocationType::Hub,
        address: Address { point: Some(point), ..Address::default() },
        radius_m: None,
    };
    Ok(client.create_location(&location).await?.id)
}

/// The distinct places where trips start and end, and which of them each trip connects.
fn places(trips: &[Trip]) -> (Vec<Point>, Vec<(usize, usize)>) {
    let mut places: Vec<Point> = Vec::new();
    let mut place = |point: Point| {
        let known = places.iter().position(|known| distance_m(*known, point) < SAME_HUB_M);
        known.unwrap_or_else(|| {
            places.push(point);
            places.len() - 1
        })
    };
    let ends = trips.iter().map(|trip| (place(trip.origin), place(trip.destination))).collect();
    (places, ends)
}

struct Player<'a> {
    client: &'a Client,
    trips: &'a [Trip],
    stage: Stage,
    pace: Pace,
    watch: &'a mut (dyn FnMut(Step<'_>) + Send),
    progress: Progress,
    shipments: Vec<(usize, ShipmentId)>,
    failed: Vec<(String, String)>,
    rejected: usize,
    /// Trips that begin with the next batch.
    begin: Vec<usize>,
    /// The next batch, and whose fixes are in it.
    fixes: Vec<(usize, usize)>,
    moving: HashSet<&'a str>,
}

impl Player<'_> {
    async fn play(&mut self, timeline: &[Due], started: Instant) -> Result<(), Error> {
        let mut rest = timeline;
        while !rest.is_empty() {
            let played = started.elapsed();
            let ready = rest.partition_point(|due| self.pace.due(due.at) <= played);
            let (now, later) = rest.split_at(ready);
            for due in now {
                self.take(*due).await?;
            }
            self.flush().await?;
            (self.watch)(Step::Played(&self.progress));
            rest = later;
            tokio::time::sleep(TICK.saturating_sub(started.elapsed().saturating_sub(played))).await;
        }
        Ok(())
    }

    async fn take(&mut self, due: Due) -> Result<(), Error> {
        let driver = self.trips[due.trip].driver.as_str();
        match due.point {
            // A driver gets the next shipment only when the trip before has been told to its end.
            None if self.moving.contains(driver) => {
                self.flush().await?;
                self.begin.push(due.trip);
            }
            None => self.begin.push(due.trip),
            Some(point) => {
                self.moving.insert(driver);
                self.fixes.push((due.trip, point));
            }
        }
        if self.fixes.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let begin = std::mem::take(&mut self.begin);
        let (client, stage, trips) = (self.client, &self.stage, self.trips);
        let made: Vec<_> = stream::iter(begin)
            .map(|trip| async move { (trip, client.create_shipment(&stage.shipment(trip, &trips[trip])).await) })
            .buffered(AT_ONCE)
            .collect()
            .await;
        for (trip, outcome) in made {
            self.progress.begun += 1;
            match outcome {
                Ok(detail) => {
                    self.shipments.push((trip, detail.shipment.id));
                    (self.watch)(Step::Begun(&trips[trip], detail.shipment.id));
                }
                Err(error) => self.failed.push((trips[trip].id.clone(), error.to_string())),
            }
        }
        if self.fixes.is_empty() {
            return Ok(());
        }
        let fixes = std::mem::take(&mut self.fixes);
        self.moving.clear();
        let rows: Vec<PositionInput<'_>> = fixes.iter().filter_map(|(trip, point)| self.row(*trip, *point)).collect();
        let answer = self.client.send_positions(&rows).await?;
        self.rejected += answer.rejected;
        if let Some(row) = answer.rows.iter().find(|row| !row.errors.is_empty()) {
            tracing::warn!(row = row.row, error = %row.errors[0].detail, "a position was rejected");
        }
        self.progress.sent += fixes.len();
        Ok(())
    }

    fn row(&self, trip: usize, point: usize) -> Option<PositionInput<'static>> {
        let trip = &self.trips[trip];
        let fix = trip.points.get(point)?;
        let (_, device) = self.stage.drivers.get(&trip.driver)?;
        Some(PositionInput {
            device: Some(device.to_string().into()),
            fix_time: self.pace.fix_time(fix.at),
            lat: fix.point.lat,
            lon: fix.point.lon,
            altitude_m: None,
            speed_mps: fix.speed_mps,
            course_deg: fix.course_deg,
            accuracy_m: None,
            valid: true,
            attributes: Attributes::new(),
        })
    }

    fn summary(&self) -> Summary {
        Summary {
            shipments: self.shipments.len(),
            failed: self.failed.clone(),
            positions: self.progress.sent,
            rejected: self.rejected,
            ..Summary::default()
        }
    }
}

/// Asks for each shipment until it has arrived or the patience is at its end.
async fn settle(
    client: &Client,
    summary: &mut Summary,
    trips: &[Trip],
    shipments: Vec<(usize, ShipmentId)>,
    patience: Duration,
) -> Result<(), Error> {
    let asked = Instant::now();
    let mut open = shipments;
    loop {
        let states: Vec<(usize, ShipmentId, Status)> = stream::iter(open)
            .map(|(trip, id)| async move { client.shipment(id).await.map(|found| (trip, id, found.shipment.status)) })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let (done, waiting): (Vec<_>, Vec<_>) =
            states.into_iter().partition(|(_, _, status)| *status == Status::Delivered);
        summary.delivered += done.len();
        if waiting.is_empty() || asked.elapsed() >= patience {
            for (trip, shipment_id, status) in waiting {
                *summary.by_status.entry(status.to_string()).or_default() += 1;
                summary.undelivered.push(Undelivered { trip: trips[trip].id.clone(), shipment_id, status });
            }
            if summary.delivered > 0 {
                summary.by_status.insert(Status::Delivered.to_string(), summary.delivered);
            }
            return Ok(());
        }
        open = waiting.into_iter().map(|(trip, id, _)| (trip, id)).collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{FleetPlan, simulate};

    #[test]
    fn no_fix_lies_ahead_and_the_last_one_is_taken_when_the_replay_ends() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let trips = simulate(&FleetPlan::new(1, 3, 6, "2013-07-01T00:00:00Z".parse().unwrap()));
        let last = trips.iter().map(Trip::end).max().unwrap();
        for fix_times in [FixTimes::Kept, FixTimes::Now] {
            let pace = Pace::new(&trips, 60.0, fix_times, now);
            assert_eq!(pace.fix_time(last), now.checked_add(pace.due(last)).unwrap());
            for point in trips.iter().flat_map(|trip| &trip.points) {
                let sent_at = now.checked_add(pace.due(point.at)).unwrap();
                assert!(pace.fix_time(point.at) <= sent_at);
                assert!(fix_times == FixTimes::Kept || pace.fix_time(point.at) == sent_at);
            }
        }
        let (kept, [one, two]) = (Pace::new(&trips, 60.0, FixTimes::Kept, now), [0, 1].map(|i| trips[0].points[i].at));
        assert_eq!(kept.fix_time(two).duration_since(kept.fix_time(one)), two.duration_since(one));
    }

    #[test]
    fn trips_that_meet_share_a_hub() {
        let trips = simulate(&FleetPlan::new(1, 1, 3, Timestamp::UNIX_EPOCH));
        let (places, ends) = places(&trips);
        assert_eq!(ends[0].1, ends[1].0);
        assert!(places.len() <= 4);
    }
}
