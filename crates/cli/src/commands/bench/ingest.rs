//! `tracklane bench ingest`: positions over HTTP next to handlers that only read them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use tracklane_core::Timestamp;
use tracklane_core::ports::PositionStream;

use super::devices::{self, DeviceProtocol};
use super::load::Until;
use super::load::fleet::Fleet;
use super::load::http::{Form, HttpSpeaker};
use super::report::{Figure, Report};
use super::rounds::{Halves, RoundArgs, Sample, apart, in_turns};
use super::stage::{self, Setting, Stage, StagePlan};
use super::{floor, machine};
use crate::args::Global;

/// Durable positions over HTTP, next to handlers that only read them.
#[derive(Debug, Args)]
#[command(
    after_help = "In each round first the floor, then the real server is asked for so many seconds. Both get the same requests from
the same load generator, which runs on a thread of its own. The real server authenticates each request, answers when
the positions are on the disk, tries them against every zone and feeds a live stream that somebody reads.

Every combination of form, connections and delay is one figure. With --bars those figures are measured that a bar is
set for (tracklane bench bars), and only --rounds, --seconds, --devices and --data count.

Examples:
  tracklane bench ingest --connections 1,64,1024 --sync-delay-ms 0,5
  tracklane bench ingest --batch 1000 --osmand --rounds 5 --seconds 4 -o json
  tracklane bench ingest --protocol mqtt --connections 50
  tracklane bench ingest --bars"
)]
pub struct IngestArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Every figure that has a bar.
    #[arg(long)]
    bars: bool,
    /// Connections, one request in flight on each; several separated by commas.
    #[arg(long, default_value = "64", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: Vec<u32>,
    /// So many positions in a JSON array per request instead of one.
    #[arg(long, value_name = "POSITIONS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: Option<u32>,
    /// So many positions per request, one per line.
    #[arg(long, value_name = "POSITIONS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: Option<u32>,
    /// Positions as OsmAnd and Traccar Client send them, each device with a credential of its own.
    #[arg(long)]
    osmand: bool,
    /// Single positions besides those; alone this is the default.
    #[arg(long)]
    single: bool,
    /// Over a port of devices instead: each Teltonika tracker on a connection of its own with one record in flight, MQTT by
    /// QoS 1 over --connections with 20 messages in flight on each.
    #[arg(long, value_enum, conflicts_with_all = ["batch", "lines", "osmand", "single"])]
    protocol: Option<DeviceProtocol>,
    /// Zones.
    #[arg(long, default_value_t = 10_000)]
    zones: usize,
    /// Devices.
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Sleep so long after each sync, to pretend a slower disk; several separated by commas.
    #[arg(long, default_value = "0", value_delimiter = ',')]
    sync_delay_ms: Vec<u64>,
    /// A setting of the server, such as store.url=postgres://...; any number of times. With a stream.url each figure is also set against
    /// the same bytes published to that broker by nothing but its client.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE", value_parser = stage::setting)]
    set: Vec<Setting>,
    /// Where to keep the data of the run; a temporary folder when left out.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// How far back the first fix lies, in seconds: nothing that is sent later may lie in the future.
pub(super) const START_AGO_SECONDS: i64 = 6 * 3_600;
/// Connections that send batches: more only wait for each other.
const BATCH_CONNECTIONS: usize = 8;

/// What a figure is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Against {
    /// A handler that only reads the positions.
    Reading,
    /// The same server without zones.
    NoZones,
    /// The time that an append of 100 bytes and its sync take.
    Sync,
    /// As much published to the broker by nothing but its client.
    Publishing,
}

/// One figure.
#[derive(Debug, Clone, Copy)]
struct Case {
    form: Form,
    connections: usize,
    delay_ms: u64,
    against: Against,
    bar: Option<u32>,
}

impl Case {
    const fn new(form: Form, connections: usize, delay_ms: u64) -> Self {
        Self { form, connections, delay_ms, against: Against::Reading, bar: None }
    }

    const fn bar(self, number: u32) -> Self {
        Self { bar: Some(number), ..self }
    }

    const fn against(self, against: Against) -> Self {
        Self { against, ..self }
    }

    fn name(&self) -> String {
        let Self { form, connections, delay_ms, .. } = self;
        let what = match self.against {
            Against::Reading => "",
            Against::NoZones => ", zones",
            Against::Sync => ", time",
            Against::Publishing => ", published",
        };
        let delay = if *delay_ms > 0 { format!(", sync +{delay_ms} ms") } else { String::new() };
        format!("{}, c={connections}{delay}{what}", form.name())
    }
}

/// The figures that bars are set for.
const WITH_BARS: [Case; 7] = [
    Case::new(Form::Single, 64, 0).bar(1),
    Case::new(Form::Single, 1, 0).against(Against::Sync).bar(14),
    Case::new(Form::Array(1_000), BATCH_CONNECTIONS, 0).bar(6),
    Case::new(Form::Lines(1_000), BATCH_CONNECTIONS, 0),
    Case::new(Form::OsmAnd, 64, 0).bar(10),
    Case::new(Form::Array(1_000), BATCH_CONNECTIONS, 0).against(Against::NoZones).bar(12),
    Case::new(Form::Single, 1_024, 5).bar(2),
];

impl IngestArgs {
    fn cases(&self) -> Vec<Case> {
        if self.bars {
            return WITH_BARS.to_vec();
        }
        if self.protocol.is_some() {
            return Vec::new();
        }
        let batches = [(self.batch, Form::Array as fn(usize) -> Form), (self.lines, Form::Lines)];
        let mut forms: Vec<Form> = batches.into_iter().filter_map(|(rows, form)| Some(form(rows? as usize))).collect();
        forms.extend(self.osmand.then_some(Form::OsmAnd));
        if self.single || forms.is_empty() {
            forms.insert(0, Form::Single);
        }
        let mut cases = Vec::new();
        for delay_ms in &self.sync_delay_ms {
            for form in &forms {
                for connections in &self.connections {
                    let case = Case::new(*form, *connections as usize, *delay_ms);
                    let same = |bar: &&Case| {
                        bar.against == Against::Reading && self.zones == 10_000 && bar.name() == case.name()
                    };
                    let bar = WITH_BARS.iter().find(same).and_then(|bar| bar.bar);
                    cases.push(Case { bar, ..case });
                    cases.extend(self.stream().map(|_| case.against(Against::Publishing)));
                }
            }
        }
        cases
    }

    /// The position stream that the server is to use, if any.
    fn stream(&self) -> Option<&str> {
        let found = self.set.iter().rfind(|(section, key, _)| section == "stream" && key == "url");
        found.map(|(.., url)| url.as_str())
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When something cannot be started, or a position was not accepted.
pub async fn run(global: &Global, args: IngestArgs) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir().context("failed to make a temporary folder")?;
    let folder = args.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut bench =
        Bench { global, args: &args, folder: folder.clone(), stages: Vec::new(), floor: floor::start().await? };
    let machine = machine::facts(&bench.folder)?;
    let mut figures = Vec::new();
    for case in args.cases() {
        figures.push(bench.figure(case).await?);
    }
    bench.close().await;
    figures.extend(device_figures(global, &args, &folder).await?);
    Report::new("ingest", &args.rounds, figures, machine).print(global)
}

/// The figures of device ports that are asked for.
async fn device_figures(global: &Global, args: &IngestArgs, folder: &Path) -> anyhow::Result<Vec<Figure>> {
    let asked: Vec<(DeviceProtocol, usize)> = match args.protocol {
        _ if args.bars => DeviceProtocol::WITH_BARS.to_vec(),
        Some(protocol) => args.connections.iter().map(|connections| (protocol, *connections as usize)).collect(),
        None => Vec::new(),
    };
    let mut figures = Vec::new();
    for (number, (protocol, connections)) in asked.into_iter().enumerate() {
        let data = folder.join(format!("devices-{number}"));
        std::fs::create_dir_all(&data).context("failed to make a folder")?;
        let (zones, delay_ms) = match (args.bars, args.sync_delay_ms.first()) {
            (false, Some(delay)) => (args.zones, *delay),
            _ => (10_000, 0),
        };
        let plan = StagePlan {
            data,
            zones,
            devices: args.devices.max(connections),
            credentials: false,
            sync_delay: Duration::from_millis(delay_ms),
            settings: devices::settings(),
            ..StagePlan::default()
        };
        eprintln!("preparing {zones} zones and {} devices", plan.devices);
        let stage = Stage::set(global, &plan).await?;
        let figure = devices::figure(&args.rounds, &stage, protocol, connections).await?;
        figures.push(figure.with("zones", zones).with("devices", plan.devices).with("sync_delay_ms", delay_ms));
        stage.close().await;
    }
    Ok(figures)
}

/// A server, and the fleets that send to it and to the floor.
struct Actor {
    zones: usize,
    delay_ms: u64,
    stage: Stage,
    fleet: Fleet,
}

struct Bench<'a> {
    global: &'a Global,
    args: &'a IngestArgs,
    folder: PathBuf,
    stages: Vec<Actor>,
    floor: SocketAddr,
}

impl Bench<'_> {
    async fn figure(&mut self, case: Case) -> anyhow::Result<Figure> {
        let zones = if self.args.bars { 10_000 } else { self.args.zones };
        let real = self.stage(zones, case).await?;
        let bare = if case.against == Against::NoZones { Some(self.stage(0, case).await?) } else { None };
        let before = self.stages[real].stage.crossings();
        let Sides { halves, floor, measured, unit } = match case.against {
            Against::Reading => self.against_reading(case, real).await?,
            Against::NoZones => self.against_no_zones(case, real, bare.unwrap_or(real)).await?,
            Against::Sync => self.against_sync(case, real).await?,
            Against::Publishing => self.against_publishing(case, real).await?,
        };
        let stage = &self.stages[real].stage;
        let positions: u64 = halves.measured.iter().map(|sample| sample.count).sum();
        Ok(Figure::of(case.name(), unit, floor, measured, &halves)?
            .with("form", case.form.name())
            .with("connections", case.connections)
            .with("sync_delay_ms", case.delay_ms)
            .with("zones", zones)
            .with("devices", self.args.devices)
            .counting("positions", positions)
            .counting("crossings", stage.crossings() - before)
            .counting("live_messages", stage.live_messages())
            .counting("resident_bytes", machine::resident_bytes())
            .against(case.bar))
    }

    async fn against_reading(&mut self, case: Case, real: usize) -> anyhow::Result<Sides> {
        let mut idle = self.fleet(&self.stages[real].stage)?;
        let floor = self.floor;
        let Actor { stage, fleet, .. } = &mut self.stages[real];
        let (server, token) = (stage.address, stage.token.clone());
        let halves = in_turns(
            &case.name(),
            &self.args.rounds,
            async |lasts| send(&mut idle, floor, case, &token, lasts).await,
            async |lasts| send(fleet, server, case, &token, lasts).await,
        )
        .await?;
        Ok(Sides { halves, floor: "a handler that only reads them", measured: DURABLE, unit: POSITIONS })
    }

    async fn against_no_zones(&mut self, case: Case, real: usize, bare: usize) -> anyhow::Result<Sides> {
        let [real, bare] = self.stages.get_disjoint_mut([real, bare])?;
        let halves = in_turns(
            &case.name(),
            &self.args.rounds,
            async |lasts| send(&mut bare.fleet, bare.stage.address, case, &bare.stage.token, lasts).await,
            async |lasts| send(&mut real.fleet, real.stage.address, case, &real.stage.token, lasts).await,
        )
        .await?;
        Ok(Sides { halves, floor: "the same server without zones", measured: DURABLE, unit: POSITIONS })
    }

    async fn against_sync(&mut self, case: Case, real: usize) -> anyhow::Result<Sides> {
        let folder = self.folder.clone();
        let Actor { stage, fleet, .. } = &mut self.stages[real];
        let halves = in_turns(
            &case.name(),
            &self.args.rounds,
            async |lasts| middle(probe(folder.clone(), lasts).await?),
            async |lasts| middle(send(fleet, stage.address, case, &stage.token, lasts).await?),
        )
        .await?;
        Ok(Sides { halves, floor: "an append of 100 bytes and its fdatasync", measured: "one position", unit: "us" })
    }

    async fn against_publishing(&mut self, case: Case, real: usize) -> anyhow::Result<Sides> {
        let url = self.args.stream().context("there is no stream to publish to")?;
        // Beside what the server publishes.
        let raw =
            url.split_once('?').map_or_else(|| format!("{url}-raw"), |(place, rest)| format!("{place}-raw?{rest}"));
        let stream = tracklane_bus::open_stream(&raw).map_err(|error| anyhow::anyhow!("{error}"))?;
        let Actor { stage, fleet, .. } = &mut self.stages[real];
        let (server, token) = (stage.address, stage.token.clone());
        let halves = in_turns(
            &case.name(),
            &self.args.rounds,
            async |lasts| publish(&stream, case, lasts).await,
            async |lasts| send(fleet, server, case, &token, lasts).await,
        )
        .await?;
        Ok(Sides {
            halves,
            floor: "as many bytes published by the broker's client alone",
            measured: DURABLE,
            unit: POSITIONS,
        })
    }

    /// The server that a case asks for, started when it is not there yet.
    async fn stage(&mut self, zones: usize, case: Case) -> anyhow::Result<usize> {
        let same = |actor: &Actor| actor.zones == zones && actor.delay_ms == case.delay_ms;
        if let Some(found) = self.stages.iter().position(same) {
            return Ok(found);
        }
        let data = self.folder.join(format!("zones-{zones}-delay-{}", case.delay_ms));
        std::fs::create_dir_all(&data).context("failed to make a folder")?;
        let plan = StagePlan {
            data,
            zones,
            devices: self.args.devices,
            credentials: self.args.cases().iter().any(|case| case.form == Form::OsmAnd),
            sync_delay: Duration::from_millis(case.delay_ms),
            settings: self.args.set.clone(),
            ..StagePlan::default()
        };
        eprintln!("preparing {zones} zones and {} devices", plan.devices);
        let stage = Stage::set(self.global, &plan).await?;
        let mut fleet = self.fleet(&stage)?;
        let first = Case::new(Form::Single, 64, 0);
        let (address, token) = (stage.address, stage.token.clone());
        fleet = apart(async move || {
            fleet.drive(address, first.connections, Until::AllSent, || HttpSpeaker::new(first.form, &token)).await?;
            Ok(fleet)
        })
        .await
        .context("while every device sent its first position")?;
        self.stages.push(Actor { zones, delay_ms: case.delay_ms, stage, fleet });
        Ok(self.stages.len() - 1)
    }

    fn fleet(&self, stage: &Stage) -> anyhow::Result<Fleet> {
        let ago = jiff::SignedDuration::from_secs(START_AGO_SECONDS);
        let start: Timestamp = crate::env::real().now().checked_sub(ago)?;
        Ok(Fleet::new(&stage.devices, 1, start))
    }

    async fn close(self) {
        for actor in self.stages {
            actor.stage.close().await;
        }
    }
}

const POSITIONS: &str = "positions/s";
const DURABLE: &str = "durable, with authentication, zones and a live stream";

/// The rounds of a figure, and what the two sides are.
struct Sides {
    halves: Halves,
    floor: &'static str,
    measured: &'static str,
    unit: &'static str,
}

/// Sends for so long from a thread of its own.
async fn send(
    fleet: &mut Fleet,
    server: SocketAddr,
    case: Case,
    token: &str,
    lasts: Duration,
) -> anyhow::Result<Sample> {
    let mut moved = std::mem::replace(fleet, Fleet::empty());
    let token = token.to_owned();
    let before = machine::busy_seconds();
    let (sample, moved) = apart(async move || {
        let speaker = || HttpSpeaker::new(case.form, &token);
        let sample = moved.drive(server, case.connections, Until::Passed(lasts), speaker).await?;
        Ok((sample, moved))
    })
    .await?;
    *fleet = moved;
    Ok(Sample { busy_seconds: Some(machine::busy_seconds() - before), ..sample })
}

/// Publishes records as large as those of the server for so long, one after the other on each of so many lanes.
async fn publish(stream: &Arc<dyn PositionStream>, case: Case, lasts: Duration) -> anyhow::Result<Sample> {
    /// What a position takes in the stream, in bytes.
    const RECORD: usize = 300;
    let rows = case.form.rows();
    let begun = std::time::Instant::now();
    let lane = async |lane: usize| {
        let mut count = 0_u64;
        while begun.elapsed() < lasts {
            // A batch is parted by device.
            let parts = (stream.partitions() as usize).min(rows);
            let records = (0..parts).map(|part| {
                let partition = (lane + part) % stream.partitions() as usize;
                (u32::try_from(partition).unwrap_or(0), vec![b'x'; RECORD * rows / parts])
            });
            stream.publish(records.collect()).await?;
            count += rows as u64;
        }
        anyhow::Ok(count)
    };
    let counts = futures::future::try_join_all((0..case.connections).map(lane)).await?;
    Ok(Sample::rate(counts.iter().sum(), begun.elapsed(), None))
}

async fn probe(folder: PathBuf, lasts: Duration) -> anyhow::Result<Sample> {
    let times = tokio::task::spawn_blocking(move || machine::appends(Path::new(&folder), lasts)).await??;
    Ok(Sample { count: times.len(), times: Some(times), ..Sample::of(0.0) })
}

/// The middle of the times, in microseconds, in the place of the rate.
fn middle(sample: Sample) -> anyhow::Result<Sample> {
    let Some(times) = sample.times.as_ref().filter(|times| !times.is_empty()) else { bail!("nothing was measured") };
    Ok(Sample { value: times.value_at_quantile(0.5) as f64, ..sample })
}
