//! `tracklane bench restart`: from the start of the process to the first answer that it is ready.

use anyhow::Context as _;
use clap::Args;

use super::load::fleet::Fleet;
use super::machine;
use super::memory::{beginning, prepare, send};
use super::report::{Figure, Report};
use super::rounds::{Halves, RoundArgs, Sample};
use super::served::Served;
use crate::args::Global;

/// How soon the server is ready: with very many devices, and after a crash with positions that are in the log alone.
#[derive(Debug, Args)]
#[command(
    after_help = "The server runs in a process of its own. It is stopped in order and started with very many devices, each of which has sent
once; and killed and started again while so many positions are neither sealed nor in the saved states.

Example:
  tracklane bench restart --devices 1000000 -o json"
)]
pub struct RestartArgs {
    #[command(flatten)]
    rounds: RoundArgs,
    /// Devices that are idle; 0 for none.
    #[arg(long, default_value_t = 1_000_000)]
    devices: u32,
    /// Positions that are in the log alone, of 10,000 devices.
    #[arg(long, default_value_t = 500_000)]
    unsealed: u32,
}

/// Devices that send before a crash.
const FLEET: u32 = 10_000;

/// Runs the sub-command.
///
/// # Errors
/// When the server does not start, or a position is not accepted.
pub async fn run(global: &Global, args: RestartArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let mut figures = vec![crashed(global, &args, &folder.path().join("crashed")).await?];
    if args.devices > 0 {
        figures.push(stopped(global, &args, &folder.path().join("stopped")).await?);
    }
    Report::new("restart", &args.rounds, figures, machine::facts(folder.path())?).print(global)
}

fn ready_ms(served: &Served) -> Sample {
    Sample::of(served.ready_after.as_secs_f64() * 1e3)
}

async fn crashed(global: &Global, args: &RestartArgs, data: &std::path::Path) -> anyhow::Result<Figure> {
    let (devices, token) = prepare(global, data, FLEET, FLEET).await?;
    let mut fleet = Fleet::new(&devices, 1, beginning()?);
    let mut halves = Halves::default();
    let mut served = Served::start(data).await?;
    let plain = ready_ms(&served);
    for round in 1..=args.rounds.rounds {
        fleet = send(fleet, &served, &token, args.unsealed / FLEET).await?;
        served.kill()?;
        served = Served::start(data).await?;
        halves.measured.push(ready_ms(&served));
        eprintln!("after a crash, round {round}: ready after {} ms", served.ready_after.as_millis());
        // What this start has caught up with is in the saved states and sealed segments once it has stopped in order.
        served.stop().await?;
        served = Served::start(data).await?;
    }
    served.stop().await?;
    let what = "after a crash, with positions in the log alone";
    Ok(Figure::of("crashed", "ms", "", what, &halves)?
        .with("positions", args.unsealed)
        .with("devices", FLEET)
        .counting("plain_start_ms", plain.value.round()))
}

async fn stopped(global: &Global, args: &RestartArgs, data: &std::path::Path) -> anyhow::Result<Figure> {
    let (devices, token) = prepare(global, data, 0, args.devices).await?;
    let served = Served::start(data).await?;
    let fleet = Fleet::new(&devices, 1, beginning()?);
    drop(devices);
    drop(send(fleet, &served, &token, 1).await?);
    served.stop().await?;
    let mut halves = Halves::default();
    for round in 1..=args.rounds.rounds {
        let served = Served::start(data).await?;
        halves.measured.push(ready_ms(&served));
        eprintln!("idle devices, round {round}: ready after {} ms", served.ready_after.as_millis());
        served.stop().await?;
    }
    Ok(Figure::of("stopped", "ms", "", "after a stop in order", &halves)?.with("devices", args.devices))
}
