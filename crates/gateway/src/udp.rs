//! Devices that send datagrams. A device takes one that is not answered for lost, and sends it again; so whatever cannot be
//! kept, or is too much, is left without an answer.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tracklane_core::ports::BoxFuture;
use tracklane_engine::Result;
use tracklane_protocols::{Decoded, Session, Stream};

use crate::batch::{Batch, Last};
use crate::door::{Door, House, Refused};
use crate::stats::Outcome;

/// The greatest datagram there is.
const GREATEST: usize = 65_535;

/// How many positions one commit covers at most, and a datagram's more.
const ROWS: usize = 4_096;

/// How many answers may wait for a commit.
const ANSWERS: usize = 4_096;

/// How many addresses are remembered with the device that named itself there: not all protocols do so in each datagram.
const ADDRESSES: usize = 100_000;

type Answers = Vec<(SocketAddr, Vec<u8>)>;
type Commit = BoxFuture<'static, Result<Answers>>;

/// A socket that takes datagrams.
pub(crate) struct Datagrams {
    pub socket: UdpSocket,
    pub stream: &'static Stream,
    pub house: Arc<House>,
    pub door: Arc<Door>,
}

/// What waits for the next commit.
#[derive(Default)]
struct Waiting {
    batch: Batch,
    answers: Answers,
}

impl Waiting {
    fn has_room(&self) -> bool {
        self.batch.rows() < ROWS && self.answers.len() < ANSWERS
    }
}

impl Datagrams {
    /// Takes datagrams until told to stop. What is being committed then is still answered.
    pub async fn run(self, stop: CancellationToken) {
        let (mut waiting, mut commit) = (Waiting::default(), None::<Commit>);
        let mut sessions = Sessions::new(Duration::from_secs(self.house.settings.idle_seconds));
        let mut buffer = vec![0; GREATEST];
        loop {
            if commit.is_none() && !waiting.batch.is_empty() {
                commit = Some(self.commit(std::mem::take(&mut waiting)));
            } else if commit.is_none() && !waiting.answers.is_empty() {
                self.answer(std::mem::take(&mut waiting.answers)).await;
            }
            tokio::select! {
                kept = committed(&mut commit) => {
                    commit = None;
                    if let Ok(answers) = kept {
                        self.answer(answers).await;
                    }
                }
                ready = self.socket.readable(), if waiting.has_room() => {
                    if ready.is_ok() {
                        self.drain(&mut buffer, &mut sessions, &mut waiting).await;
                    }
                }
                () = stop.cancelled() => break,
            }
        }
        if let Some(commit) = commit
            && let Ok(answers) = commit.await
        {
            self.answer(answers).await;
        }
    }

    /// Takes all that has come, as long as there is room for it.
    async fn drain(&self, buffer: &mut [u8], sessions: &mut Sessions, waiting: &mut Waiting) {
        while waiting.has_room() {
            match self.socket.try_recv_from(buffer) {
                Ok((length, peer)) => self.receive(&buffer[..length], peer, sessions, waiting).await,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Somebody could not be reached with an answer; that says nothing of the others.
                Err(error) => tracing::debug!(door = self.door.name, %error, "a datagram was lost"),
            }
        }
    }

    async fn receive(&self, bytes: &[u8], peer: SocketAddr, sessions: &mut Sessions, waiting: &mut Waiting) {
        let mut session = sessions.take(peer).unwrap_or_else(|| Session::new(self.house.env.now()));
        session.received_at = self.house.env.now();
        let Decoded { reports, errors, reply, refusal } = (self.stream.datagram)(bytes, &mut session);
        for error in &errors {
            tracing::debug!(door = self.door.name, %error, "a datagram cannot be read");
        }
        if !errors.is_empty() {
            self.door.counters.message(Outcome::Unreadable);
        }
        let mut batch = Batch::default();
        match self.house.read(&self.door, None, &mut batch, &mut Last::default(), reports).await {
            Ok(wait) if wait.is_zero() => {
                waiting.batch.append(batch);
                waiting.answers.push((peer, reply));
                sessions.put(peer, session);
            }
            Ok(_) => self.door.counters.message(Outcome::TooFast),
            Err(Refused::Unknown) => waiting.answers.push((peer, refusal)),
            Err(Refused::Unavailable) => {}
        }
    }

    fn commit(&self, waiting: Waiting) -> Commit {
        let (house, door) = (self.house.clone(), self.door.clone());
        Box::pin(async move { house.keep(&door, waiting.batch).await.map(|()| waiting.answers) })
    }

    async fn answer(&self, answers: Answers) {
        for (peer, bytes) in answers.into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
            if let Err(error) = self.socket.send_to(&bytes, peer).await {
                tracing::debug!(door = self.door.name, %error, "an answer was lost");
            }
        }
    }
}

/// The end of a commit, if there is one.
async fn committed(commit: &mut Option<Commit>) -> Result<Answers> {
    match commit {
        Some(commit) => commit.await,
        None => std::future::pending().await,
    }
}

/// What is known of those at the other end of addresses that were heard lately.
struct Sessions {
    idle: Duration,
    known: HashMap<SocketAddr, (Session, Instant)>,
}

impl Sessions {
    fn new(idle: Duration) -> Self {
        Self { idle, known: HashMap::new() }
    }

    fn take(&mut self, peer: SocketAddr) -> Option<Session> {
        let (session, heard) = self.known.remove(&peer)?;
        (heard.elapsed() < self.idle).then_some(session)
    }

    fn put(&mut self, peer: SocketAddr, session: Session) {
        if session.device.is_empty() {
            return;
        }
        if self.known.len() >= ADDRESSES {
            let idle = self.idle;
            self.known.retain(|_, (_, heard)| heard.elapsed() < idle);
            if self.known.len() >= ADDRESSES {
                // Only somebody who makes up addresses has so many; devices name themselves anew.
                self.known.clear();
            }
        }
        self.known.insert(peer, (session, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use tracklane_core::Timestamp;

    use super::*;

    #[test]
    fn addresses_are_remembered_within_a_bound() {
        let mut sessions = Sessions::new(Duration::from_secs(60));
        let peer = |number: usize| SocketAddr::from(([127, 0, 0, 1], 1 + number as u16));
        let mut named = Session::new(Timestamp::UNIX_EPOCH);
        named.device = "a".to_owned();
        sessions.put(peer(0), Session::new(Timestamp::UNIX_EPOCH));
        assert_eq!(sessions.take(peer(0)), None, "nobody named itself there");
        sessions.put(peer(1), named.clone());
        assert_eq!(sessions.take(peer(1)), Some(named.clone()));
        let mut old = Sessions::new(Duration::ZERO);
        old.put(peer(1), named);
        assert_eq!(old.take(peer(1)), None);
    }
}
