//! One consumer reads all partitions of a node, and gives the records to who asked for them. A partition whose records nobody takes is
//! paused: it holds up no other.

use std::collections::HashMap;
use std::time::Duration;

use krafka::consumer::Consumer;
use tokio::sync::{mpsc, oneshot};
use tracklane_core::ports::{BoxFuture, Lsn, PartitionReader, StreamError, Streamed};

use super::{failed, streamed};

/// How many lots of records wait for who asked for them.
const AHEAD: usize = 4;
/// How long a look takes at most while somebody waits for room.
const SHORT: Duration = Duration::from_millis(10);
/// And otherwise.
const LONG: Duration = Duration::from_millis(200);
/// The pause before a cluster that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(500);

type Lots = mpsc::Sender<Result<Vec<Streamed>, StreamError>>;

/// Somebody asks for a partition from an offset on.
struct Wish {
    partition: i32,
    from: i64,
    lots: Lots,
    done: oneshot::Sender<Result<(), StreamError>>,
}

/// The way to what reads.
pub struct Hub(mpsc::UnboundedSender<Wish>);

impl Hub {
    pub fn start(consumer: Consumer, topic: String) -> Self {
        let (wishes, asked) = mpsc::unbounded_channel();
        tokio::spawn(Reading { consumer, topic, lanes: HashMap::new() }.run(asked));
        Self(wishes)
    }

    pub fn has_ended(&self) -> bool {
        self.0.is_closed()
    }

    /// Begins to read a partition from this number on.
    pub async fn read(&self, partition: i32, from: Lsn) -> Result<Reader, StreamError> {
        let (lots, waiting) = mpsc::channel(AHEAD);
        let (done, begun) = oneshot::channel();
        let from = i64::try_from(from.saturating_sub(1)).unwrap_or(i64::MAX);
        let _ = self.0.send(Wish { partition, from, lots, done });
        begun.await.unwrap_or_else(|_| Err(ended()))?;
        Ok(Reader(waiting))
    }
}

fn ended() -> StreamError {
    StreamError("the reading has ended".to_owned())
}

/// A partition that somebody reads.
struct Lane {
    lots: Lots,
    /// What has no room yet; then the partition is paused.
    held: Vec<Streamed>,
}

struct Reading {
    consumer: Consumer,
    topic: String,
    lanes: HashMap<i32, Lane>,
}

impl Reading {
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Wish>) {
        loop {
            let held = self.lanes.values().any(|lane| !lane.held.is_empty());
            let wait = if held { SHORT } else { LONG };
            tokio::select! {
                biased;
                wish = asked.recv() => match wish {
                    Some(wish) => {
                        let Wish { partition, from, lots, done } = wish;
                        let outcome = self.open(partition, from, lots).await;
                        let _ = done.send(outcome);
                    }
                    None => break,
                },
                polled = self.consumer.poll(wait), if !self.lanes.is_empty() => match polled {
                    Ok(records) => {
                        for record in records {
                            let Some(lane) = self.lanes.get_mut(&record.partition) else { continue };
                            lane.held.extend(record.value.map(|value| streamed(record.offset, value.to_vec())));
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "the position stream cannot be read");
                        // Whoever asked asks again, from where they are.
                        for (_, lane) in self.lanes.drain() {
                            let _ = lane.lots.try_send(Err(failed(&error)));
                        }
                        let _ = self.consumer.assign(&self.topic, Vec::new()).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
            self.hand_on().await;
        }
        if let Err(error) = self.consumer.close().await {
            tracing::debug!(%error, "the reading does not end in order");
        }
    }

    /// Adds a partition.
    async fn open(&mut self, partition: i32, from: i64, lots: Lots) -> Result<(), StreamError> {
        self.close_left().await;
        let (first, _) =
            self.consumer.fetch_watermarks(&self.topic, partition).await.map_err(|error| failed(&error))?;
        if first > from && from > 0 {
            tracing::error!(partition, from, first, "records of the position stream are gone before they were tracked");
        }
        self.lanes.insert(partition, Lane { lots, held: Vec::new() });
        let assigned = self.assign().await;
        let placed = match assigned {
            Ok(()) => self.consumer.seek(&self.topic, partition, from.max(first)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = placed {
            self.lanes.remove(&partition);
            return Err(failed(&error));
        }
        self.consumer.resume(&self.topic, &[partition]).await;
        Ok(())
    }

    async fn assign(&self) -> krafka::Result<()> {
        self.consumer.assign(&self.topic, self.lanes.keys().copied().collect()).await
    }

    /// Gives on what there is room for. Those without room are paused, the others go on.
    async fn hand_on(&mut self) {
        let (mut full, mut free) = (Vec::new(), Vec::new());
        for (partition, lane) in &mut self.lanes {
            if lane.held.is_empty() {
                continue;
            }
            match lane.lots.try_reserve() {
                Ok(room) => {
                    room.send(Ok(std::mem::take(&mut lane.held)));
                    free.push(*partition);
                }
                Err(_) => full.push(*partition),
            }
        }
        if !full.is_empty() {
            self.consumer.pause(&self.topic, &full).await;
        }
        if !free.is_empty() {
            self.consumer.resume(&self.topic, &free).await;
        }
        self.close_left().await;
    }

    /// Reads no more of what nobody wants any more.
    async fn close_left(&mut self) {
        let before = self.lanes.len();
        self.lanes.retain(|_, lane| !lane.lots.is_closed());
        if self.lanes.len() != before
            && let Err(error) = self.assign().await
        {
            tracing::debug!(%error, "a partition is read though nobody wants it");
        }
    }
}

/// Reads a partition.
pub struct Reader(mpsc::Receiver<Result<Vec<Streamed>, StreamError>>);

impl PartitionReader for Reader {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<Streamed>, StreamError>> {
        Box::pin(async move { self.0.recv().await.unwrap_or_else(|| Err(ended())) })
    }
}
