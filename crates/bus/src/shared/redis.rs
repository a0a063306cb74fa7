//! Shared memory on Redis 7 or Valkey. Keys and channels begin with `tracklane:` and the number of the database: channels know no
//! databases. Shelves are hashes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Client, RedisResult, Script};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tracklane_core::ports::{
    Allowance, BoxFuture, Browsed, Listener, Note, SharedCounts, SharedError, SharedMemory, StreamError, Took,
};

use super::line::{Lent, Line};

/// Takes once from an allowance: GCRA, with the server's clock. Whole numbers of microseconds are exact in Lua's numbers.
const TAKE: &str = "\
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local interval, depth = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval - now
if ahead > depth then return {0, ahead - depth} end
redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
return {1, ahead}";

/// How long calls may take that nobody waits for.
const UNHURRIED: Duration = Duration::from_secs(2);
/// How often a server that tells nothing is asked whether it is there.
const BEAT: Duration = Duration::from_secs(1);
/// About so many notes come at once.
const AT_ONCE: usize = 1_000;

pub struct Redis {
    client: Client,
    prefix: String,
    patience: Duration,
    take: Script,
    line: Line,
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Redis {
    pub async fn open(client: Client, patience: Duration) -> Self {
        let prefix = format!("tracklane:{}:", client.get_connection_info().redis_settings().db());
        let line = Line::open(client.clone()).await;
        let (take, answered, failed) = (Script::new(TAKE), AtomicU64::new(0), AtomicU64::new(0));
        Self { client, prefix, patience, take, line, answered, failed }
    }

    fn name(&self, kind: &str, rest: &str) -> String {
        format!("{}{kind}:{rest}", self.prefix)
    }

    fn failed(&self, why: String) -> SharedError {
        self.failed.fetch_add(1, Ordering::Relaxed);
        SharedError(why)
    }

    fn lend(&self) -> Result<Lent, SharedError> {
        self.line.lend().map_err(|why| self.failed(why))
    }

    /// Waits for an answer, but not for long.
    async fn answer<T>(
        &self,
        number: u64,
        patience: Duration,
        call: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, SharedError> {
        let why = match timeout(patience, call).await {
            Ok(Ok(answer)) => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                return Ok(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", patience.as_millis()),
        };
        self.line.give_up(number, &why);
        Err(self.failed(why))
    }

    async fn subscribe(&self, channel: &str) -> RedisResult<Ear> {
        let (mut sink, words) = self.client.get_async_pubsub().await?.split();
        sink.subscribe(channel).await?;
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Ear { sink, words, beat })
    }
}

impl SharedMemory for Redis {
    fn take<'a>(&'a self, key: &'a str, allowance: Allowance) -> BoxFuture<'a, Result<Took, SharedError>> {
        Box::pin(async move {
            let mut lent = self.lend()?;
            let mut call = self.take.key(self.name("allowance", key));
            call.arg(allowance.interval).arg(allowance.depth);
            let (taken, micros): (bool, i64) =
                self.answer(lent.number(), self.patience, call.invoke_async(&mut lent.connection)).await?;
            Ok(if taken { Took::Yes(micros) } else { Took::No(micros) })
        })
    }

    fn put<'a>(&'a self, shelf: &'a str, notes: Vec<Note>, keep: Duration) -> BoxFuture<'a, Result<(), SharedError>> {
        Box::pin(async move {
            if notes.is_empty() {
                return Ok(());
            }
            let mut lent = self.lend()?;
            let key = self.name("shelf", shelf);
            let mut calls = redis::pipe();
            calls.hset_multiple(&key, &notes).ignore();
            calls.pexpire(&key, i64::try_from(keep.as_millis()).unwrap_or(i64::MAX)).ignore();
            self.answer(lent.number(), UNHURRIED, calls.exec_async(&mut lent.connection)).await
        })
    }

    fn browse<'a>(&'a self, shelf: &'a str, cursor: u64) -> BoxFuture<'a, Result<Browsed, SharedError>> {
        Box::pin(async move {
            let mut lent = self.lend()?;
            let mut call = redis::cmd("HSCAN");
            call.arg(self.name("shelf", shelf)).arg(cursor).arg("COUNT").arg(AT_ONCE);
            let (next, notes): (u64, Vec<Note>) =
                self.answer(lent.number(), UNHURRIED, call.query_async(&mut lent.connection)).await?;
            Ok((notes, (next > 0).then_some(next)))
        })
    }

    fn tell<'a>(&'a self, topic: &'a str, word: Vec<u8>) -> BoxFuture<'a, Result<(), SharedError>> {
        Box::pin(async move {
            let mut lent = self.lend()?;
            let mut call = redis::cmd("PUBLISH");
            call.arg(self.name("topic", topic)).arg(word);
            self.answer(lent.number(), self.patience, call.exec_async(&mut lent.connection)).await
        })
    }

    fn listen<'a>(&'a self, topic: &'a str) -> BoxFuture<'a, Result<Box<dyn Listener>, SharedError>> {
        Box::pin(async move {
            let lent = self.lend()?;
            let channel = self.name("topic", topic);
            let ear = self.answer(lent.number(), UNHURRIED, self.subscribe(&channel)).await?;
            Ok(Box::new(ear) as Box<dyn Listener>)
        })
    }

    fn counts(&self) -> SharedCounts {
        SharedCounts { answered: self.answered.load(Ordering::Relaxed), failed: self.failed.load(Ordering::Relaxed) }
    }

    fn health(&self) -> Result<(), String> {
        self.line.lend().map(|_| ())
    }
}

struct Ear {
    sink: PubSubSink,
    words: PubSubStream,
    beat: Interval,
}

impl Listener for Ear {
    fn next(&mut self) -> BoxFuture<'_, Result<Vec<u8>, StreamError>> {
        Box::pin(async move {
            let failed = |why: &str| StreamError(why.to_owned());
            loop {
                tokio::select! {
                    word = self.words.next() => {
                        let word = word.ok_or_else(|| failed("the server has ended the listening"))?;
                        return Ok(word.get_payload_bytes().to_vec());
                    }
                    // A wire that was cut in silence says nothing either.
                    _ = self.beat.tick() => {
                        let answer = timeout(UNHURRIED, self.sink.ping::<()>()).await;
                        let answer = answer.map_err(|_| failed("the server does not answer"))?;
                        answer.map_err(|error| failed(&error.to_string()))?;
                    }
                }
            }
        })
    }
}
