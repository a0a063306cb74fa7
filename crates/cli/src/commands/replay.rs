//! `tracklane replay`: play trips through a running server, and where trips come from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tracklane_core::Timestamp;
use tracklane_core::time::Env;
use tracklane_sim::fleet::{FleetPlan, simulate};
use tracklane_sim::replay::{FixTimes, Progress, ReplayPlan, Step, Summary, replay};
use tracklane_sim::trip::Trip;

use crate::args::Global;
use crate::exit::{Said, Usage};
use crate::output::{self, Format};

/// Play trips through a running server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane replay --fleet 20 --trips 100 --speed 60
  tracklane replay --file porto_taxi_trips.csv --speed 300 -o json

Hubs, customers, drivers and devices are made first, then a shipment per trip as the trip starts. Exit code 1 when a
shipment did not arrive.
A long replay needs a key without a tight limit: tracklane admin create-key --name Replay --requests-per-minute 100000")]
pub struct ReplayArgs {
    /// Recorded trips: a CSV file in the format of the Porto taxi data set. Left out: the trips of TRACKLANE_CORPUS when it is
    /// set, and a simulated fleet otherwise or with --fleet.
    #[arg(long, value_name = "CSV")]
    file: Option<PathBuf>,
    /// What fixes are dated.
    #[arg(long, value_enum, default_value = "now")]
    fix_times: Dated,
    #[command(flatten)]
    play: PlayArgs,
}

/// What fixes are dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dated {
    /// The moment when each is due, as in a film that is shown too fast: everything happens now.
    Now,
    /// Time between fixes is kept; the last one is taken when the replay ends, the others before. For history and zones
    /// only: no shipments are made, for a position from before a shipment proves nothing about it.
    Kept,
}

impl From<Dated> for FixTimes {
    fn from(dated: Dated) -> Self {
        match dated {
            Dated::Now => Self::Now,
            Dated::Kept => Self::Kept,
        }
    }
}

/// What trips, and how fast.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// Drivers of the simulated fleet [default: 12].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub fleet: Option<u32>,
    /// At most so many trips.
    #[arg(long, value_name = "N")]
    trips: Option<usize>,
    /// How many times faster than real.
    #[arg(long, default_value_t = 60.0, value_name = "N", value_parser = speed)]
    pub speed: f64,
    /// The seed of the simulated fleet: the same seed gives the same trips.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (1.0..=1_000_000.0).contains(&speed) { Ok(speed) } else { Err("must be from 1 to 1000000".to_owned()) }
}

/// How long to wait for the last shipments once everything is sent.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the sub-command.
///
/// # Errors
/// When a shipment did not arrive, or the server cannot be worked with.
pub async fn run(global: &Global, args: ReplayArgs) -> anyhow::Result<()> {
    let client = super::client(global)?;
    let env = crate::env::real();
    let plan = args.play.plan(args.file.as_deref(), args.fix_times.into(), &env)?;
    let mut bar = Bar::default();
    let mut watch = |step: Step<'_>| {
        if let Step::Played(progress) = step {
            bar.show(progress);
        }
    };
    let summary = replay(&client, plan, || env.now(), &mut watch).await?;
    bar.end();
    report(global, &summary)?;
    if summary.all_delivered() { Ok(()) } else { Err(Said.into()) }
}

fn report(global: &Global, summary: &Summary) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(summary);
    }
    output::line(&format!(
        "{} shipments, {} delivered; {} positions in {:.1} s",
        summary.shipments, summary.delivered, summary.positions, summary.seconds
    ))?;
    for (status, count) in &summary.by_status {
        output::line(&format!("  {count:>6} {status}"))?;
    }
    for open in &summary.undelivered {
        output::line(&format!("not delivered: {} ({}) is {}", open.shipment_id, open.trip, open.status))?;
    }
    for (trip, reason) in &summary.failed {
        output::line(&format!("no shipment for {trip}: {reason}"))?;
    }
    Ok(())
}

impl PlayArgs {
    /// The trips of `file`, of the corpus where there is one and nobody asked for a fleet, or of the simulated fleet, and how
    /// to play them. Says on standard error what was read.
    ///
    /// # Errors
    /// When the file cannot be read, or there is no trip to play.
    pub fn plan(&self, file: Option<&Path>, fix_times: FixTimes, env: &Env) -> anyhow::Result<ReplayPlan> {
        let trips = match file.map(Path::to_owned).or_else(|| self.corpus()) {
            Some(path) => self.recorded(&path)?,
            None => self.simulated(env.now()),
        };
        if trips.is_empty() {
            return Err(Usage("there is no trip to play".to_owned()).into());
        }
        let run: u32 = u32::from_be_bytes(env.random());
        Ok(ReplayPlan { trips, speed: self.speed, fix_times, run: format!("{run:08x}"), patience: PATIENCE })
    }

    /// The recorded trips of the corpus.
    fn corpus(&self) -> Option<PathBuf> {
        if self.fleet.is_some() {
            return None;
        }
        let file = Path::new(&std::env::var_os("TRACKLANE_CORPUS")?).join("traces/porto_taxi_trips.csv");
        file.exists().then_some(file)
    }

    fn recorded(&self, path: &Path) -> anyhow::Result<Vec<Trip>> {
        let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        let mut recording =
            tracklane_sim::porto::read(&text).with_context(|| format!("failed to read {}", path.display()))?;
        eprintln!("{}: {} trips", path.display(), recording.trips.len());
        for (reason, count) in &recording.skipped {
            eprintln!("  {count} left out: {reason}");
        }
        recording.trips.truncate(self.trips.unwrap_or(usize::MAX));
        Ok(recording.trips)
    }

    fn simulated(&self, start: Timestamp) -> Vec<Trip> {
        let drivers = self.fleet.unwrap_or(12) as usize;
        let trips = self.trips.unwrap_or(drivers * 4);
        eprintln!("simulated fleet: {drivers} drivers, {trips} trips, seed {}", self.seed);
        simulate(&FleetPlan::new(self.seed, drivers, trips, start))
    }
}

/// Progress on standard error: one line that is written over on a terminal, now and then a line elsewhere.
#[derive(Default)]
pub struct Bar {
    tenth: Option<usize>,
    shown: bool,
}

impl Bar {
    /// Shows how far a replay is.
    pub fn show(&mut self, progress: &Progress) {
        self.show_with(progress, "");
    }

    /// Shows how far a replay is, and what else there is to say.
    pub fn show_with(&mut self, progress: &Progress, more: &str) {
        let text = format!(
            "{}/{} trips begun, {}/{} positions sent{more}",
            progress.begun, progress.trips, progress.sent, progress.positions
        );
        if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            eprint!("\r\x1b[2K{text}");
            self.shown = true;
            return;
        }
        let tenth = progress.sent * 10 / progress.positions.max(1);
        if self.tenth != Some(tenth) {
            self.tenth = Some(tenth);
            eprintln!("{text}");
        }
    }

    /// Leaves the line.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprintln!();
        }
    }
}
