//! `tracklane bench memory`: what the server takes, alone in its process.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tracklane_core::Timestamp;

use super::load::Until;
use super::load::fleet::{Fleet, Sender};
use super::load::http::{Form, HttpSpeaker};
use super::machine;
use super::report::{Figure, Report};
use super::rounds::{Halves, RoundArgs, Sample, apart};
use super::served::Served;
use super::stage::{Stage, StagePlan};
use crate::args::Global;

/// What the server takes of memory: a fleet that sends, and very many devices that do not.
#[derive(Debug, Args)]
#[command(
    after_help = "The server runs in a process of its own. First a fleet sends in batches, round by round, among 10,000 zones. Then each of very
many devices sends once and falls silent, and the server starts again with what it knows of them.

Example:
  tracklane bench memory --idle 1000000 -o json"
)]
pub struct MemoryArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Devices that send, and zones.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    fleet: u32,
    /// Positions of each of those devices in a round.
    #[arg(long, default_value_t = 200)]
    positions: u32,
    /// Devices that are idle; 0 for none.
    #[arg(long, default_value_t = 1_000_000)]
    idle: u32,
}

/// How long ago the devices began to send, in seconds.
const START_AGO_SECONDS: i64 = 6 * 3_600;
/// How many connections send batches.
pub const CONNECTIONS: usize = 4;
/// How long memory may settle before it is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Runs the sub-command.
///
/// # Errors
/// When the server does not start, or a position is not accepted.
pub async fn run(global: &Global, args: MemoryArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let mut figures = busy(global, &args, &folder.path().join("fleet")).await?;
    if args.idle > 0 {
        figures.extend(idle(global, &args, &folder.path().join("idle")).await?);
    }
    Report::new("memory", &args.rounds, figures, machine::facts(folder.path())?).print(global)
}

/// The records of so many zones and devices in a folder, ready for a server of its own.
pub async fn prepare(global: &Global, data: &Path, zones: u32, devices: u32) -> anyhow::Result<(Vec<Sender>, String)> {
    eprintln!("preparing {zones} zones and {devices} devices");
    let plan =
        StagePlan { data: data.to_owned(), zones: zones as usize, devices: devices as usize, ..StagePlan::default() };
    let mut stage = Stage::set(global, &plan).await?;
    let (devices, token) = (std::mem::take(&mut stage.devices), stage.token.clone());
    stage.close().await;
    Ok((devices, token))
}

/// When devices begin that send fast.
///
/// # Errors
/// Never: the present is long after the beginning of time.
pub fn beginning() -> anyhow::Result<Timestamp> {
    Ok(crate::env::real().now().checked_sub(jiff::SignedDuration::from_secs(START_AGO_SECONDS))?)
}

/// Lets every device send so often, in batches.
///
/// # Errors
/// When a position is not accepted.
pub async fn send(mut fleet: Fleet, served: &Served, token: &str, times: u32) -> anyhow::Result<Fleet> {
    let (server, token) = (served.address, token.to_owned());
    apart(move || async move {
        for _ in 0..times {
            let speaker = || HttpSpeaker::new(Form::Array(1_000), &token);
            fleet.drive(server, CONNECTIONS, Until::AllSent, speaker).await?;
        }
        Ok(fleet)
    })
    .await
}

fn bytes(served: &Served) -> Sample {
    Sample::of(served.resident_bytes() as f64)
}

fn alone(samples: Vec<Sample>) -> Halves {
    Halves { floor: Vec::new(), measured: samples }
}

async fn busy(global: &Global, args: &MemoryArgs, data: &Path) -> anyhow::Result<Vec<Figure>> {
    let (devices, token) = prepare(global, data, args.fleet, args.fleet).await?;
    let served = Served::start(data).await?;
    let before = bytes(&served);
    let mut fleet = Fleet::new(&devices, 1, beginning()?);
    let mut after = Vec::new();
    for round in 1..=args.rounds.rounds {
        fleet = send(fleet, &served, &token, args.positions).await?;
        tokio::time::sleep(SETTLE).await;
        after.push(bytes(&served));
        let mebibytes = served.resident_bytes() / 1_048_576;
        eprintln!("round {round}: {mebibytes} MiB after {} positions of each device", round * args.positions);
    }
    let last = after.last().cloned().into_iter().collect();
    let sent = u64::from(args.rounds.rounds) * u64::from(args.positions) * u64::from(args.fleet);
    let with = |figure: Figure| figure.with("devices", args.fleet).with("zones", args.fleet);
    let figures = vec![
        with(Figure::of("fleet_start", "bytes", "", "after the start", &alone(vec![before]))?),
        with(Figure::of("fleet_rounds", "bytes", "", "after each round", &alone(after))?),
        with(Figure::of("fleet", "bytes", "", "after all positions", &alone(last))?)
            .with("positions", sent)
            .against([33]),
    ];
    served.stop().await?;
    Ok(figures)
}

async fn idle(global: &Global, args: &MemoryArgs, data: &Path) -> anyhow::Result<Vec<Figure>> {
    let (devices, token) = prepare(global, data, 0, args.idle).await?;
    let served = Served::start(data).await?;
    let known = bytes(&served);
    let fleet = Fleet::new(&devices, 1, beginning()?);
    drop(devices);
    drop(send(fleet, &served, &token, 1).await?);
    tokio::time::sleep(SETTLE).await;
    let sent = bytes(&served);
    served.stop().await?;
    let served = Served::start(data).await?;
    let again = bytes(&served);
    served.stop().await?;
    let each = |sample: &Sample| (sample.value / f64::from(args.idle)).round();
    let with =
        |figure: Figure, sample: &Sample| figure.with("devices", args.idle).counting("bytes_per_device", each(sample));
    let one = |sample: &Sample| alone(vec![sample.clone()]);
    Ok(vec![
        with(Figure::of("idle_known", "bytes", "", "devices that never sent", &one(&known))?, &known),
        with(Figure::of("idle", "bytes", "", "each device has sent once", &one(&sent))?, &sent).against([36]),
        with(Figure::of("idle_again", "bytes", "", "after the next start", &one(&again))?, &again),
    ])
}
