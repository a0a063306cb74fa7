//! `tracklane bench ingest`: a floor and the real thing, in turns, in one run.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;

use super::load::{Fleet, Round};
use super::report::{Memory, Rate, Report, median};
use super::stage::{Stage, StagePlan};
use super::{floor, machine};
use crate::args::Global;
use crate::output::{self, Format};

/// Durable single positions over HTTP, next to a handler that only parses them.
#[derive(Debug, Args)]
#[command(
    after_help = "In each round first the floor, then the real server is asked for so many seconds. Both get the same requests from
the same load generator, which runs on a thread of its own. The real server authenticates each request by API key,
answers when the position is on the disk, tries it against every zone and feeds a live stream that somebody reads.

Example:
  tracklane bench ingest --rounds 5 --seconds 4 -o json"
)]
pub struct IngestArgs {
    /// Rounds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Seconds per round and kind.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Connections, one request in flight on each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Zones.
    #[arg(long, default_value_t = 10_000)]
    zones: usize,
    /// Devices.
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Sleep so long after each sync, to pretend a slower disk.
    #[arg(long, default_value_t = 0)]
    sync_delay_ms: u64,
    /// Where to keep the data of the run; a temporary folder when left out.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// How far back the first fix lies, in seconds: nothing that is sent later may lie in the future.
const START_AGO_SECONDS: i64 = 6 * 3_600;

/// Runs the sub-command.
///
/// # Errors
/// When something cannot be started, or an answer was not 202.
pub async fn run(global: &Global, args: IngestArgs) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir().context("failed to make a temporary folder")?;
    let plan = StagePlan {
        data: args.data.clone().unwrap_or_else(|| temporary.path().to_owned()),
        zones: args.zones,
        devices: args.devices,
        sync_delay: Duration::from_millis(args.sync_delay_ms),
    };
    eprintln!("preparing {} zones and {} devices", plan.zones, plan.devices);
    let stage = Stage::set(global, &plan).await?;
    let floor = floor::start().await?;
    let sync_ms = machine::sync_ms(&plan.data).context("failed to time the disk")?;
    let before_bytes = machine::resident_bytes();
    let job = Job {
        floor,
        durable: stage.address,
        devices: stage.devices.clone(),
        token: stage.token.clone(),
        start: crate::env::real().now().checked_sub(jiff::SignedDuration::from_secs(START_AGO_SECONDS))?,
        rounds: args.rounds,
        lasts: Duration::from_secs_f64(args.seconds.clamp(0.05, 3_600.0)),
        connections: args.connections as usize,
    };
    // A thread and a runtime of its own: the load must not wait in the queues of what it measures.
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("load".to_owned()).spawn(move || {
        let _ = sender.send(job.run());
    })?;
    let measured = receiver.await.context("the load generator panicked")??;
    let end_bytes = machine::resident_bytes();
    let crossings = stage.crossings();
    let live_messages = stage.live_messages();
    stage.close().await;
    let per_device = measured.after_devices_bytes.saturating_sub(before_bytes) as f64 / args.devices.max(1) as f64;
    let report = Report {
        floor: Rate::of(&measured.floor)?,
        durable: Rate::of(&measured.durable)?,
        ratio: median(&measured.ratios()),
        ratios: measured.ratios(),
        positions: measured.durable.iter().map(|round| round.answers).sum::<u64>() + args.devices as u64,
        crossings,
        zones: args.zones,
        connections: args.connections as usize,
        seconds: args.seconds,
        sync_delay_ms: args.sync_delay_ms,
        live_messages,
        memory: Memory {
            before_bytes,
            after_devices_bytes: measured.after_devices_bytes,
            end_bytes,
            devices: args.devices,
            bytes_per_device: per_device,
        },
        machine: machine::facts(sync_ms),
    };
    match global.output {
        Format::Json => output::json(&report),
        Format::Table => report.print(),
    }
}

/// What the load generator does.
struct Job {
    floor: SocketAddr,
    durable: SocketAddr,
    devices: Vec<DeviceId>,
    token: String,
    start: Timestamp,
    rounds: u32,
    lasts: Duration,
    connections: usize,
}

struct Measured {
    after_devices_bytes: u64,
    floor: Vec<Round>,
    durable: Vec<Round>,
}

impl Measured {
    fn ratios(&self) -> Vec<f64> {
        let pairs = self.durable.iter().zip(&self.floor);
        pairs.map(|(durable, floor)| durable.per_second / floor.per_second.max(1.0)).collect()
    }
}

impl Job {
    fn run(self) -> anyhow::Result<Measured> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.measure())
    }

    async fn measure(self) -> anyhow::Result<Measured> {
        let fleet = |seed| Fleet::new(&self.devices, self.connections, seed, self.start, &self.token);
        let (mut idle, mut real) = (fleet(1), fleet(1));
        eprintln!("one position of every device");
        real.once_each(self.durable).await.context("while every device sent its first position")?;
        let after_devices_bytes = machine::resident_bytes();
        let warm = self.lasts.min(Duration::from_secs(1));
        idle.round(self.floor, warm).await?;
        real.round(self.durable, warm).await?;
        let mut measured = Measured { after_devices_bytes, floor: Vec::new(), durable: Vec::new() };
        for round in 1..=self.rounds {
            let floor = idle.round(self.floor, self.lasts).await?;
            let durable = real.round(self.durable, self.lasts).await?;
            eprintln!(
                "round {round}: floor {:.0}/s, durable {:.0}/s, ratio {:.2}",
                floor.per_second,
                durable.per_second,
                durable.per_second / floor.per_second.max(1.0)
            );
            measured.floor.push(floor);
            measured.durable.push(durable);
        }
        Ok(measured)
    }
}
