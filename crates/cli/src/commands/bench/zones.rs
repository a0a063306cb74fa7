//! `tracklane bench zones`: what a position costs in a world of few zones, and in one of many.

use std::env;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;
use tracklane_geo::distance::destination;
use tracklane_geo::shape::Bbox;
use tracklane_geo::visit::{Rules, Taken, Travel, Visits, Window, ZoneFix};
use tracklane_geo::{Shape, ZoneIndex};

use super::load::fleet::Random;
use super::machine;
use super::report::{Figure, Report};
use super::rounds::{Halves, RoundArgs, Sample, microseconds};
use crate::args::Global;

/// What a position costs among few zones, and among many; what it takes to add or change one.
#[derive(Debug, Args)]
#[command(
    after_help = "The zones are polygons with 16 corners and a radius of 100 to 300 m, as dense in every world (10,000 in a square degree), so
that the answers are as long. Devices drive straight on, 50 m from fix to fix, their fixes in turns, on one thread: no HTTP, no
disk. The floor is the same fixes in a world without zones. With TRACKLANE_CORPUS, or with --geojson, there is a world
of real zones, too.

Example:
  tracklane bench zones --sizes 10000,1000000 -o json"
)]
pub struct ZonesArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// How many zones, in each world.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    sizes: Vec<u32>,
    /// Devices.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    devices: u32,
    /// Zones of your own, GeoJSON feature collections, all in one world.
    #[arg(long, value_name = "FILE")]
    geojson: Vec<PathBuf>,
}

/// Zones in a square degree.
const DENSITY: f64 = 10_000.0;
/// Corners of a zone.
const CORNERS: u32 = 16;
/// Metres between two fixes of a device.
const STEP_M: f64 = 50.0;
/// Seconds between two fixes of a device.
const STEP_S: i64 = 5;
/// How many ticks of all devices are made ready at once.
const TICKS: u32 = 10;
/// How many zones are changed in a round.
const CHANGES: u32 = 1_000;
/// Files of the corpus that make a world: the parishes of Portugal, the taxi zones of New York.
const CORPUS: [&str; 2] = ["geofences/portugal_freguesias.geojson", "geofences/nyc_taxi_zones.geojson"];
/// How far back late fixes are taken up, in seconds, as the server does.
const WINDOW_S: u32 = 120;

/// Runs the sub-command.
///
/// # Errors
/// When a file cannot be read.
pub async fn run(global: &Global, args: ZonesArgs) -> anyhow::Result<()> {
    let report = tokio::task::spawn_blocking(move || measure(&args)).await??;
    report.print(global)
}

fn measure(args: &ZonesArgs) -> anyhow::Result<Report> {
    let mut random = Random(42);
    let mut worlds = Vec::new();
    for size in &args.sizes {
        eprintln!("preparing {size} zones");
        let side = (f64::from(*size) / DENSITY).sqrt();
        let area = Bbox { west: 2.0, south: 40.0, east: 2.0 + side, north: 40.0 + side };
        let shapes = (0..*size).map(|number| polygon(place(area, &mut random), 100.0 + f64::from(number % 200)));
        worlds.push(World::build(size.to_string(), shapes, &[area], args.devices)?);
    }
    let files = files(args);
    if !files.is_empty() {
        let (shapes, areas) = read(&files)?;
        worlds.push(World::build("real".to_owned(), shapes.into_iter().map(Ok), &areas, args.devices)?);
    }
    let empty = ZoneIndex::new();
    for round in 0..=args.rounds.rounds {
        // The first one warms up and does not count.
        let lasts = if round == 0 { args.rounds.lasts().min(Duration::from_secs(1)) } else { args.rounds.lasts() };
        for world in &mut worlds {
            let samples = world.round(&empty, lasts)?;
            if round > 0 {
                eprintln!(
                    "{} zones, round {round}: {:.0} ns, without zones {:.0} ns, a change {:.1} us",
                    world.name, samples.fix.value, samples.floor.value, samples.change.value
                );
                world.keep(samples);
            }
        }
    }
    let mut figures = Vec::new();
    let least = worlds.iter().position(|world| world.name != "real");
    for world in &worlds {
        figures.extend(world.figures(least.map(|first| &worlds[first]))?);
    }
    Ok(Report::new("zones", &args.rounds, figures, machine::facts(&env::temp_dir())?))
}

fn files(args: &ZonesArgs) -> Vec<PathBuf> {
    let corpus = env::var_os("TRACKLANE_CORPUS").map(PathBuf::from);
    let known = corpus.iter().flat_map(|folder| CORPUS.iter().map(|file| folder.join(file)));
    args.geojson.iter().cloned().chain(known).collect()
}

/// Shapes of feature collections, and the boxes in which those of each file lie. Those that are no zones are left out.
fn read(files: &[PathBuf]) -> anyhow::Result<(Vec<Shape>, Vec<Bbox>)> {
    let (mut shapes, mut areas) = (Vec::new(), Vec::new());
    for file in files {
        let (found, refused) = read_file(file).with_context(|| format!("failed to read {}", file.display()))?;
        eprintln!("{}: {} zones, {refused} refused", file.display(), found.len());
        let boxes = found.iter().flat_map(Shape::bboxes);
        let corners = boxes.flat_map(|b| [Point { lat: b.south, lon: b.west }, Point { lat: b.north, lon: b.east }]);
        areas.push(Bbox::around(&corners.collect::<Vec<_>>()));
        shapes.extend(found);
    }
    Ok((shapes, areas))
}

fn read_file(file: &Path) -> anyhow::Result<(Vec<Shape>, usize)> {
    let collection: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let features = collection["features"].as_array().context("a feature collection has features")?;
    let shapes: Vec<_> = features.iter().filter_map(|one| Shape::parse(&one["geometry"], None).ok()).collect();
    anyhow::ensure!(!shapes.is_empty(), "none of its features is a zone");
    let refused = features.len() - shapes.len();
    Ok((shapes, refused))
}

/// Zones, and devices that drive among them.
struct World {
    name: String,
    index: ZoneIndex<u32>,
    devices: Vec<Driver>,
    areas: Vec<Bbox>,
    now: i64,
    bytes: u64,
    /// The longest that putting one zone in took while the world was built.
    worst_add: Duration,
    random: Random,
    fixes: Halves,
    changes: Halves,
    events: u64,
}

/// A device with what is known of it.
struct Driver {
    at: Point,
    bearing: f64,
    area: usize,
    visits: Visits<u32>,
    window: Window<u32>,
    /// The same device where there are no zones.
    idle: (Visits<u32>, Window<u32>),
}

/// What a round gave.
struct Samples {
    fix: Sample,
    floor: Sample,
    change: Sample,
    events: u64,
}

impl World {
    fn build(
        name: String,
        shapes: impl Iterator<Item = anyhow::Result<Shape>>,
        areas: &[Bbox],
        devices: u32,
    ) -> anyhow::Result<Self> {
        let before = machine::resident_bytes();
        let mut index = ZoneIndex::new();
        let mut worst_add = Duration::ZERO;
        for (key, shape) in (0..).zip(shapes) {
            let shape = Arc::new(shape?);
            let started = Instant::now();
            index.insert(key, shape);
            worst_add = worst_add.max(started.elapsed());
        }
        let bytes = machine::resident_bytes().saturating_sub(before);
        let mut random = Random(index.len() as u64);
        let mut driver = |number: u32| {
            let area = number as usize % areas.len();
            Driver {
                at: place(areas[area], &mut random),
                bearing: random.unit() * 360.0,
                area,
                visits: Visits::default(),
                window: Window::default(),
                idle: Default::default(),
            }
        };
        let devices = (0..devices).map(&mut driver).collect();
        let (areas, now) = (areas.to_vec(), 1_700_000_000);
        let (fixes, changes) = (Halves::default(), Halves::default());
        Ok(Self { name, index, devices, areas, now, bytes, worst_add, random, fixes, changes, events: 0 })
    }

    fn round(&mut self, empty: &ZoneIndex<u32>, lasts: Duration) -> anyhow::Result<Samples> {
        let (mut floor, mut real) = (Duration::ZERO, Duration::ZERO);
        let (mut count, mut events) = (0_u64, 0);
        while floor + real < lasts {
            let fixes = self.drive();
            floor += take(empty, &mut self.devices, &fixes, |driver| (&mut driver.idle.0, &mut driver.idle.1)).0;
            let (took, told) =
                take(&self.index, &mut self.devices, &fixes, |driver| (&mut driver.visits, &mut driver.window));
            real += took;
            events += told;
            count += fixes.len() as u64;
        }
        let each =
            |took: Duration| Sample { value: nanos(took) / count as f64, count, times: None, busy_seconds: None };
        Ok(Samples { fix: each(real), floor: each(floor), change: self.change()?, events })
    }

    /// The next fixes of all devices, tick by tick.
    fn drive(&mut self) -> Vec<ZoneFix> {
        let mut fixes = Vec::with_capacity(self.devices.len() * TICKS as usize);
        for _ in 0..TICKS {
            self.now += STEP_S;
            let at = Timestamp::from_second(self.now).unwrap_or_default();
            for driver in &mut self.devices {
                let next = destination(driver.at, driver.bearing, STEP_M);
                if self.areas[driver.area].contains(next) {
                    driver.at = next;
                } else {
                    driver.bearing = (driver.bearing + 90.0 + self.random.unit() * 180.0).rem_euclid(360.0);
                }
                fixes.push(ZoneFix { at, point: driver.at, accuracy_m: Some(8.0) });
            }
        }
        fixes
    }

    /// Puts some zones back in their own place, one after the other, as a tenant does who edits them.
    fn change(&mut self) -> anyhow::Result<Sample> {
        let mut times = microseconds()?;
        let mut sum = Duration::ZERO;
        let zones = self.index.len() as f64;
        for _ in 0..CHANGES {
            let key = (self.random.unit() * zones) as u32;
            let Some(shape) = self.index.get(key).cloned() else { continue };
            // A shape of its own: whoever edits a zone brings one.
            let shape = Arc::new(Shape::clone(&shape));
            let started = Instant::now();
            black_box(self.index.insert(key, shape));
            let took = started.elapsed();
            sum += took;
            times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        Ok(Sample {
            value: nanos(sum) / 1e3 / f64::from(CHANGES),
            count: times.len(),
            times: Some(times),
            busy_seconds: None,
        })
    }

    fn keep(&mut self, samples: Samples) {
        self.fixes.measured.push(samples.fix);
        self.fixes.floor.push(samples.floor);
        self.changes.measured.push(samples.change);
        self.events += samples.events;
    }

    /// `least` is the world with the fewest made zones.
    fn figures(&self, least: Option<&Self>) -> anyhow::Result<Vec<Figure>> {
        let zones = self.index.len();
        let told: u64 = self.fixes.measured.iter().map(|sample| sample.count).sum();
        let events = self.events as f64 / told.max(1) as f64;
        let rate = |samples: &[Sample]| samples.iter().map(|one| Sample::of(1e9 / one.value)).collect::<Vec<_>>();
        let rates = Halves { floor: rate(&self.fixes.floor), measured: rate(&self.fixes.measured) };
        let mut figures = vec![
            Figure::of(
                format!("positions_{}", self.name),
                "positions/s",
                "the same in a world without zones",
                "positions against all zones, one core",
                &rates,
            )?
            .with("zones", zones)
            .with("devices", self.devices.len())
            .counting("events_per_position", (events * 1e4).round() / 1e4),
            Figure::of(format!("change_{}", self.name), "us", "", "one zone put in place of another", &self.changes)?
                .with("zones", zones)
                .counting("longest_add_us", self.worst_add.as_micros() as u64),
            Figure::of(
                format!("memory_{}", self.name),
                "bytes",
                "",
                "memory of a zone",
                &Halves { floor: Vec::new(), measured: vec![Sample::of(self.bytes as f64 / zones.max(1) as f64)] },
            )?
            .with("zones", zones),
        ];
        if let Some(least) = least.filter(|least| least.name != self.name && self.name != "real") {
            let cost = Halves { floor: least.fixes.measured.clone(), measured: self.fixes.measured.clone() };
            let (name, few) = (format!("cost_{}", self.name), format!("the same among {} zones", least.index.len()));
            let bar = (least.index.len() == 10_000 && zones == 1_000_000).then_some(35);
            figures.push(Figure::of(name, "ns", &few, "one position", &cost)?.with("zones", zones).against(bar));
        }
        Ok(figures)
    }
}

/// Takes fixes of all devices in turns. Answers how long it took, and how many events came of it.
fn take(
    index: &ZoneIndex<u32>,
    devices: &mut [Driver],
    fixes: &[ZoneFix],
    which: impl Fn(&mut Driver) -> (&mut Visits<u32>, &mut Window<u32>),
) -> (Duration, u64) {
    let travel = Travel::default();
    let (started, mut events) = (Instant::now(), 0);
    for tick in fixes.chunks(devices.len()) {
        for (driver, fix) in devices.iter_mut().zip(tick) {
            let (visits, window) = which(driver);
            if let Taken::Stepped { events: told, .. } = visits.take(index, *fix, travel, |_| Rules::default()) {
                events += told.len() as u64;
            }
            window.note(visits, WINDOW_S, fix.at);
        }
    }
    (started.elapsed(), events)
}

fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

fn place(area: Bbox, random: &mut Random) -> Point {
    Point {
        lat: area.south + random.unit() * (area.north - area.south),
        lon: area.west + random.unit() * (area.east - area.west),
    }
}

fn polygon(center: Point, radius_m: f64) -> anyhow::Result<Shape> {
    let corner = |number: u32| {
        let point = destination(center, f64::from(number % CORNERS) * 360.0 / f64::from(CORNERS), radius_m);
        json!([point.lon, point.lat])
    };
    let ring: Vec<_> = (0..=CORNERS).map(corner).collect();
    Ok(Shape::parse(&json!({ "type": "Polygon", "coordinates": [ring] }), None)?)
}
