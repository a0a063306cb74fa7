//! What was measured on, and how much memory the process has.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::report::median;
use super::rounds::{LOAD_THREAD, microseconds};

/// Facts of the machine.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Processors that the process may use.
    pub cores: usize,
    /// The processor's name.
    pub cpu: String,
    /// Memory of the machine, in bytes.
    pub memory_bytes: u64,
    /// The kernel.
    pub kernel: String,
    /// What the disk takes to make 32 KiB durable, in milliseconds: the middle of 100 tries just before the rounds. With
    /// one request in flight per connection, about `connections / (2 * sync_ms)` thousand positions per second at most.
    pub sync_ms: f64,
    /// True for a build without optimisation: its numbers say nothing.
    pub debug_build: bool,
}

impl Machine {
    /// The facts in one line.
    pub fn in_words(&self) -> String {
        let mebibytes = self.memory_bytes as f64 / 1_048_576.0;
        let Self { cores, cpu, kernel, sync_ms, .. } = self;
        format!("machine: {cores} x {cpu}, {mebibytes:.0} MiB, Linux {kernel}, 32 KiB durable in {sync_ms} ms")
    }
}

/// Appends 100 bytes to a file that grows and makes each append durable, for so long: the least that anything durable
/// takes here.
///
/// # Errors
/// When the folder cannot be written.
pub fn appends(folder: &Path, lasts: Duration) -> anyhow::Result<Histogram<u64>> {
    let path = folder.join("append-probe");
    let mut file = std::fs::File::create(&path)?;
    let mut times = microseconds()?;
    let begun = Instant::now();
    while begun.elapsed() < lasts {
        let since = Instant::now();
        file.write_all(&[7; 100])?;
        file.sync_data()?;
        times.saturating_record(u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    std::fs::remove_file(&path)?;
    Ok(times)
}

/// The middle of 100 writes of 32 KiB with a sync each, in milliseconds.
///
/// # Errors
/// When the folder cannot be written.
fn sync_ms(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join("sync-probe");
    let mut file = std::fs::File::create(&path)?;
    let block = vec![7_u8; 32 * 1_024];
    file.write_all(&block)?;
    file.sync_all()?;
    let mut taken = Vec::with_capacity(100);
    for _ in 0..100 {
        let begun = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&block)?;
        file.sync_data()?;
        taken.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(&path)?;
    Ok(median(&taken))
}

/// The facts of this machine, and how fast the disk is that holds `folder`; what cannot be found out is empty.
///
/// # Errors
/// When the folder cannot be written.
pub fn facts(folder: &Path) -> anyhow::Result<Machine> {
    let sync_ms = sync_ms(folder).context("failed to time the disk")?;
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    Ok(Machine {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        cpu: field(&read("/proc/cpuinfo"), "model name"),
        memory_bytes: kibibytes(&field(&read("/proc/meminfo"), "MemTotal")),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        sync_ms: (sync_ms * 1_000.0).round() / 1_000.0,
        debug_build: cfg!(debug_assertions),
    })
}

/// Processor time that the threads of this process have taken so far, those called `load` left out, in seconds; 0 where it
/// cannot be found out.
pub fn busy_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().filter_map(Result::ok);
    let nanoseconds = tasks.map(|task| {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let busy = read("schedstat").split_whitespace().next().and_then(|first| first.parse::<f64>().ok());
        if read("comm").trim() == LOAD_THREAD { 0.0 } else { busy.unwrap_or(0.0) }
    });
    nanoseconds.sum::<f64>() / 1e9
}

/// Resident memory of this process, in bytes; 0 where it cannot be found out.
pub fn resident_bytes() -> u64 {
    resident_bytes_of("self")
}

/// Resident memory of a process by its number, in bytes; 0 where it cannot be found out.
pub fn resident_bytes_of(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, kibibytes)
}

fn kibibytes(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1_024
}
