//! The machine, and what this process took of it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::Outcome;

/// Facts of the machine.
pub fn facts() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |path: &str, name: &str| {
        let text = read(path);
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    json!({
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "cpu": field("/proc/cpuinfo", "model name"),
        "memory": field("/proc/meminfo", "MemTotal"),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load_before": read("/proc/loadavg").split(' ').next(),
        "debug_build": cfg!(debug_assertions),
    })
}

/// Processor time of this process, all threads (`self`), or of this thread (`thread-self`).
///
/// # Errors
/// Where there is no `/proc`.
pub fn cpu_seconds(of: &str) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{of}/stat"))?;
    // The name may hold spaces; what follows its bracket may not.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// Bytes that the disk below a folder has been given so far, by everybody: run alone. None where that cannot be found
/// out.
pub fn disk_bytes(folder: &Path) -> Option<u64> {
    // What waits in memory counts, too.
    Command::new("sync").status().ok()?;
    let device = fs::metadata(folder).ok()?.dev();
    // As glibc packs the two numbers.
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & !0xff));
    let stat = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    let sectors: u64 = stat.split_whitespace().nth(6)?.parse().ok()?;
    Some(sectors * 512)
}
