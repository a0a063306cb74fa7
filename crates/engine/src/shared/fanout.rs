//! Words of nodes through the memory that they share. The way is left for that of the position stream as soon as the memory does not
//! answer, here or at any other node: one that cannot hear it says so through the stream, and all tell it there until it hears again.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracklane_core::ports::{
    BoxFuture, Listener, Lsn, Membership, PartitionReader, PositionStream, SharedMemory, StreamError,
};

/// Where words are told.
const TOPIC: &str = "positions";
/// What a node says that cannot hear the memory.
const DEAF: &[u8] = b"deaf";
/// How often it says so.
const BEAT: Duration = Duration::from_secs(1);
/// For how long that is remembered.
const REMEMBERED: Duration = Duration::from_secs(4);
/// So many words may wait to be heard. Whoever is slower has to listen anew.
const WORDS: usize = 8_192;

/// A position stream whose words go through shared memory.
#[derive(Clone)]
pub(crate) struct Fanout {
    stream: Arc<dyn PositionStream>,
    shared: Arc<dyn SharedMemory>,
    /// When a node last said that it cannot hear the memory.
    deaf: Arc<Mutex<Option<Instant>>>,
}

impl Fanout {
    pub fn new(stream: Arc<dyn PositionStream>, shared: Arc<dyn SharedMemory>) -> Self {
        Self { stream, shared, deaf: Arc::default() }
    }

    fn all_hear(&self) -> bool {
        self.deaf.lock().is_none_or(|since| since.elapsed() > REMEMBERED)
    }

    /// Hands on what is heard through the stream.
    async fn hear_stream(self, mut ear: Box<dyn Listener>, heard: mpsc::Sender<Result<Vec<u8>, StreamError>>) {
        loop {
            match ear.next().await {
                Ok(word) if word == DEAF => *self.deaf.lock() = Some(Instant::now()),
                word => {
                    let ended = word.is_err();
                    if heard.try_send(word).is_err() || ended {
                        return;
                    }
                }
            }
        }
    }

    /// Hands on what is heard through the memory, as soon as it can be heard.
    async fn hear_shared(self, mut ear: Option<Box<dyn Listener>>, heard: mpsc::Sender<Result<Vec<u8>, StreamError>>) {
        loop {
            let Some(ear) = &mut ear else {
                if let Err(error) = self.stream.tell(DEAF.to_vec()).await {
                    tracing::debug!(%error, "other nodes do not know that this one does not hear them");
                }
                sleep(BEAT).await;
                ear = self.shared.listen(TOPIC).await.ok();
                continue;
            };
            let word = ear.next().await;
            let ended = word.is_err();
            if heard.try_send(word).is_err() || ended {
                return;
            }
        }
    }
}

impl PositionStream for Fanout {
    fn partitions(&self) -> u32 {
        self.stream.partitions()
    }

    fn publish(&self, records: Vec<(u32, Vec<u8>)>) -> BoxFuture<'_, Result<(), StreamError>> {
        self.stream.publish(records)
    }

    fn read(&self, partition: u32, from: Lsn) -> BoxFuture<'_, Result<Box<dyn PartitionReader>, StreamError>> {
        self.stream.read(partition, from)
    }

    fn end(&self, partition: u32) -> BoxFuture<'_, Result<(String, Lsn), StreamError>> {
        self.stream.end(partition)
    }

    fn release(&self, partition: u32, before: Lsn) -> BoxFuture<'_, Result<(), StreamError>> {
        self.stream.release(partition, before)
    }

    fn join(&self) -> BoxFuture<'_, Result<Option<Box<dyn Membership>>, StreamError>> {
        self.stream.join()
    }

    fn tell(&self, word: Vec<u8>) -> BoxFuture<'_, Result<(), StreamError>> {
        Box::pin(async move {
            if self.all_hear() && self.shared.tell(TOPIC, word.clone()).await.is_ok() {
                return Ok(());
            }
            self.stream.tell(word).await
        })
    }

    fn listen(&self) -> BoxFuture<'_, Result<Box<dyn Listener>, StreamError>> {
        Box::pin(async move {
            let by_stream = self.stream.listen().await?;
            let by_shared = self.shared.listen(TOPIC).await.ok();
            let (sender, heard) = mpsc::channel(WORDS);
            let mut hearing = JoinSet::new();
            hearing.spawn(self.clone().hear_stream(by_stream, sender.clone()));
            hearing.spawn(self.clone().hear_shared(by_shared, sender));
            Ok(Box::new(Ears { heard, hearing }) as Box<dyn Listener>)
        })
    }

    fn health(&self) -> Result<(), String> {
        self.stream.health()
    }
}

/// Hears both ways. Ends with either: then words may have been missed.
struct Ears {
    heard: mpsc::Receiver<Result<Vec<u8>, StreamError>>,
    hearing: JoinSet<()>,
}

impl Listener for Ears {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<u8>, StreamError>> {
        Box::pin(async move {
            tokio::select! {
                biased;
                word = self.heard.recv() => word.unwrap_or_else(|| Err(StreamError("nothing is heard any more".to_owned()))),
                _ = self.hearing.join_next() => Err(StreamError("words came faster than they were heard".to_owned())),
            }
        })
    }
}
