//! Measures the embedded position history against what the disk allows, and prints one JSON object.
//!
//! ```text
//! cargo run --release -p tracklane-bench --bin history -- [FOLDER] [POSITIONS]
//! ```
//!
//! 10,000 devices report every 10 seconds on a random walk; batches of 1,000 in random order. The floor is the same
//! number of bytes written and synced with nothing around it, in the same run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracklane_bench::Outcome;
use tracklane_bench::disk::floor;
use tracklane_bench::fleet::{BATCH, DEVICES, EPOCH_SECONDS, Fleet, at, device, tenant};
use tracklane_bench::machine::cpu_seconds;
use tracklane_core::Timestamp;
use tracklane_core::ports::{HistoryQuery, PositionHistory};
use tracklane_core::position::Position;
use tracklane_history::{History, Settings};

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
    let batches = Fleet::new().batches(positions / BATCH).collect();
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

fn millis(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1e3)
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
