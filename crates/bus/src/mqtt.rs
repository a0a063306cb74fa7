//! MQTT 3.1.1: topics `{prefix}/{tenant}/{event type, a level for each part}` with QoS 1. CloudEvents MQTT binding, structured
//! mode: this version has no room for attributes beside the body.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, Incoming, MqttOptions, Outgoing, QoS, TlsConfiguration, Transport};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::ports::{BoxFuture, EventSink, SinkError};

use crate::{Address, tls};

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long the broker may take to acknowledge a batch.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many messages wait to be sent.
const QUEUE: usize = 1_000;
/// The largest message.
const GREATEST: usize = 1 << 20;

/// Topics with one prefix.
pub struct Mqtt {
    address: Address,
    /// None until it is needed, and after a failure.
    link: Mutex<Option<Link>>,
}

/// A connection. Its task ends with it.
struct Link {
    client: AsyncClient,
    /// One for each acknowledgement; closed, with the reason as the last one, when the connection is lost.
    heard: mpsc::UnboundedReceiver<Result<(), String>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mqtt {
    pub fn new(address: Address) -> Self {
        Self { address, link: Mutex::new(None) }
    }

    fn connect(&self) -> Result<Link, SinkError> {
        let (host, port) = self.address.host();
        // The broker ends the connection of another client with the same name.
        let name = format!("tracklane-events-{:016x}", RandomState::new().hash_one(std::process::id()));
        let mut options = MqttOptions::new(name, host, port);
        options.set_keep_alive(KEEP_ALIVE).set_clean_session(true).set_max_packet_size(GREATEST, GREATEST);
        if let Some((user, password)) = &self.address.credentials {
            options.set_credentials(user, password);
        }
        if self.address.tls {
            let configuration = tls::configuration().map_err(SinkError)?;
            options.set_transport(Transport::Tls(TlsConfiguration::Rustls(Arc::new(configuration))));
        }
        let (client, events) = AsyncClient::new(options, QUEUE);
        let (tell, heard) = mpsc::unbounded_channel();
        Ok(Link { client, heard, task: tokio::spawn(hear(events, tell)) })
    }

    async fn send(&self, events: Vec<CloudEvent>) -> Result<(), SinkError> {
        let mut kept = self.link.lock().await;
        let mut link = match kept.take() {
            // What was lost while nothing was said is known by now.
            Some(link) if !link.task.is_finished() => link,
            _ => self.connect()?,
        };
        let prefix = self.address.joined("/");
        let mut open = 0;
        for event in &events {
            let topic = format!("{prefix}/{}/{}", event.tenant_id, event.kind.replace('.', "/"));
            let sent = link.client.publish(topic, QoS::AtLeastOnce, false, event.structured()).await;
            sent.map_err(|error| SinkError(error.to_string()))?;
            open += 1;
        }
        while open > 0 {
            match timeout(PATIENCE, link.heard.recv()).await {
                Ok(Some(Ok(()))) => open -= 1,
                Ok(Some(Err(why))) => return Err(SinkError(why)),
                Ok(None) => return Err(SinkError("the connection is gone".to_owned())),
                Err(_) => return Err(SinkError("the broker does not acknowledge".to_owned())),
            }
        }
        *kept = Some(link);
        Ok(())
    }
}

/// Keeps the connection going until it is lost: the client must not send again by itself what we send again.
async fn hear(mut events: EventLoop, tell: mpsc::UnboundedSender<Result<(), String>>) {
    loop {
        let said = match events.poll().await {
            Ok(Event::Incoming(Incoming::PubAck(_))) => Ok(()),
            Ok(Event::Outgoing(Outgoing::Disconnect)) => Err("the connection was ended".to_owned()),
            Ok(_) => continue,
            Err(error) => Err(error.to_string()),
        };
        let lost = said.is_err();
        if tell.send(said).is_err() || lost {
            return;
        }
    }
}

impl EventSink for Mqtt {
    fn publish(&self, events: Vec<CloudEvent>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(self.send(events))
    }
}
