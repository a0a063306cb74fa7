//! `tracklane shipments`: list, show, make and report.

use std::io::Read;

use clap::{Args, Subcommand};
use futures::TryStreamExt;
use tracklane_client::requests::{NewCustomer, NewFact, NewLocation, NewPackage, NewShipment};
use tracklane_core::id::DriverId;
use tracklane_core::lifecycle::Status;
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{Address, LocationType, Shipment};
use tracklane_core::position::Point;

use super::track;
use crate::args::Global;
use crate::exit::Usage;
use crate::output::{self, Format, or_dash};

/// List, show, make and report shipments.
#[derive(Debug, Subcommand)]
pub enum ShipmentsCommand {
    /// List shipments, newest first.
    List(ListArgs),
    /// Show one shipment: id, reference or tracking number.
    Show {
        /// Id, reference or tracking number.
        shipment: String,
    },
    /// Make a shipment.
    Create(CreateArgs),
    /// List what is known about a shipment, or state what happened to it.
    Events(EventsArgs),
}

/// Which shipments.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// In this status; may repeat.
    #[arg(long)]
    status: Vec<Status>,
    /// Whose present leg has this driver.
    #[arg(long)]
    driver: Option<DriverId>,
    /// Still waited for.
    #[arg(long)]
    active: bool,
    /// Whose reference, tracking number or customer contains this text.
    #[arg(long, short)]
    q: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// What to make.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane shipments create --reference ORDER-1000 --to 'Ana Almeida' --origin 41.1579,-8.6291 --destination 41.1496,-8.6109
  tracklane shipments create --file shipment.json
  generate-shipment | tracklane shipments create --file -")]
pub struct CreateArgs {
    /// The whole shipment as JSON, as `POST /v1/shipments` takes it; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reference", "from", "to", "origin", "destination", "tracking_number", "driver", "milestones"])]
    file: Option<String>,
    /// Your own reference (order number).
    #[arg(long)]
    reference: Option<String>,
    /// The sender's name.
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// The recipient's name.
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// Where it starts.
    #[arg(long, value_name = "LAT,LON", value_parser = point, allow_hyphen_values = true)]
    origin: Option<Point>,
    /// Where it ends.
    #[arg(long, value_name = "LAT,LON", value_parser = point, allow_hyphen_values = true)]
    destination: Option<Point>,
    /// The tracking number of its parcel.
    #[arg(long, value_name = "NUMBER")]
    tracking_number: Option<String>,
    /// Who drives.
    #[arg(long)]
    driver: Option<DriverId>,
    /// How far positions alone may move it: off, arrivals or full.
    #[arg(long, value_parser = policy)]
    milestones: Option<MilestonePolicy>,
}

/// What happened.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tracklane shipments events ORDER-1000
  tracklane shipments events ORDER-1000 --record delivered --substatus neighbour --note 'left with no. 7'")]
pub struct EventsArgs {
    /// Id, reference or tracking number.
    shipment: String,
    /// State that the shipment is now in this status.
    #[arg(long, value_name = "STATUS")]
    record: Option<Status>,
    /// The finer status.
    #[arg(long, requires = "record")]
    substatus: Option<String>,
    /// What there is to say about it.
    #[arg(long, requires = "record")]
    note: Option<String>,
}

fn point(text: &str) -> Result<Point, String> {
    let parse = || {
        let (lat, lon) = text.split_once(',')?;
        Some(Point { lat: lat.trim().parse().ok()?, lon: lon.trim().parse().ok()? })
    };
    let point = parse().ok_or("expected LAT,LON in degrees")?;
    point.check().map_err(|invalid| invalid.to_string())?;
    Ok(point)
}

fn policy(text: &str) -> Result<MilestonePolicy, String> {
    let found = MilestonePolicy::ALL.into_iter().find(|policy| policy.as_str() == text);
    found.ok_or_else(|| format!("known are {}", MilestonePolicy::ALL.map(MilestonePolicy::as_str).join(", ")))
}

/// Runs the sub-command.
///
/// # Errors
/// As the server answers.
pub async fn run(global: &Global, command: ShipmentsCommand) -> anyhow::Result<()> {
    match command {
        ShipmentsCommand::List(args) => list(global, args).await,
        ShipmentsCommand::Show { shipment } => show(global, &shipment).await,
        ShipmentsCommand::Create(args) => create(global, args).await,
        ShipmentsCommand::Events(args) => events(global, args).await,
    }
}

async fn list(global: &Global, args: ListArgs) -> anyhow::Result<()> {
    let client = super::client(global)?;
    let mut query: Vec<(&str, String)> = args.status.iter().map(|status| ("status", status.to_string())).collect();
    query.extend(args.driver.map(|id| ("driver_id", id.to_string())));
    query.extend(args.active.then(|| ("active", "true".to_owned())));
    query.extend(args.q.map(|text| ("q", text)));
    let mut stream = std::pin::pin!(client.shipments(&query));
    let mut found: Vec<Shipment> = Vec::new();
    while found.len() < args.limit
        && let Some(shipment) = stream.try_next().await?
    {
        found.push(shipment);
    }
    if global.output == Format::Json {
        return output::json(&found);
    }
    let rows: Vec<[String; 5]> = found
        .iter()
        .map(|shipment| {
            [
                shipment.id.to_string(),
                or_dash(shipment.reference.clone()),
                shipment.status.to_string(),
                or_dash(shipment.substatus.clone()),
                output::time(shipment.status_since),
            ]
        })
        .collect();
    output::table(["SHIPMENT", "REFERENCE", "STATUS", "SUBSTATUS", "SINCE (UTC)"], &rows)
}

async fn show(global: &Global, shipment: &str) -> anyhow::Result<()> {
    let detail = track::find(&super::client(global)?, shipment).await?;
    match global.output {
        Format::Json => output::json(&detail),
        Format::Table => track::print(&detail),
    }
}

async fn create(global: &Global, args: CreateArgs) -> anyhow::Result<()> {
    let client = super::client(global)?;
    let detail = match &args.file {
        Some(file) => client.post("v1/shipments", &read_json(file)?).await?,
        None => client.create_shipment(&args.shipment()).await?,
    };
    match global.output {
        Format::Json => output::json(&detail),
        Format::Table => track::print(&detail),
    }
}

fn read_json(file: &str) -> anyhow::Result<serde_json::Value> {
    let mut text = String::new();
    match file {
        "-" => std::io::stdin().read_to_string(&mut text).map(drop),
        path => std::fs::read_to_string(path).map(|content| text = content),
    }
    .map_err(|error| Usage(format!("failed to read {file}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| Usage(format!("{file} is not JSON: {error}")).into())
}

impl CreateArgs {
    fn shipment(&self) -> NewShipment {
        let customer = |name: &Option<String>| name.clone().map(|name| NewCustomer { name, ..NewCustomer::default() });
        let location = |point: Option<Point>, name: &str| {
            point.map(|point| NewLocation {
                reference: None,
                name: name.to_owned(),
                location_type: LocationType::Address,
                address: Address { point: Some(point), ..Address::default() },
                radius_m: None,
            })
        };
        let package = |number: &String| NewPackage { tracking_number: Some(number.clone()), ..NewPackage::default() };
        NewShipment {
            reference: self.reference.clone(),
            sender: customer(&self.from),
            recipient: customer(&self.to),
            origin: location(self.origin, "Origin"),
            destination: location(self.destination, "Destination"),
            packages: self.tracking_number.iter().map(package).collect(),
            driver_id: self.driver,
            milestones: self.milestones,
            ..NewShipment::default()
        }
    }
}

async fn events(global: &Global, args: EventsArgs) -> anyhow::Result<()> {
    let client = super::client(global)?;
    let mut detail = track::find(&client, &args.shipment).await?;
    if let Some(status) = args.record {
        let fact =
            NewFact { status: Some(status), substatus: args.substatus, raw_text: args.note, ..NewFact::default() };
        client.record_fact(detail.shipment.id, &fact).await?;
        detail = client.shipment(detail.shipment.id).await?;
    }
    match global.output {
        Format::Json => output::json(&detail.events),
        Format::Table => track::print(&detail),
    }
}
