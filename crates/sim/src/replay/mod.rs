//! Plays trips through the public API: hubs, customers, drivers and devices first, then a shipment per trip as the trip
//! starts, and its positions as they fall due. Nothing but positions moves the shipments.
//!
//! **Time.** At `speed` times real time a replay of `span` seconds lasts `span / speed`. What the fixes are dated is up to
//! the plan; in either way none lies in the future: see [`FixTimes`].

mod pace;
mod player;
mod stage;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tracklane_client::{Client, Error};
use tracklane_core::Timestamp;
use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::Status;

use self::pace::Pace;
use self::player::Player;
use self::stage::Stage;
use crate::trip::{Trip, one_after_the_other};

pub use self::pace::FixTimes;

/// How to play.
#[derive(Debug, Clone)]
pub struct ReplayPlan {
    /// What to play; trips of one driver that overlap are played one after the other.
    pub trips: Vec<Trip>,
    /// How many times faster than real, 1 or more.
    pub speed: f64,
    /// What the fixes are dated.
    pub fix_times: FixTimes,
    /// The name of this run: part of every reference, so that two runs on one server do not meet. May be empty on a server
    /// that has had none.
    pub run: String,
    /// How long to wait for the last shipments to arrive once everything is sent.
    pub patience: Duration,
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

/// Calls at the same time while things are made.
const AT_ONCE: usize = 8;

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
    watch(Step::Ready);
    let pace = Pace::new(&trips, plan.speed, plan.fix_times, now());
    let mut player = Player::new(client, &trips, stage, pace, watch);
    let started = Instant::now();
    player.play(started).await?;
    let seconds = started.elapsed().as_secs_f64();
    let (played, shipments) = player.into_summary();
    let mut summary = Summary { seconds, ..played };
    settle(client, &mut summary, &trips, shipments, plan.patience).await?;
    Ok(summary)
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
