//! The command line: global flags and the list of sub-commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    admin, bench, carrier, config, decode, demo, detect, devices, doctor, edi, import, moving, replay, sandbox, serve,
    shipments, simulate, track, zones,
};
use crate::output::Format;

const AFTER_HELP: &str = "\
Examples:
  tracklane serve                          start on 127.0.0.1:8080, everything in ./data
  tracklane demo                           see it work with a simulated fleet
  tracklane track ORDER-1000               where is it?
  tracklane shipments list --status in_transit -o json

Exit codes:
  0 done   1 failed   2 wrong use   3 not found   4 not allowed   5 conflict   6 too many requests

Results go to standard output, progress and the log to standard error.";

/// Tells everybody who waits for a shipment where it is, when it will come and what just happened.
#[derive(Debug, Parser)]
#[command(name = "tracklane", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every sub-command knows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// How results are printed.
    #[arg(short = 'o', long = "output", value_enum, default_value = "table", global = true)]
    pub output: Format,
    /// The configuration file; else ./tracklane.toml, else /etc/tracklane/config.toml.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The server to talk to.
    #[arg(long, global = true, env = "TRACKLANE_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub server: String,
    /// An API key, or a token from a login.
    #[arg(long, global = true, env = "TRACKLANE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(serve::ServeArgs),
    /// Show everything at work: a server, a fleet, webhooks, tracking pages.
    Demo(demo::DemoArgs),
    /// Play trips through a running server.
    Replay(replay::ReplayArgs),
    /// Let a simulated fleet with faults drive, and check every zone event against the truth.
    Simulate(simulate::SimulateArgs),
    /// Say where one shipment is.
    Track(track::TrackArgs),
    /// List, show, make and report shipments.
    #[command(subcommand)]
    Shipments(shipments::ShipmentsCommand),
    /// List and import zones; ask who was there, and why there was or was not an event.
    #[command(subcommand)]
    Zones(zones::ZonesCommand),
    /// List and make devices; see which were sent away.
    #[command(subcommand)]
    Devices(devices::DevicesCommand),
    /// Manage an installation from its own machine, without a login.
    Admin(admin::AdminArgs),
    /// Move records and positions from the data folder to PostgreSQL.
    Move(moving::MoveArgs),
    /// Bring what others recorded into a running server.
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Decode device messages, one a line on standard input, to JSON lines.
    Decode(decode::DecodeArgs),
    /// Say whose a tracking number may be, how sure that is, and why.
    Detect(detect::DetectArgs),
    /// Read carriers' answers; see what is known of each carrier.
    #[command(subcommand, visible_alias = "carriers")]
    Carrier(carrier::CarrierCommand),
    /// Read, explain and acknowledge business documents: X12 214 and 315, EDIFACT IFTSTA, EPCIS, DCSA.
    #[command(subcommand)]
    Edi(edi::EdiCommand),
    /// Run a carrier to try things on: tokens, limits, faults, webhooks, and numbers that say what becomes of a parcel.
    Sandbox(sandbox::SandboxArgs),
    /// Check and show the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Check whether this machine is fit to run Tracklane.
    Doctor(doctor::DoctorArgs),
    /// Measure.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}
