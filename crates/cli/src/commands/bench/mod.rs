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
mod device_floor;
mod devices;
mod floor;
mod history;
mod ingest;
mod live;
mod load;
mod machine;
mod memory;
mod reads;
mod report;
mod requests;
mod restart;
mod rounds;
mod served;
mod stage;
mod webhooks;
mod zones;

use clap::Subcommand;

use crate::args::Global;

/// Measure.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Durable positions over HTTP, next to handlers that only read them.
    Ingest(ingest::IngestArgs),
    /// What a position costs among few zones, and among many.
    Zones(zones::ZonesArgs),
    /// The embedded position history: appends, reads, bytes, stalls, a start after a crash.
    History(history::HistoryArgs),
    /// Signed webhooks, and what one slow receiver does to the others.
    Webhooks(webhooks::WebhooksArgs),
    /// Positions and events on their way to whoever listens.
    Live(live::LiveArgs),
    /// Be subscribers: for the bench itself.
    #[command(hide = true)]
    Subscribers(live::subscribers::SubscribersArgs),
    /// What people and programs ask for over HTTP.
    Reads(reads::ReadsArgs),
    /// What the server takes of memory.
    Memory(memory::MemoryArgs),
    /// How soon the server is ready after a start.
    Restart(restart::RestartArgs),
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
        BenchCommand::Zones(args) => zones::run(global, args).await,
        BenchCommand::History(args) => history::run(global, args).await,
        BenchCommand::Webhooks(args) => webhooks::run(global, args).await,
        BenchCommand::Live(args) => live::run(global, args).await,
        BenchCommand::Subscribers(args) => live::subscribers::run(args).await,
        BenchCommand::Reads(args) => reads::run(global, args).await,
        BenchCommand::Memory(args) => memory::run(global, args).await,
        BenchCommand::Restart(args) => restart::run(global, args).await,
        BenchCommand::Bars(args) => bars::run(global, &args),
    }
}
