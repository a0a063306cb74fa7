//! `tracklane bench live`: positions and events on their way to whoever listens.

mod floor;
mod frames;
mod idle;
mod paced;
mod spread;
pub mod subscribers;

use anyhow::Context as _;
use axum::extract::ws::Utf8Bytes;
use clap::Args;
use tracklane_core::Env;
use tracklane_core::event::LOCATION_UPDATED;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::position::Point;

use super::machine;
use super::report::Report;
use super::rounds::RoundArgs;
use super::stage::{Stage, StagePlan};
use crate::args::Global;

/// Positions and events on their way to whoever listens, next to a bare WebSocket server that sends the same frames.
#[derive(Debug, Args)]
#[command(
    after_help = "Subscribers are in a process of their own, each on a WebSocket. 1 -> many: everybody hears every position. Own topics: each
hears one driver of many. Paced: positions come over HTTP at half of the rate that the server takes, each is heard by one of
very many subscribers; the time is from the fix to the subscriber. Idle: from the request to the frame, one at a time.

Each subscriber takes a descriptor here and one in the other process: raise the limit (ulimit -n) for more of them.

Example:
  tracklane bench live --subscribers 1000 --many 10000 -o json"
)]
pub struct LiveArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Subscribers that all hear everything, or that each hear one driver.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    subscribers: u32,
    /// Subscribers that each hear one driver while positions come paced.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    many: u32,
    /// Positions per second while paced; half of what the server takes when left out.
    #[arg(long)]
    pace: Option<f64>,
}

/// How many devices there are at least, so that each rests before its next turn.
const LEAST_DEVICES: u32 = 10_000;
/// How many of the subscribers that hear everything stop to read, where it is measured what that does to the others.
const DEAF: usize = 10;

/// Runs the sub-command.
///
/// # Errors
/// When the server or the subscribers do not start, or a message does not come.
pub async fn run(global: &Global, args: LiveArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let plan = StagePlan {
        data: folder.path().join("data"),
        zones: 10_000,
        devices: args.many.max(LEAST_DEVICES) as usize,
        drivers: true,
        settings: vec![["limits", "streams_per_tenant", "0"].map(str::to_owned).into()],
        ..StagePlan::default()
    };
    eprintln!("preparing {} zones, {} devices and their drivers", plan.zones, plan.devices);
    let stage = Stage::set(global, &plan).await?;
    let mut figures = idle::figures(&args, &stage).await?;
    figures.extend(spread::figures(&args, &stage).await?);
    figures.extend(paced::figures(&args, &stage).await?);
    stage.close().await;
    Report::new("live", &args.rounds, figures, machine::facts(folder.path())?).print(global)
}

/// What a subscriber says who wants positions: of everybody, or of one driver.
fn wants_positions(driver: Option<DriverId>) -> String {
    match driver {
        None => format!(r#"{{"type":"subscribe","all":true,"events":["{LOCATION_UPDATED}"]}}"#),
        Some(driver) => format!(r#"{{"type":"subscribe","drivers":["{driver}"],"events":["{LOCATION_UPDATED}"]}}"#),
    }
}

/// A newest position of a device that nobody knows.
fn latest(env: &Env, device_id: DeviceId, driver_id: Option<DriverId>) -> DeviceLatest {
    DeviceLatest {
        device_id,
        driver_id,
        fix_time: env.now(),
        received_at: env.now(),
        point: Point { lat: 41.157_944_3, lon: -8.629_105_2 },
        speed_mps: Some(13.9),
        course_deg: Some(270.0),
        accuracy_m: Some(5.0),
        altitude_m: Some(80.0),
        attributes: Default::default(),
    }
}

/// The frame that tells of it.
fn text_of(latest: &DeviceLatest) -> Utf8Bytes {
    let position = serde_json::to_string(latest).unwrap_or_default();
    format!(r#"{{"type":"position","name":"{LOCATION_UPDATED}","position":{position}}}"#).into()
}
