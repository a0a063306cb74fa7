//! How long one message takes while nothing else happens: from the request to the frame.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::SignedDuration;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use super::floor::Floor;
use super::frames::Socket;
use super::{LiveArgs, latest, text_of, wants_positions};
use crate::commands::bench::load::fleet::Sender;
use crate::commands::bench::report::Figure;
use crate::commands::bench::requests::{Talk, post};
use crate::commands::bench::rounds::{Sample, apart, in_turns, microseconds};
use crate::commands::bench::stage::{Stage, zone_centers};

/// The pause before each: nothing is under way then.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a subscriber says who wants to hear who went into which zone.
const WANTS_ENTRIES: &str = r#"{"type":"subscribe","all":true,"events":["zone.entered"]}"#;
/// How far from the middle of a zone a device is outside of it for certain, in degrees: about 500 metres.
const OUTSIDE_DEGREES: f64 = 0.0045;

/// The figures.
///
/// # Errors
/// When a message does not come.
pub async fn figures(args: &LiveArgs, stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let env = &stage.app.engine.base.env;
    let text = text_of(&latest(env, stage.devices[0].id, None));
    let floor = Floor::start(1, text.as_str()).await?.address;
    let real = Side { server: stage.address, token: stage.token.clone(), devices: stage.devices.clone() };
    let args = args.rounds.clone();
    let (positions, entries) = apart(move || async move {
        let mut bare = Bare::open(floor).await?;
        let mut moving = Moving::open(real.clone(), &wants_positions(None), Vec::new()).await?;
        let positions = in_turns(
            "a position, idle",
            &args,
            async |lasts| times(lasts, async || bare.once().await).await,
            async |lasts| times(lasts, async || moving.position().await).await,
        )
        .await?;
        drop(moving);
        let mut crossing = Moving::open(real, WANTS_ENTRIES, zone_centers(CENTERS)).await?;
        let entries = in_turns(
            "an entry into a zone, idle",
            &args,
            async |lasts| times(lasts, async || bare.once().await).await,
            async |lasts| times(lasts, async || crossing.entry().await).await,
        )
        .await?;
        Ok((positions, entries))
    })
    .await?;
    let bare = "a request that a bare WebSocket server hands on";
    Ok(vec![
        Figure::of("idle_position", "ms", bare, "from the request to the position, 99 of 100", &positions)?,
        Figure::of("idle_entry", "ms", bare, "from the request to the event, 99 of 100", &entries)?.against([15]),
    ])
}

/// How many zones devices go into, one after the other.
const CENTERS: usize = 10_000;

/// One after the other, for so long. The value is what 99 of 100 took at most, in milliseconds.
async fn times(lasts: Duration, mut once: impl AsyncFnMut() -> anyhow::Result<Duration>) -> anyhow::Result<Sample> {
    let (started, mut times) = (Instant::now(), microseconds()?);
    while started.elapsed() < lasts {
        let took = tokio::time::timeout(PATIENCE, once()).await.context("a message did not come")??;
        times.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
    Ok(Sample {
        value: times.value_at_quantile(0.99) as f64 / 1e3,
        count: times.len(),
        times: Some(times),
        busy_seconds: None,
    })
}

/// Lets what is under way come, and nothing more happen.
async fn pause(socket: &mut Socket) -> anyhow::Result<()> {
    match tokio::time::timeout(PAUSE, socket.hear(|_, _| true)).await {
        Ok(ended) => ended,
        Err(_) => Ok(()),
    }
}

/// Sends a request and hears the frame that comes of it, whichever of frame and answer comes first.
async fn ask(socket: &mut Socket, talk: &mut Talk, write: impl FnOnce(&mut Vec<u8>)) -> anyhow::Result<Duration> {
    let sent = Instant::now();
    let hearing = async {
        socket.hear(|_, _| false).await?;
        anyhow::Ok(sent.elapsed())
    };
    let (heard, answered) = tokio::join!(hearing, talk.ask(write));
    anyhow::ensure!(answered? == 202, "not accepted: {}", String::from_utf8_lossy(talk.answer()));
    heard
}

struct Bare {
    socket: Socket,
    talk: Talk,
}

impl Bare {
    async fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let mut socket = Socket::open(server, "/0", "", None).await?;
        socket.hear(|_, _| false).await?;
        Ok(Self { socket, talk: Talk::open(server).await? })
    }

    async fn once(&mut self) -> anyhow::Result<Duration> {
        pause(&mut self.socket).await?;
        ask(&mut self.socket, &mut self.talk, |buffer| post(buffer, "/", "", b"{}")).await
    }
}

#[derive(Clone)]
struct Side {
    server: SocketAddr,
    token: String,
    devices: Vec<Sender>,
}

/// The real server, and devices that take turns.
struct Moving {
    side: Side,
    socket: Socket,
    talk: Talk,
    centers: Vec<Point>,
    next: usize,
}

impl Moving {
    async fn open(side: Side, say: &str, centers: Vec<Point>) -> anyhow::Result<Self> {
        let mut socket = Socket::open(side.server, "/v1/live", &side.token, Some(say)).await?;
        socket.hear(|_, _| false).await?;
        Ok(Self { talk: Talk::open(side.server).await?, side, socket, centers, next: 0 })
    }

    /// The next position of the next device.
    async fn position(&mut self) -> anyhow::Result<Duration> {
        // The first half of the devices; the other half goes into zones.
        let half = self.side.devices.len() / 2;
        let (device, visit) = (self.next % half, self.next / half);
        self.next += 1;
        let body = self.body(device, crate::env::real().now(), Point { lat: 40.0 + visit as f64 * 1e-4, lon: -8.5 });
        pause(&mut self.socket).await?;
        let Self { side, socket, talk, .. } = self;
        ask(socket, talk, |buffer| post(buffer, "/v1/positions", &side.token, body.as_bytes())).await
    }

    /// A device comes from outside; its second fix in a zone confirms that it is there.
    async fn entry(&mut self) -> anyhow::Result<Duration> {
        // A zone of its own for each of the other half.
        let half = self.side.devices.len() / 2;
        let (turn, device) = (self.next % half, half + self.next % half);
        self.next += 1;
        let (now, center) = (crate::env::real().now(), self.centers[turn % self.centers.len()]);
        let outside = Point { lat: center.lat + OUTSIDE_DEGREES, ..center };
        // Two fixes confirm that it is outside; of two inside the second one is what is waited for.
        for (seconds, point) in [(40, outside), (35, outside), (10, center)] {
            let at = now.checked_sub(SignedDuration::from_secs(seconds))?;
            let body = self.body(device, at, point);
            let status =
                self.talk.ask(|buffer| post(buffer, "/v1/positions", &self.side.token, body.as_bytes())).await?;
            anyhow::ensure!(status == 202, "not accepted: {}", String::from_utf8_lossy(self.talk.answer()));
        }
        pause(&mut self.socket).await?;
        let body = self.body(device, now, center);
        let Self { side, socket, talk, .. } = self;
        ask(socket, talk, |buffer| post(buffer, "/v1/positions", &side.token, body.as_bytes())).await
    }

    fn body(&self, device: usize, at: Timestamp, point: Point) -> String {
        let Point { lat, lon } = point;
        let id = self.side.devices[device].id;
        format!(r#"{{"device":"{id}","fix_time":"{at:.6}","lat":{lat:.7},"lon":{lon:.7},"accuracy_m":5.0}}"#)
    }
}
