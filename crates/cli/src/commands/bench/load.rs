//! The load: connections that stay open, requests made ahead, one in flight on each connection. Written on bare TCP, so
//! that it takes as little as possible of the two cores that it shares with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::position::Point;

/// A device of the load: where it is and where it goes.
#[derive(Debug, Clone)]
struct Mover {
    device: DeviceId,
    at: Point,
    step: (f64, f64),
    visits: u32,
}

/// The devices of all connections. Positions go on from round to round: no fix is sent twice.
pub struct Fleet {
    movers: Vec<Vec<Mover>>,
    start: Timestamp,
    token: String,
}

/// Time between two fixes of one device, by the device's clock, in milliseconds.
const FIX_STEP_MS: i64 = 100;
/// Degrees of latitude that a device moves between two fixes: about fifteen metres.
const STEP_DEGREES: f64 = 0.000_135;
/// The square in which devices move.
pub const SOUTH_WEST: Point = Point { lat: 41.0, lon: -9.0 };
/// Its side, in degrees.
pub const SIDE_DEGREES: f64 = 1.0;

/// What one round gave.
#[derive(Debug)]
pub struct Round {
    /// Answers per second.
    pub per_second: f64,
    /// Answers.
    pub answers: u64,
    /// Microseconds from the first byte sent to the last byte received.
    pub latency: Histogram<u64>,
}

impl Fleet {
    /// Devices at places that depend on `seed` alone, shared out among `connections`. Fix times begin at `start`.
    pub fn new(devices: &[DeviceId], connections: usize, seed: u64, start: Timestamp, token: &str) -> Self {
        let mut rng = Random(seed);
        let mut movers: Vec<Vec<Mover>> = vec![Vec::new(); connections.max(1)];
        for (index, device) in devices.iter().enumerate() {
            let angle = rng.unit() * std::f64::consts::TAU;
            let at = Point {
                lat: SOUTH_WEST.lat + rng.unit() * SIDE_DEGREES,
                lon: SOUTH_WEST.lon + rng.unit() * SIDE_DEGREES,
            };
            let step = (angle.sin() * STEP_DEGREES, angle.cos() * STEP_DEGREES);
            movers[index % connections.max(1)].push(Mover { device: *device, at, step, visits: 0 });
        }
        Self { movers, start, token: token.to_owned() }
    }

    /// Sends to `server` for so long, on every connection as fast as it answers.
    ///
    /// # Errors
    /// When a connection breaks or an answer is not 202.
    pub async fn round(&mut self, server: SocketAddr, lasts: Duration) -> anyhow::Result<Round> {
        let stop = Arc::new(AtomicBool::new(false));
        self.drive(server, Some(lasts), &stop).await
    }

    /// Sends one position of every device.
    ///
    /// # Errors
    /// As [`Fleet::round`].
    pub async fn once_each(&mut self, server: SocketAddr) -> anyhow::Result<Round> {
        let stop = Arc::new(AtomicBool::new(false));
        self.drive(server, None, &stop).await
    }

    async fn drive(
        &mut self,
        server: SocketAddr,
        lasts: Option<Duration>,
        stop: &Arc<AtomicBool>,
    ) -> anyhow::Result<Round> {
        let started = Instant::now();
        let mut tasks = Vec::new();
        for movers in std::mem::take(&mut self.movers) {
            let request = Request::new(&self.token, self.start);
            tasks.push(tokio::spawn(connection(server, movers, request, lasts.is_none(), stop.clone())));
        }
        if let Some(lasts) = lasts {
            tokio::time::sleep(lasts).await;
            stop.store(true, Ordering::Relaxed);
        }
        let mut latency = microseconds()?;
        let mut failure = None;
        for task in tasks {
            match task.await.context("a connection panicked")? {
                Ok((movers, part)) => {
                    latency.add(part)?;
                    self.movers.push(movers);
                }
                Err(error) => failure = Some(error),
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        let answers = latency.len();
        Ok(Round { per_second: answers as f64 / started.elapsed().as_secs_f64(), answers, latency })
    }
}

/// A histogram of times up to a minute, good to one in a thousand.
pub fn microseconds() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

async fn connection(
    server: SocketAddr,
    mut movers: Vec<Mover>,
    mut request: Request,
    once: bool,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<(Vec<Mover>, Histogram<u64>)> {
    let mut latency = microseconds()?;
    if movers.is_empty() {
        return Ok((movers, latency));
    }
    let mut stream = TcpStream::connect(server).await.context("failed to connect")?;
    stream.set_nodelay(true)?;
    let mut answer = Vec::with_capacity(4_096);
    'rounds: loop {
        for mover in &mut movers {
            if stop.load(Ordering::Relaxed) {
                break 'rounds;
            }
            let bytes = request.of(mover);
            let sent = Instant::now();
            stream.write_all(bytes).await.context("failed to send")?;
            read_answer(&mut stream, &mut answer).await?;
            latency.saturating_record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        if once {
            break;
        }
    }
    Ok((movers, latency))
}

/// Reads one answer to its last byte; anything but 202 is an error.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await.context("failed to receive")? == 0 {
            bail!("the server closed the connection");
        }
        let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let text = std::str::from_utf8(&buffer[..head]).context("the head of the answer is not text")?;
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let length = length.context("the answer has no length")?;
        if buffer.len() < head + 4 + length {
            continue;
        }
        if !text.starts_with("HTTP/1.1 202") {
            bail!("expected 202, got {}", String::from_utf8_lossy(buffer));
        }
        return Ok(());
    }
}

/// A request of which only device, time and place change, all of fixed width.
struct Request {
    bytes: Vec<u8>,
    device: usize,
    time: usize,
    lat: usize,
    lon: usize,
    start_ms: i64,
}

const DEVICE: &str = "dev_00000000000000000000000000";
const TIME: &str = "0000-00-00T00:00:00.000Z";
// One digit before the point of the longitude: JSON knows no leading zeros.
const LAT: &str = "41.0000000";
const LON: &str = "-8.0000000";

impl Request {
    fn new(token: &str, start: Timestamp) -> Self {
        let body = format!(
            r#"{{"device":"{DEVICE}","fix_time":"{TIME}","lat":{LAT},"lon":{LON},"speed_mps":15.0,"course_deg":90.0,"accuracy_m":5.0}}"#
        );
        let head = format!(
            "POST /v1/positions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let text = format!("{head}{body}");
        let find = |part: &str| text.find(part).map_or(0, |at| at);
        let (device, time, lat, lon) = (find(DEVICE), find(TIME), find(LAT), find(LON));
        Self { bytes: text.into_bytes(), device, time, lat, lon, start_ms: start.as_millisecond() }
    }

    /// The next position of a device.
    fn of(&mut self, mover: &mut Mover) -> &[u8] {
        let turn = |at: f64, low: f64, step: &mut f64| {
            let next = at + *step;
            if (low..low + SIDE_DEGREES).contains(&next) {
                return next;
            }
            *step = -*step;
            at
        };
        mover.at.lat = turn(mover.at.lat, SOUTH_WEST.lat, &mut mover.step.0);
        mover.at.lon = turn(mover.at.lon, SOUTH_WEST.lon, &mut mover.step.1);
        let at_ms = self.start_ms + i64::from(mover.visits) * FIX_STEP_MS;
        mover.visits += 1;
        let time = Timestamp::from_millisecond(at_ms).unwrap_or_default();
        self.put(self.device, &mover.device.to_string());
        self.put(self.time, &format!("{time:.3}"));
        self.put(self.lat, &format!("{:.7}", mover.at.lat));
        self.put(self.lon, &format!("{:.7}", mover.at.lon));
        &self.bytes
    }

    fn put(&mut self, at: usize, text: &str) {
        self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
}

/// A small generator (SplitMix64): the same seed gives the same places.
pub struct Random(pub u64);

impl Random {
    /// From 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use tracklane_api_types::PositionInput;
    use tracklane_core::id::Id as _;

    use super::*;

    #[test]
    fn every_request_is_a_position_of_its_own_within_the_square() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let devices = [DeviceId::from_uuid(Default::default())];
        let mut fleet = Fleet::new(&devices, 1, 1, start, "secret");
        let mut request = Request::new("secret", start);
        let mut before = None;
        for _ in 0..20_000 {
            let bytes = request.of(&mut fleet.movers[0][0]).to_vec();
            let text = String::from_utf8(bytes).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())));
            let position: PositionInput<'_> = serde_json::from_str(body).unwrap();
            assert!((41.0..42.0).contains(&position.lat) && (-9.0..-8.0).contains(&position.lon));
            assert!(before.is_none_or(|before| before < position.fix_time));
            before = Some(position.fix_time);
        }
    }
}
