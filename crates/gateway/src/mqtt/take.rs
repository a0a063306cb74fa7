//! Whose a message is, and what is taken of it.

use std::time::Instant;

use rumqttc::Publish;
use tracklane_core::Timestamp;
use tracklane_protocols::mqtt::message::{Message, Row};

use crate::batch::Batch;
use crate::door::{Door, House, Refused};
use crate::stats::Outcome;

/// How old a position is, in seconds, that must have waited somewhere: a device that was away sends all of them at once,
/// and is not too fast.
const WAITED_SECONDS: i64 = 60;

impl House {
    /// Takes what a broker passes on into a batch. Devices behind a broker share one connection, which must not wait for one
    /// of them: what a device sends too fast is left out, counted and told of.
    ///
    /// # Errors
    /// [`Refused::Unavailable`] when the store does not answer.
    pub(super) async fn take(
        &self,
        door: &Door,
        published: &Publish,
        limit: usize,
        batch: &mut Batch,
    ) -> Result<(), Refused> {
        let Publish { topic, payload, .. } = published;
        if payload.len() > limit {
            self.unreadable(door, topic, &format!("it is larger than {limit} bytes"));
            return Ok(());
        }
        let Some(message) = self.message(door, topic, payload).ok().flatten() else { return Ok(()) };
        let tenant = match message.tenant {
            None => None,
            Some(name) => match self.tenant_named(door, name).await? {
                Some(tenant) => Some(tenant),
                None => {
                    door.counters.message(Outcome::UnknownDevice);
                    tracing::debug!(topic, "there is no such tenant");
                    return Ok(());
                }
            },
        };
        let known = match self.admit(door, tenant, message.device).await {
            Ok(known) => known,
            Err(Refused::Unknown) => {
                door.counters.message(Outcome::UnknownDevice);
                return Ok(());
            }
            Err(Refused::Unavailable) => {
                door.counters.message(Outcome::NotKept);
                return Err(Refused::Unavailable);
            }
        };
        if !self.devices.try_take(known.device_id, Instant::now()) && is_of_now(&message.rows, self.env.now()) {
            door.counters.message(Outcome::TooFast);
            if self.unknown.note(topic, Instant::now()).is_some() {
                tracing::warn!(topic, door = door.name, "a device is too fast, and what it sends is left out");
            }
            return Ok(());
        }
        self.put(door, batch, known, message.rows);
        Ok(())
    }

    /// Reads a message; none when it holds nothing that is wanted. What cannot be read is counted and told of.
    ///
    /// # Errors
    /// When nothing of it can be read.
    pub(super) fn message<'a>(&self, door: &Door, topic: &'a str, payload: &[u8]) -> Result<Option<Message<'a>>, ()> {
        match Message::read(topic, payload) {
            Ok(Some(message)) => {
                if let Some(error) = message.errors.first() {
                    self.unreadable(door, topic, &error.to_string());
                }
                if message.rows.is_empty() && !message.errors.is_empty() { Err(()) } else { Ok(Some(message)) }
            }
            Ok(None) => {
                door.counters.message(Outcome::WithoutPosition);
                Ok(None)
            }
            Err(error) => {
                self.unreadable(door, topic, &error.to_string());
                Err(())
            }
        }
    }

    fn unreadable(&self, door: &Door, topic: &str, error: &str) {
        door.counters.message(Outcome::Unreadable);
        if self.unknown.note(topic, Instant::now()).is_some() {
            tracing::warn!(topic, error, "a message cannot be read, and is left out");
        }
    }
}

fn is_of_now(rows: &[Row], now: Timestamp) -> bool {
    rows.iter().any(|row| row.time.is_none_or(|time| now.as_second() - time.as_second() < WAITED_SECONDS))
}
