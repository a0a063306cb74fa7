//! `tracklane bench`: measure on this machine, against a floor measured in the same run.
//!
//! A sub-command is a file that brings its own floor and what it measures. What all share:
//!
//! - [`rounds`]: `--rounds` and `--seconds`, the floor and what is measured in turns, a load on a thread of its own;
//! - [`report`]: figures with medians and ranges, the table, the JSON;
//! - [`bars`]: what figures must be, one list;
//! - [`machine`]: what it was measured on;
//! - [`stage`]: the real server with zones, devices, a key and a live stream that is read;
//! - [`load`]: devices that send to it, a [`load::Speaker`] per protocol.

mod bars;
mod floor;
mod ingest;
mod load;
mod machine;
mod report;
mod rounds;
mod stage;

use clap::Subcommand;

use crate::args::Global;

/// Measure.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Durable positions over HTTP, next to handlers that only read them.
    Ingest(ingest::IngestArgs),
    /// List what figures must be, and what we want them to be.
    Bars(bars::BarsArgs),
}

/// Runs the sub-command.
///
/// # Errors
/// When something cannot be started, or an answer was not what it should be.
pub async fn run(global: &Global, command: BenchCommand) -> anyhow::Result<()> {
    match command {
        BenchCommand::Ingest(args) => ingest::run(global, args).await,
        BenchCommand::Bars(args) => bars::run(global, &args),
    }
}
