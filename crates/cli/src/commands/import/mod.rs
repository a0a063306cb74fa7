//! `tracklane import`: what others recorded, into a running server.

mod positions;
mod read;
mod report;

use clap::Subcommand;

use crate::args::Global;

/// What to import.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Positions out of GPX, GeoJSON or CSV files.
    Positions(positions::PositionsArgs),
}

/// Runs the sub-command.
///
/// # Errors
/// When a row was not taken, a file cannot be read, or the server cannot be worked with.
pub async fn run(global: &Global, command: ImportCommand) -> anyhow::Result<()> {
    match command {
        ImportCommand::Positions(args) => positions::run(global, args).await,
    }
}
