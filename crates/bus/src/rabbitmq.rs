//! RabbitMQ: a durable topic exchange, routing keys `{tenant}.{event type}`, persistent messages, publisher confirms. CloudEvents
//! AMQP binding, binary mode: attributes are headers with the prefix `cloudEvents:`.

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::uri::{AMQPAuthority, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind};
use tokio::sync::Mutex;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::ports::{BoxFuture, EventSink, SinkError};

use crate::Address;

/// Survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// An exchange.
pub struct RabbitMq {
    address: Address,
    /// None until it is needed, and after a failure.
    link: Mutex<Option<Link>>,
}

struct Link {
    channel: Channel,
    /// Lives as long as its channel is used.
    _connection: Connection,
}

impl RabbitMq {
    pub fn new(address: Address) -> Self {
        Self { address, link: Mutex::new(None) }
    }

    /// The virtual host is the first part of the path where there are two.
    fn places(&self) -> (String, String) {
        match self.address.path.as_slice() {
            [exchange] => ("/".to_owned(), exchange.clone()),
            [host, exchange @ ..] => (host.clone(), exchange.join("/")),
            [] => ("/".to_owned(), String::new()),
        }
    }

    async fn connect(&self) -> lapin::Result<Link> {
        let (vhost, exchange) = self.places();
        let (host, port) = self.address.host();
        let (username, password) = self.address.credentials.clone().unwrap_or(("guest".to_owned(), "guest".to_owned()));
        let uri = AMQPUri {
            scheme: if self.address.tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority { userinfo: AMQPUserInfo { username, password }, host: host.to_owned(), port },
            vhost,
            ..AMQPUri::default()
        };
        let connection = Connection::connect_uri(uri, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, FieldTable::default()).await?;
        Ok(Link { channel, _connection: connection })
    }

    async fn send(&self, events: Vec<CloudEvent>) -> Result<(), SinkError> {
        let failed = |error: lapin::Error| SinkError(error.to_string());
        let mut kept = self.link.lock().await;
        let link = match kept.take() {
            Some(link) => link,
            None => self.connect().await.map_err(failed)?,
        };
        let (_, exchange) = self.places();
        let mut sent = Vec::with_capacity(events.len());
        for event in &events {
            let key = format!("{}.{}", event.tenant_id, event.kind);
            let body = event.body();
            let published = link.channel.basic_publish(
                exchange.as_str().into(),
                key.into(),
                BasicPublishOptions::default(),
                &body,
                properties(event),
            );
            sent.push(published.await.map_err(failed)?);
        }
        for receipt in sent {
            match receipt.await.map_err(failed)? {
                Confirmation::Ack(_) => {}
                Confirmation::Nack(_) | Confirmation::NotRequested => {
                    return Err(SinkError("the broker did not take a message".to_owned()));
                }
            }
        }
        *kept = Some(link);
        Ok(())
    }
}

fn properties(event: &CloudEvent) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in event.attributes() {
        headers
            .insert(ShortString::from(format!("cloudEvents:{name}")), AMQPValue::LongString(LongString::from(value)));
    }
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(event.id.to_string().into())
        .with_headers(headers)
}

impl EventSink for RabbitMq {
    fn publish(&self, events: Vec<CloudEvent>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(self.send(events))
    }
}
