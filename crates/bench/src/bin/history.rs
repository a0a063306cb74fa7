//! Measures the embedded position history against what the disk allows, and prints one JSON object.
//!
//! ```text
//! cargo run --release -p tracklane-bench --bin history -- [FOLDER] [POSITIONS]
//! ```
//!
//! 10,000 devices report every 10 seconds on a random walk; batches of 1,000 in random order. The floor is the same
//! number of bytes written and synced with nothing around it, in the same run.

use std::error::Error;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id, TenantId};
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::{Attributes, Fix, Point, Position};
use tracklane_history::{History, Settings};
use uuid::Uuid;

const DEVICES: usize = 10_000;
const BATCH: usize = 1_000;
/// What a batch takes in the log, about.
const BATCH_BYTES: usize = 32 << 10;
/// 2026-01-01T00:00:00Z.
const EPOCH_SECONDS: i64 = 1_767_225_600;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let parent = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let positions = arguments.next().map_or(Ok(5_000_000), |text| text.parse::<usize>())?;
    let folder = parent.join(format!("history-{}", std::process::id()));
    let outcome = measure(&folder, positions);
    fs::remove_dir_all(&folder)?;
    println!("{:#}", outcome?);
    Ok(())
}

fn measure(folder: &Path, positions: usize) -> Outcome<Value> {
    fs::create_dir_all(folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let batches = Fleet::new().batches(positions / BATCH);
    let before = floor(folder)?;

    let history = Arc::new(History::open(folder.join("data"), Settings::default())?);
    let append = runtime.block_on(append(&history, batches))?;
    let sealing = Instant::now();
    history.seal()?;
    let sealed = history.stats();
    let sealing = sealing.elapsed();
    let reads_many = reads(&history, positions)?;
    wait_for_merges(&history);
    let merged = history.stats();
    let reads_few = reads(&history, positions)?;
    drop(history);

    let single = runtime.block_on(single(&folder.join("single"), 64))?;
    let alone = runtime.block_on(self::single(&folder.join("alone"), 1))?;
    let start = runtime.block_on(start(&folder.join("start")))?;
    let after = floor(folder)?;

    let growing = f64::midpoint(before.0, after.0) * BATCH as f64;
    let recycled = f64::midpoint(before.1, after.1) * BATCH as f64;
    let rows = append.rows_per_second;
    let written = merged.written_bytes as f64 / positions as f64;
    let each = |bytes: u64, count: u64| bytes as f64 / count as f64;
    Ok(json!({
        "positions": positions,
        "durable_append": {
            "rows_per_second": rows.round(),
            "floor_rows_per_second_growing_file": growing.round(),
            "floor_rows_per_second_recycled_file": recycled.round(),
            "of_growing_floor": round(rows / growing),
            "of_recycled_floor": round(rows / recycled),
            "cpu_ns_per_row_with_sealing": append.cpu_ns_per_row,
            "append_p50_ms": append.p50,
            "append_p99_ms": append.p99,
            "append_worst_ms": append.worst,
        },
        "sealed": {
            "segments": sealed.segments,
            "bytes_per_position": round(each(sealed.sealed_bytes, sealed.sealed_positions)),
            "last_seal_ms": millis(sealing),
        },
        "merged": {
            "segments": merged.segments,
            "bytes_per_position": round(each(merged.sealed_bytes, merged.sealed_positions)),
            "written_bytes_per_position": round(written),
        },
        "reads_of_100_before_merging": reads_many,
        "reads_of_100_after_merging": reads_few,
        "single_appends_64_tasks": single,
        "single_appends_1_task": alone,
        "start_with_unsealed": start,
    }))
}

/// Syncs per second of as many bytes as a batch takes: to a growing file, and to one written before.
fn floor(folder: &Path) -> Outcome<(f64, f64)> {
    let bytes = vec![7; BATCH_BYTES];
    let path = folder.join("floor");
    let mut rates = [0.0; 2];
    for rate in &mut rates {
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        let room = file.metadata()?.len();
        let (started, mut syncs) = (Instant::now(), 0_u64);
        while started.elapsed() < Duration::from_secs(2) {
            let offset = syncs * BATCH_BYTES as u64;
            // The second time the file has its size already; it starts over at its end.
            file.write_all_at(&bytes, if room == 0 { offset } else { offset % room })?;
            file.sync_data()?;
            syncs += 1;
        }
        *rate = syncs as f64 / started.elapsed().as_secs_f64();
    }
    fs::remove_file(&path)?;
    Ok((rates[0], rates[1]))
}

struct Appended {
    rows_per_second: f64,
    cpu_ns_per_row: f64,
    p50: f64,
    p99: f64,
    worst: f64,
}

/// One writer, one batch after the other.
async fn append(history: &History, batches: Vec<Vec<Position>>) -> Outcome<Appended> {
    let count = batches.len();
    let mut times = Vec::with_capacity(count);
    let (started, cpu) = (Instant::now(), cpu_seconds("self")?);
    for batch in batches {
        let begun = Instant::now();
        let (_, last) = history.append_and_wait(batch).await?;
        times.push(begun.elapsed());
        // As the pipeline does: what is applied need not be replayed.
        if times.len() % 100 == 0 {
            history.checkpoint(last)?;
        }
    }
    let took = started.elapsed();
    times.sort_unstable();
    let at = |share: f64| times.get((count as f64 * share) as usize).or(times.last()).map_or(0.0, |time| millis(*time));
    let rows_per_second = (count * BATCH) as f64 / took.as_secs_f64();
    let cpu_ns_per_row = round((cpu_seconds("self")? - cpu) * 1e9 / (count * BATCH) as f64);
    Ok(Appended { rows_per_second, cpu_ns_per_row, p50: at(0.5), p99: at(0.99), worst: at(1.0) })
}

fn wait_for_merges(history: &History) {
    let mut before = usize::MAX;
    // Merging is over once nothing has changed for a while.
    while before != history.stats().segments {
        before = history.stats().segments;
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// Reads of 100 rows each from random places of random devices, on one thread.
fn reads(history: &History, positions: usize) -> Outcome<Value> {
    let mut random = fastrand::Rng::with_seed(7);
    let per_device = (positions / DEVICES) as i64;
    let (started, cpu, mut count) = (Instant::now(), cpu_seconds("thread-self")?, 0_u64);
    while started.elapsed() < Duration::from_secs(3) {
        for _ in 0..100 {
            let first = random.i64(0..(per_device - 100).max(1));
            let found = history.read(&HistoryQuery {
                tenant_id: tenant(),
                device_id: device(random.usize(0..DEVICES)),
                from: Timestamp::from_second(EPOCH_SECONDS + first * 10)?,
                to: Timestamp::from_second(EPOCH_SECONDS + 1_000_000_000)?,
                limit: 100,
            })?;
            if found.len() < 100.min(per_device as usize - 1) {
                return Err(format!("only {} rows found", found.len()).into());
            }
            count += 1;
        }
    }
    let (took, count) = (started.elapsed().as_secs_f64(), count as f64);
    Ok(
        json!({ "per_second": (count / took).round(), "cpu_us": round((cpu_seconds("thread-self")? - cpu) * 1e6 / count) }),
    )
}

/// Single positions from so many tasks, one after the other each.
async fn single(folder: &Path, tasks: usize) -> Outcome<Value> {
    let history = Arc::new(History::open(folder, Settings::default())?);
    let (count, worst) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (started, cpu) = (Instant::now(), cpu_seconds("self")?);
    let mut running = Vec::new();
    for task in 0..tasks {
        let (history, count, worst) = (Arc::clone(&history), Arc::clone(&count), Arc::clone(&worst));
        running.push(tokio::spawn(async move {
            let template = Fleet::new().position(task, 0);
            while started.elapsed() < Duration::from_secs(4) {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let mut position = template.clone();
                position.fix_time = at(number as i64 * 1_000);
                let begun = Instant::now();
                history.append_and_wait(vec![position]).await?;
                worst.fetch_max(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
            }
            Ok::<_, tracklane_core::ports::HistoryError>(())
        }));
    }
    for task in running {
        task.await??;
    }
    let took = started.elapsed().as_secs_f64();
    let count = count.load(Ordering::Relaxed) as f64;
    Ok(json!({
        "appends_per_second": (count / took).round(),
        "mean_us": round(took * 1e6 * tasks as f64 / count),
        "worst_ms": worst.load(Ordering::Relaxed) as f64 / 1e3,
        "cpu_us_per_append": round((cpu_seconds("self")? - cpu) * 1e6 / count),
    }))
}

/// Opening a folder with half a million positions in the log only.
async fn start(folder: &Path) -> Outcome<Value> {
    let settings = Settings { seal_records: usize::MAX, ..Settings::default() };
    let history = History::open(folder, settings.clone())?;
    let count = 500_000;
    for batch in Fleet::new().batches(count / BATCH) {
        history.append_and_wait(batch).await?;
    }
    drop(history);
    let started = Instant::now();
    let history = History::open(folder, settings)?;
    let took = started.elapsed();
    Ok(json!({ "positions": history.stats().unsealed_positions, "ms": millis(took) }))
}

/// Processor time of this process, all threads (`self`), or of this thread (`thread-self`).
fn cpu_seconds(of: &str) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{of}/stat"))?;
    // The name may hold spaces; what follows its bracket may not.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}

fn millis(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1e3)
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001))
}

/// Ids as spread as real ones: made over a while, the rest random.
fn device(number: usize) -> DeviceId {
    let mut random = fastrand::Rng::with_seed(number as u64);
    let made = 0x0190_0000_0000_u128 + number as u128 * 60_000;
    DeviceId::from_uuid(Uuid::from_u128(made << 80 | 0x7000 << 64 | random.u128(..) >> 68 | 0x8 << 60))
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(EPOCH_SECONDS * 1_000_000 + micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Vehicles on a random walk: 10 to 20 m/s, turning a little with each fix.
struct Fleet {
    random: fastrand::Rng,
    vehicles: Vec<Vehicle>,
}

struct Vehicle {
    id: DeviceId,
    point: Point,
    speed: f64,
    course: f64,
    altitude: f64,
}

impl Fleet {
    fn new() -> Self {
        let mut random = fastrand::Rng::with_seed(42);
        let vehicle = |number| Vehicle {
            id: device(number),
            point: Point { lat: 50.0 + random.f64() * 2.0, lon: 8.0 + random.f64() * 2.0 },
            speed: 10.0 + random.f64() * 10.0,
            course: random.f64() * 360.0,
            altitude: random.f64() * 500.0,
        };
        let vehicles = (0..DEVICES).map(vehicle).collect();
        Self { random, vehicles }
    }

    /// The position of a vehicle after its next 10 seconds.
    fn position(&mut self, number: usize, tick: i64) -> Position {
        let random = &mut self.random;
        let vehicle = &mut self.vehicles[number];
        vehicle.speed = (vehicle.speed + random.f64() * 4.0 - 2.0).clamp(10.0, 20.0);
        vehicle.course = (vehicle.course + random.f64() * 40.0 - 20.0).rem_euclid(360.0);
        vehicle.altitude += random.f64() - 0.5;
        let metres = vehicle.speed * 10.0;
        let (east, north) = vehicle.course.to_radians().sin_cos();
        vehicle.point.lat += north * metres / 111_320.0;
        vehicle.point.lon += east * metres / (111_320.0 * vehicle.point.lat.to_radians().cos());
        // Whole seconds, as satellites give them; received a little later.
        let micros = (tick * 10 + (number % 10) as i64) * 1_000_000;
        Position {
            tenant_id: tenant(),
            device_id: vehicle.id,
            fix_time: at(micros),
            received_at: at(micros + random.i64(100_000..600_000)),
            fix: Fix {
                point: vehicle.point,
                altitude_m: Some((vehicle.altitude * 10.0).round() as f32 / 10.0),
                speed_mps: Some(vehicle.speed as f32),
                course_deg: Some(vehicle.course.round() as f32),
                accuracy_m: Some(5.0),
                valid: true,
            },
            attributes: Attributes::new(),
            mark: None,
        }
    }

    /// So many batches, the devices of each tick in random order.
    fn batches(mut self, count: usize) -> Vec<Vec<Position>> {
        let mut order: Vec<usize> = (0..DEVICES).collect();
        let mut batches = Vec::with_capacity(count);
        for tick in 0.. {
            self.random.shuffle(&mut order);
            for numbers in order.chunks(BATCH) {
                if batches.len() == count {
                    return batches;
                }
                batches.push(numbers.iter().map(|number| self.position(*number, tick)).collect());
            }
        }
        batches
    }
}
