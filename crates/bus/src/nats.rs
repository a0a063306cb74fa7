//! NATS with JetStream: subjects `{prefix}.{tenant}.{event type}`, in a stream that is made when there is none. CloudEvents NATS
//! binding, binary mode: attributes are headers with the prefix `ce-`. The id of the event is that of the message, too: within
//! the window of the stream JetStream keeps it once.

use std::time::Duration;

use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream;
use async_nats::{Client, ConnectOptions, HeaderMap};
use tokio::sync::Mutex;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::ports::{BoxFuture, EventSink, SinkError};

use crate::{Address, tls};

/// How long the server may take to acknowledge a message.
const PATIENCE: Duration = Duration::from_secs(10);

/// Subjects with one prefix.
pub struct Nats {
    address: Address,
    /// None until it is needed. The client connects again by itself.
    context: Mutex<Option<Context>>,
}

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Nats {
    pub fn new(address: Address) -> Self {
        Self { address, context: Mutex::new(None) }
    }

    async fn context(&self) -> Result<Context, Failure> {
        let mut kept = self.context.lock().await;
        if let Some(context) = kept.as_ref() {
            return Ok(context.clone());
        }
        let client = options(&self.address)?.connect(self.address.hosts.as_slice()).await?;
        let context = context(client);
        let prefix = self.address.joined(".");
        let wanted = stream::Config {
            name: prefix.to_uppercase().replace('.', "_"),
            subjects: vec![format!("{prefix}.>")],
            ..stream::Config::default()
        };
        context.get_or_create_stream(wanted).await?;
        *kept = Some(context.clone());
        Ok(context)
    }

    async fn send(&self, events: Vec<CloudEvent>) -> Result<(), Failure> {
        let context = self.context().await?;
        let prefix = self.address.joined(".");
        let mut sent = Vec::with_capacity(events.len());
        for event in &events {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", "application/json");
            for (name, value) in event.attributes() {
                headers.insert(format!("ce-{name}"), value);
            }
            let subject = format!("{prefix}.{}.{}", event.tenant_id, event.kind);
            let message = PublishMessage::build().payload(event.body().into()).headers(headers);
            sent.push(context.send_publish(subject, message.message_id(event.id.to_string())).await?);
        }
        for receipt in sent {
            receipt.await?;
        }
        Ok(())
    }
}

/// How the server at this address is spoken to.
pub(crate) fn options(address: &Address) -> Result<ConnectOptions, Failure> {
    let mut options = ConnectOptions::new().name("tracklane").connection_timeout(PATIENCE);
    if let Some((user, password)) = &address.credentials {
        options = options.user_and_password(user.clone(), password.clone());
    }
    if address.tls {
        options = options.require_tls(true).tls_client_config(tls::configuration()?);
    }
    Ok(options)
}

/// JetStream over a connection.
pub(crate) fn context(client: Client) -> Context {
    ContextBuilder::new().timeout(PATIENCE).build(client)
}

impl EventSink for Nats {
    fn publish(&self, events: Vec<CloudEvent>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move { self.send(events).await.map_err(|error| SinkError(error.to_string())) })
    }
}
