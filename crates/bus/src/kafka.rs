//! Kafka: one topic, the shipment as the key, so that the events of a shipment share a partition. CloudEvents Kafka binding,
//! binary mode: attributes are headers with the prefix `ce_`.

use std::time::Duration;

use krafka::auth::{AuthConfig, TlsConfig};
use krafka::producer::Acks;
use krafka::{Kafka as Client, Record};
use tokio::sync::Mutex;
use tracklane_core::cloudevent::CloudEvent;
use tracklane_core::ports::{BoxFuture, EventSink, SinkError};

use crate::Address;
use crate::address::Sasl;

/// How long a record may take before it counts as not delivered.
pub(crate) const DELIVERY: Duration = Duration::from_secs(12);
/// How long a broker may take to answer.
const REQUEST: Duration = Duration::from_secs(10);
/// How long records wait for others to go with them.
pub(crate) const LINGER: Duration = Duration::from_millis(2);

/// A topic.
pub struct Kafka {
    address: Address,
    /// None until it is needed, and after a failure.
    producer: Mutex<Option<krafka::producer::Producer>>,
}

impl Kafka {
    pub fn new(address: Address) -> Self {
        Self { address, producer: Mutex::new(None) }
    }

    async fn connect(&self) -> krafka::Result<krafka::producer::Producer> {
        let client = client(&self.address).await?;
        client.producer().acks(Acks::All).linger(LINGER).delivery_timeout(DELIVERY).build().await
    }

    async fn send(&self, events: Vec<CloudEvent>) -> krafka::Result<()> {
        let topic = self.address.joined("/");
        let mut kept = self.producer.lock().await;
        let producer = match kept.take() {
            Some(producer) => producer,
            None => self.connect().await?,
        };
        let mut sent = Vec::with_capacity(events.len());
        for event in &events {
            let record = Record::new(topic.clone(), event.body()).key(event.partition_key());
            let record = record.header("content-type", "application/json");
            let record = event
                .attributes()
                .into_iter()
                .fold(record, |record, (name, value)| record.header(format!("ce_{name}"), value));
            sent.push(producer.enqueue(record).await?);
        }
        for receipt in sent {
            let _place = receipt.await?;
        }
        *kept = Some(producer);
        Ok(())
    }
}

/// A connection to the cluster at this address.
pub(crate) async fn client(address: &Address) -> krafka::Result<Client> {
    let Address { hosts, credentials, tls, sasl, .. } = address;
    let mut auth = match credentials.clone() {
        None => AuthConfig::plaintext(),
        Some((user, password)) => match sasl {
            Sasl::Plain => AuthConfig::sasl_plain(user, password),
            Sasl::ScramSha256 => AuthConfig::sasl_scram_sha256(user, password),
            Sasl::ScramSha512 => AuthConfig::sasl_scram_sha512(user, password),
        },
    };
    if *tls {
        auth = auth.with_tls(TlsConfig::new().with_native_roots());
    }
    Client::builder(hosts.join(","))
        .client_id("tracklane")
        .request_timeout(REQUEST)
        .security(auth)
        .allow_auto_create_topics(true)
        .connect()
        .await
}

impl EventSink for Kafka {
    fn publish(&self, events: Vec<CloudEvent>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move { self.send(events).await.map_err(|error| SinkError(error.to_string())) })
    }
}
