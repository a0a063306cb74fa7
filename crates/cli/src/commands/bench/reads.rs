//! `tracklane bench reads`: what people and programs ask for over HTTP, next to a handler that has the answer ready.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use axum::body::Bytes;
use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;
use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::Status;
use tracklane_core::model::Caller;
use tracklane_engine::Engine;
use tracklane_engine::shipments::{NewFact, NewShipment};

use super::load::Until;
use super::load::fleet::Fleet;
use super::load::http::{Form, HttpSpeaker};
use super::report::{Figure, Report};
use super::requests::{Requests, Talk, post};
use super::rounds::{Halves, RoundArgs, apart, in_turns};
use super::stage::{Stage, StagePlan};
use super::{floor, machine};
use crate::args::Global;

/// One shipment, the newest position and the way of a device, and changes of status, over HTTP.
#[derive(Debug, Args)]
#[command(
    after_help = "The floor is a handler of the same HTTP stack that answers with the same bytes, ready made, and asks nobody who calls. Of a
change of status the floor reads the request and answers with the same bytes; the server answers when it is on the disk.

Example:
  tracklane bench reads --connections 64 -o json"
)]
pub struct ReadsArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Connections, one request in flight on each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Shipments.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    shipments: u32,
    /// Devices.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: u32,
}

/// How many positions a way has.
const WAY: usize = 100;
/// How many shipments are made at the same time.
const MAKERS: usize = 32;
/// How long ago the devices began to send, in seconds.
const START_AGO_SECONDS: i64 = 3_600;

/// Runs the sub-command.
///
/// # Errors
/// When the server does not start, or an answer is not what it should be.
pub async fn run(global: &Global, args: ReadsArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let plan = StagePlan { data: folder.path().join("data"), devices: args.devices as usize, ..StagePlan::default() };
    eprintln!("preparing {} shipments and {} devices", args.shipments, args.devices);
    let stage = Stage::set(global, &plan).await?;
    let shipments: Arc<[ShipmentId]> = make(&stage, args.shipments).await?.into();
    send(&stage).await?;
    let bench = Bench { args: &args, stage: &stage };
    let ids = shipments.clone();
    let path = move |number: u64| format!("/v1/shipments/{}", ids[shuffled(number, ids.len())]);
    let shipment = bench.get("shipment", path).await?;
    let devices: Arc<[String]> = stage.devices.iter().map(|device| device.id.to_string()).collect();
    let ids = devices.clone();
    let path = move |number: u64| format!("/v1/positions/latest?device_id={}", ids[shuffled(number, ids.len())]);
    let latest = bench.get("latest", path).await?;
    let from = crate::env::real().now().checked_sub(jiff::SignedDuration::from_secs(2 * START_AGO_SECONDS))?;
    let path = move |number: u64| {
        format!("/v1/devices/{}/positions?from={from:.0}&limit={WAY}", devices[shuffled(number, devices.len())])
    };
    let way = bench.get("way", path).await?;
    let status = bench.change(shipments).await?;
    let ready = "a handler with the answer ready";
    let figures = vec![
        Figure::of("shipment", "requests/s", ready, "one shipment with all that belongs to it", &shipment)?
            .against([26, 27]),
        Figure::of("latest", "requests/s", ready, "the newest position of a device", &latest)?,
        Figure::of("way", "requests/s", ready, "100 positions of a device", &way)?,
        Figure::of("status", "requests/s", ready, "changes of status, answered when durable", &status)?.against([28]),
    ];
    let figures = figures.into_iter().map(|figure| figure.with("connections", args.connections)).collect();
    stage.close().await;
    Report::new("reads", &args.rounds, figures, machine::facts(folder.path())?).print(global)
}

/// Numbers from 0 up to `count` in an order that is no order.
fn shuffled(number: u64, count: usize) -> usize {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % count
}

/// Shipments that are on their way, each with its people, places, a package and facts.
async fn make(stage: &Stage, count: u32) -> anyhow::Result<Vec<ShipmentId>> {
    let mut makers = JoinSet::new();
    for maker in 0..MAKERS {
        let (engine, caller) = (stage.app.engine.clone(), Caller::system(stage.tenant));
        makers.spawn(async move {
            let mut made = Vec::new();
            for number in (maker..count as usize).step_by(MAKERS) {
                made.push(make_one(&engine, &caller, number).await?);
            }
            anyhow::Ok(made)
        });
    }
    let mut all = Vec::new();
    while let Some(made) = makers.join_next().await {
        all.extend(made.context("a maker panicked")??);
    }
    Ok(all)
}

async fn make_one(engine: &Engine, caller: &Caller, number: usize) -> anyhow::Result<ShipmentId> {
    let place = |name: &str, lat: f64| {
        json!({ "name": name, "address": { "line1": "Rua das Flores 1", "city": "Porto", "postal_code": "4000-001",
            "country": "PT", "point": { "lat": lat, "lon": -8.6 } } })
    };
    let input = json!({
        "reference": format!("ORDER-{number}"),
        "sender": { "name": "Loja do Porto", "email": "loja@example.com" },
        "recipient": { "name": "Ana Pereira", "email": "ana@example.com", "phone": "+351912345678" },
        "origin": place("Warehouse", 41.15), "destination": place("Home", 41.16),
        "packages": [{ "tracking_number": format!("PKG-{number}"), "description": "Books", "weight_kg": 2.5 }],
        "metadata": { "shop": "books", "gift": false },
    });
    let input: NewShipment = serde_json::from_value(input)?;
    let id = engine.shipments.create(caller, input).await?.shipment.id;
    for status in [Status::PickedUp, Status::InTransit] {
        engine.shipments.record(caller, id, NewFact::scan(status)).await?;
    }
    Ok(id)
}

/// Lets each device send some more positions than a way has.
async fn send(stage: &Stage) -> anyhow::Result<()> {
    let start = crate::env::real().now().checked_sub(jiff::SignedDuration::from_secs(START_AGO_SECONDS))?;
    let mut fleet = Fleet::new(&stage.devices, 1, start);
    let (server, token) = (stage.address, stage.token.clone());
    apart(move || async move {
        for _ in 0..=WAY {
            fleet.drive(server, 1, Until::AllSent, || HttpSpeaker::new(Form::Array(1_000), &token)).await?;
        }
        Ok(())
    })
    .await
}

/// Who asks.
struct Bench<'a> {
    args: &'a ReadsArgs,
    stage: &'a Stage,
}

impl Bench<'_> {
    /// Asks for paths.
    async fn get(
        &self,
        name: &str,
        path: impl Fn(u64) -> String + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<Halves> {
        let connections = self.args.connections as usize;
        let real = Requests::get(self.stage.address, connections, &self.stage.token, path);
        let ready = self.ready(&real).await?;
        self.turns(name, real.to(ready), real).await
    }

    /// Moves shipments to and fro between two statuses.
    async fn change(&self, shipments: Arc<[ShipmentId]>) -> anyhow::Result<Halves> {
        let token = self.stage.token.clone();
        let write = move |number: u64, buffer: &mut Vec<u8>| {
            let (turn, index) = (number / shipments.len() as u64, number % shipments.len() as u64);
            let to = if turn.is_multiple_of(2) { Status::OutForDelivery } else { Status::InTransit };
            let body = format!(r#"{{"status":"{to}"}}"#);
            let path = format!("/v1/shipments/{}/events", shipments[index as usize]);
            post(buffer, &path, &token, body.as_bytes());
        };
        let real = Requests::new(self.stage.address, self.args.connections as usize, 201, write);
        let ready = self.ready(&real).await?;
        // The floor has numbers of its own: it must not take those of the server.
        let idle = real.afresh().to(ready);
        self.turns("status", idle, real).await
    }

    /// A server that answers everything as ours answers the first of these requests.
    async fn ready(&self, requests: &Requests) -> anyhow::Result<SocketAddr> {
        let mut talk = Talk::open(requests.server).await?;
        let status = talk.ask(|buffer| requests.put_next(buffer)).await?;
        let said = String::from_utf8_lossy(talk.answer()).into_owned();
        ensure!(status == requests.status, "expected {}, got {said}", requests.status);
        eprintln!("answers have {} bytes", talk.body().len());
        floor::ready(status, Bytes::copy_from_slice(talk.body())).await
    }

    async fn turns(&self, name: &str, idle: Requests, real: Requests) -> anyhow::Result<Halves> {
        let (name, rounds) = (name.to_owned(), self.args.rounds.clone());
        apart(move || async move {
            in_turns(&name, &rounds, async |lasts| idle.round(lasts).await, async |lasts| real.round(lasts).await).await
        })
        .await
    }
}
