//! The play itself: what falls due is sent, trip by trip and batch by batch.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use jiff::SignedDuration;
use tracklane_api_types::PositionInput;
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::id::ShipmentId;
use tracklane_core::position::Attributes;

use super::pace::{FixTimes, Pace};
use super::stage::Stage;
use super::{AT_ONCE, Progress, Step, Summary};
use crate::trip::Trip;

/// Real time between two batches.
const TICK: Duration = Duration::from_millis(200);
/// Rows of one batch; the server takes 10,000.
const BATCH: usize = 5_000;
/// How far two fixes of one driver are dated apart at least, and the first from the shipment before it.
const APART: SignedDuration = SignedDuration::from_millis(1);

/// Something that falls due: the beginning of a trip, or one of its fixes.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Timestamp,
    trip: usize,
    point: Option<usize>,
}

/// Everything that falls due, in order.
fn timeline(trips: &[Trip]) -> Vec<Due> {
    let mut timeline = Vec::new();
    for (trip, drive) in trips.iter().enumerate() {
        timeline.push(Due { at: drive.start(), trip, point: None });
        let fixes = drive.points.iter().enumerate();
        timeline.extend(fixes.map(|(point, fix)| Due { at: fix.at, trip, point: Some(point) }));
    }
    // `None` sorts first: a trip begins before its first fix.
    timeline.sort_unstable_by_key(|due| (due.at, due.trip, due.point));
    timeline
}

/// Who sends what falls due.
pub(super) struct Player<'a> {
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
    /// What the next fix of each driver must be dated after: the one before, or the moment when the driver got the shipment.
    after: HashMap<&'a str, Timestamp>,
}

impl<'a> Player<'a> {
    pub(super) fn new(
        client: &'a Client,
        trips: &'a [Trip],
        stage: Stage,
        pace: Pace,
        watch: &'a mut (dyn FnMut(Step<'_>) + Send),
    ) -> Self {
        let positions = trips.iter().map(|trip| trip.points.len()).sum();
        Self {
            client,
            trips,
            stage,
            pace,
            watch,
            progress: Progress { trips: trips.len(), positions, ..Progress::default() },
            shipments: Vec::new(),
            failed: Vec::new(),
            rejected: 0,
            begin: Vec::new(),
            fixes: Vec::new(),
            moving: HashSet::new(),
            after: HashMap::new(),
        }
    }

    /// Sends everything as it falls due, counted from `started`.
    ///
    /// # Errors
    /// When positions cannot be sent.
    pub(super) async fn play(&mut self, started: Instant) -> Result<(), Error> {
        let timeline = timeline(self.trips);
        let mut rest = timeline.as_slice();
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
            // What lies in the past moves no shipment that is made now.
            None if self.pace.fix_times == FixTimes::Kept => self.progress.begun += 1,
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
                    // A fix from before proves nothing about the shipment.
                    let after = self.after.entry(&trips[trip].driver).or_insert(detail.shipment.updated_at);
                    *after = detail.shipment.updated_at.max(*after);
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
        let mut rows: Vec<PositionInput<'_>> = Vec::with_capacity(fixes.len());
        for (trip, point) in &fixes {
            rows.extend(self.row(*trip, *point));
        }
        let answer = self.client.send_positions(&rows).await?;
        self.rejected += answer.rejected;
        if let Some(row) = answer.rows.iter().find(|row| !row.errors.is_empty()) {
            tracing::warn!(row = row.row, error = %row.errors[0].detail, "a position was rejected");
        }
        self.progress.sent += fixes.len();
        Ok(())
    }

    fn row(&mut self, trip: usize, point: usize) -> Option<PositionInput<'static>> {
        let trip = &self.trips[trip];
        let fix = trip.points.get(point)?;
        let (_, device) = self.stage.drivers.get(&trip.driver)?;
        let earliest = self.after.get(trip.driver.as_str()).and_then(|after| after.checked_add(APART).ok());
        let fix_time = self.pace.fix_time(fix.at).max(earliest.unwrap_or(Timestamp::MIN));
        self.after.insert(&trip.driver, fix_time);
        Some(PositionInput {
            device: Some(device.to_string().into()),
            fix_time,
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

    /// What was done, and the shipment of each trip.
    pub(super) fn into_summary(self) -> (Summary, Vec<(usize, ShipmentId)>) {
        let summary = Summary {
            shipments: self.shipments.len(),
            failed: self.failed,
            positions: self.progress.sent,
            rejected: self.rejected,
            ..Summary::default()
        };
        (summary, self.shipments)
    }
}
