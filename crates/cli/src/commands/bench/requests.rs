//! Requests of any kind: connections that stay open, one request in flight on each. Written on bare TCP, so that it takes as
//! little as possible of the processors that it shares with the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::rounds::{Sample, microseconds};

/// Writes the request of this number into the empty buffer.
pub type Write = Arc<dyn Fn(u64, &mut Vec<u8>) + Send + Sync>;

/// Requests to one server.
#[derive(Clone)]
pub struct Requests {
    /// Where to.
    pub server: SocketAddr,
    /// How many connections.
    connections: usize,
    /// The status that every answer must have.
    pub status: u16,
    /// The least time between the beginnings of two requests of one connection; none for as fast as it answers.
    pace: Option<Duration>,
    /// The requests. Numbers go up over all connections and rounds.
    write: Write,
    numbers: Arc<AtomicU64>,
}

impl Requests {
    /// Requests as fast as they are answered.
    pub fn new(
        server: SocketAddr,
        connections: usize,
        status: u16,
        write: impl Fn(u64, &mut Vec<u8>) + Send + Sync + 'static,
    ) -> Self {
        Self { server, connections, status, pace: None, write: Arc::new(write), numbers: Arc::default() }
    }

    /// A `GET` of paths.
    pub fn get(
        server: SocketAddr,
        connections: usize,
        token: &str,
        path: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> Self {
        let rest = format!(" HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n");
        Self::new(server, connections, 200, move |number, buffer| {
            buffer.extend_from_slice(b"GET ");
            buffer.extend_from_slice(path(number).as_bytes());
            buffer.extend_from_slice(rest.as_bytes());
        })
    }

    /// The same requests to another server.
    pub fn to(&self, server: SocketAddr) -> Self {
        Self { server, ..self.clone() }
    }

    /// The same requests, so many a second at most.
    pub fn paced(&self, per_second: f64) -> Self {
        let pace = Duration::from_secs_f64(self.connections as f64 / per_second.max(1e-3));
        Self { pace: Some(pace), ..self.clone() }
    }

    /// The same requests, numbered from the first one again.
    pub fn afresh(&self) -> Self {
        Self { numbers: Arc::default(), ..self.clone() }
    }

    /// Writes the next request.
    pub fn put_next(&self, buffer: &mut Vec<u8>) {
        (self.write)(self.numbers.fetch_add(1, Ordering::Relaxed), buffer);
    }

    /// Sends for so long.
    ///
    /// # Errors
    /// When a connection breaks, or an answer has another status.
    pub async fn round(&self, lasts: Duration) -> anyhow::Result<Sample> {
        let (started, mut tasks) = (Instant::now(), JoinSet::new());
        for _ in 0..self.connections {
            tasks.spawn(self.clone().connection(started + lasts));
        }
        let mut times = microseconds()?;
        while let Some(ended) = tasks.join_next().await {
            times.add(ended.context("a connection panicked")??)?;
        }
        Ok(Sample::rate(times.len(), started.elapsed(), Some(times)))
    }

    async fn connection(self, until: Instant) -> anyhow::Result<Histogram<u64>> {
        let mut times = microseconds()?;
        let mut talk = Talk::open(self.server).await?;
        let mut next = Instant::now();
        while Instant::now() < until {
            if let Some(pace) = self.pace {
                tokio::time::sleep_until(next.into()).await;
                // Who falls behind does not catch up: the rate that was reached says so.
                next = (next + pace).max(Instant::now());
            }
            let sent = Instant::now();
            let status = talk.ask(|buffer| self.put_next(buffer)).await?;
            times.saturating_record(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
            if status != self.status {
                bail!("expected {}, got {}", self.status, String::from_utf8_lossy(talk.answer()));
            }
        }
        Ok(times)
    }
}

/// A connection on which one request goes after the other.
pub struct Talk {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    length: usize,
}

impl Talk {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await.context("failed to connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::with_capacity(1_024), answer: Vec::with_capacity(8_192), length: 0 })
    }

    /// Sends a request and reads the answer to its last byte. Answers its status.
    ///
    /// # Errors
    /// When the connection breaks, or the answer cannot be read.
    pub async fn ask(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> anyhow::Result<u16> {
        self.request.clear();
        write(&mut self.request);
        self.stream.write_all(&self.request).await.context("failed to send")?;
        self.answer.clear();
        let mut whole = None;
        loop {
            if self.stream.read_buf(&mut self.answer).await.context("failed to receive")? == 0 {
                bail!("the server closed the connection");
            }
            if whole.is_none() {
                whole = head(&self.answer)?;
            }
            if let Some((status, length)) = whole.filter(|(_, length)| self.answer.len() >= *length) {
                self.length = length;
                return Ok(status);
            }
        }
    }

    /// The whole of the last answer.
    pub fn answer(&self) -> &[u8] {
        &self.answer[..self.length]
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        let answer = self.answer();
        end_of_head(answer).map_or(&[], |end| &answer[end..])
    }
}

fn end_of_head(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The status, and the length of head and body; none while the head is not whole.
fn head(answer: &[u8]) -> anyhow::Result<Option<(u16, usize)>> {
    let Some(end) = end_of_head(answer) else { return Ok(None) };
    let text = std::str::from_utf8(&answer[..end]).context("the head of the answer is not text")?;
    let status = text.get(9..12).and_then(|digits| digits.parse().ok()).context("the answer has no status")?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    // These have no body and need not say so.
    let length =
        if matches!(status, 204 | 304) { length.unwrap_or(0) } else { length.context("the answer has no length")? };
    Ok(Some((status, end + length)))
}

/// A `POST` of JSON.
pub fn post(buffer: &mut Vec<u8>, path: &str, token: &str, body: &[u8]) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    buffer.extend_from_slice(head.as_bytes());
    buffer.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(head(answer).unwrap(), Some((200, answer.len())));
        assert_eq!(head(&answer[..20]).unwrap(), None);
        let nothing = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(head(nothing).unwrap(), Some((204, nothing.len())));
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
