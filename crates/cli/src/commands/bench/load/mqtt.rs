//! Positions over MQTT 3.1.1 with QoS 1: so many messages at a time, and then the answers to all of them.

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tracklane_protocols::mqtt::{AckKind, Connect, Packet, Publish, Version};

use super::Speaker;
use super::fleet::Mover;
use super::text::Positions;

/// What a server of 3.1.1 says to whom it lets in.
const WELCOME: [u8; 4] = [0x20, 2, 0, 0];
/// The length of the answer to a message, and what it begins with.
const ANSWER: usize = 4;
const ANSWERS_BEGIN: [u8; 2] = [(AckKind::PubAck as u8) << 4, 2];

/// A connection that publishes positions.
pub struct MqttSpeaker {
    /// An API key, or nothing where nobody asks.
    token: String,
    /// What topics begin with: `tracklane/{tenant}/`.
    topics: String,
    /// How many messages are in flight.
    window: usize,
    /// A number of its own, in its client id.
    number: usize,
    id: u16,
    positions: Positions,
    topic: String,
    payload: Vec<u8>,
    message: Vec<u8>,
}

impl MqttSpeaker {
    /// One that shows this API key; numbers tell the connections apart.
    pub fn new(token: &str, tenant: &str, window: usize, number: usize) -> Self {
        Self {
            token: token.to_owned(),
            topics: format!("tracklane/{tenant}/"),
            window,
            number,
            id: 0,
            positions: Positions::default(),
            topic: String::new(),
            payload: Vec::new(),
            message: Vec::new(),
        }
    }
}

impl Speaker for MqttSpeaker {
    async fn greet(&mut self, stream: &mut TcpStream, _: &[Mover]) -> anyhow::Result<()> {
        let client_id = format!("bench-{}", self.number);
        let connect = Connect {
            version: Version::V3,
            client_id: &client_id,
            clean: true,
            keep_alive_seconds: 0,
            session_seconds: 0,
            user: Some("bench"),
            password: Some(self.token.as_bytes()),
            will_topic: None,
            has_method: false,
        };
        let mut bytes = Vec::new();
        ensure!(Packet::Connect(connect).write(Version::V3, &mut bytes), "the login cannot be written");
        stream.write_all(&bytes).await.context("failed to send")?;
        let mut answer = [0; WELCOME.len()];
        stream.read_exact(&mut answer).await.context("failed to receive")?;
        ensure!(answer == WELCOME, "the server does not let us in: {answer:02x?}");
        Ok(())
    }

    fn positions(&self, _: usize) -> usize {
        self.window
    }

    fn message<'a>(&mut self, movers: impl ExactSizeIterator<Item = &'a mut Mover>) -> &[u8] {
        self.message.clear();
        for mover in movers {
            mover.go();
            self.id = self.id.checked_add(1).unwrap_or(1);
            self.topic.clear();
            self.topic.push_str(&self.topics);
            self.topic.push_str(&mover.sender.identifier);
            self.payload.clear();
            self.payload.push(b'{');
            self.positions.put_fix(&mut self.payload, mover);
            let publish = Publish { qos: 1, again: false, id: self.id, topic: &self.topic, payload: &self.payload };
            Packet::Publish(publish).write(Version::V3, &mut self.message);
        }
        &self.message
    }

    fn is_answered(&self, answer: &[u8], positions: usize) -> anyhow::Result<bool> {
        if let Some(wrong) = answer.chunks_exact(ANSWER).find(|answer| !answer.starts_with(&ANSWERS_BEGIN)) {
            bail!("expected a PUBACK, got {wrong:02x?}");
        }
        Ok(answer.len() >= ANSWER * positions)
    }
}
