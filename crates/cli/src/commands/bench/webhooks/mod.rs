//! `tracklane bench webhooks`: from the event log to a receiver, next to a bare HTTP client.

mod bare;
mod sink;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;
use tracklane_core::Env;
use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::{DeviceId, EventId, TenantId, ZoneId};
use tracklane_core::model::{AttemptOutcome, Caller, Endpoint, EndpointState};
use tracklane_core::position::Attributes;
use tracklane_engine::Engine;
use tracklane_engine::webhooks::NewEndpoint;
use tracklane_store::{Scope, Store, events};

use self::sink::Sink;
use super::machine;
use super::report::{Figure, Report};
use super::rounds::{Halves, RoundArgs, Sample, alone, in_turns};
use super::stage::{Stage, StagePlan};
use crate::args::Global;

/// Signed webhooks to a receiver on this machine, next to a bare HTTP client; and what one slow receiver does to the others.
#[derive(Debug, Args)]
#[command(
    after_help = "In each round so many events are written to the log. They are fanned out, claimed, signed, sent and written down as
delivered; the rate is that of their arrival. The floor signs and sends the same body from one thread with a bare HTTP
client, as many in flight, and keeps nothing.

Example:
  tracklane bench webhooks --events 20000 -o json"
)]
pub struct WebhooksArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Events in each round.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    events: u32,
    /// Deliveries in flight.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    in_flight: u32,
}

/// What the slow receiver is told: one event in so many.
const ALARM_EVERY: u32 = 10;
/// After how long a receiver counts as silent.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a round may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the sub-command.
///
/// # Errors
/// When the server or the receiver does not start, or an event does not arrive.
pub async fn run(global: &Global, args: WebhooksArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let sink = Sink::start()?;
    let many = delivered(global, &args, &sink, folder.path().join("many")).await?;
    let slow = one_slow(global, &args, &sink, folder.path().join("slow")).await?;
    let bare = "a bare HTTP client that signs and sends the same, one thread";
    let figures = vec![
        Figure::of("deliveries", "messages/s", bare, "deliveries, from the log to written down", &many)?
            .against([23, 24])
            .with("in_flight", args.in_flight)
            .with("events", args.events),
        Figure::of("one_slow", "messages/s", "every receiver answers", "one receiver never answers", &slow)?
            .against([25])
            .with("timeout_ms", TIMEOUT.as_millis() as u64)
            .with("events", args.events),
    ];
    Report::new("webhooks", &args.rounds, figures, machine::facts(folder.path())?).print(global)
}

async fn stage(global: &Global, data: std::path::PathBuf, more: &[(&'static str, String)]) -> anyhow::Result<Stage> {
    let own = [("allow_private", "true".to_owned()), ("timeout_ms", TIMEOUT.as_millis().to_string())];
    let settings = own.iter().chain(more).map(|(key, value)| ("webhooks".to_owned(), (*key).to_owned(), value.clone()));
    let settings = settings.collect();
    Stage::set(global, &StagePlan { data, zones: 0, devices: 1, settings, ..StagePlan::default() }).await
}

/// As many as possible to one receiver.
async fn delivered(
    global: &Global,
    args: &WebhooksArgs,
    sink: &Sink,
    data: std::path::PathBuf,
) -> anyhow::Result<Halves> {
    let in_flight = args.in_flight.to_string();
    let more = [("concurrency", in_flight.clone()), ("concurrency_per_endpoint", in_flight)];
    let stage = stage(global, data, &more).await?;
    let log = Log::of(&stage);
    log.endpoint(sink.quick, &["zone.*"]).await?;
    let body = bare::body(&log.event(1, EventKind::ZoneEntered));
    let floor = |lasts| bare::round(sink.quick, args.in_flight as usize, body.clone(), lasts);
    let halves =
        in_turns("deliveries", &args.rounds, floor, async |_| log.round(sink, args.events, None).await).await?;
    stage.close().await;
    Ok(halves)
}

/// With the settings as they are by default: all receivers answer, then one does not.
async fn one_slow(
    global: &Global,
    args: &WebhooksArgs,
    sink: &Sink,
    data: std::path::PathBuf,
) -> anyhow::Result<Halves> {
    let stage = stage(global, data, &[]).await?;
    let log = Log::of(&stage);
    log.endpoint(sink.quick, &["zone.*"]).await?;
    let mut halves = Halves::default();
    // What a silent receiver was not told waits and is tried again: each half has a receiver of its own.
    let half = async |address: SocketAddr| {
        let other = log.endpoint(address, &["device.alarm"]).await?;
        let sample = log.round(sink, args.events, Some(ALARM_EVERY)).await;
        log.engine.webhooks.delete(&log.caller, other.id).await?;
        sample
    };
    for _ in 0..args.rounds.rounds {
        let one = RoundArgs { rounds: 1, ..args.rounds.clone() };
        let without = alone("every receiver answers", &one, async |_| half(sink.other).await).await?;
        let with = alone("one receiver never answers", &one, async |_| half(sink.silent).await).await?;
        halves.floor.extend(without.measured);
        halves.measured.extend(with.measured);
    }
    stage.close().await;
    Ok(halves)
}

/// The log that events are written to, and who hears of them.
struct Log {
    engine: Engine,
    store: Store,
    env: Env,
    tenant: TenantId,
    caller: Caller,
    device: DeviceId,
}

impl Log {
    fn of(stage: &Stage) -> Self {
        let engine = stage.app.engine.clone();
        let (store, env) = (engine.base.store.clone(), engine.base.env.clone());
        let device = DeviceId::new(&env);
        Self { store, env, tenant: stage.tenant, caller: Caller::system(stage.tenant), device, engine }
    }

    async fn endpoint(&self, address: SocketAddr, types: &[&str]) -> anyhow::Result<Endpoint> {
        let new = NewEndpoint {
            url: format!("http://{address}/hook"),
            description: None,
            event_types: types.iter().map(|&kind| kind.to_owned()).collect(),
            state: EndpointState::Active,
        };
        Ok(self.engine.webhooks.create(&self.caller, new).await?)
    }

    fn event(&self, number: u32, kind: EventKind) -> Event {
        let now = self.env.now();
        let lat = 41.0 + f64::from(number) * 1e-6;
        let data = json!({
            "zone_name": format!("Zone {number}"), "point": { "lat": lat, "lon": -8.5 }, "proved_at": now,
            "late": false, "alert": true, "inferred": false,
        });
        Event {
            id: EventId::new(&self.env),
            tenant_id: self.tenant,
            kind,
            occurred_at: now,
            recorded_at: now,
            shipment_id: None,
            sequence: 0,
            driver_id: None,
            device_id: Some(self.device),
            zone_id: Some(ZoneId::new(&self.env)),
            endpoint_id: None,
            data: Attributes::from_iter(data.as_object().cloned().unwrap_or_default()),
        }
    }

    /// Writes events and waits until those that the quick receiver is to be told of have come to it.
    async fn round(&self, sink: &Sink, count: u32, alarm_every: Option<u32>) -> anyhow::Result<Sample> {
        let is_alarm = |number: u32| alarm_every.is_some_and(|every| number.is_multiple_of(every));
        let expected = u64::from(count) - (0..count).filter(|number| is_alarm(*number)).count() as u64;
        sink.begin();
        let before = self.written();
        let mut tx = self.store.begin(Scope::Tenant(self.tenant)).await?;
        for number in 0..count {
            let kind = if is_alarm(number) { EventKind::DeviceAlarm } else { EventKind::ZoneEntered };
            events::append(&mut tx, &mut self.event(number, kind)).await?;
        }
        tx.commit().await?;
        let started = Instant::now();
        while sink.quick_count() < expected || self.written() < before + expected {
            ensure!(started.elapsed() < PATIENCE, "only {} of {expected} messages came", sink.quick_count());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // The first one is where the clock begins.
        Ok(Sample::rate(sink.quick_count() - 1, sink.quick_took(), None))
    }

    /// How many deliveries have succeeded.
    fn written(&self) -> u64 {
        let counts = self.engine.webhooks.attempt_counts();
        counts.filter(|(outcome, _)| *outcome == AttemptOutcome::Success).map(|(_, count)| count).sum()
    }
}
