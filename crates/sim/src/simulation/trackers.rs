//! Devices with connections of their own, as trackers have them: each logs in, sends, and waits for the answer before it
//! goes on. A connection that breaks is opened again, and what was not answered is sent again.

use std::collections::HashMap;
use std::time::Duration;

use bytes::BytesMut;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tracklane_client::Error;
use tracklane_core::Timestamp;
use tracklane_core::position::Report;
use tracklane_protocols::{ProtocolKind, Session, Stream, registry};

use super::send::{AT_ONCE, Counts, Row, report};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a message is sent that is not answered.
const TRIES: usize = 5;

/// The port that trackers are listened for on, and their connections.
pub(super) struct Trackers {
    name: &'static str,
    stream: &'static Stream,
    address: String,
    open: Mutex<HashMap<String, Tracker>>,
}

/// One of them.
struct Tracker {
    socket: TcpStream,
    /// What the other side knows: its answers are as the protocol says.
    session: Session,
    number: u16,
}

/// The protocols that a tracker's connection can speak.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    registry::PROTOCOLS.iter().filter(|protocol| tcp(&protocol.kind).is_some()).map(|protocol| protocol.name)
}

fn tcp(kind: &ProtocolKind) -> Option<&'static Stream> {
    match kind {
        ProtocolKind::Stream(stream) if stream.tcp => Some(stream),
        _ => None,
    }
}

impl Trackers {
    /// Those that speak this protocol to this address.
    ///
    /// # Errors
    /// When trackers do not speak it over TCP.
    pub fn new(name: &'static str, address: &str) -> Result<Self, Error> {
        let found = registry::find(name).ok().and_then(|protocol| tcp(&protocol.kind));
        let stream = found.ok_or_else(|| wrong(address, "it is no protocol of trackers over TCP"))?;
        Ok(Self { name, stream, address: address.to_owned(), open: Mutex::default() })
    }

    /// Sends rows, those of one device in this order.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not answer as the protocol says.
    pub async fn send(&self, rows: &[Vec<&Row<'_>>]) -> Result<Counts, Error> {
        let sent: Vec<Counts> =
            stream::iter(rows).map(|rows| self.of_device(rows)).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut counts = Counts::default();
        sent.into_iter().for_each(|more| counts.add(more));
        Ok(counts)
    }

    async fn of_device(&self, rows: &[&Row<'_>]) -> Result<Counts, Error> {
        let Some(device) = rows.first().map(|row| row.device) else { return Ok(Counts::default()) };
        let reports: Vec<Report> = rows.iter().map(|row| report(row)).collect();
        let known = self.open.lock().await.remove(device);
        let mut tracker = match known {
            Some(tracker) => tracker,
            None => self.connect(device).await?,
        };
        for report in &reports {
            let mut tries = 1;
            while let Err(error) = self.say(&mut tracker, report).await {
                if tries == TRIES {
                    return Err(error);
                }
                tries += 1;
                tracker = self.connect(device).await?;
            }
        }
        self.open.lock().await.insert(device.to_owned(), tracker);
        Ok(Counts { sent: rows.len(), accepted: rows.len(), ..Counts::default() })
    }

    async fn connect(&self, device: &str) -> Result<Tracker, Error> {
        let socket = TcpStream::connect(&self.address).await.map_err(|error| self.broken(&error))?;
        socket.set_nodelay(true).map_err(|error| self.broken(&error))?;
        let mut tracker = Tracker { socket, session: Session::new(Timestamp::UNIX_EPOCH), number: 0 };
        let login = (self.stream.login)(device);
        let login = login.ok_or_else(|| wrong(&self.address, &format!("{} cannot carry {device:?}", self.name)))?;
        self.exchange(&mut tracker, &login).await?;
        Ok(tracker)
    }

    async fn say(&self, tracker: &mut Tracker, report: &Report) -> Result<(), Error> {
        tracker.number = tracker.number.wrapping_add(1);
        let message = (self.stream.encode)(report, tracker.number);
        let message = message.ok_or_else(|| wrong(&self.address, &format!("{} cannot carry a fix", self.name)))?;
        self.exchange(tracker, &message).await
    }

    /// Sends a message, and waits for the answer that the protocol has to it, if it has one. Times in answers are the
    /// server's: only the length counts there.
    async fn exchange(&self, tracker: &mut Tracker, message: &[u8]) -> Result<(), Error> {
        let (reply, refusal) = self.answers(&mut tracker.session, message)?;
        tracker.socket.write_all(message).await.map_err(|error| self.broken(&error))?;
        let mut answer = vec![0; reply.len()];
        let heard = tokio::time::timeout(PATIENCE, tracker.socket.read_exact(&mut answer)).await;
        heard.map_err(|_| wrong(&self.address, "there was no answer in time"))?.map_err(|error| self.broken(&error))?;
        if !refusal.is_empty() && answer == refusal {
            return Err(wrong(&self.address, "the device was refused"));
        }
        Ok(())
    }

    /// What is answered to a message, and to one that is refused.
    fn answers(&self, session: &mut Session, message: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let (mut buffer, mut reply, mut refusal) = (BytesMut::from(message), Vec::new(), Vec::new());
        let frame = |buffer: &mut BytesMut| {
            (self.stream.frame)(buffer).map_err(|error| wrong(&self.address, &error.to_string()))
        };
        while let Some(frame) = frame(&mut buffer)? {
            let decoded = (self.stream.decode)(&frame, session);
            reply.extend(decoded.reply);
            refusal.extend(decoded.refusal);
        }
        Ok((reply, refusal))
    }

    fn broken(&self, error: &std::io::Error) -> Error {
        wrong(&self.address, &error.to_string())
    }
}

fn wrong(address: &str, detail: &str) -> Error {
    Error::Unexpected { url: address.to_owned(), detail: detail.to_owned() }
}
