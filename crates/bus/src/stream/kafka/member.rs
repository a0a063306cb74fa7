//! This node in the group of those who track: which partitions are its own. The group is for that alone; what its consumer reads is passed over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use krafka::Kafka as Client;
use krafka::consumer::{
    AutoOffsetReset, Consumer, ConsumerRebalanceListener, PartitionAssignmentStrategy, TopicPartition,
};
use tokio::sync::{mpsc, oneshot};
use tracklane_core::ports::{BoxFuture, Membership, StreamError};

use super::failed;

/// A node that is silent for so long has left.
const SESSION: Duration = Duration::from_secs(10);
/// How often it says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often the group is looked after.
const LOOK: Duration = Duration::from_millis(250);
/// Partitions that are to go to others may be finished for so long.
const PATIENCE: Duration = Duration::from_secs(8);

/// What happens to the partitions of a node.
enum Change {
    Assigned(Vec<u32>),
    /// To be answered once they are finished.
    Revoked(Vec<u32>, oneshot::Sender<()>),
    Lost(Vec<u32>),
    Failed(String),
}

pub struct Member {
    consumer: Arc<Consumer>,
    changes: mpsc::UnboundedReceiver<Change>,
    mine: BTreeSet<u32>,
    finished: Option<oneshot::Sender<()>>,
}

impl Member {
    pub async fn enter(client: &Client, topic: String, group: String) -> Result<Self, StreamError> {
        let (says, changes) = mpsc::unbounded_channel();
        let consumer = client
            .consumer(group)
            .auto_offset_reset(AutoOffsetReset::Latest)
            .enable_auto_commit(false)
            .session_timeout(SESSION)
            .heartbeat_interval(HEARTBEAT)
            .partition_assignment_strategy(PartitionAssignmentStrategy::CooperativeSticky)
            .rebalance_listener(Ears(says.clone()))
            .build()
            .await
            .map_err(|error| failed(&error))?;
        consumer.subscribe([topic.as_str()]).await.map_err(|error| failed(&error))?;
        let consumer = Arc::new(consumer);
        tokio::spawn(look_after(consumer.clone(), topic, says));
        Ok(Self { consumer, changes, mine: BTreeSet::new(), finished: None })
    }

    pub fn consumer(&self) -> Arc<Consumer> {
        self.consumer.clone()
    }
}

/// Keeps the node in the group until nobody asks any more.
async fn look_after(consumer: Arc<Consumer>, topic: String, says: mpsc::UnboundedSender<Change>) {
    let mut paused = Vec::new();
    loop {
        let polled = tokio::select! {
            () = says.closed() => break,
            polled = consumer.poll(LOOK) => polled,
        };
        if let Err(error) = polled {
            let _ = says.send(Change::Failed(error.to_string()));
            break;
        }
        let mine = consumer.assignment().await.remove(&topic).unwrap_or_default();
        if mine != paused {
            consumer.pause(&topic, &mine).await;
            paused = mine;
        }
    }
    // Others need not wait until it is taken for gone.
    if let Err(error) = consumer.close().await {
        tracing::debug!(%error, "the group is not left in order");
    }
}

struct Ears(mpsc::UnboundedSender<Change>);

fn numbers(partitions: &[TopicPartition]) -> Vec<u32> {
    partitions.iter().filter_map(|place| u32::try_from(place.partition).ok()).collect()
}

impl ConsumerRebalanceListener for Ears {
    async fn on_partitions_assigned(&self, partitions: &[TopicPartition]) {
        let _ = self.0.send(Change::Assigned(numbers(partitions)));
    }

    async fn on_partitions_revoked(&self, partitions: &[TopicPartition]) {
        if partitions.is_empty() {
            return;
        }
        let (finished, wait) = oneshot::channel();
        let _ = self.0.send(Change::Revoked(numbers(partitions), finished));
        // Whoever is not finished by then comes too late.
        let _ = tokio::time::timeout(PATIENCE, wait).await;
    }

    async fn on_partitions_lost(&self, partitions: &[TopicPartition]) {
        let _ = self.0.send(Change::Lost(numbers(partitions)));
    }
}

impl Membership for Member {
    fn changed(&mut self) -> BoxFuture<'_, Result<Vec<u32>, StreamError>> {
        Box::pin(async move {
            // What was taken away is finished by now.
            if let Some(finished) = self.finished.take() {
                let _ = finished.send(());
            }
            match self.changes.recv().await {
                Some(Change::Assigned(partitions)) => self.mine.extend(partitions),
                Some(Change::Revoked(partitions, finished)) => {
                    self.mine.retain(|partition| !partitions.contains(partition));
                    self.finished = Some(finished);
                }
                Some(Change::Lost(partitions)) => self.mine.retain(|partition| !partitions.contains(partition)),
                Some(Change::Failed(text)) => return Err(StreamError(text)),
                None => return Err(StreamError("the group was left".to_owned())),
            }
            Ok(self.mine.iter().copied().collect())
        })
    }
}
