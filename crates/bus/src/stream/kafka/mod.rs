//! The position stream on Kafka, and what speaks its protocol: a topic with as many partitions. The number of a record is its offset and one.
//! A consumer group parts the partitions among the nodes that track; how far their saved states reach is committed to it, where
//! tools for Kafka see how far behind they are. Nodes tell each other over a topic of their own, `{topic}-nodes`.

mod member;
mod reader;

use std::sync::{Arc, Mutex as Plain};
use std::time::Duration;

use krafka::admin::{CreateTopicsOptions, DescribeTopicsOptions, NewTopic};
use krafka::consumer::{AutoOffsetReset, Consumer, OffsetAndMetadata, TopicPartition};
use krafka::producer::{Acks, Producer};
use krafka::{Kafka as Client, Record};
use tokio::sync::Mutex;
use tracklane_core::ports::{
    BoxFuture, Listener, Lsn, Membership, PartitionReader, PositionStream, StreamError, Streamed,
};

use self::member::Member;
use self::reader::{Hub, Reader};
use crate::Address;
use crate::kafka::{DELIVERY, LINGER, client};

/// What the group of nodes that track is called; the topic stands before it.
const GROUP: &str = "-trackers";
/// For how long the topic of nodes keeps what they tell, in milliseconds.
const TOLD_MS: &str = "60000";
/// How long to wait for records before looking whether somebody still wants them.
const WAIT: Duration = Duration::from_millis(500);

pub struct KafkaStream {
    address: Address,
    partitions: u32,
    replicas: u32,
    /// None until it is needed, and after a failure.
    connected: Mutex<Option<Arc<Connected>>>,
    /// What reads for this node; none until it is needed, and after a failure.
    hub: Mutex<Option<Hub>>,
    /// This node in the group, as long as it is there.
    group: Plain<Option<Arc<Consumer>>>,
    /// What does not work at the moment.
    trouble: Plain<Option<String>>,
}

struct Connected {
    client: Client,
    producer: Producer,
}

fn failed(error: &krafka::KrafkaError) -> StreamError {
    StreamError(error.to_string())
}

fn number_of(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

impl KafkaStream {
    pub fn new(address: Address, partitions: u32, replicas: u32) -> Self {
        Self {
            address,
            partitions,
            replicas,
            connected: Mutex::new(None),
            hub: Mutex::new(None),
            group: Plain::default(),
            trouble: Plain::default(),
        }
    }

    fn topic(&self) -> String {
        self.address.joined("/")
    }

    fn nodes(&self) -> String {
        format!("{}-nodes", self.topic())
    }

    async fn connected(&self) -> Result<Arc<Connected>, StreamError> {
        let mut kept = self.connected.lock().await;
        if let Some(connected) = kept.as_ref() {
            return Ok(connected.clone());
        }
        let client = client(&self.address).await.map_err(|error| failed(&error))?;
        self.make_topics(&client).await?;
        let producer = client.producer().acks(Acks::All).linger(LINGER).delivery_timeout(DELIVERY).build().await;
        let producer = producer.map_err(|error| failed(&error))?;
        let connected = Arc::new(Connected { client, producer });
        *kept = Some(connected.clone());
        Ok(connected)
    }

    /// A connection for what waits: a broker answers the requests of a connection one after the other, and what is published must not stand
    /// behind who waits for records.
    async fn own_client(&self) -> Result<Client, StreamError> {
        client(&self.address).await.map_err(|error| failed(&error))
    }

    /// Makes the topics that are missing, and checks that there are as many partitions as are wanted.
    async fn make_topics(&self, client: &Client) -> Result<(), StreamError> {
        let admin = client.admin();
        let replicas = i16::try_from(self.replicas).unwrap_or(1);
        let topic =
            NewTopic::new(self.topic(), number_of(self.partitions), replicas).map_err(|error| failed(&error))?;
        let mut nodes = NewTopic::new(self.nodes(), 1, replicas).map_err(|error| failed(&error))?;
        nodes.configs.insert("retention.ms".to_owned(), TOLD_MS.to_owned());
        // Where they are there already, or may not be made by us, what follows says what is wrong, if anything is.
        let _ = admin.create_topics([topic, nodes], CreateTopicsOptions::default()).await;
        let found = admin.describe_topics([self.topic()], DescribeTopicsOptions::default()).await;
        let found = found.map_err(|error| failed(&error))?.remove(&self.topic());
        let found = found.ok_or_else(|| StreamError(format!("there is no topic {}", self.topic())))?;
        let count = found.map_err(|error| failed(&error))?.partitions.len();
        if count == self.partitions as usize {
            return Ok(());
        }
        Err(StreamError(format!("the topic {} has {count} partitions, not {}", self.topic(), self.partitions)))
    }

    /// Notes how a call went.
    fn noted<T>(&self, outcome: Result<T, StreamError>) -> Result<T, StreamError> {
        let mut trouble = self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *trouble = outcome.as_ref().err().map(ToString::to_string);
        outcome
    }

    async fn send(&self, records: Vec<(u32, Vec<u8>)>) -> Result<(), StreamError> {
        let connected = self.connected().await?;
        let topic = self.topic();
        let mut sent = Vec::with_capacity(records.len());
        for (partition, payload) in records {
            let record = Record::new(topic.clone(), payload).partition(number_of(partition));
            sent.push(connected.producer.enqueue(record).await.map_err(|error| failed(&error))?);
        }
        for receipt in sent {
            let _place = receipt.await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    async fn open(&self, partition: u32, from: Lsn) -> Result<Reader, StreamError> {
        // Which makes the topic where there is none.
        self.connected().await?;
        let mut hub = self.hub.lock().await;
        let hub = match hub.take().filter(|hub| !hub.has_ended()) {
            Some(running) => hub.insert(running),
            None => {
                let client = self.own_client().await?;
                let reset = client.consumer_without_group().auto_offset_reset(AutoOffsetReset::Earliest);
                let consumer = reset.build().await.map_err(|error| failed(&error))?;
                hub.insert(Hub::start(consumer, self.topic()))
            }
        };
        hub.read(number_of(partition), from).await
    }

    async fn last(&self, partition: u32) -> Result<(String, Lsn), StreamError> {
        let connected = self.connected().await?;
        let consumer = connected.client.consumer_without_group().build().await.map_err(|error| failed(&error))?;
        let (_, next) =
            consumer.fetch_watermarks(&self.topic(), number_of(partition)).await.map_err(|error| failed(&error))?;
        // A record's number is its offset and one.
        let found = connected.client.admin().describe_topics([self.topic()], DescribeTopicsOptions::default()).await;
        let found = found.map_err(|error| failed(&error))?.remove(&self.topic());
        let id = found.and_then(Result::ok).map(|topic| u128::from_be_bytes(topic.topic_id));
        Ok((format!("{:032x}", id.unwrap_or_default()), u64::try_from(next).unwrap_or(0)))
    }

    async fn commit(&self, partition: u32, before: Lsn) -> Result<(), StreamError> {
        let group = self.group.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let Some(group) = group else { return Ok(()) };
        let place = TopicPartition::new(self.topic(), number_of(partition));
        let offset = OffsetAndMetadata::new(i64::try_from(before.saturating_sub(1)).unwrap_or(i64::MAX));
        group.commit_offsets([(place, offset)]).await.map_err(|error| failed(&error))
    }

    async fn enter(&self) -> Result<Member, StreamError> {
        self.connected().await?;
        let member = Member::enter(&self.own_client().await?, self.topic(), format!("{}{GROUP}", self.topic())).await?;
        *self.group.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(member.consumer());
        Ok(member)
    }

    async fn say(&self, word: Vec<u8>) -> Result<(), StreamError> {
        let connected = self.connected().await?;
        let said = connected.producer.enqueue(Record::new(self.nodes(), word).partition(0)).await;
        // Whether it arrives is not waited for.
        said.map(drop).map_err(|error| failed(&error))
    }

    async fn hear(&self) -> Result<Ear, StreamError> {
        self.connected().await?;
        let client = self.own_client().await?;
        let consumer = client.consumer_without_group().auto_offset_reset(AutoOffsetReset::Latest);
        let consumer = consumer.build().await.map_err(|error| failed(&error))?;
        let topic = self.nodes();
        consumer.assign(&topic, vec![0]).await.map_err(|error| failed(&error))?;
        consumer.seek_to_end(&topic, 0).await.map_err(|error| failed(&error))?;
        Ok(Ear { consumer, words: Vec::new().into_iter() })
    }
}

impl PositionStream for KafkaStream {
    fn partitions(&self) -> u32 {
        self.partitions
    }

    fn publish(&self, records: Vec<(u32, Vec<u8>)>) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(async move { self.noted(self.send(records).await) })
    }

    fn read(&self, partition: u32, from: Lsn) -> BoxFuture<'_, Result<Box<dyn PartitionReader>, StreamError>> {
        Box::pin(async move { Ok(Box::new(self.open(partition, from).await?) as Box<dyn PartitionReader>) })
    }

    fn end(&self, partition: u32) -> BoxFuture<'_, Result<(String, Lsn), StreamError>> {
        Box::pin(self.last(partition))
    }

    fn release(&self, partition: u32, before: Lsn) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(self.commit(partition, before))
    }

    fn join(&self) -> BoxFuture<'_, Result<Option<Box<dyn Membership>>, StreamError>> {
        Box::pin(async move {
            let member = self.noted(self.enter().await)?;
            Ok(Some(Box::new(member) as Box<dyn Membership>))
        })
    }

    fn tell(&self, word: Vec<u8>) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(self.say(word))
    }

    fn listen(&self) -> BoxFuture<'_, Result<Box<dyn Listener>, StreamError>> {
        Box::pin(async move { Ok(Box::new(self.hear().await?) as Box<dyn Listener>) })
    }

    fn health(&self) -> Result<(), String> {
        let trouble = self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        trouble.map_or(Ok(()), |trouble| Err(format!("the position stream: {trouble}")))
    }
}

/// Listens to what nodes tell.
struct Ear {
    consumer: Consumer,
    words: std::vec::IntoIter<Vec<u8>>,
}

impl Listener for Ear {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<u8>, StreamError>> {
        Box::pin(async move {
            loop {
                if let Some(word) = self.words.next() {
                    return Ok(word);
                }
                let records = self.consumer.poll(WAIT).await.map_err(|error| failed(&error))?;
                let words = records.into_iter().filter_map(|record| record.value.map(|value| value.to_vec()));
                self.words = words.collect::<Vec<_>>().into_iter();
            }
        })
    }
}

/// A record of ours as the engine knows it.
fn streamed(offset: i64, payload: Vec<u8>) -> Streamed {
    Streamed { number: offset.cast_unsigned() + 1, payload }
}
