//! One to many, each to its own, and what subscribers do to the others who stop to read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use axum::extract::ws::Utf8Bytes;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::DeviceLatest;

use super::floor::Floor;
use super::subscribers::{Plan, Subscribers, now_us};
use super::{DEAF, LiveArgs, latest, text_of, wants_positions};
use crate::commands::bench::report::Figure;
use crate::commands::bench::rounds::{Halves, Sample, in_turns};
use crate::commands::bench::stage::Stage;

/// Messages that everybody hears, in a burst.
const TO_ALL: usize = 500;
/// Messages of each topic, in a burst.
const TO_EACH: usize = 20;
/// How long a burst may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The figures.
///
/// # Errors
/// When subscribers do not start, or messages do not come.
pub async fn figures(args: &LiveArgs, stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let count = args.subscribers as usize;
    let env = &stage.app.engine.base.env;
    let one = |driver| latest(env, DeviceId::new(env), driver);
    let to_all: Arc<[_]> = (0..TO_ALL).map(|_| one(None)).collect();
    let drivers: Vec<_> = (0..count).map(|_| DriverId::new(env)).collect();
    let to_each: Arc<[_]> = (0..TO_EACH * count).map(|number| one(Some(drivers[number % count]))).collect();
    let bare = "the same frames from a bare WebSocket server";
    let plan = |server: SocketAddr, path: &str, say: Vec<String>, deaf: usize| {
        let (path, token) = (path.to_owned(), stage.token.clone());
        Plan { server, path, token, say, count, deaf, timed: false }
    };

    let floor = Floor::start(1, "").await?;
    let mut idle = Subscribers::start(&plan(floor.address, "/0", Vec::new(), 0)).await?;
    let mut real = Subscribers::start(&plan(stage.address, "/v1/live", vec![wants_positions(None)], 0)).await?;
    let all = in_turns(
        "one to many",
        &args.rounds,
        async |lasts| Burst::bare(&floor, 1, &to_all, count).round(&mut idle, lasts).await,
        async |lasts| Burst::real(stage, &to_all, count).round(&mut real, lasts).await,
    )
    .await?;
    drop(idle);
    let bytes = real.tell().await?;
    let bytes = bytes.bytes.checked_div(bytes.messages).unwrap_or(0);

    let deaf = DEAF.min(count / 2);
    // Nobody else may listen meanwhile.
    drop(real);
    let slow = deaf_halves(args, stage, &to_all, count, deaf, &plan).await?;

    let floor = Floor::start(count, "").await?;
    let mut idle = Subscribers::start(&plan(floor.address, "/{n}", Vec::new(), 0)).await?;
    let says = drivers.iter().map(|driver| wants_positions(Some(*driver))).collect();
    let mut real = Subscribers::start(&plan(stage.address, "/v1/live", says, 0)).await?;
    let own = in_turns(
        "own topics",
        &args.rounds,
        async |lasts| Burst::bare(&floor, count, &to_each, 1).round(&mut idle, lasts).await,
        async |lasts| Burst::real(stage, &to_each, 1).round(&mut real, lasts).await,
    )
    .await?;
    let with = |figure: Figure| figure.with("subscribers", count).with("message_bytes", bytes);
    Ok(vec![
        with(Figure::of("one_to_many", "messages/s", bare, "every subscriber hears everything", &all)?)
            .against([21, 22, 40]),
        with(Figure::of("own_topics", "messages/s", bare, "each subscriber hears one driver", &own)?),
        with(Figure::of("slow", "messages/s", "everybody reads", "some stop to read", &slow)?).with("stopped", deaf),
    ])
}

async fn deaf_halves(
    args: &LiveArgs,
    stage: &Stage,
    to_all: &Arc<[DeviceLatest]>,
    count: usize,
    deaf: usize,
    plan: &impl Fn(SocketAddr, &str, Vec<String>, usize) -> Plan,
) -> anyhow::Result<Halves> {
    // Those who stop to read are there until the server gives them up: each half has subscribers of its own.
    let half = async |deaf: usize, lasts| {
        let plan = plan(stage.address, "/v1/live", vec![wants_positions(None)], deaf);
        let mut subscribers = Subscribers::start(&plan).await?;
        let burst = Burst::real(stage, to_all, count - deaf);
        // The first burst fills what those who do not read have room for.
        burst.once(&mut subscribers).await?;
        burst.round(&mut subscribers, lasts).await
    };
    in_turns(
        "some stop to read",
        &args.rounds,
        async |lasts| half(0, lasts).await,
        async |lasts| half(deaf, lasts).await,
    )
    .await
}

/// Messages that are published at once.
struct Burst<'a> {
    /// How many are to be heard.
    expected: u64,
    publish: Box<dyn Fn(usize) + 'a>,
    count: usize,
}

impl<'a> Burst<'a> {
    /// By the server, each heard by so many.
    fn real(stage: &'a Stage, latest: &Arc<[DeviceLatest]>, hearers: usize) -> Self {
        let (live, tenant, messages) = (stage.app.engine.live.clone(), stage.tenant, latest.clone());
        let publish =
            move |number: usize| live.publish_positions(tenant, std::iter::once((&messages[number], Vec::new())));
        Self { expected: (latest.len() * hearers) as u64, publish: Box::new(publish), count: latest.len() }
    }

    /// By the bare server on so many channels, each heard by so many.
    fn bare(floor: &'a Floor, topics: usize, latest: &[DeviceLatest], hearers: usize) -> Self {
        let texts: Vec<Utf8Bytes> = latest.iter().map(text_of).collect();
        let publish = move |number: usize| floor.publish(number % topics, texts[number].clone());
        Self { expected: (latest.len() * hearers) as u64, publish: Box::new(publish), count: latest.len() }
    }

    /// Burst after burst, for so long.
    async fn round(&self, subscribers: &mut Subscribers, lasts: Duration) -> anyhow::Result<Sample> {
        let (started, mut took, mut heard) = (Instant::now(), Duration::ZERO, 0);
        while started.elapsed() < lasts {
            took += self.once(subscribers).await?;
            heard += self.expected;
        }
        Ok(Sample::rate(heard, took, None))
    }

    /// Publishes and waits until all is heard. Answers how long that took.
    async fn once(&self, subscribers: &mut Subscribers) -> anyhow::Result<Duration> {
        subscribers.begin().await?;
        let (started, started_us) = (Instant::now(), now_us());
        for number in 0..self.count {
            (self.publish)(number);
            if number % 16 == 15 {
                tokio::task::yield_now().await;
            }
        }
        loop {
            let heard = subscribers.tell().await?;
            if heard.messages >= self.expected {
                return Ok(Duration::from_micros(heard.last_us.saturating_sub(started_us).max(1)));
            }
            ensure!(
                started.elapsed() < PATIENCE,
                "only {} of {} messages came: {:?}",
                heard.messages,
                self.expected,
                heard.trouble
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
