//! The bars: what a figure must reach on any machine, and what we want to claim. One list; a bench names the numbers of
//! the bars that a figure of its answers, and the table prints them next to it.

use clap::Args;
use serde::Serialize;

use crate::args::Global;
use crate::output::{self, Format};

/// Which of a figure's numbers a bar asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// Measured over floor, at least.
    RatioAtLeast,
    /// Measured over floor, at most.
    RatioAtMost,
    /// The figure itself, at most.
    AtMost,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bar {
    /// Its number, which never changes.
    pub number: u32,
    /// Which bench holds the figure: the name of the sub-command, or `peers` when the other side is somebody else's program.
    pub bench: &'static str,
    /// What it is about.
    pub what: &'static str,
    /// Which number counts.
    pub asks: Asks,
    /// Worse than this is a regression.
    pub must: f64,
    /// What we want to claim.
    pub reach: f64,
}

const fn bar(number: u32, bench: &'static str, what: &'static str, asks: Asks, must: f64, reach: f64) -> Bar {
    Bar { number, bench, what, asks, must, reach }
}

use Asks::{AtMost, RatioAtLeast, RatioAtMost};

/// All of them.
#[rustfmt::skip]
pub const BARS: &[Bar] = &[
    bar(1, "ingest", "single positions, 64 connections / no-op", RatioAtLeast, 0.60, 0.68),
    bar(2, "ingest", "single positions, 1,024 connections, each sync 5 ms longer / no-op", RatioAtLeast, 0.50, 0.65),
    bar(4, "peers", "single positions / Redis GEOADD + XADD, appendfsync always", RatioAtLeast, 0.85, 1.0),
    bar(5, "peers", "single positions / PostgreSQL single inserts, 32 connections", RatioAtLeast, 2.0, 2.4),
    bar(6, "ingest", "batches of 1,000 / no-op", RatioAtLeast, 0.40, 0.55),
    bar(8, "peers", "batches of 1,000 / PostgreSQL + PostGIS batches of 1,000", RatioAtLeast, 10.0, 16.0),
    bar(9, "peers", "batches of 1,000 / Redis GEOADD + XADD, 64 in a pipeline", RatioAtLeast, 5.0, 8.0),
    bar(10, "ingest", "OsmAnd, 64 connections / no-op", RatioAtLeast, 0.52, 0.60),
    bar(11, "peers", "MQTT QoS 1, 50 connections / Mosquitto", RatioAtLeast, 0.6, 0.9),
    bar(12, "ingest", "batches with 10,000 zones / with none", RatioAtLeast, 0.85, 0.95),
    bar(14, "ingest", "middle time of one position / of one fdatasync", RatioAtMost, 2.0, 1.5),
    bar(16, "peers", "history append, 1,000 per sync / fjall", RatioAtLeast, 3.0, 5.0),
    bar(17, "history", "history append / rows that the disk allows", RatioAtLeast, 0.4, 0.7),
    bar(18, "history", "sealed bytes per position", AtMost, 12.0, 9.5),
    bar(19, "peers", "reads of 100 rows / redb", RatioAtLeast, 1.5, 2.5),
    bar(20, "history", "longest append, in milliseconds", AtMost, 50.0, 10.0),
    bar(21, "peers", "live, one to 1,000 / NATS", RatioAtLeast, 1.5, 3.0),
    bar(22, "peers", "live, one to 1,000 / node ws", RatioAtLeast, 8.0, 20.0),
    bar(23, "webhooks", "signed webhooks, 64 in flight / bare HTTP client", RatioAtLeast, 0.20, 0.35),
    bar(25, "webhooks", "deliveries with one slow endpoint / without", RatioAtLeast, 0.9, 0.98),
    bar(26, "reads", "one shipment by id / no-op GET", RatioAtLeast, 0.60, 0.8),
    bar(27, "peers", "one shipment by id / PostgreSQL", RatioAtLeast, 0.95, 1.2),
    bar(28, "peers", "status changes, 64 connections / PostgreSQL single inserts, 32 connections", RatioAtLeast, 0.7, 1.0),
];

/// The bar of this number.
pub fn bar_of(number: u32) -> Option<&'static Bar> {
    BARS.iter().find(|bar| bar.number == number)
}

impl Bar {
    /// Whether a value is as good as `limit` asks.
    pub fn holds(&self, value: f64, limit: f64) -> bool {
        match self.asks {
            RatioAtLeast => value >= limit,
            RatioAtMost | AtMost => value <= limit,
        }
    }

    /// Whether it asks for the quotient, not for the figure itself.
    pub fn asks_ratio(&self) -> bool {
        matches!(self.asks, RatioAtLeast | RatioAtMost)
    }
}

/// List what figures must be, and what we want them to be.
#[derive(Debug, Args)]
pub struct BarsArgs {}

/// Runs the sub-command.
///
/// # Errors
/// When standard output is closed.
pub fn run(global: &Global, _: &BarsArgs) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(BARS);
    }
    let rows = BARS.iter().map(|bar| {
        let sign = if matches!(bar.asks, RatioAtMost | AtMost) { "<=" } else { ">=" };
        let limit = |limit: f64| format!("{sign} {limit}");
        [bar.number.to_string(), bar.bench.to_owned(), bar.what.to_owned(), limit(bar.must), limit(bar.reach)]
    });
    output::table(["BAR", "BENCH", "WHAT", "MUST", "REACH"], &rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_and_reach_is_beyond_must() {
        assert!(BARS.is_sorted_by(|before, after| before.number < after.number));
        for bar in BARS {
            assert!(bar.holds(bar.reach, bar.must), "{bar:?}");
        }
    }
}
