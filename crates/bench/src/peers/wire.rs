//! Connections that stay open, requests made ahead, so many of them in flight on each.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;

/// Requests one after the other, sent again from the first when the last was sent.
#[derive(Debug, Default)]
pub struct Script {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Script {
    /// Adds a request.
    pub fn push(&mut self, request: &[u8]) {
        self.bytes.extend_from_slice(request);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of so many requests from one on, or of fewer up to the last; and how many they are.
    fn from(&self, first: usize, count: usize) -> (&[u8], usize) {
        let end = (first + count).min(self.ends.len());
        let start = if first == 0 { 0 } else { self.ends[first - 1] };
        (&self.bytes[start..self.ends[end - 1]], end - first)
    }
}

/// Counts answers in what comes back, in whatever pieces it comes.
pub trait Answers: Send {
    /// How many answers end in these bytes.
    ///
    /// # Errors
    /// When an answer says that the request failed.
    fn take(&mut self, bytes: &[u8]) -> Outcome<usize>;
}

/// One connection of a load.
pub struct Connection {
    /// What is said before the load begins; each is answered once.
    pub hello: Vec<Vec<u8>>,
    /// What is sent then.
    pub script: Script,
    /// How its answers are counted.
    pub answers: Box<dyn Answers>,
}

/// Sends on all connections for so long, `window` requests in flight on each, and gives the answers per second. The
/// connections are opened, and have said what they say first, before the clock starts.
///
/// # Errors
/// When a connection breaks, or an answer says that its request failed.
pub fn load(server: SocketAddr, connections: Vec<Connection>, window: usize, lasts: Duration) -> Outcome<f64> {
    let work = async {
        let mut open = Vec::with_capacity(connections.len());
        for mut connection in connections {
            let mut stream = TcpStream::connect(server).await?;
            stream.set_nodelay(true)?;
            for hello in &connection.hello {
                stream.write_all(hello).await?;
                read(&mut stream, connection.answers.as_mut(), &mut vec![0; 4_096]).await?;
            }
            open.push((stream, connection));
        }
        let started = Instant::now();
        let running =
            open.into_iter().map(|(stream, connection)| tokio::spawn(run(stream, connection, window, started + lasts)));
        let mut answers = 0;
        for task in running.collect::<Vec<_>>() {
            answers += task.await??;
        }
        Ok(answers as f64 / lasts.as_secs_f64())
    };
    let patience = Duration::from_secs(20) + lasts;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::time::timeout(patience, work).await.map_err(|_| "the server stopped answering")? })
}

/// Reads until at least one answer has ended.
async fn read(stream: &mut TcpStream, answers: &mut dyn Answers, buffer: &mut [u8]) -> Outcome<usize> {
    loop {
        let length = stream.read(buffer).await?;
        if length == 0 {
            return Err("the server closed the connection".into());
        }
        let count = answers.take(&buffer[..length])?;
        if count > 0 {
            return Ok(count);
        }
    }
}

/// The answers until `end`; what was under way by then is waited for and not counted.
async fn run(mut stream: TcpStream, mut connection: Connection, window: usize, end: Instant) -> Outcome<u64> {
    let (mut next, mut in_flight, mut counted) = (0, 0, 0);
    let mut buffer = vec![0; 64 << 10];
    loop {
        // As our own load does: the next ones once all of these are answered.
        let more = in_flight == 0 && Instant::now() < end;
        while more && in_flight < window {
            let (bytes, count) = connection.script.from(next, window - in_flight);
            stream.write_all(bytes).await?;
            in_flight += count;
            next = (next + count) % connection.script.len();
        }
        if in_flight == 0 {
            return Ok(counted);
        }
        let count = read(&mut stream, connection.answers.as_mut(), &mut buffer).await?;
        in_flight = in_flight.checked_sub(count).ok_or("more answers than requests")?;
        if Instant::now() < end {
            counted += count as u64;
        }
    }
}
