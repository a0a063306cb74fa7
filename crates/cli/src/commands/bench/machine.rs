//! What was measured on, and how much memory the process has.

use serde::Serialize;

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
    /// True for a build without optimisation: its numbers say nothing.
    pub debug_build: bool,
}

/// The facts of this machine; what cannot be found out is empty.
pub fn facts() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    Machine {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        cpu: field(&read("/proc/cpuinfo"), "model name"),
        memory_bytes: kibibytes(&field(&read("/proc/meminfo"), "MemTotal")),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        debug_build: cfg!(debug_assertions),
    }
}

/// Resident memory of this process, in bytes; 0 where it cannot be found out.
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or(0, kibibytes)
}

fn kibibytes(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1_024
}
