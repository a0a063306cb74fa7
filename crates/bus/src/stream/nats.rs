//! The position stream on NATS with JetStream: one stream with a subject for each partition, `{subject}.{partition}`. The number of a
//! record is its sequence in the stream, which grows within each subject, too. What is saved is purged. NATS does not part partitions among
//! readers. Nodes tell each other over a subject of their own, `{subject}-nodes`, which nothing keeps.

use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::context::Context;
use async_nats::jetstream::{self, stream};
use async_nats::{Client, Event, Subscriber};
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::{Mutex, watch};
use tracklane_core::ports::{
    BoxFuture, Listener, Lsn, Membership, PartitionReader, PositionStream, StreamError, Streamed,
};

use crate::Address;
use crate::nats::{Failure, context, options};

/// So many records are handed on at once.
const AT_ONCE: usize = 256;
/// A purge may take so long before it is taken for lost.
const PURGE: Duration = Duration::from_secs(5);

pub struct NatsStream {
    address: Address,
    partitions: u32,
    replicas: u32,
    /// None until it is needed. The client connects again by itself.
    connected: Mutex<Option<Connected>>,
    /// The same for whoever may not wait.
    client: std::sync::OnceLock<Client>,
    /// How often the connection was cut: whoever listens has missed something then.
    cuts: watch::Sender<u64>,
}

#[derive(Clone)]
struct Connected {
    client: Client,
    context: Context,
    stream: stream::Stream,
}

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> StreamError {
    StreamError(error.to_string())
}

impl NatsStream {
    pub fn new(address: Address, partitions: u32, replicas: u32) -> Self {
        let client = std::sync::OnceLock::new();
        let cuts = watch::Sender::new(0);
        Self { address, partitions, replicas, connected: Mutex::new(None), client, cuts }
    }

    fn subject(&self, partition: impl std::fmt::Display) -> String {
        format!("{}.{partition}", self.address.joined("."))
    }

    async fn connected(&self) -> Result<Connected, Failure> {
        let mut kept = self.connected.lock().await;
        if let Some(connected) = kept.as_ref() {
            return Ok(connected.clone());
        }
        let cuts = self.cuts.clone();
        let options = options(&self.address)?.event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::SlowConsumer(_)) {
                cuts.send_modify(|cuts| *cuts += 1);
            }
            std::future::ready(())
        });
        let client = options.connect(self.address.hosts.as_slice()).await?;
        let context = context(client.clone());
        let wanted = stream::Config {
            name: self.address.joined("_").to_uppercase().replace('.', "_"),
            subjects: vec![self.subject("*")],
            num_replicas: self.replicas as usize,
            ..stream::Config::default()
        };
        let stream = context.get_or_create_stream(wanted).await?;
        let connected = Connected { client: client.clone(), context, stream };
        let _ = self.client.set(client);
        *kept = Some(connected.clone());
        Ok(connected)
    }

    async fn send(&self, records: Vec<(u32, Vec<u8>)>) -> Result<(), Failure> {
        let Connected { context, .. } = self.connected().await?;
        let mut sent = Vec::with_capacity(records.len());
        for (partition, payload) in records {
            sent.push(context.publish(self.subject(partition), payload.into()).await?);
        }
        for receipt in sent {
            receipt.await?;
        }
        Ok(())
    }

    async fn open(&self, partition: u32, from: Lsn) -> Result<Reader, Failure> {
        let Connected { mut stream, .. } = self.connected().await?;
        let state = &stream.info().await?.state;
        if state.last_sequence + 1 < from {
            return Err(format!("the broker has lost records: it knows none from {from} on").into());
        }
        let wanted = OrderedConfig {
            filter_subject: self.subject(partition),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from.max(1) },
            max_batch: AT_ONCE as i64 * 2,
            ..OrderedConfig::default()
        };
        let consumer: jetstream::consumer::Consumer<OrderedConfig> = stream.create_consumer(wanted).await?;
        Ok(Reader(consumer.messages().await?))
    }

    async fn forget(&self, partition: u32, before: Lsn) -> Result<(), Failure> {
        let Connected { stream, .. } = self.connected().await?;
        // One that does nothing would be for all.
        if before > 1 {
            let purge = stream.purge().filter(self.subject(partition)).sequence(before);
            tokio::time::timeout(PURGE, purge.into_future()).await??;
        }
        Ok(())
    }

    fn nodes(&self) -> String {
        format!("{}-nodes", self.address.joined("."))
    }

    async fn hear(&self) -> Result<Ear, Failure> {
        let Connected { client, .. } = self.connected().await?;
        let mut cuts = self.cuts.subscribe();
        cuts.borrow_and_update();
        let words = client.subscribe(self.nodes()).await?;
        // What others say is heard once the server knows of us.
        client.flush().await?;
        Ok(Ear { words, cuts })
    }

    async fn say(&self, word: Vec<u8>) -> Result<(), Failure> {
        let Connected { client, .. } = self.connected().await?;
        Ok(client.publish(self.nodes(), word.into()).await?)
    }
}

impl PositionStream for NatsStream {
    fn partitions(&self) -> u32 {
        self.partitions
    }

    fn publish(&self, records: Vec<(u32, Vec<u8>)>) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(async move { self.send(records).await.map_err(|error| failed(&*error)) })
    }

    fn read(&self, partition: u32, from: Lsn) -> BoxFuture<'_, Result<Box<dyn PartitionReader>, StreamError>> {
        Box::pin(async move {
            let reader = self.open(partition, from).await.map_err(|error| failed(&*error))?;
            Ok(Box::new(reader) as Box<dyn PartitionReader>)
        })
    }

    fn release(&self, partition: u32, before: Lsn) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(async move { self.forget(partition, before).await.map_err(|error| failed(&*error)) })
    }

    fn join(&self) -> BoxFuture<'_, Result<Option<Box<dyn Membership>>, StreamError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn tell(&self, word: Vec<u8>) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(async move { self.say(word).await.map_err(|error| failed(&*error)) })
    }

    fn listen(&self) -> BoxFuture<'_, Result<Box<dyn Listener>, StreamError>> {
        Box::pin(async move {
            let ear = self.hear().await.map_err(|error| failed(&*error))?;
            Ok(Box::new(ear) as Box<dyn Listener>)
        })
    }

    fn health(&self) -> Result<(), String> {
        match self.client.get().map(Client::connection_state) {
            None | Some(State::Connected) => Ok(()),
            Some(state) => Err(format!("the position stream is {state}")),
        }
    }
}

struct Reader(Ordered);

impl PartitionReader for Reader {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Streamed>, StreamError>> {
        Box::pin(async move {
            let mut records = Vec::new();
            let mut next = self.0.next().await;
            // From here on nothing is waited for: whoever gives up loses nothing.
            loop {
                let ended = || StreamError("the server has ended the reading".to_owned());
                let message = next.ok_or_else(ended)?.map_err(|error| failed(&error))?;
                let number = message.info().map_err(|error| failed(&*error))?.stream_sequence;
                records.push(Streamed { number, payload: message.payload.to_vec() });
                if records.len() >= AT_ONCE {
                    return Ok(records);
                }
                match self.0.next().now_or_never() {
                    Some(more) => next = more,
                    None => return Ok(records),
                }
            }
        })
    }
}

struct Ear {
    words: Subscriber,
    cuts: watch::Receiver<u64>,
}

impl Listener for Ear {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<u8>, StreamError>> {
        Box::pin(async move {
            tokio::select! {
                _ = self.cuts.changed() => Err(StreamError("the connection was cut".to_owned())),
                word = self.words.next() => {
                    let ended = || StreamError("the server has ended the listening".to_owned());
                    word.map(|word| word.payload.to_vec()).ok_or_else(ended)
                }
            }
        })
    }
}
