//! `tracklane simulate`: a fleet with faults, and whether the server tells of its zones what truly happened.

mod embedded;

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use jiff::SignedDuration;
use tracklane_protocols::registry;
use tracklane_sim::simulation::{Fault, Pace, Plan, Protocol, Report, RunReport, Setup, simulate};

use self::embedded::Embedded;
use crate::args::Global;
use crate::exit::{Said, Usage};
use crate::output::{self, Format};
use crate::progress::Progress;

/// Let a simulated fleet with faults drive, and check every zone event against the truth.
#[derive(Debug, Args)]
#[command(
    after_help = "Vehicles drive through a made-up city with zones. What they truly do is known, so the zone events that must come of it
are computed from that, and held against what the server told. In between go the faults:

  drift      off by 10 to 20 m (standard deviation) in the same direction for about a minute, accuracy stated
  dropout    1 to 10 minutes without a word; what was seen then is lost, or sent later
  duplicate  some fixes come twice, at once or up to an hour later
  reorder    fixes come up to two minutes late, each as late as it likes
  skew       the device's clock is wrong by up to four minutes
  teleport   single fixes are 2 to 50 km away

Not every visit can be known of. A fix speaks for one side of an edge when the vehicle truly was there and the device said so: 30 m
from the edge, or two and a half of its accuracies and 5 m. Between two rows of at least three fixes that speak for different sides, one event
must be told; between rows that speak for the same side nothing need be told, but what is told must be whole. How many such doubtful
visits there are, and how many of them were told, is printed.

Exit code 1 when an event is missing, or told without cause, or told twice, or out of order.

Examples:
  tracklane simulate --embedded --devices 1000 --each
  tracklane simulate --devices 50 --faults drift,dropout --speed 30 --protocol osmand
  tracklane simulate --embedded --faults none --duration 20m -o json"
)]
pub struct SimulateArgs {
    /// How many devices.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: u32,
    /// How many zones.
    #[arg(long, default_value_t = 40, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    zones: u32,
    /// For how long the fleet drives, such as 90s, 30m or 2h.
    #[arg(long, default_value = "1h", value_name = "TIME", value_parser = duration)]
    duration: SignedDuration,
    /// Seconds between two fixes of a device.
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=600))]
    fix_every: u32,
    /// What goes wrong: a list of faults, "all" or "none".
    #[arg(long, default_value = "all", value_name = "FAULTS", value_parser = faults)]
    faults: Faults,
    /// Make several runs: one without a fault, one for each fault alone, and one with all of them together.
    #[arg(long)]
    each: bool,
    /// The same seed gives the same city, the same ways and the same faults.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How devices send: batch, json or osmand over HTTP; or teltonika, gt06, h02, tk103, gps103 or gl200, each device over a
    /// connection of its own.
    #[arg(long, default_value = "batch", value_name = "PROTOCOL")]
    protocol: Protocol,
    /// Where a running server listens for trackers; its host and the protocol's usual port when left out.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "embedded")]
    trackers: Option<String>,
    /// How many times faster than real fixes are sent to a running server.
    #[arg(long, default_value_t = 60.0, value_name = "N", value_parser = speed)]
    speed: f64,
    /// Start a server for the simulation alone, on a temporary folder, with a clock that the simulation sets: as fast as the
    /// machine can, and every time exact.
    #[arg(long, conflicts_with = "speed")]
    embedded: bool,
    /// How far back the server's zones take up a late fix, in seconds: its setting tracking.reorder_window_seconds. An embedded
    /// server is set to it.
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    window: u32,
    /// How many mistakes of each run are listed.
    #[arg(long, default_value_t = 20, value_name = "N")]
    cases: usize,
    /// How many seconds nothing new must be told before all is taken to have been told: more than a partition of the position stream
    /// takes to change hands, where several processes track.
    #[arg(long, default_value_t = 1, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    settle: u64,
}

/// A list of faults on the command line.
#[derive(Debug, Clone)]
struct Faults(Vec<Fault>);

fn faults(text: &str) -> Result<Faults, String> {
    match text {
        "all" => Ok(Faults(Fault::ALL.to_vec())),
        "none" => Ok(Faults(Vec::new())),
        list => {
            let mut faults: Vec<Fault> = list.split(',').map(|word| word.trim().parse()).collect::<Result<_, _>>()?;
            faults.sort_unstable();
            faults.dedup();
            Ok(Faults(faults))
        }
    }
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    let duration: SignedDuration = text.parse().map_err(|error| format!("{error}"))?;
    let allowed = SignedDuration::from_mins(1)..=SignedDuration::from_hours(24 * 7);
    if allowed.contains(&duration) { Ok(duration) } else { Err("must be from 1 minute to 7 days".to_owned()) }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (1.0..=1_000.0).contains(&speed) { Ok(speed) } else { Err("must be from 1 to 1000".to_owned()) }
}

impl SimulateArgs {
    fn runs(&self) -> Vec<Vec<Fault>> {
        let together = self.faults.0.clone();
        if !self.each {
            return vec![together];
        }
        let alone = together.iter().map(|fault| vec![*fault]);
        let mut runs: Vec<_> = std::iter::once(Vec::new()).chain(alone).collect();
        runs.extend((together.len() > 1).then_some(together));
        runs
    }

    /// Where trackers connect to, if the devices are some.
    fn trackers_of(&self, server: &str) -> anyhow::Result<Option<String>> {
        let Protocol::Tracker(name) = self.protocol else { return Ok(None) };
        if self.trackers.is_some() {
            return Ok(self.trackers.clone());
        }
        let url = reqwest::Url::parse(server).ok();
        let port = registry::find(name).ok().and_then(|protocol| protocol.default_port);
        match (url.as_ref().and_then(reqwest::Url::host_str), port) {
            (Some(host), Some(port)) => Ok(Some(format!("{host}:{port}"))),
            _ => Err(Usage("--trackers must say where the server listens for them".to_owned()).into()),
        }
    }

    fn setup<'a>(&self, pace: Pace<'a>, number: [u8; 4], trackers: Option<String>) -> Setup<'a> {
        let plan = Plan {
            seed: self.seed,
            devices: self.devices as usize,
            zones: self.zones as usize,
            duration_s: u32::try_from(self.duration.as_secs()).unwrap_or(u32::MAX),
            fix_every_s: self.fix_every,
            window_s: self.window,
        };
        let number = u32::from_be_bytes(number) % 1_000_000;
        let quiet = Duration::from_secs(self.settle);
        Setup { plan, runs: self.runs(), protocol: self.protocol, trackers, pace, number, quiet, cases: self.cases }
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When something that was told is wrong, or the server cannot be worked with.
pub async fn run(global: &Global, args: SimulateArgs) -> anyhow::Result<()> {
    let env = crate::env::real();
    let report = if args.embedded {
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        let server = Embedded::start(global, folder.path(), args.window, args.protocol).await?;
        let set = |at| server.clock.set(at);
        let setup = args.setup(Pace::Made { start: env.now(), set: &set }, env.random(), server.trackers());
        let report = drive(&server.client, &setup).await?;
        server.stop().await?;
        report
    } else {
        let client = super::client(global)?;
        let trackers = args.trackers_of(&global.server)?;
        drive(&client, &args.setup(Pace::Real { speed: args.speed, env: &env }, env.random(), trackers)).await?
    };
    print(global, &report)?;
    if report.ok { Ok(()) } else { Err(Said.into()) }
}

async fn drive(client: &tracklane_client::Client, setup: &Setup<'_>) -> anyhow::Result<Report> {
    let mut bar: Option<(usize, Progress)> = None;
    let mut watch = |step: tracklane_sim::simulation::Progress| {
        let current = bar.take().filter(|(run, _)| *run == step.runs_done);
        let (run, mut shown) = current.unwrap_or_else(|| (step.runs_done, Progress::new(step.fixes as u64)));
        let message = format!("run {} of {}: {} of {} fixes sent", run + 1, step.runs, step.sent, step.fixes);
        shown.show(step.sent as u64, &message);
        bar = Some((run, shown));
    };
    let report = simulate(client, setup, &mut watch).await?;
    if let Some((_, shown)) = bar {
        shown.end();
    }
    Ok(report)
}

fn print(global: &Global, report: &Report) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(report);
    }
    output::line(&format!(
        "{} devices, {} zones, {} s with a fix every {} s, seed {}, by {}",
        report.devices, report.zones, report.duration_s, report.fix_every_s, report.seed, report.protocol
    ))?;
    let header = [
        "FAULTS", "FIXES", "EVENTS", "FOUND", "DWELLS", "FOUND", "MISSING", "EXTRA", "FLAPS", "HALVES", "DISORDER",
        "DOUBTFUL", "TOLD", "MARKED", "P50 S", "P99 S",
    ];
    let row = |run: &RunReport| {
        let counts = [run.sent, run.entries + run.exits, run.found, run.dwells, run.dwells_found];
        let wrong = [run.missing, run.extra, run.flaps, run.halves, run.disorder];
        let more = [run.undecided, run.undecided_told, run.marked.values().sum()];
        let mut cells = vec![run.name()];
        cells.extend(counts.iter().chain(&wrong).chain(&more).map(usize::to_string));
        cells.extend([run.time_error_s.p50, run.time_error_s.p99].map(|seconds| format!("{seconds:.1}")));
        cells
    };
    let rows: Vec<[String; 16]> = report.runs.iter().filter_map(|run| row(run).try_into().ok()).collect();
    output::table(header, &rows)?;
    for run in &report.runs {
        if !run.marked.is_empty() {
            let marks: Vec<String> = run.marked.iter().map(|(mark, count)| format!("{count} {mark}")).collect();
            let (marked, all) = (run.wild_marked, run.wild_marked + run.wild_believed);
            let wild = format!("of {all} fixes nowhere near the truth {marked} were marked");
            output::line(&format!("{}: marked {}; {wild}", run.name(), marks.join(", ")))?;
        }
        if run.rejected > 0 {
            output::line(&format!("{}: {} fixes were rejected", run.name(), run.rejected))?;
        }
        for case in &run.cases {
            let (faults, device, zone) = (run.name(), case.device_id, case.zone_id);
            output::line(&format!("{faults}: {} {} at {}, {device}, {zone}", case.wrong, case.kind.as_str(), case.at))?;
        }
    }
    output::line(if report.ok { "every event is right" } else { "not every event is right" })
}
