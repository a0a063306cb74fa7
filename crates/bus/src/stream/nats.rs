//! The position stream on NATS with JetStream: one stream with a subject for each partition, `{subject}.{partition}`. The number of a
//! record is its sequence in the stream, which grows within each subject, too. What is saved is purged. NATS does not part partitions among
//! readers. Nodes tell each other over a subject of their own, `{subject}-nodes`, which nothing keeps.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
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

/// So many records are asked for at once.
const AT_ONCE: usize = 500;
/// So long the server waits for them.
const PULL: Duration = Duration::from_secs(1);
/// So long it knows of a reader that does not ask any more.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// A purge may take so long before it is taken for lost.
const PURGE: Duration = Duration::from_secs(5);

pub struct NatsStream {
    address: Address,
    partitions: u32,
    replicas: u32,
    /// None until it is needed. The client connects again by itself.
    connected: Mutex<Option<Connected>>,
    /// The same for whoever may not wait.
    client: OnceLock<Client>,
    /// True when the server may have begun anew, and has no stream any more.
    unsure: AtomicBool,
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
        let (client, cuts) = (OnceLock::new(), watch::Sender::new(0));
        let unsure = AtomicBool::new(false);
        Self { address, partitions, replicas, connected: Mutex::new(None), client, unsure, cuts }
    }

    fn subject(&self, partition: impl std::fmt::Display) -> String {
        format!("{}.{partition}", self.address.joined("."))
    }

    fn wanted(&self) -> stream::Config {
        stream::Config {
            name: self.address.joined("_").to_uppercase().replace('.', "_"),
            subjects: vec![self.subject("*")],
            num_replicas: self.replicas as usize,
            ..stream::Config::default()
        }
    }

    async fn connected(&self) -> Result<Connected, Failure> {
        let mut kept = self.connected.lock().await;
        if let Some(connected) = kept.as_mut() {
            if self.unsure.load(Ordering::Relaxed) {
                connected.stream = connected.context.get_or_create_stream(self.wanted()).await?;
                self.unsure.store(false, Ordering::Relaxed);
            }
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
        let stream = context.get_or_create_stream(self.wanted()).await?;
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
        let Connected { stream, .. } = self.connected().await?;
        let mut reader = Reader { stream, subject: self.subject(partition), next: from.max(1), pulled: None };
        // Whoever asked hears at once when the server does not answer.
        reader.pull().await?;
        Ok(reader)
    }

    async fn last(&self) -> Result<(String, Lsn), Failure> {
        let Connected { mut stream, .. } = self.connected().await?;
        let info = stream.info().await?;
        Ok((info.created.unix_timestamp_nanos().to_string(), info.state.last_sequence))
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
        Box::pin(async move {
            let sent = self.send(records).await;
            if sent.is_err() {
                self.unsure.store(true, Ordering::Relaxed);
            }
            sent.map_err(|error| failed(&*error))
        })
    }

    fn read(&self, partition: u32, from: Lsn) -> BoxFuture<'_, Result<Box<dyn PartitionReader>, StreamError>> {
        Box::pin(async move {
            let reader = self.open(partition, from).await.map_err(|error| failed(&*error))?;
            Ok(Box::new(reader) as Box<dyn PartitionReader>)
        })
    }

    fn end(&self, _: u32) -> BoxFuture<'_, Result<(String, Lsn), StreamError>> {
        // That of all partitions.
        Box::pin(async move { self.last().await.map_err(|error| failed(&*error)) })
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

/// Pulls records, some at a time. What is pulled has numbers of its own, without gaps; where there is one, something was lost on its way,
/// and is pulled again.
struct Reader {
    stream: stream::Stream,
    subject: String,
    /// The next record that may be handed on.
    next: Lsn,
    /// None until it is needed, and after a failure.
    pulled: Option<Pulled>,
}

struct Pulled {
    consumer: Consumer<pull::Config>,
    batch: pull::Batch,
    /// How many were pulled since the consumer was made.
    count: u64,
}

impl Reader {
    async fn pull(&mut self) -> Result<(), Failure> {
        let (consumer, count) = match self.pulled.take() {
            Some(Pulled { consumer, count, .. }) => (consumer, count),
            None => {
                let wanted = pull::Config {
                    filter_subject: self.subject.clone(),
                    deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: self.next },
                    ack_policy: AckPolicy::None,
                    inactive_threshold: FORGOTTEN,
                    ..pull::Config::default()
                };
                (self.stream.create_consumer(wanted).await?, 0)
            }
        };
        let batch = consumer.batch().max_messages(AT_ONCE).expires(PULL).messages().await?;
        self.pulled = Some(Pulled { consumer, batch, count });
        Ok(())
    }

    /// A message as a record; none when one before it was lost.
    fn take(&mut self, message: &jetstream::Message) -> Result<Option<Streamed>, Failure> {
        let info = message.info()?;
        let Some(pulled) = &mut self.pulled else { return Ok(None) };
        pulled.count += 1;
        if info.consumer_sequence != pulled.count {
            self.pulled = None;
            return Ok(None);
        }
        self.next = info.stream_sequence + 1;
        Ok(Some(Streamed { number: info.stream_sequence, payload: message.payload.to_vec() }))
    }

    async fn more(&mut self) -> Result<Vec<Streamed>, Failure> {
        let mut records = Vec::new();
        loop {
            let Some(pulled) = &mut self.pulled else {
                self.pull().await?;
                continue;
            };
            let mut message = pulled.batch.next().await;
            // From here on nothing is waited for: whoever gives up loses nothing.
            while let Some(found) = message {
                let found = found.inspect_err(|_| self.pulled = None)?;
                let Some(record) = self.take(&found)? else { break };
                records.push(record);
                let Some(pulled) = &mut self.pulled else { break };
                match pulled.batch.next().now_or_never() {
                    Some(more) => message = more,
                    None => return Ok(records),
                }
            }
            if !records.is_empty() {
                return Ok(records);
            }
            // The time is over, or it was the last one.
            if self.pulled.is_some() {
                self.pull().await?;
            }
        }
    }
}

impl PartitionReader for Reader {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Streamed>, StreamError>> {
        Box::pin(async move { self.more().await.map_err(|error| failed(&*error)) })
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
