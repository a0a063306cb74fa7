//! `tracklane demo`: everything at work, in one process: a server on a data folder of its own, a fleet that sends positions
//! through the public API, and a webhook receiver that checks every signature.

mod receiver;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc;
use tracklane_client::Client;
use tracklane_client::requests::{NewApiKey, NewEndpoint};
use tracklane_client::webhook::Secret;
use tracklane_core::id::{EndpointId, ShipmentId};
use tracklane_core::lifecycle::Status;
use tracklane_core::model::Role;
use tracklane_sim::replay::{FixTimes, ReplayPlan, Step, Summary, replay};

use super::own_server;
use super::replay::{Bar, PlayArgs};
use crate::app::{App, FirstAdmin};
use crate::args::Global;
use crate::config::Settings;
use crate::exit::Said;
use crate::output::{self, Format};
use receiver::{Receiver, WAY};

/// Show everything at work: a server, a fleet, webhooks, tracking pages.
#[derive(Debug, Args)]
#[command(
    after_help = "Plays the recorded trips of TRACKLANE_CORPUS when it is set, and a simulated fleet otherwise or with --fleet.
Nothing but positions moves the shipments; a webhook receiver inside the demo checks the signature of each message.
Each fix is dated the moment when it is due, as in a film that is shown too fast.

Examples:
  tracklane demo
  tracklane demo --fleet 5 --trips 10 --speed 300 --exit-when-done -o json
  tracklane demo --webhook http://127.0.0.1:9000/hook --webhook-secret-file secret.txt"
)]
pub struct DemoArgs {
    #[command(flatten)]
    play: PlayArgs,
    /// Where to keep the data; a temporary folder when left out.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Send the webhooks to this address, too.
    #[arg(long, value_name = "URL", requires = "webhook_secret_file")]
    webhook: Option<String>,
    /// Where to write the secret that its signatures are made with.
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_secret_file: Option<PathBuf>,
    /// End when every shipment has arrived, instead of going on serving.
    #[arg(long)]
    exit_when_done: bool,
}

/// Who logs in to the demo. No secret: the demo is for one machine and one afternoon.
const EMAIL: &str = "demo@tracklane.local";
const PASSWORD: &str = "tracklane-demo";

/// Whose shipments they are, as tracking pages say.
const COMPANY: &str = "Porto Parcels";

/// So many tracking pages are printed; every shipment has one.
const PAGES: usize = 5;
/// How long to wait for the last webhooks once the shipments have arrived.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the demo proves.
#[derive(Debug, Serialize)]
struct Proof {
    /// Shipments made.
    shipments: usize,
    /// Shipments delivered.
    delivered: usize,
    /// How many shipments went which way, as webhooks told it.
    by_status_path: BTreeMap<String, usize>,
    /// Shipments whose webhooks do not tell the whole way.
    mismatches: Vec<String>,
    /// Trips for which no shipment could be made.
    failed: Vec<(String, String)>,
    /// Tracking pages made: one for each shipment.
    tracking_pages: usize,
    /// Webhooks that came in, each counted once.
    webhooks_received: usize,
    /// Of them, those with a right signature.
    webhooks_verified: usize,
    /// Webhooks that came again.
    webhooks_repeated: usize,
    /// Webhooks by event type.
    webhooks_by_type: BTreeMap<String, usize>,
    /// Positions sent.
    positions: usize,
    /// Positions rejected.
    rejected: usize,
    /// From the first position to the last answer, in seconds.
    seconds: f64,
}

impl Proof {
    fn holds(&self) -> bool {
        self.shipments > 0
            && self.delivered == self.shipments
            && self.mismatches.is_empty()
            && self.failed.is_empty()
            && self.tracking_pages == self.shipments
            && self.webhooks_verified == self.webhooks_received
    }
}

/// Runs the sub-command.
///
/// # Errors
/// When the server cannot be started, or a shipment or a webhook did not come through.
pub async fn run(global: &Global, args: DemoArgs) -> anyhow::Result<()> {
    let temporary = tempfile::tempdir().context("failed to make a temporary folder")?;
    let data = args.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let settings = settings(global, &args, &data)?;
    crate::log::start(&settings.log)?;
    let env = crate::env::real();
    let mut plan = args.play.plan(None, FixTimes::Now, &env)?;
    let app = App::start(&settings, env.clone(), FirstAdmin { email: EMAIL, password: Some(PASSWORD) }).await?;
    if app.first_login.is_some() {
        plan.run.clear();
    }
    let receiver = Receiver::start(env).await?;
    let client = set_up(&app, &receiver).await?;
    let outside = outside(&client, &args).await?;
    let url = format!("http://{}", app.address);
    eprintln!("\n  Live map     {url}/\n  Log in       {EMAIL}  /  {PASSWORD}\n  API          {url}/docs\n");

    let proof = tokio::select! {
        proof = play(&client, plan, &receiver, outside) => proof?,
        () = crate::app::stop_signal() => bail!("stopped"),
    };
    report(global, &proof)?;
    if !args.exit_when_done {
        eprintln!("The server goes on: {url}/ (Ctrl-C ends it)");
        crate::app::stop_signal().await;
    }
    app.stop().await?;
    if proof.holds() { Ok(()) } else { Err(Said.into()) }
}

/// The settings of the demo: the machine's own receiver may be called, and the fleet may send as fast as it likes.
fn settings(global: &Global, args: &DemoArgs, data: &Path) -> anyhow::Result<Settings> {
    own_server::settings(global, "demo", (args.listen, data), &[("webhooks", "allow_private", "true")])
}

/// Makes an API key for the fleet and the webhook endpoint, through the API.
async fn set_up(app: &App, receiver: &Receiver) -> anyhow::Result<Client> {
    let http = crate::env::http_client()?;
    let guest = Client::new(http, crate::env::real(), &format!("http://{}", app.address))?;
    let login = guest.login(EMAIL, PASSWORD).await.context("the data folder is not one of a demo")?;
    let admin = guest.clone().with_token(&login.token)?;
    let key = NewApiKey { name: "Demo fleet".to_owned(), role: Role::Admin, requests_per_minute: Some(1_000_000) };
    let client = guest.with_token(&admin.create_api_key(&key).await?.secret)?;
    let _: serde_json::Value = admin.patch("v1/tenant", &json!({ "name": COMPANY })).await?;
    let url = format!("http://{}/hook", receiver.address);
    let (_, secret) = endpoint(&client, url, "The demo's own receiver").await?;
    receiver.trust(Secret::parse(&secret)?);
    Ok(client)
}

/// Makes an endpoint and answers its secret.
async fn endpoint(client: &Client, url: String, description: &str) -> anyhow::Result<(EndpointId, String)> {
    let event_types = vec!["shipment.*".to_owned(), "driver.*".to_owned()];
    let new = NewEndpoint { url, description: Some(description.to_owned()), event_types };
    let id = client.create_endpoint(&new).await?.id;
    Ok((id, client.endpoint_secret(id).await?.secret))
}

/// Makes the endpoint of a receiver outside the demo, where one is named, and writes its secret down for it.
async fn outside(client: &Client, args: &DemoArgs) -> anyhow::Result<Option<EndpointId>> {
    let (Some(url), Some(file)) = (&args.webhook, &args.webhook_secret_file) else {
        return Ok(None);
    };
    let (id, secret) = endpoint(client, url.clone(), "A receiver outside the demo").await?;
    let mut options = OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
    let written = opened.and_then(|mut opened| writeln!(opened, "{secret}"));
    written.with_context(|| format!("failed to write {}", file.display()))?;
    Ok(Some(id))
}

async fn play(
    client: &Client,
    plan: ReplayPlan,
    receiver: &Receiver,
    outside: Option<EndpointId>,
) -> anyhow::Result<Proof> {
    let made: Arc<Mutex<Vec<(String, ShipmentId)>>> = Arc::default();
    let (pages, begun) = mpsc::unbounded_channel();
    let printer = tokio::spawn(make_pages(client.clone(), begun));
    let mut bar = Bar::default();
    let env = crate::env::real();
    let mut watch = |step: Step<'_>| match step {
        Step::Ready => {}
        Step::Begun(trip, id) => {
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            made.push((trip.id.clone(), id));
            let _ = pages.send(id);
        }
        Step::Played(progress) => {
            let tally = receiver.tally();
            let delivered = tally.by_type.get("shipment.delivered").copied().unwrap_or(0);
            let verified = tally.verified;
            drop(tally);
            bar.show_with(progress, &format!(", {delivered} delivered, {verified} webhooks verified"));
        }
    };
    let summary = replay(client, plan, || env.now(), &mut watch).await?;
    bar.end();
    drop(pages);
    let tracking_pages = printer.await?;
    let made = std::mem::take(&mut *made.lock().unwrap_or_else(PoisonError::into_inner));
    let since = Instant::now();
    wait_for_webhooks(receiver, &made, &summary, since).await;
    if let Some(id) = outside {
        wait_for_outside(client, id, since).await?;
    }
    Ok(Proof { tracking_pages, ..prove(receiver, &made, summary) })
}

/// Makes a tracking page for each shipment, and prints the first few. Answers how many there are.
async fn make_pages(client: Client, mut shipments: mpsc::UnboundedReceiver<ShipmentId>) -> usize {
    let mut made = 0;
    while let Some(id) = shipments.recv().await {
        match client.create_link(id).await {
            Ok(link) => {
                made += 1;
                if made <= PAGES {
                    eprintln!("\r  Tracking     {}", link.url);
                }
            }
            Err(error) => eprintln!("\r  no tracking page for {id}: {error}"),
        }
    }
    made
}

/// Webhooks come after the answer to the last position: a moment's patience.
async fn wait_for_webhooks(receiver: &Receiver, made: &[(String, ShipmentId)], summary: &Summary, since: Instant) {
    while since.elapsed() < PATIENCE {
        let complete = made.iter().filter(|(_, id)| receiver.tally().complete(*id)).count();
        if complete >= summary.delivered {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The same patience until nothing waits for the receiver outside.
async fn wait_for_outside(client: &Client, id: EndpointId, since: Instant) -> anyhow::Result<()> {
    let path = format!("{}/messages", Client::path_of("endpoints", id));
    let query = [("state", "pending".to_owned()), ("limit", "1".to_owned())];
    while since.elapsed() < PATIENCE {
        let waiting: serde_json::Value = client.get(&path, &query).await?;
        if waiting["items"].as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

fn prove(receiver: &Receiver, made: &[(String, ShipmentId)], summary: Summary) -> Proof {
    let tally = receiver.tally();
    let mut by_status_path: BTreeMap<String, usize> = BTreeMap::new();
    let mut mismatches = Vec::new();
    for (trip, id) in made {
        let way: Vec<&str> = tally.way(*id).into_iter().map(Status::as_str).collect();
        let way = way.join(" > ");
        if !tally.complete(*id) {
            mismatches.push(format!("{id} ({trip}): {way}"));
        }
        *by_status_path.entry(way).or_default() += 1;
    }
    mismatches.extend(tally.refused.iter().map(|reason| format!("a webhook was refused: {reason}")));
    Proof {
        shipments: summary.shipments,
        delivered: summary.delivered,
        by_status_path,
        mismatches,
        failed: summary.failed,
        tracking_pages: 0,
        webhooks_received: tally.received,
        webhooks_verified: tally.verified,
        webhooks_repeated: tally.repeated,
        webhooks_by_type: tally.by_type.clone(),
        positions: summary.positions,
        rejected: summary.rejected,
        seconds: summary.seconds,
    }
}

fn report(global: &Global, proof: &Proof) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(proof);
    }
    output::line(&format!(
        "{} of {} shipments delivered by their zones alone, {} positions in {:.1} s",
        proof.delivered, proof.shipments, proof.positions, proof.seconds
    ))?;
    for (way, count) in &proof.by_status_path {
        output::line(&format!("  {count:>6}  {way}"))?;
    }
    output::line(&format!("{} of {} webhooks verified", proof.webhooks_verified, proof.webhooks_received))?;
    for (kind, count) in &proof.webhooks_by_type {
        output::line(&format!("  {count:>6}  {kind}"))?;
    }
    let way = WAY.map(Status::as_str).join(", ");
    if proof.mismatches.is_empty() {
        return output::line(&format!("no mismatch: webhooks told of {way} for every shipment"));
    }
    output::line(&format!("mismatches (expected {way}):"))?;
    proof.mismatches.iter().try_for_each(|mismatch| output::line(&format!("  {mismatch}")))
}
