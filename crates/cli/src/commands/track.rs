//! `tracklane track`: where is it?

use clap::Args;
use futures::TryStreamExt;
use tracklane_client::{Client, EventView, ShipmentDetail};
use tracklane_core::id::ShipmentId;
use tracklane_core::model::Shipment;

use crate::args::Global;
use crate::exit::NotFound;
use crate::output::{self, Format, or_dash};

/// Say where one shipment is.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tracklane track ORDER-1000\n  tracklane track shp_01h455vb4pex5vsknk084sn02q -o json"
)]
pub struct TrackArgs {
    /// A tracking number, the shipment's own reference, or its id.
    number: String,
}

/// Runs the sub-command.
///
/// # Errors
/// [`NotFound`] when no shipment has this number.
pub async fn run(global: &Global, args: TrackArgs) -> anyhow::Result<()> {
    let client = super::client(global)?;
    let detail = find(&client, &args.number).await?;
    match global.output {
        Format::Json => output::json(&detail),
        Format::Table => print(&detail),
    }
}

/// The shipment with this id, reference or tracking number.
///
/// # Errors
/// [`NotFound`] when there is none.
pub async fn find(client: &Client, number: &str) -> anyhow::Result<ShipmentDetail> {
    if let Ok(id) = number.parse::<ShipmentId>() {
        return Ok(client.shipment(id).await?);
    }
    for field in ["reference", "tracking_number"] {
        let mut found = std::pin::pin!(client.shipments(&[(field, number.to_owned())]));
        if let Some(Shipment { id, .. }) = found.try_next().await? {
            return Ok(client.shipment(id).await?);
        }
    }
    Err(NotFound(format!("no shipment has the reference, tracking number or id {number:?}")).into())
}

/// Prints a shipment with its timeline for people.
///
/// # Errors
/// When standard output is closed.
pub fn print(detail: &ShipmentDetail) -> anyhow::Result<()> {
    let shipment = &detail.shipment;
    let place = |location: &Option<tracklane_core::model::Location>| or_dash(location.as_ref().map(|l| l.name.clone()));
    let name = |customer: &Option<tracklane_core::model::Customer>| or_dash(customer.as_ref().map(|c| c.name.clone()));
    let numbers: Vec<&str> = detail.packages.iter().filter_map(|p| p.tracking_number.as_deref()).collect();
    let expected = shipment.eta_to.or(shipment.eta_from).map(|at| format!("{} UTC", output::time(at)));
    let facts = [
        ("shipment", shipment.id.to_string()),
        ("reference", or_dash(shipment.reference.clone())),
        ("tracking", if numbers.is_empty() { "-".to_owned() } else { numbers.join(", ") }),
        ("status", status(shipment)),
        ("since", format!("{} UTC", output::time(shipment.status_since))),
        ("from", format!("{} ({})", place(&detail.origin), name(&detail.sender))),
        ("to", format!("{} ({})", place(&detail.destination), name(&detail.recipient))),
        ("expected", or_dash(expected)),
    ];
    for (word, value) in facts {
        output::line(&format!("{word:<10}{value}"))?;
    }
    output::line("")?;
    let rows: Vec<[String; 5]> = detail.events.iter().map(row).collect();
    output::table(["HAPPENED (UTC)", "RECEIVED (UTC)", "STATUS", "SOURCE", "NOTE"], &rows)
}

fn status(shipment: &Shipment) -> String {
    let mut text = shipment.status.to_string();
    if let Some(substatus) = &shipment.substatus {
        text.push_str(&format!(" ({substatus})"));
    }
    for (holds, word) in [(shipment.delayed, "delayed"), (shipment.return_leg, "on its way back")] {
        if holds {
            text.push_str(&format!(", {word}"));
        }
    }
    text
}

fn row(view: &EventView) -> [String; 5] {
    let event = &view.event;
    let status = match (event.status, &event.substatus) {
        (Some(status), Some(substatus)) => format!("{status}.{substatus}"),
        (Some(status), None) => status.to_string(),
        (None, _) => event.kind.as_str().to_owned(),
    };
    let flags = [
        (view.flags.retracted, "retracted"),
        (view.flags.out_of_order, "out of order"),
        (view.flags.late_event, "late"),
    ];
    let mut notes: Vec<&str> = flags.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    notes.extend(event.raw_text.as_deref());
    [
        output::time(event.occurred_at),
        output::time(event.received_at),
        status,
        event.source.as_str().to_owned(),
        notes.join("; "),
    ]
}
