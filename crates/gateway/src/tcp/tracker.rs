//! A tracker's protocol on a connection.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tracklane_protocols::{Session, Stream};

use super::speech::{Speech, Understood, Waiting};
use crate::door::{Door, House, Refused};
use crate::stats::{Ending, Outcome};

/// A tracker's protocol.
pub(super) struct Tracker {
    house: Arc<House>,
    door: Arc<Door>,
    stream: &'static Stream,
    session: Session,
}

impl Tracker {
    pub fn new(stream: &'static Stream, house: Arc<House>, door: Arc<Door>) -> Self {
        Self { session: Session::new(house.env.now()), house, door, stream }
    }
}

impl Speech for Tracker {
    fn longest(&self) -> usize {
        self.stream.max_frame
    }

    fn frame(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, String> {
        (self.stream.frame)(buffer).map_err(|error| error.to_string())
    }

    async fn read(&mut self, message: &[u8], waiting: &mut Waiting) -> Understood {
        self.session.received_at = self.house.env.now();
        let decoded = (self.stream.decode)(message, &mut self.session);
        for error in &decoded.errors {
            tracing::debug!(door = self.door.name, %error, "a message cannot be read");
        }
        let is_sound = decoded.errors.is_empty();
        if !is_sound {
            self.door.counters.message(Outcome::Unreadable);
        }
        let is_known = !decoded.reports.is_empty();
        match self.house.read(&self.door, None, &mut waiting.batch, &mut waiting.last, decoded.reports).await {
            Ok(wait) => {
                waiting.reply().extend(decoded.reply);
                Understood { ending: None, is_sound, is_known, wait }
            }
            Err(Refused::Unknown) => {
                waiting.reply().extend(decoded.refusal);
                Understood::end(Ending::UnknownDevice)
            }
            Err(Refused::Unavailable) => Understood::end(Ending::NotKept),
        }
    }
}
