//! One connection. While a commit is under way, what comes in is read ahead, within a bound; it is the next commit. So a
//! device that sends one message after the other without waiting gets many of them into one commit, and its answers come
//! in the order of its messages, each after its commit.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracklane_core::ports::BoxFuture;
use tracklane_engine::Result;

use super::speech::{Speech, Understood, Waiting};
use crate::batch::Last;
use crate::door::{Door, House};
use crate::rate::Quota;
use crate::stats::{Ending, Outcome};

/// How many bytes are read at once.
const READ: usize = 16 * 1024;

/// How many positions one commit of a connection covers at most, and a frame's more.
const ROWS: usize = 4_096;

/// How many greatest frames may come without one that can be read.
const NOISE: usize = 4;

/// How long a device may take to read an answer.
const WRITE: Duration = Duration::from_secs(30);

/// How long a device is given to close a connection that we want to end, and how many bytes more it may send.
const LINGER: Duration = Duration::from_secs(1);
const DRAIN: usize = 64 * 1024;

/// A connection.
pub(super) struct Connection<S> {
    house: Arc<House>,
    door: Arc<Door>,
    speech: S,
    socket: TcpStream,
    /// What was read and not yet cut into frames.
    buffer: BytesMut,
    waiting: Waiting,
    quota: Quota,
    whole_at: Option<std::time::Instant>,
    /// Until when nothing more is read, because the device is too fast.
    paused: Option<Instant>,
    /// How many bytes came since the last frame that could be read, from a device that is known.
    noise: usize,
    /// When that frame came; the begin of the connection before that.
    heard: Instant,
    /// True when the device has said which one it is.
    known: bool,
    /// Why nothing more is read.
    ending: Option<Ending>,
}

type Commit = BoxFuture<'static, Result<Vec<u8>>>;

impl<S: Speech> Connection<S> {
    pub(super) fn new(socket: TcpStream, speech: S, house: Arc<House>, door: Arc<Door>) -> Self {
        Self {
            quota: Quota::new(house.settings.messages_per_second, Duration::from_secs(1)),
            house,
            door,
            speech,
            socket,
            buffer: BytesMut::new(),
            waiting: Waiting::default(),
            whole_at: None,
            paused: None,
            noise: 0,
            heard: Instant::now(),
            known: false,
            ending: None,
        }
    }

    /// Listens and answers until there is a reason to end. What was read by then is committed and answered first, unless
    /// the server stops: then only what is being committed is.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Ending {
        let mut commit: Option<Commit> = None;
        loop {
            self.cut().await;
            if commit.is_none() {
                let ready = std::mem::take(&mut self.waiting.ready);
                if self.answer(&ready).await.is_err() {
                    return Ending::Broken;
                }
                if !self.waiting.batch.is_empty() {
                    commit = Some(self.commit());
                } else if self.waiting.bytes > 0 {
                    // There is room again.
                    self.waiting.bytes = 0;
                    continue;
                } else if let Some(ending) = self.ending.filter(|_| self.paused.is_none()) {
                    self.close(ending).await;
                    return ending;
                }
            }
            let listens = self.ending.is_none();
            let (deadline, silence) = self.deadline();
            tokio::select! {
                kept = committed(&mut commit) => {
                    commit = None;
                    match kept {
                        Ok(replies) if self.answer(&replies).await.is_err() => return Ending::Broken,
                        Ok(_) => {}
                        Err(_) => {
                            self.close(Ending::NotKept).await;
                            return Ending::NotKept;
                        }
                    }
                }
                ready = self.socket.readable(), if listens && self.paused.is_none() && self.has_room() => {
                    self.ending = ready.map_err(|_| Ending::Broken).and_then(|()| self.receive()).err();
                }
                () = until(self.paused), if self.paused.is_some() => self.paused = None,
                () = tokio::time::sleep_until(deadline), if listens && commit.is_none() => self.ending = Some(silence),
                () = replaced(self.speech.replaced()), if listens => self.ending = Some(Ending::Replaced),
                () = stop.cancelled(), if self.ending != Some(Ending::Stopping) => {
                    (self.ending, self.paused) = (Some(Ending::Stopping), None);
                    self.waiting = Waiting::default();
                }
            }
        }
    }

    /// Takes what has come.
    fn receive(&mut self) -> Result<(), Ending> {
        self.buffer.reserve(READ);
        match self.socket.try_read_buf(&mut self.buffer) {
            Ok(0) => Err(Ending::Device),
            Ok(count) => {
                self.noise += count;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(Ending::Broken),
        }
    }

    /// Reads the messages that have come, as long as there is room for them.
    async fn cut(&mut self) {
        self.waiting.last = Last::default();
        let may_go_on = |ending| matches!(ending, None | Some(Ending::Device));
        while may_go_on(self.ending) && self.has_room() && self.paused.is_none() {
            match self.speech.frame(&mut self.buffer) {
                Ok(Some(message)) => self.read(&message).await,
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(door = self.door.name, %error, "a connection cannot be read any more");
                    self.door.counters.message(Outcome::Unreadable);
                    self.ending = Some(Ending::Unreadable);
                }
            }
        }
        if self.noise > READ + NOISE * self.speech.longest() {
            self.door.counters.message(Outcome::Unreadable);
            self.ending = self.ending.or(Some(Ending::Unreadable));
        }
        if self.buffer.is_empty() {
            // Most connections are silent most of the time: a silent one holds no buffer.
            self.buffer = BytesMut::new();
        }
    }

    async fn read(&mut self, message: &[u8]) {
        self.waiting.bytes += message.len();
        let Understood { ending, is_sound, is_known, wait } = self.speech.read(message, &mut self.waiting).await;
        self.ending = ending.or(self.ending);
        if ending.is_some() {
            return;
        }
        self.known |= is_known;
        if is_sound && self.known {
            (self.noise, self.heard) = (0, Instant::now());
        }
        let wait = wait.max(self.quota.take(&mut self.whole_at, std::time::Instant::now()));
        self.paused = Some(wait).filter(|wait| !wait.is_zero()).map(|wait| Instant::now() + wait);
    }

    fn has_room(&self) -> bool {
        self.waiting.bytes < self.house.settings.read_ahead_bytes && self.waiting.batch.rows() < ROWS
    }

    /// When the device has been silent for too long, and what that is called.
    fn deadline(&self) -> (Instant, Ending) {
        let settings = &self.house.settings;
        if !self.known {
            return (self.heard + Duration::from_secs(settings.login_seconds), Ending::NoLogin);
        }
        // A device that is slowed down is not silent.
        let heard = self.paused.map_or(self.heard, |until| until.max(self.heard));
        (heard + self.speech.silence().unwrap_or(Duration::from_secs(settings.idle_seconds)), Ending::Idle)
    }

    fn commit(&mut self) -> Commit {
        let Waiting { batch, replies, .. } = std::mem::take(&mut self.waiting);
        let (house, door) = (self.house.clone(), self.door.clone());
        Box::pin(async move { house.keep(&door, batch).await.map(|()| replies) })
    }

    async fn answer(&mut self, replies: &[u8]) -> Result<(), ()> {
        if replies.is_empty() {
            return Ok(());
        }
        let written = tokio::time::timeout(WRITE, self.socket.write_all(replies)).await;
        if matches!(written, Ok(Ok(()))) { Ok(()) } else { Err(()) }
    }

    /// Lets the last answer go out: a socket that is closed with something unread takes back what was written.
    async fn close(&mut self, ending: Ending) {
        let farewell = self.speech.farewell(ending);
        if ending == Ending::Device || self.answer(&farewell).await.is_err() || self.socket.shutdown().await.is_err() {
            return;
        }
        let drain = async {
            let mut left = DRAIN;
            while left > 0 && self.socket.readable().await.is_ok() {
                match self.socket.try_read(&mut [0; 1024]) {
                    Ok(0) => return,
                    Ok(count) => left = left.saturating_sub(count),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }
}

/// The end of a commit, if there is one.
async fn committed(commit: &mut Option<Commit>) -> Result<Vec<u8>> {
    match commit {
        Some(commit) => commit.await,
        None => std::future::pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn replaced(by: Option<&CancellationToken>) {
    match by {
        Some(by) => by.cancelled().await,
        None => std::future::pending().await,
    }
}
