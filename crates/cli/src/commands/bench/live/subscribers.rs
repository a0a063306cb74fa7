//! Subscribers in a process of their own: neither their memory nor their descriptors are those of the server.
//!
//! The parent writes one line with what they are to do, then words: `begin` forgets what was heard, `tell` asks for it.
//! The child answers each line with one line.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tracklane_core::{Env, Timestamp};

use super::frames::Socket;
use crate::commands::bench::rounds::microseconds;

/// What they are to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// Where to.
    pub server: SocketAddr,
    /// The path; `{n}` is the subscriber's number.
    pub path: String,
    /// An API key.
    pub token: String,
    /// What each of them says first; with fewer than there are, from the beginning again.
    pub say: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// How many of them, the first ones, hear the first message and nothing more.
    pub deaf: usize,
    /// Whether the time since the `fix_time` of each message is taken.
    pub timed: bool,
}

/// What they have heard.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Heard {
    /// Messages, but for the first of each.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// When the last one came, in microseconds since 1970.
    pub last_us: u64,
    /// How many subscribers are connected.
    pub open: usize,
    /// How long messages took, as pairs of microseconds and counts.
    pub times: Vec<(u64, u64)>,
    /// Why connections broke off, the first reason.
    pub trouble: Option<String>,
}

impl Heard {
    /// How long messages took.
    pub fn histogram(&self) -> anyhow::Result<Histogram<u64>> {
        let mut times = microseconds()?;
        for (value, count) in &self.times {
            times.record_n(*value, *count)?;
        }
        Ok(times)
    }
}

/// How long they may take to connect.
const PATIENCE: Duration = Duration::from_secs(120);
/// How many connect at the same time.
const AT_ONCE: usize = 64;

/// The present instant in microseconds since 1970.
pub fn now_us() -> u64 {
    static REAL: LazyLock<Env> = LazyLock::new(crate::env::real);
    u64::try_from(REAL.now().as_microsecond()).unwrap_or_default()
}

/// Subscribers that run.
pub struct Subscribers {
    // Killed when this is dropped.
    _child: Child,
    words: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Subscribers {
    /// Starts them and waits until each has heard its first message.
    ///
    /// # Errors
    /// When one of them cannot connect.
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe().context("failed to find this program")?)
            .args(["bench", "subscribers"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("failed to start the subscribers")?;
        let words = child.stdin.take().context("no way to talk to the subscribers")?;
        let answers = child.stdout.take().context("no way to hear the subscribers")?;
        let mut subscribers = Self { _child: child, words, answers: BufReader::new(answers).lines() };
        let heard = subscribers.ask(&serde_json::to_string(plan)?).await?;
        ensure!(heard.open == plan.count, "{} of {} subscribers: {:?}", heard.open, plan.count, heard.trouble);
        Ok(subscribers)
    }

    /// Forgets what was heard.
    ///
    /// # Errors
    /// When they are gone.
    pub async fn begin(&mut self) -> anyhow::Result<()> {
        self.ask("begin").await.map(drop)
    }

    /// What was heard since.
    ///
    /// # Errors
    /// When they are gone.
    pub async fn tell(&mut self) -> anyhow::Result<Heard> {
        self.ask("tell").await
    }

    async fn ask(&mut self, line: &str) -> anyhow::Result<Heard> {
        self.words.write_all(format!("{line}\n").as_bytes()).await.context("the subscribers are gone")?;
        let answer = tokio::time::timeout(PATIENCE, self.answers.next_line()).await.context("no answer in time")??;
        Ok(serde_json::from_str(&answer.context("the subscribers are gone")?)?)
    }
}

/// Be subscribers: for the bench itself.
#[derive(Debug, Args)]
pub struct SubscribersArgs {}

/// What is heard, by all of them.
struct Ears {
    messages: AtomicU64,
    bytes: AtomicU64,
    last_us: AtomicU64,
    open: AtomicUsize,
    times: Mutex<Histogram<u64>>,
    trouble: Mutex<Option<String>>,
}

/// Runs the sub-command.
///
/// # Errors
/// When the parent says something that cannot be understood.
pub async fn run(_: SubscribersArgs) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(serve).await?
}

fn serve() -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lines();
    let plan = lines.next().context("no plan")??;
    let plan: Arc<Plan> = Arc::new(serde_json::from_str(&plan)?);
    let ears = Arc::new(Ears {
        messages: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        last_us: AtomicU64::new(0),
        open: AtomicUsize::new(0),
        times: Mutex::new(microseconds()?),
        trouble: Mutex::default(),
    });
    // One thread hears: the other cores are left to the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (subject, listeners) = (plan.clone(), ears.clone());
    std::thread::spawn(move || runtime.block_on(listen_all(subject, listeners)));
    let begun = Instant::now();
    while ears.open.load(Ordering::Acquire) < plan.count && ears.trouble.lock().is_none() && begun.elapsed() < PATIENCE
    {
        std::thread::sleep(Duration::from_millis(5));
    }
    crate::output::json(&ears.heard())?;
    for word in lines {
        match word?.as_str() {
            "begin" => ears.forget()?,
            "tell" => {}
            other => bail!("unknown word: {other}"),
        }
        crate::output::json(&ears.heard())?;
    }
    Ok(())
}

async fn listen_all(plan: Arc<Plan>, ears: Arc<Ears>) {
    let seats = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..plan.count {
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        let (plan, ears) = (plan.clone(), ears.clone());
        tasks.spawn(async move {
            if let Err(error) = listen(&plan, &ears, number, seat).await {
                ears.trouble.lock().get_or_insert_with(|| format!("{error:#}"));
            }
        });
    }
    tasks.join_all().await;
}

async fn listen(
    plan: &Plan,
    ears: &Ears,
    number: usize,
    seat: tokio::sync::OwnedSemaphorePermit,
) -> anyhow::Result<()> {
    let path = plan.path.replace("{n}", &number.to_string());
    let say = plan.say.get(number % plan.say.len().max(1)).map(String::as_str);
    let mut socket = Socket::open(plan.server, &path, &plan.token, say).await?;
    socket.hear(|_, _| false).await?;
    ears.open.fetch_add(1, Ordering::Release);
    drop(seat);
    if number < plan.deaf {
        std::future::pending::<()>().await;
    }
    socket
        .hear(|text, now| {
            ears.hear(text, now, plan.timed);
            true
        })
        .await
}

impl Ears {
    fn hear(&self, text: &[u8], now: u64, timed: bool) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
        self.last_us.store(now, Ordering::Relaxed);
        if let Some(fix_time) = timed.then(|| fix_time_us(text)).flatten() {
            self.times.lock().saturating_record(now.saturating_sub(fix_time));
        }
    }

    fn forget(&self) -> anyhow::Result<()> {
        self.messages.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
        *self.times.lock() = microseconds()?;
        Ok(())
    }

    fn heard(&self) -> Heard {
        Heard {
            messages: self.messages.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            last_us: self.last_us.load(Ordering::Relaxed),
            open: self.open.load(Ordering::Acquire),
            times: self.times.lock().iter_recorded().map(|it| (it.value_iterated_to(), it.count_at_value())).collect(),
            trouble: self.trouble.lock().clone(),
        }
    }
}

/// The `fix_time` that a message names, in microseconds since 1970.
fn fix_time_us(text: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"fix_time\":\"";
    let start = text.windows(NAME.len()).position(|part| part == NAME)? + NAME.len();
    let end = start + text[start..].iter().position(|byte| *byte == b'"')?;
    let time: Timestamp = std::str::from_utf8(&text[start..end]).ok()?.parse().ok()?;
    u64::try_from(time.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_message_is_found() {
        let text = br#"{"type":"position","position":{"fix_time":"1970-01-01T00:00:02.5Z"}}"#;
        assert_eq!(fix_time_us(text), Some(2_500_000));
        assert_eq!(fix_time_us(b"{}"), None);
    }
}
