//! What is spoken on a connection, and what waits for its commit.

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio_util::sync::CancellationToken;

use crate::batch::{Batch, Last};
use crate::stats::Ending;

/// What is spoken on a connection: how bytes become messages, and messages positions and answers.
pub(crate) trait Speech: Send + 'static {
    /// The greatest message, in bytes.
    fn longest(&self) -> usize;

    /// Takes one message from the front of what has come; none when more is needed.
    ///
    /// # Errors
    /// When no message can be found any more, and why.
    fn frame(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, String>;

    /// Reads a message; what it holds, and what is answered to it, waits from then on.
    fn read(&mut self, message: &[u8], waiting: &mut Waiting) -> impl Future<Output = Understood> + Send;

    /// For how long there may be silence, if the other side has said so; otherwise the setting holds.
    fn silence(&self) -> Option<Duration> {
        None
    }

    /// Cancelled when another connection has taken the place of this one.
    fn replaced(&self) -> Option<&CancellationToken> {
        None
    }

    /// What is said last.
    fn farewell(&self, _ending: Ending) -> Vec<u8> {
        Vec::new()
    }
}

/// What comes of a message, besides what waits.
pub(crate) struct Understood {
    /// Why nothing more is to be read, if there is a reason.
    pub ending: Option<Ending>,
    /// Whether it can be read.
    pub is_sound: bool,
    /// Whether it is known by now which device this is.
    pub is_known: bool,
    /// How long to wait before the next.
    pub wait: Duration,
}

impl Understood {
    /// Nothing but the reason to end.
    pub fn end(ending: Ending) -> Self {
        Self { ending: Some(ending), is_sound: false, is_known: false, wait: Duration::ZERO }
    }
}

/// What waits for the next commit.
#[derive(Default)]
pub(crate) struct Waiting {
    /// The positions.
    pub batch: Batch,
    /// Who named itself last, in what was read at once.
    pub(super) last: Last,
    /// What is answered to messages before the first that holds a position: it waits for earlier commits alone.
    pub(super) ready: Vec<u8>,
    /// What is answered when it is durable.
    pub(super) replies: Vec<u8>,
    /// How many bytes it came in.
    pub(super) bytes: usize,
}

impl Waiting {
    /// Where to write an answer: what was put into the batch before is durable when it goes out.
    pub fn reply(&mut self) -> &mut Vec<u8> {
        if self.batch.is_empty() { &mut self.ready } else { &mut self.replies }
    }
}
