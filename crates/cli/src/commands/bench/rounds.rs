//! Rounds, the same for every bench: the floor and what is measured take their turns within each, so that whatever
//! disturbs the machine disturbs both.

use std::future::Future;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use hdrhistogram::Histogram;

/// How long to measure.
#[derive(Debug, Clone, Args)]
pub struct RoundArgs {
    /// Rounds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rounds: u32,
    /// Seconds per round, for each of the floor and what is measured.
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
}

impl RoundArgs {
    /// The length of a round's half.
    pub fn lasts(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.clamp(0.05, 3_600.0))
    }
}

/// What one half of a round gave.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The value that counts, in the figure's unit.
    pub value: f64,
    /// How many things were done.
    pub count: u64,
    /// Microseconds that each took, when that was measured.
    pub times: Option<Histogram<u64>>,
    /// Processor seconds that all of them took, the load's own left out, when that was measured.
    pub busy_seconds: Option<f64>,
}

impl Sample {
    /// A value alone.
    pub fn of(value: f64) -> Self {
        Self { value, count: 1, times: None, busy_seconds: None }
    }

    /// So many within so long.
    pub fn rate(count: u64, took: Duration, times: Option<Histogram<u64>>) -> Self {
        Self { count, times, ..Self::of(count as f64 / took.as_secs_f64().max(1e-9)) }
    }
}

/// What all rounds of one figure gave.
#[derive(Debug, Clone, Default)]
pub struct Halves {
    /// The floor, round by round; empty where there is none.
    pub floor: Vec<Sample>,
    /// What is measured, round by round.
    pub measured: Vec<Sample>,
}

/// Asks the floor, then what is measured, round by round, and says on standard error how each went. One short round of
/// both comes first and does not count.
///
/// # Errors
/// The first that one of them answers.
pub async fn in_turns(
    name: &str,
    args: &RoundArgs,
    mut floor: impl AsyncFnMut(Duration) -> anyhow::Result<Sample>,
    mut measured: impl AsyncFnMut(Duration) -> anyhow::Result<Sample>,
) -> anyhow::Result<Halves> {
    let lasts = args.lasts();
    let warm = lasts.min(Duration::from_secs(1));
    floor(warm).await?;
    measured(warm).await?;
    let mut halves = Halves::default();
    for round in 1..=args.rounds {
        let below = floor(lasts).await?;
        let real = measured(lasts).await?;
        let ratio = real.value / below.value;
        eprintln!("{name}, round {round}: floor {:.1}, measured {:.1}, ratio {ratio:.3}", below.value, real.value);
        halves.floor.push(below);
        halves.measured.push(real);
    }
    Ok(halves)
}

/// Measures something that has no floor.
///
/// # Errors
/// The first that it answers.
pub async fn alone(
    name: &str,
    args: &RoundArgs,
    mut measured: impl AsyncFnMut(Duration) -> anyhow::Result<Sample>,
) -> anyhow::Result<Halves> {
    let mut halves = Halves::default();
    for round in 1..=args.rounds {
        let real = measured(args.lasts()).await?;
        eprintln!("{name}, round {round}: {:.1}", real.value);
        halves.measured.push(real);
    }
    Ok(halves)
}

/// What threads are called that make load.
pub const LOAD_THREAD: &str = "load";

/// Runs a load on a thread and a runtime of its own: it must not wait in the queues of what it measures.
///
/// # Errors
/// What the work answers, or that the thread cannot be started.
pub async fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>>,
{
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name(LOAD_THREAD.to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let _ = sender.send(runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(work())));
    })?;
    receiver.await.context("the load generator panicked")?
}

/// A histogram of times up to a minute, good to one in a thousand.
///
/// # Errors
/// Never: the bounds are sound.
pub fn microseconds() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}
