//! `tracklane devices`: list, make, and who was sent away.

use clap::{Args, Subcommand};
use futures::TryStreamExt;
use tracklane_api_types::UnknownDevice;
use tracklane_client::Client;
use tracklane_client::requests::NewDevice;
use tracklane_core::model::Device;

use crate::args::Global;
use crate::output::{self, Format, or_dash};

/// List and make devices; see which were sent away.
#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// List devices, newest first.
    List(ListArgs),
    /// List the devices that knocked and were sent away, the last one first.
    Unknown,
    /// Make devices, by what they call themselves.
    Create(CreateArgs),
}

/// Which devices.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Whose name or identifier contains this text.
    #[arg(long, short)]
    q: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// What to make.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane devices create 356307042441013 --name 'Van 7'
  tracklane devices unknown -o json | jq -r '.[] | select(.reason == \"unknown\") | .identifier' | xargs tracklane devices create")]
pub struct CreateArgs {
    /// IMEI, user name, or whatever the device calls itself.
    #[arg(required = true)]
    identifiers: Vec<String>,
    /// What people call it; its identifier when left out.
    #[arg(long)]
    name: Option<String>,
}

/// Runs the sub-command.
///
/// # Errors
/// When the server refuses, or does not answer.
pub async fn run(global: &Global, command: DevicesCommand) -> anyhow::Result<()> {
    let client = super::client(global)?;
    match command {
        DevicesCommand::List(args) => list(global, &client, args).await,
        DevicesCommand::Unknown => unknown(global, &client).await,
        DevicesCommand::Create(args) => create(global, &client, args).await,
    }
}

async fn list(global: &Global, client: &Client, args: ListArgs) -> anyhow::Result<()> {
    let query: Vec<(&str, String)> = args.q.map(|text| ("q", text)).into_iter().collect();
    let mut stream = std::pin::pin!(client.list::<Device>("v1/devices", &query));
    let mut found = Vec::new();
    while found.len() < args.limit
        && let Some(device) = stream.try_next().await?
    {
        found.push(device);
    }
    print(global, &found)
}

async fn unknown(global: &Global, client: &Client) -> anyhow::Result<()> {
    let found: Vec<UnknownDevice> = client.list("v1/devices/unknown", &[]).try_collect().await?;
    if global.output == Format::Json {
        return output::json(&found);
    }
    let row = |device: &UnknownDevice| {
        let UnknownDevice { protocol, identifier, reason, first_seen_at, last_seen_at, count } = device;
        let [first, last] = [*first_seen_at, *last_seen_at].map(output::time);
        [identifier.clone(), protocol.clone(), reason.as_str().to_owned(), count.to_string(), first, last]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    output::table(["IDENTIFIER", "PROTOCOL", "REASON", "TIMES", "FIRST (UTC)", "LAST (UTC)"], &rows)
}

async fn create(global: &Global, client: &Client, args: CreateArgs) -> anyhow::Result<()> {
    let mut made = Vec::new();
    for identifier in args.identifiers {
        let device = NewDevice { identifier, name: args.name.clone(), ..NewDevice::default() };
        made.push(client.create_device(&device).await?);
    }
    print(global, &made)
}

fn print(global: &Global, devices: &[Device]) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(&devices);
    }
    let row = |device: &Device| {
        let driver = or_dash(device.driver_id.map(|driver| driver.to_string()));
        [device.id.to_string(), device.identifier.clone(), device.name.clone(), driver, output::time(device.updated_at)]
    };
    let rows: Vec<_> = devices.iter().map(row).collect();
    output::table(["DEVICE", "IDENTIFIER", "NAME", "DRIVER", "CHANGED (UTC)"], &rows)
}
