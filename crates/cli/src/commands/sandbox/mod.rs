//! `tracklane sandbox`: a carrier to try things on, over real HTTP. What its numbers are told by is in them; nothing is kept on
//! disk.

mod access;
mod answer;
mod basic;
mod broken;
mod fault;
mod limit;
mod list;
mod memory;
mod number;
mod outage;
mod path;
mod server;
mod subscribe;
mod tokens;
mod track;
mod webhooks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand, value_parser};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tracklane_notify::webhook::Guard;

use crate::args::Global;
use limit::Limit;
use memory::Memory;
use server::Sandbox;
use webhooks::{Subscriptions, Teller};

/// Run a carrier to try things on: tokens, limits, faults, webhooks, and numbers that say what becomes of a parcel.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Any client may ask, with the secret `sandbox`. Nothing is kept: what was asked for is forgotten when the sandbox ends, a day
after it was asked for last, or when 100,000 other numbers were asked for since.

Examples:
  tracklane sandbox
  tracklane sandbox --listen 127.0.0.1:9000 --speed 60
  tracklane sandbox numbers
  tracklane sandbox numbers --path customs --pace 10s --count 20"
)]
pub struct SandboxArgs {
    #[command(subcommand)]
    command: Option<SandboxCommand>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8190", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How many times as fast as the numbers say scans follow each other. Their times stay those of the clock.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    speed: u32,
    /// How often a client may ask in a minute; 0 for no limit.
    #[arg(long, default_value_t = 600, value_parser = value_parser!(u32).range(0..=1_000_000), value_name = "N")]
    requests_per_minute: u32,
    /// How long a token is good.
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u64).range(1..=86_400), value_name = "SECONDS")]
    token_seconds: u64,
    /// Send webhooks to this machine and private networks, too, though others than this machine can ask.
    #[arg(long)]
    allow_private: bool,
}

/// What else to do with the sandbox.
#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// List what numbers stand for, or make some.
    Numbers(list::NumbersArgs),
}

/// Runs the sub-command.
///
/// # Errors
/// When the address cannot be listened on, or standard output is closed.
pub async fn run(global: &Global, args: SandboxArgs) -> anyhow::Result<()> {
    if let Some(SandboxCommand::Numbers(args)) = &args.command {
        return list::run(global, args);
    }
    let listener =
        TcpListener::bind(args.listen).await.with_context(|| format!("failed to listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    let sandbox = Arc::new(Sandbox {
        env: crate::env::real(),
        speed: args.speed,
        token_life: Duration::from_secs(args.token_seconds),
        tokens: Mutex::default(),
        limit: Mutex::new(Limit::new(args.requests_per_minute)),
        memory: Mutex::new(Memory::new(args.speed)),
        subscriptions: Mutex::new(Subscriptions::new()),
        outage: Mutex::default(),
        teller: Teller::new(guard(address, args.allow_private))?,
    });
    eprintln!(
        "The sandbox listens on http://{address} (any client_id, client_secret {}; Ctrl-C ends it)",
        access::SECRET
    );
    tokio::select! {
        served = axum::serve(listener, server::router(sandbox.clone())) => served.context("the sandbox failed"),
        () = webhooks::tell(sandbox) => Ok(()),
        () = crate::app::stop_signal() => Ok(()),
    }
}

/// Which addresses webhooks may be sent to: this machine and private networks only when nobody but this machine can ask for it,
/// or somebody says so.
fn guard(listens: SocketAddr, allow_private: bool) -> Guard {
    if allow_private || listens.ip().is_loopback() { Guard::open() } else { Guard::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_than_this_machine_cannot_have_it_called() {
        let calls = |listens: &str, allow: bool| {
            guard(listens.parse().unwrap(), allow).check_url("http://10.0.0.7/hook").is_ok()
        };
        assert_eq!([calls("127.0.0.1:1", false), calls("[::1]:1", false)], [true, true]);
        assert_eq!([calls("0.0.0.0:1", false), calls("[::]:1", false), calls("0.0.0.0:1", true)], [false, false, true]);
    }
}
