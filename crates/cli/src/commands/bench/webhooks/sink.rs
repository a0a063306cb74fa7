//! Receivers: one that answers at once, another one that does, and one that never does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The receivers, on a thread of their own. They listen until the process ends.
pub struct Sink {
    /// Answers at once, and counts.
    pub quick: SocketAddr,
    /// Answers at once.
    pub other: SocketAddr,
    /// Reads and never answers.
    pub silent: SocketAddr,
    counts: Arc<Counts>,
}

/// When messages came, in nanoseconds since `epoch`.
struct Counts {
    epoch: Instant,
    count: AtomicU64,
    first: AtomicU64,
    last: AtomicU64,
}

impl Counts {
    fn note(&self) {
        let now = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.first.fetch_min(now, Ordering::Relaxed);
        self.last.store(now, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Release);
    }
}

/// What a receiver does with a message.
#[derive(Clone)]
enum Does {
    Count(Arc<Counts>),
    Answer,
    Nothing,
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

impl Sink {
    /// Starts them on free ports.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn start() -> anyhow::Result<Self> {
        let counts = Arc::new(Counts {
            epoch: Instant::now(),
            count: AtomicU64::new(0),
            first: AtomicU64::new(u64::MAX),
            last: AtomicU64::new(0),
        });
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for does in [Does::Count(counts.clone()), Does::Answer, Does::Nothing] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").context("failed to listen")?;
            listener.set_nonblocking(true)?;
            addresses.push(listener.local_addr()?);
            listeners.push((listener, does));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("sink".to_owned()).spawn(move || {
            runtime.block_on(async {
                let all = listeners.into_iter().map(|(listener, does)| accept(listener, does));
                futures::future::join_all(all).await
            })
        })?;
        Ok(Self { quick: addresses[0], other: addresses[1], silent: addresses[2], counts })
    }

    /// Counts from nothing again.
    pub fn begin(&self) {
        self.counts.first.store(u64::MAX, Ordering::Relaxed);
        self.counts.count.store(0, Ordering::Release);
    }

    /// How many messages the quick one has.
    pub fn quick_count(&self) -> u64 {
        self.counts.count.load(Ordering::Acquire)
    }

    /// From the first of them to the last.
    pub fn quick_took(&self) -> Duration {
        let (first, last) = (self.counts.first.load(Ordering::Relaxed), self.counts.last.load(Ordering::Relaxed));
        Duration::from_nanos(last.saturating_sub(first))
    }
}

async fn accept(listener: std::net::TcpListener, does: Does) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, does.clone()));
    }
}

/// Reads requests until the other side has enough. What breaks off is no message.
async fn serve(mut stream: TcpStream, does: Does) {
    let mut buffer = Vec::with_capacity(8_192);
    while stream.set_nodelay(true).is_ok() {
        while let Some(length) = request_length(&buffer) {
            buffer.drain(..length);
            match &does {
                Does::Count(counts) => counts.note(),
                Does::Answer => {}
                Does::Nothing => continue,
            }
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

/// How long the first request is; none while it is not whole.
fn request_length(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head + length.unwrap_or(0)).filter(|length| buffer.len() >= *length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_with_its_body() {
        let request = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(request_length(request), Some(request.len()));
        assert_eq!(request_length(&request[..request.len() - 1]), None);
    }
}
