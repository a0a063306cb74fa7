//! `tracklane doctor`: is this machine fit to run Tracklane?

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tracklane_api_types::Health;
use tracklane_core::Timestamp;
use tracklane_store::{PgHistory, Store};

use crate::args::Global;
use crate::config::{self, Settings};
use crate::exit::Said;
use crate::output::{self, Format};

/// Check whether this machine is fit to run Tracklane.
#[derive(Debug, Args)]
#[command(after_help = "Each line is ok, warn or fail; exit code 1 when one is fail. May be run beside the server.")]
pub struct DoctorArgs {
    /// The data folder.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    detail: String,
}

fn ok(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, state: State::Ok, detail: detail.into() }
}

fn warn(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, state: State::Warn, detail: detail.into() }
}

fn fail(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, state: State::Fail, detail: detail.into() }
}

/// Runs the sub-command.
///
/// # Errors
/// [`Said`] when a check failed.
pub async fn run(global: &Global, args: DoctorArgs) -> anyhow::Result<()> {
    let mut layers = config::layers(global.config.as_deref())?;
    if let Some(data) = &args.data {
        layers.set_flag("--data", "server", "data", &data.display().to_string());
    }
    let mut checks = Vec::new();
    match Settings::read(layers) {
        Ok(settings) => {
            checks.push(ok("configuration", "valid"));
            examine(&settings, &mut checks).await;
        }
        Err(invalid) => checks.push(fail("configuration", invalid.to_string())),
    }
    print(global, &checks)?;
    if checks.iter().any(|check| check.state == State::Fail) { Err(Said.into()) } else { Ok(()) }
}

async fn examine(settings: &Settings, checks: &mut Vec<Check>) {
    checks.push(data_folder(&settings.data));
    checks.extend(disk(&settings.data));
    checks.push(store(settings).await);
    checks.push(history(settings).await);
    checks.extend(redis(settings).await);
    checks.push(clock(crate::env::real().now()));
    checks.push(port(settings).await);
    checks.push(match tracklane_server::assets::file("index.html").is_some() {
        true => ok("web pages", "embedded"),
        false => warn("web pages", "not part of this build: run make web, then build again"),
    });
}

fn data_folder(folder: &Path) -> Check {
    const NAME: &str = "data folder";
    let shown = folder.display();
    if let Err(error) = std::fs::create_dir_all(folder) {
        return fail(NAME, format!("{shown} cannot be made: {error}"));
    }
    let probe = folder.join(".doctor");
    let written = std::fs::write(&probe, b"tracklane").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => ok(NAME, format!("{shown} is writable")),
        Err(error) => fail(NAME, format!("{shown} is not writable: {error}")),
    }
}

/// Less than this is too little to go on: positions are refused when the disk is full.
const LOW_MIB: u64 = 256;
/// Less than this deserves a word.
const SCARCE_MIB: u64 = 2_048;

/// Free space as `df` says; without `df` nothing is said.
fn disk(folder: &Path) -> Option<Check> {
    const NAME: &str = "disk space";
    let run = std::process::Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(run.stdout).ok()?;
    let free_kib: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    let free = free_kib / 1_024;
    let detail = format!("{free} MiB free");
    Some(match free {
        ..LOW_MIB => fail(NAME, detail),
        LOW_MIB..SCARCE_MIB => warn(NAME, detail),
        _ => ok(NAME, detail),
    })
}

async fn store(settings: &Settings) -> Check {
    const NAME: &str = "store";
    // Looking must not make anything.
    if settings.store.url.is_empty() && !settings.data.join("tracklane.db").exists() {
        return ok(NAME, "not there yet: the first start makes it");
    }
    let opened = tokio::time::timeout(Duration::from_secs(10), Store::open_with(&settings.store())).await;
    let store = match opened {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => return fail(NAME, error.to_string()),
        Err(_) => return fail(NAME, "no answer within 10 seconds"),
    };
    let check = match store.health().await {
        Ok(()) => match store.row_security_gap().await {
            Ok(None) => ok(NAME, format!("{}, schema up to date", store.kind())),
            Ok(Some(gap)) => warn(NAME, gap),
            Err(error) => fail(NAME, error.to_string()),
        },
        Err(error) => fail(NAME, error.to_string()),
    };
    store.close().await;
    check
}

async fn history(settings: &Settings) -> Check {
    const NAME: &str = "history";
    if !settings.history.url.is_empty() {
        let looked = tokio::time::timeout(Duration::from_secs(10), PgHistory::look(&settings.history.url)).await;
        return match looked {
            Ok(Ok(detail)) => ok(NAME, detail),
            Ok(Err(error)) => fail(NAME, error.to_string()),
            Err(_) => fail(NAME, "no answer within 10 seconds"),
        };
    }
    let folder = settings.history_folder();
    if !folder.exists() {
        return ok(NAME, "not there yet: the first start makes it");
    }
    let opened = tracklane_history::History::open(folder, settings.history.settings());
    match opened {
        Ok(history) => {
            let stats = history.stats();
            let detail = format!(
                "{} segments, {} positions sealed, {} in the log",
                stats.segments, stats.sealed_positions, stats.unsealed_positions
            );
            let check = match tracklane_core::ports::PositionHistory::health(&history) {
                Ok(()) => ok(NAME, detail),
                Err(error) => fail(NAME, error),
            };
            drop(history);
            check
        }
        // What a running server holds is not ours to look into; its /readyz says how it is.
        Err(tracklane_history::Error::Locked(_)) => ok(NAME, "in use by a running server"),
        Err(error) => fail(NAME, error.to_string()),
    }
}

/// The server works without it: that deserves a word.
async fn redis(settings: &Settings) -> Option<Check> {
    const NAME: &str = "redis";
    match settings.redis.open().await {
        Ok(None) => None,
        Ok(Some(shared)) => Some(match shared.health() {
            Ok(()) => ok(NAME, "answers"),
            Err(why) => warn(NAME, format!("{why}: each process would count limits for itself")),
        }),
        Err(rule) => Some(fail(NAME, rule)),
    }
}

/// This version was written in 2026: a clock before that is wrong.
const OLDEST_SANE_SECOND: i64 = 1_767_225_600;

fn clock(now: Timestamp) -> Check {
    const NAME: &str = "clock";
    if now.as_second() < OLDEST_SANE_SECOND {
        return fail(NAME, format!("{now} cannot be right: fixes of devices would be refused as being of the future"));
    }
    ok(NAME, now.to_string())
}

async fn port(settings: &Settings) -> Check {
    const NAME: &str = "port";
    let listen = settings.server.listen;
    match tokio::net::TcpListener::bind(listen).await {
        Ok(_) => ok(NAME, format!("{listen} is free")),
        Err(error) => match ask(listen).await {
            Some(health) if health.ready => ok(NAME, format!("a server answers on {listen}, ready")),
            Some(health) => {
                let parts = health.parts.iter().filter(|part| !part.ready);
                let parts: Vec<&str> = parts.map(|part| part.name.as_str()).collect();
                fail(NAME, format!("a server answers on {listen}, not ready: {}", parts.join(", ")))
            }
            None => warn(NAME, format!("{listen} cannot be bound: {error}; another program seems to have it")),
        },
    }
}

/// What a Tracklane server on this address says of itself; nothing when none answers.
async fn ask(mut listen: SocketAddr) -> Option<Health> {
    if listen.ip().is_unspecified() {
        listen.set_ip(if listen.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let request = crate::env::http_client().ok()?.get(format!("http://{listen}/readyz"));
    let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
    serde_json::from_slice(&answer.bytes().await.ok()?).ok()
}

fn print(global: &Global, checks: &[Check]) -> anyhow::Result<()> {
    if global.output == Format::Json {
        return output::json(checks);
    }
    for check in checks {
        let state = match check.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        output::line(&format!("{state:<5} {:<14} {}", check.name, check.detail))?;
    }
    Ok(())
}
