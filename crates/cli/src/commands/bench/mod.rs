//! `tracklane bench`: measure on this machine, against a floor measured in the same run.

mod floor;
mod ingest;
mod load;
mod machine;
mod report;
mod stage;

use clap::Subcommand;

use crate::args::Global;

/// Measure.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Durable single positions over HTTP, next to a handler that only parses them.
    Ingest(ingest::IngestArgs),
}

/// Runs the sub-command.
///
/// # Errors
/// When something cannot be started, or an answer was not what it should be.
pub async fn run(global: &Global, command: BenchCommand) -> anyhow::Result<()> {
    match command {
        BenchCommand::Ingest(args) => ingest::run(global, args).await,
    }
}
