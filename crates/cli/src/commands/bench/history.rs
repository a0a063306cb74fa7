//! `tracklane bench history`: the embedded position history alone, next to what the disk allows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use tracklane_core::Timestamp;
use tracklane_core::ports::{HistoryQuery, PositionHistory as _};
use tracklane_core::position::Position;
use tracklane_history::{History, Settings};
use tracklane_sim::disk;
use tracklane_sim::walk::{BATCH, DEVICES, EPOCH_SECONDS, Fleet, PERIOD_SECONDS, at, device, tenant};

use super::load::fleet::Random;
use super::machine;
use super::report::{Figure, Report};
use super::rounds::{Halves, RoundArgs, Sample, microseconds};
use crate::args::Global;

/// The embedded position history: durable appends, reads, bytes, stalls, and a start after a crash.
#[derive(Debug, Args)]
#[command(
    after_help = "10,000 devices report every 10 seconds on a random walk; batches of 1,000 in random order, each durable before the next one.
All rounds go into one history, so that it seals and merges as in use. The floor is the same number of bytes written and
synced with nothing around them: to a file that grows, and to one that was written before, as the log is used again.

Example:
  tracklane bench history --positions 2000000 -o json"
)]
pub struct HistoryArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Positions appended in each round.
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1_000..=1_000_000_000))]
    positions: u64,
    /// Where to keep the data of the run; a temporary folder when left out.
    #[arg(long, value_name = "&folder")]
    data: Option<PathBuf>,
}

/// How many rows a read asks for.
const ROWS: usize = 100;
/// How many appends of one position are in flight, where more than one is.
const TASKS: usize = 64;
/// How many positions are in the log alone when a start is timed.
const UNSEALED: usize = 500_000;
/// How many batches are made at once, before the clock runs.
const AHEAD: usize = 500;

/// Runs the sub-command.
///
/// # Errors
/// When the folder cannot be written, or a read does not find what was appended.
pub async fn run(global: &Global, args: HistoryArgs) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir().context("failed to make a temporary folder")?;
    let folder = args.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let mut run = Run::default();
    let history = Arc::new(History::open(folder.join("data"), Settings::default())?);
    let mut walk = Fleet::new().batches(usize::MAX);
    let batches = args.positions as usize / BATCH;
    for round in 1..=args.rounds.rounds {
        run.round(&folder, &history, &mut walk, batches, args.rounds.lasts()).await?;
        eprintln!(
            "round {round}: {:.0} rows/s, growing file {:.0}, file used again {:.0}, reads {:.0}/s",
            last(&run.growing.measured),
            last(&run.growing.floor),
            last(&run.recycled.floor),
            last(&run.reads.measured),
        );
    }
    history.seal()?;
    let sealed = history.stats();
    run.count(&sealed);
    drop(history);
    for _ in 0..args.rounds.rounds {
        run.single.measured.push(single(&folder.join("single"), TASKS, args.rounds.lasts() / 4).await?);
        run.start.measured.push(start(&folder.join("start")).await?);
    }
    let figures = run.figures(args.positions)?;
    Report::new("history", &args.rounds, figures, machine::facts(&folder)?).print(global)
}

fn last(samples: &[Sample]) -> f64 {
    samples.last().map_or(0.0, |sample| sample.value)
}

/// What the rounds gave.
#[derive(Default)]
struct Run {
    /// Rows per second, next to a growing file.
    growing: Halves,
    /// The same rows per second, next to a file that is used again.
    recycled: Halves,
    /// The longest append of each round, in milliseconds.
    stalls: Halves,
    reads: Halves,
    sealed_bytes: Halves,
    written_bytes: Halves,
    single: Halves,
    start: Halves,
    appended: u64,
    segments: usize,
}

impl Run {
    async fn round(
        &mut self,
        folder: &Path,
        history: &Arc<History>,
        walk: &mut impl Iterator<Item = Vec<Position>>,
        batches: usize,
        lasts: Duration,
    ) -> anyhow::Result<()> {
        let floor = disk::floor(folder, lasts / 4)?;
        let appended = append(history, walk, batches).await?;
        self.appended += appended.count;
        let rate = Sample { value: appended.rows_per_second, count: appended.count, times: None, busy_seconds: None };
        let with_times = Sample { times: Some(appended.times), ..rate.clone() };
        self.growing.floor.push(Sample::of(floor.growing * BATCH as f64));
        self.growing.measured.push(with_times);
        self.recycled.floor.push(Sample::of(floor.recycled * BATCH as f64));
        self.recycled.measured.push(rate);
        self.stalls.measured.push(Sample::of(appended.longest.as_secs_f64() * 1e3));
        self.reads.measured.push(reads(history, self.appended, lasts / 2)?);
        let stats = history.stats();
        self.count(&stats);
        Ok(())
    }

    /// Bytes are those of everything so far: what counts is how they stand at the end.
    fn count(&mut self, stats: &tracklane_history::Stats) {
        let each = |bytes: u64, count: u64| Sample::of(bytes as f64 / count.max(1) as f64);
        self.sealed_bytes.measured = vec![each(stats.sealed_bytes, stats.sealed_positions)];
        self.written_bytes.measured = vec![each(stats.written_bytes, self.appended)];
        self.segments = stats.segments;
    }

    fn figures(&self, positions: u64) -> anyhow::Result<Vec<Figure>> {
        let grows = "32 KiB written and synced, to a file that grows";
        let again = "32 KiB written and synced, to a file written before";
        let append = "rows appended, 1,000 to a sync";
        Ok(vec![
            Figure::of("append_growing", "rows/s", grows, append, &self.growing)?.against([16, 17]),
            Figure::of("append", "rows/s", again, append, &self.recycled)?.with("positions", positions),
            Figure::of("longest_append", "ms", "", "the longest append of 1,000", &self.stalls)?
                .against([20])
                .counting("positions", self.appended),
            Figure::of("reads", "reads/s", "", "100 positions of a device, one thread", &self.reads)?.against([19, 39]),
            Figure::of("sealed", "bytes", "", "on disk for a position, sealed", &self.sealed_bytes)?
                .against([18])
                .counting("segments", self.segments),
            Figure::of("written", "bytes", "", "written for a position, log and merges included", &self.written_bytes)?
                .against([38]),
            Figure::of("single", "rows/s", "", "single appends, 64 tasks", &self.single)?.with("tasks", TASKS),
            Figure::of("start", "ms", "", "start with 500,000 positions in the log alone", &self.start)?,
        ])
    }
}

struct Appended {
    rows_per_second: f64,
    count: u64,
    times: hdrhistogram::Histogram<u64>,
    longest: Duration,
}

/// One writer, one batch after the other. The time that it takes to make them does not count.
async fn append(
    history: &History,
    walk: &mut impl Iterator<Item = Vec<Position>>,
    batches: usize,
) -> anyhow::Result<Appended> {
    let (mut took, mut times) = (Duration::ZERO, microseconds()?);
    let (mut longest, mut done) = (Duration::ZERO, 0);
    while done < batches {
        let ready: Vec<_> = walk.take(AHEAD.min(batches - done)).collect();
        let started = Instant::now();
        for batch in ready {
            let begun = Instant::now();
            let (_, newest) = history.append_and_wait(batch).await?;
            let one = begun.elapsed();
            longest = longest.max(one);
            times.saturating_record(u64::try_from(one.as_micros()).unwrap_or(u64::MAX));
            done += 1;
            // As the pipeline does: what is applied need not be replayed.
            if done % 100 == 0 {
                history.checkpoint(newest)?;
            }
        }
        took += started.elapsed();
    }
    let count = (done * BATCH) as u64;
    Ok(Appended { rows_per_second: count as f64 / took.as_secs_f64(), count, times, longest })
}

/// Reads from random places of random devices, on this thread.
fn reads(history: &History, appended: u64, lasts: Duration) -> anyhow::Result<Sample> {
    let mut random = Random(appended);
    let per_device = appended as usize / DEVICES;
    let (started, mut count) = (Instant::now(), 0_u64);
    while started.elapsed() < lasts {
        for _ in 0..100 {
            let first = random.unit() * per_device.saturating_sub(ROWS).max(1) as f64;
            let found = history.read(&HistoryQuery {
                tenant_id: tenant(),
                device_id: device((random.unit() * DEVICES as f64) as usize),
                from: Timestamp::from_second(EPOCH_SECONDS + first as i64 * PERIOD_SECONDS)?,
                to: Timestamp::MAX,
                limit: ROWS,
            })?;
            ensure!(found.len() + 1 >= ROWS.min(per_device), "only {} rows found", found.len());
            count += 1;
        }
    }
    Ok(Sample::rate(count, started.elapsed(), None))
}

/// Single positions from so many tasks, one after the other each.
async fn single(folder: &Path, tasks: usize, lasts: Duration) -> anyhow::Result<Sample> {
    let history = Arc::new(History::open(folder, Settings::default())?);
    let count = Arc::new(AtomicU64::new(0));
    let mut fleet = Fleet::new();
    let templates: Vec<_> = (0..tasks).map(|task| fleet.position(task, 0)).collect();
    let started = Instant::now();
    let mut running = Vec::new();
    for template in templates {
        let (history, count) = (Arc::clone(&history), Arc::clone(&count));
        running.push(tokio::spawn(async move {
            let mut times = microseconds()?;
            while started.elapsed() < lasts {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let position = Position { fix_time: at(number as i64 * 1_000), ..template.clone() };
                let begun = Instant::now();
                history.append_and_wait(vec![position]).await?;
                times.saturating_record(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            anyhow::Ok(times)
        }));
    }
    let mut times = microseconds()?;
    for task in running {
        times.add(task.await??)?;
    }
    let took = started.elapsed();
    drop(history);
    std::fs::remove_dir_all(folder)?;
    Ok(Sample::rate(times.len(), took, Some(times)))
}

/// Opens a folder with half a million positions in the log only.
async fn start(folder: &Path) -> anyhow::Result<Sample> {
    let settings = Settings { seal_records: usize::MAX, ..Settings::default() };
    let history = History::open(folder, settings.clone())?;
    for batch in Fleet::new().batches(UNSEALED / BATCH) {
        history.append_and_wait(batch).await?;
    }
    drop(history);
    let started = Instant::now();
    let history = History::open(folder, settings)?;
    let took = started.elapsed();
    ensure!(history.stats().unsealed_positions == UNSEALED as u64, "positions are missing after a start");
    drop(history);
    std::fs::remove_dir_all(folder)?;
    Ok(Sample::of(took.as_secs_f64() * 1e3))
}
