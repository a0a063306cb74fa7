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

/// Who stands on the other side of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// A floor that the bench itself measures, or nobody: the figure counts alone.
    Floor,
    /// A program of others, measured in turns with the bench by `make bench`.
    Peer,
    /// A program of others that no registry has: compared by hand, from time to time.
    Hand,
    /// Not a matter of time: tests hold it.
    Test,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bar {
    /// Its number, which never changes.
    pub number: u32,
    /// Which bench holds the figure: the name of the sub-command.
    pub bench: &'static str,
    /// What it is held against.
    pub other: Other,
    /// What it is about.
    pub what: &'static str,
    /// Which number counts.
    pub asks: Asks,
    /// Worse than this is a regression.
    pub must: f64,
    /// What we want to claim.
    pub reach: f64,
}

const fn bar(
    number: u32,
    bench: &'static str,
    other: Other,
    what: &'static str,
    asks: Asks,
    must: f64,
    reach: f64,
) -> Bar {
    Bar { number, bench, other, what, asks, must, reach }
}

use Asks::{AtMost, RatioAtLeast, RatioAtMost};
use Other::{Floor, Hand, Peer, Test};

/// All of them.
#[rustfmt::skip]
pub const BARS: &[Bar] = &[
    bar(1, "ingest", Floor, "single positions, 64 connections / no-op", RatioAtLeast, 0.60, 0.68),
    bar(2, "ingest", Floor, "single positions, 1,024 connections, each sync 5 ms longer / no-op", RatioAtLeast, 0.50, 0.65),
    bar(3, "ingest", Hand, "single positions / Tile38, one in flight, as many zones", RatioAtLeast, 0.95, 1.1),
    bar(4, "ingest", Peer, "single positions / Redis GEOADD + XADD, appendfsync always", RatioAtLeast, 0.85, 1.0),
    bar(5, "ingest", Peer, "single positions / PostgreSQL single inserts, 32 connections", RatioAtLeast, 2.0, 2.4),
    bar(6, "ingest", Floor, "batches of 1,000 / no-op", RatioAtLeast, 0.40, 0.55),
    bar(7, "ingest", Hand, "batches of 1,000 / Tile38, 64 in a pipeline", RatioAtLeast, 8.0, 12.0),
    bar(8, "ingest", Peer, "batches of 1,000 / PostgreSQL + PostGIS batches of 1,000", RatioAtLeast, 10.0, 16.0),
    bar(9, "ingest", Peer, "batches of 1,000 / Redis GEOADD + XADD, 64 in a pipeline", RatioAtLeast, 5.0, 8.0),
    bar(10, "ingest", Floor, "OsmAnd, 64 connections / no-op", RatioAtLeast, 0.52, 0.60),
    bar(11, "ingest", Peer, "MQTT QoS 1, 50 connections / Mosquitto", RatioAtLeast, 0.6, 0.9),
    bar(12, "ingest", Floor, "batches with 10,000 zones / with none", RatioAtLeast, 0.85, 0.95),
    bar(13, "zones", Test, "zone events that are those of the true tracks, after a kill too", RatioAtLeast, 1.0, 1.0),
    bar(14, "ingest", Floor, "middle time of one position / of one fdatasync", RatioAtMost, 2.0, 1.5),
    bar(15, "live", Hand, "p99 from a position to its event at a WebSocket / Tile38", RatioAtMost, 4.0, 2.5),
    bar(16, "history", Peer, "append, 1,000 per sync / fjall", RatioAtLeast, 3.0, 5.0),
    bar(17, "history", Floor, "append / rows that the disk allows", RatioAtLeast, 0.4, 0.7),
    bar(18, "history", Floor, "sealed bytes per position", AtMost, 12.0, 9.5),
    bar(19, "history", Peer, "reads of 100 rows / redb", RatioAtLeast, 1.5, 2.5),
    bar(20, "history", Floor, "longest append, in milliseconds", AtMost, 50.0, 10.0),
    bar(21, "live", Peer, "one to 1,000, 200 bytes / NATS", RatioAtLeast, 1.5, 3.0),
    bar(22, "live", Peer, "one to 1,000, 200 bytes / node ws", RatioAtLeast, 8.0, 20.0),
    bar(23, "webhooks", Floor, "signed webhooks, 64 in flight / bare HTTP client", RatioAtLeast, 0.20, 0.35),
    bar(24, "webhooks", Hand, "signed webhooks / Tile38 SETHOOK", RatioAtLeast, 5.0, 8.0),
    bar(25, "webhooks", Floor, "deliveries with one slow endpoint / without", RatioAtLeast, 0.9, 0.98),
    bar(26, "reads", Floor, "one shipment by id / no-op GET", RatioAtLeast, 0.60, 0.8),
    bar(27, "reads", Peer, "one shipment by id / PostgreSQL", RatioAtLeast, 0.95, 1.2),
    bar(28, "reads", Peer, "status changes, 64 connections / PostgreSQL single inserts, 32 connections", RatioAtLeast, 0.7, 1.0),
    bar(33, "memory", Hand, "resident with 10,000 devices and zones after 10 million positions / Tile38", RatioAtMost, 1.5, 0.8),
    bar(34, "ingest", Floor, "Teltonika / the same bytes decoded and dropped", RatioAtLeast, 0.5, 0.5),
    bar(35, "zones", Floor, "cost of a position among 1,000,000 zones / among 10,000", RatioAtMost, 1.5, 1.5),
    bar(36, "memory", Floor, "bytes of 1,000,000 idle devices", AtMost, 1_073_741_824.0, 1_073_741_824.0),
    bar(37, "ingest", Floor, "batches with 100,000 zones / with none", RatioAtLeast, 0.6, 0.6),
    bar(38, "history", Floor, "bytes written per position, all levels", AtMost, 80.0, 45.0),
    bar(39, "history", Peer, "reads of 100 rows / SQLite", RatioAtLeast, 4.0, 6.0),
    bar(40, "live", Peer, "one to 1,000, 200 bytes / Redis", RatioAtLeast, 1.3, 2.5),
    bar(41, "live", Floor, "10,000 subscribers at half of the ceiling, p99 from the fix on, in milliseconds", AtMost, 50.0, 20.0),
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
        let measured = match bar.other {
            Floor => "here",
            Peer => "by make bench",
            Hand => "by hand",
            Test => "by tests",
        };
        let number = bar.number.to_string();
        [number, bar.bench.to_owned(), bar.what.to_owned(), limit(bar.must), limit(bar.reach), measured.to_owned()]
    });
    output::table(["BAR", "BENCH", "WHAT", "MUST", "REACH", "MEASURED"], &rows.collect::<Vec<_>>())
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

    /// The tables are written by `make bench`; what they say of a bar must be what the list says.
    #[test]
    fn the_document_has_a_row_for_each_bar_and_no_other() {
        let document = include_str!("../../../../../docs/performance.md");
        let mut rows = Vec::new();
        for (bench, text) in document.split("<!-- ").skip(1).filter_map(|part| part.split_once(": written by")) {
            for row in text.lines().filter(|line| line.starts_with("| ")) {
                let cells: Vec<_> = row.split('|').map(str::trim).collect();
                let Ok(number) = cells[1].parse::<u32>() else { continue };
                let limit = |cell: &str| {
                    let (sign, limit) = cell.split_once(' ').unwrap();
                    (sign.to_owned(), limit.replace(',', "").parse::<f64>().unwrap())
                };
                rows.push((number, bench, cells[2], limit(cells[3]), limit(cells[4])));
            }
        }
        rows.sort_by_key(|row| row.0);
        let expected = BARS.iter().map(|bar| {
            let sign = if matches!(bar.asks, RatioAtMost | AtMost) { "≤" } else { "≥" };
            let limit = |limit: f64| (sign.to_owned(), limit);
            (bar.number, bar.bench, bar.what, limit(bar.must), limit(bar.reach))
        });
        assert_eq!(rows, expected.collect::<Vec<_>>(), "run make bench, or mend the tables of docs/performance.md");
    }
}
