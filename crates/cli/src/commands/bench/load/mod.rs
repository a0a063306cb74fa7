//! The load: devices that move, connections that stay open, on each one message in flight. Written on bare TCP, so that it
//! takes as little as possible of the cores that it shares with the server. What a connection says is a [`Speaker`]: one
//! per protocol.

pub mod fleet;
pub mod http;
pub mod mqtt;
pub mod teltonika;
mod text;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::fleet::{Fleet, Mover};
use super::rounds::{Sample, microseconds};

/// How one connection speaks its protocol.
pub trait Speaker: Send + 'static {
    /// What must be said before the first message of these devices, and to the last byte of the answer to it; nothing by
    /// default.
    ///
    /// # Errors
    /// When the other side does not answer as it should.
    fn greet(&mut self, _: &mut TcpStream, _: &[Mover]) -> impl Future<Output = anyhow::Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// How many positions the next message holds, out of so many devices.
    fn positions(&self, devices: usize) -> usize;

    /// The next message: the next position of each of these devices.
    fn message<'a>(&mut self, movers: impl ExactSizeIterator<Item = &'a mut Mover>) -> &[u8];

    /// Whether the answer to a message is whole, and says that every position of it was accepted.
    ///
    /// # Errors
    /// When it says anything else.
    fn is_answered(&self, answer: &[u8], positions: usize) -> anyhow::Result<bool>;
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// After so long.
    Passed(Duration),
    /// Once every device has sent.
    AllSent,
}

impl Fleet {
    /// Sends to `server` over so many connections, on each as fast as it answers. Answers positions per second, and how
    /// long the messages took from the first byte sent to the last byte received.
    ///
    /// # Errors
    /// When a connection breaks or a position is not accepted.
    pub async fn drive<S: Speaker>(
        &mut self,
        server: SocketAddr,
        connections: usize,
        until: Until,
        speaker: impl Fn() -> S,
    ) -> anyhow::Result<Sample> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut open = Vec::new();
        for movers in self.deal(connections) {
            let mut speaker = speaker();
            let mut stream = TcpStream::connect(server).await.context("failed to connect")?;
            stream.set_nodelay(true)?;
            speaker.greet(&mut stream, &movers).await?;
            open.push(Connection { stream, movers, speaker, stop: stop.clone(), once: until == Until::AllSent });
        }
        let started = Instant::now();
        let tasks: Vec<_> = open.into_iter().map(|connection| tokio::spawn(connection.run())).collect();
        if let Until::Passed(lasts) = until {
            tokio::time::sleep(lasts).await;
            stop.store(true, Ordering::Relaxed);
        }
        let (mut times, mut sent, mut failure) = (microseconds()?, 0, None);
        for task in tasks {
            match task.await.context("a connection panicked")? {
                Ok(part) => {
                    times.add(part.times)?;
                    sent += part.sent;
                    self.take_back(part.movers);
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Sample::rate(sent, started.elapsed(), Some(times))),
        }
    }
}

/// One connection and the devices that send over it.
struct Connection<S> {
    stream: TcpStream,
    movers: Vec<Mover>,
    speaker: S,
    stop: Arc<AtomicBool>,
    /// Whether each device sends once only.
    once: bool,
}

/// What became of a connection.
struct Part {
    movers: Vec<Mover>,
    times: Histogram<u64>,
    sent: u64,
}

impl<S: Speaker> Connection<S> {
    async fn run(mut self) -> anyhow::Result<Part> {
        let (mut times, mut sent) = (microseconds()?, 0);
        let mut answer = Vec::with_capacity(4_096);
        let (mut next, count) = (0, self.movers.len());
        while count > 0 && !self.stop.load(Ordering::Relaxed) {
            let positions = self.speaker.positions(count - next).min(count - next);
            let bytes = self.speaker.message(self.movers[next..next + positions].iter_mut());
            let since = Instant::now();
            self.stream.write_all(bytes).await.context("failed to send")?;
            answer.clear();
            while !self.speaker.is_answered(&answer, positions)? {
                if self.stream.read_buf(&mut answer).await.context("failed to receive")? == 0 {
                    bail!("the server closed the connection");
                }
            }
            times.saturating_record(u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX));
            sent += positions as u64;
            next += positions;
            if next == count {
                if self.once {
                    break;
                }
                next = 0;
            }
        }
        Ok(Part { movers: self.movers, times, sent })
    }
}
