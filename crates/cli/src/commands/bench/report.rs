//! What the measurement says.

use serde::Serialize;

use super::load::{Round, microseconds};
use super::machine::Machine;
use crate::output;

/// The rounds of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Rate {
    /// The middle one, per second.
    pub median: f64,
    /// The slowest, per second.
    pub min: f64,
    /// The fastest, per second.
    pub max: f64,
    /// Each of them, in order.
    pub rounds: Vec<f64>,
    /// Times in milliseconds, over all rounds.
    pub p50_ms: f64,
    /// Nine of ten were at most this long.
    pub p90_ms: f64,
    /// 99 of 100 were at most this long.
    pub p99_ms: f64,
}

/// Resident memory of the process, the load included, in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    /// With zones, before any device has sent anything.
    pub before_bytes: u64,
    /// After every device has sent a position.
    pub after_devices_bytes: u64,
    /// At the end.
    pub end_bytes: u64,
    /// How many devices.
    pub devices: usize,
    /// What a device that has sent a position takes.
    pub bytes_per_device: f64,
}

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The handler that only parses.
    pub floor: Rate,
    /// Durable, with zones, authentication and a live stream.
    pub durable: Rate,
    /// Durable over floor: the middle of the rounds' own ratios.
    pub ratio: f64,
    /// The ratio of each round.
    pub ratios: Vec<f64>,
    /// Positions accepted in all.
    pub positions: u64,
    /// Zones entered and left during the durable rounds.
    pub crossings: u64,
    /// Zones.
    pub zones: usize,
    /// Connections, one request in flight on each.
    pub connections: usize,
    /// Seconds per round and kind.
    pub seconds: f64,
    /// Sleep added to each sync, in milliseconds.
    pub sync_delay_ms: u64,
    /// Messages that the live stream got.
    pub live_messages: u64,
    /// Memory.
    pub memory: Memory,
    /// What was measured on.
    pub machine: Machine,
}

/// The middle of the values; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

impl Rate {
    /// Sums up rounds.
    ///
    /// # Errors
    /// When the histograms do not fit together.
    pub fn of(rounds: &[Round]) -> anyhow::Result<Self> {
        let rates: Vec<f64> = rounds.iter().map(|round| round.per_second.round()).collect();
        let mut latency = microseconds()?;
        for round in rounds {
            latency.add(&round.latency)?;
        }
        let at = |quantile: f64| latency.value_at_quantile(quantile) as f64 / 1_000.0;
        Ok(Self {
            median: median(&rates),
            min: rates.iter().copied().fold(f64::INFINITY, f64::min),
            max: rates.iter().copied().fold(0.0, f64::max),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            rounds: rates,
        })
    }
}

impl Report {
    /// Prints it for people.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn print(&self) -> anyhow::Result<()> {
        let row = |name: &str, rate: &Rate| {
            [
                name.to_owned(),
                format!("{:.0}", rate.median),
                format!("{:.0} .. {:.0}", rate.min, rate.max),
                format!("{:.2}", rate.p50_ms),
                format!("{:.2}", rate.p90_ms),
                format!("{:.2}", rate.p99_ms),
            ]
        };
        output::table(
            ["", "PER SECOND", "RANGE", "P50 MS", "P90 MS", "P99 MS"],
            &[row("floor (parses only)", &self.floor), row("durable positions", &self.durable)],
        )?;
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        let memory = &self.memory;
        let lines = [
            format!("ratio      {:.2} (rounds: {:.2?})", self.ratio, self.ratios),
            format!(
                "setup      {} zones, {} devices, {} connections, {} s per round, sync delay {} ms",
                self.zones, memory.devices, self.connections, self.seconds, self.sync_delay_ms
            ),
            format!(
                "done       {} positions, {} crossings, {} live messages",
                self.positions, self.crossings, self.live_messages
            ),
            format!(
                "memory     {:.0} MiB before, {:.0} MiB with every device ({:.0} bytes each), {:.0} MiB at the end",
                mib(memory.before_bytes),
                mib(memory.after_devices_bytes),
                memory.bytes_per_device,
                mib(memory.end_bytes)
            ),
            format!(
                "machine    {} x {}, {:.0} MiB, Linux {}, 32 KiB durable in {} ms",
                self.machine.cores,
                self.machine.cpu,
                mib(self.machine.memory_bytes),
                self.machine.kernel,
                self.machine.sync_ms
            ),
        ];
        lines.iter().try_for_each(|line| output::line(line))?;
        if self.machine.debug_build {
            output::line("warning    this is a build without optimisation: the numbers say nothing")?;
        }
        Ok(())
    }
}
