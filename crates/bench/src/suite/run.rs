//! The run: step by step and round by round, whatever fails on the way.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::plan::{BY_HAND, PARTS, Part, Peer, QUOTIENTS, Step};
use super::product::Product;
use super::servers::Servers;
use super::{against_stores, profile};
use crate::Outcome;
use crate::sheet::{Bar, Report, Sheet};
use crate::tables::BENCHES;

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The product's binary.
    pub program: PathBuf,
    /// The root of the repository.
    pub repository: PathBuf,
    /// Which benches; all when empty. `profile` is one, too.
    pub only: Vec<String>,
    /// Rounds of each.
    pub rounds: u32,
    /// Short rounds and few positions: to see that all works.
    pub quick: bool,
    /// When to begin nothing more.
    pub most: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Results {
    /// Every bar of the product's list.
    pub bars: Vec<Bar>,
    /// Every figure.
    pub sheet: Sheet,
    /// The machine in words.
    pub machine: String,
    /// Versions of the peers that ran.
    pub versions: Vec<String>,
    /// Shares of processor time, by way in.
    pub profiles: Vec<(String, Vec<(String, f64)>)>,
    /// How long it took.
    pub took: Duration,
}

/// A folder that goes with its owner.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("bench: {} could not be removed: {error}", self.0.display());
        }
    }
}

struct Run {
    options: Options,
    product: Product,
    folder: PathBuf,
    bars: Vec<Bar>,
    sheet: Sheet,
    machine: Value,
    started: Instant,
    stopped: Arc<AtomicBool>,
}

/// Measures everything that was asked for.
///
/// # Errors
/// When nothing can be measured at all: the product cannot be started, or the folder cannot be made. What fails later is
/// a note among the results.
pub fn run(options: Options) -> Outcome<Results> {
    let folder = Temporary(std::env::temp_dir().join(format!("tracklane-bench-{}", std::process::id())));
    let work = folder.0.join("work");
    fs::create_dir_all(&work)?;
    // PostgreSQL refuses to run as root; its user must be able to pass.
    fs::set_permissions(&folder.0, Permissions::from_mode(0o755))?;
    let product = Product::new(&options.program, &work);
    let bars = product.bench(&["bars"], Duration::from_secs(20))?;
    let mut servers = Servers::new(&options.repository, &folder.0);
    let mut run = Run {
        product,
        folder: work,
        bars,
        sheet: Sheet::default(),
        machine: Value::Null,
        started: Instant::now(),
        stopped: when_stopped()?,
        options,
    };
    let mut profiles = Vec::new();
    for part in PARTS {
        if !run.wanted(part.name()) {
            continue;
        }
        match part {
            Part::Bench(step) => run.step(step, &mut servers),
            Part::Profile => profiles = run.profiles(),
            Part::Stores => {
                let Run { sheet, bars, folder, options, .. } = &mut run;
                against_stores::measure(sheet, bars, folder, options.quick, options.rounds);
            }
        }
    }
    let Run { bars, sheet, machine, started, .. } = run;
    let versions = servers.versions();
    Ok(Results { bars, sheet, machine: in_words(&machine), versions, profiles, took: started.elapsed() })
}

impl Run {
    /// Whether this is asked for, and there is time for it.
    fn wanted(&mut self, name: &str) -> bool {
        let only = &self.options.only;
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) || self.stopped.load(Ordering::Relaxed) {
            return false;
        }
        let late = self.left().is_zero();
        if late {
            self.sheet.note(format!("{name}: the time was up"));
        }
        !late
    }

    fn left(&self) -> Duration {
        self.options.most.saturating_sub(self.started.elapsed())
    }

    fn step(&mut self, step: &Step, servers: &mut Servers) {
        let seconds = if self.options.quick { 0.3 } else { step.seconds };
        let rounds = self.options.rounds;
        // Peers come before and after two rounds of ours, so that each of these has one of theirs next to it.
        let (calls, inside) = if step.peers.is_empty() { (1, rounds) } else { (rounds.div_ceil(2), rounds.min(2)) };
        let (seconds, inside) = (seconds.to_string(), inside.to_string());
        let mut arguments = step.arguments.to_vec();
        arguments.extend(["--rounds", &inside, "--seconds", &seconds]);
        arguments.extend(if self.options.quick { step.quick } else { step.full });
        let mut failed = HashSet::new();
        if rounds > 1 {
            // As with ours, one comes first and does not count.
            self.peers(step.peers, &mut failed, servers);
        }
        for call in 0..calls {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if call > 0 && self.left().is_zero() {
                let done = call * 2;
                return self.sheet.note(format!(
                    "tracklane bench {}: the time was up after {done} rounds",
                    step.arguments.join(" ")
                ));
            }
            eprintln!("bench: {} ({} of {calls}, {:.0?} gone)", arguments.join(" "), call + 1, self.started.elapsed());
            let before = self.peers(step.peers, &mut failed, servers);
            let ours = self.product.bench::<Report>(&arguments, self.left() + Duration::from_secs(20));
            let after = if rounds > 1 { self.peers(step.peers, &mut failed, servers) } else { HashMap::new() };
            match ours {
                Ok(report) => self.take(step.bench, report, &[before, after]),
                Err(error) => {
                    return self.sheet.note(format!("tracklane bench {}: {error}", step.arguments.join(" ")));
                }
            }
        }
    }

    /// One round of each peer; one that failed is not tried again.
    fn peers(&mut self, peers: &[Peer], failed: &mut HashSet<Peer>, servers: &mut Servers) -> HashMap<Peer, f64> {
        let mut theirs = HashMap::new();
        let lasts = Duration::from_secs_f64(if self.options.quick { 0.3 } else { 1.0 });
        for peer in peers {
            if failed.contains(peer) || self.stopped.load(Ordering::Relaxed) {
                continue;
            }
            match peer.round(servers, lasts) {
                Ok(rate) => {
                    eprintln!("bench: {}: {rate:.0} per second", peer.title());
                    theirs.insert(*peer, rate);
                }
                Err(error) => {
                    self.sheet.note(format!("{}: {error}", peer.title()));
                    failed.insert(*peer);
                }
            }
        }
        theirs
    }

    /// Takes a report with the peers' figures from before and after it: the first round goes with those, the second with these.
    fn take(&mut self, bench: &str, report: Report, theirs: &[HashMap<Peer, f64>; 2]) {
        self.sheet.add(bench, &report, &self.bars);
        for quotient in QUOTIENTS {
            let bar = self.bars.iter().find(|bar| bar.number == quotient.bar && bar.bench == bench);
            let (Some(bar), Some(figure)) = (bar, quotient.ours.of(&report.figures)) else { continue };
            for (ours, theirs) in figure.measured.values.rounds.iter().zip(theirs) {
                if let Some(theirs) = theirs.get(&quotient.theirs) {
                    self.sheet.pair(bench, bar, &figure.unit, *ours, *theirs);
                }
            }
        }
        for (number, ours) in BY_HAND {
            let bar = self.bars.iter().find(|bar| bar.number == *number && bar.bench == bench);
            if let (Some(bar), Some(figure)) = (bar, ours.of(&report.figures)) {
                self.sheet.alone(bench, bar, figure);
            }
        }
        self.machine = report.machine;
    }

    /// One for single positions and one for batches.
    fn profiles(&mut self) -> Vec<(String, Vec<(String, f64)>)> {
        let mut found = Vec::new();
        let ways: [(&str, &[&str]); 2] =
            [("single", &["ingest", "--single"]), ("batches of 1,000", &["ingest", "--batch", "1000"])];
        for (name, arguments) in ways {
            match profile::shares(&self.product, arguments, &self.folder) {
                Ok(shares) => found.push((name.to_owned(), shares)),
                Err(error) => self.sheet.note(format!("where the time goes: {error}")),
            }
        }
        found
    }
}

impl Results {
    /// Bars that a figure misses, as `number: what`.
    pub fn missed(&self) -> Vec<String> {
        let rows = BENCHES.iter().flat_map(|bench| self.bars.iter().filter(move |bar| bar.bench == *bench));
        let missed = rows.filter(|bar| {
            let lines = self.sheet.lines.iter().filter(|line| line.bars.contains(&bar.number));
            lines.into_iter().any(|line| line.verdict_value(bar).is_some_and(|value| !bar.holds(value, bar.must)))
        });
        missed.map(|bar| format!("{}: {}", bar.number, bar.what)).collect()
    }
}

/// True once somebody wants us to end. Nothing else happens then, so that peers are stopped and folders go.
fn when_stopped() -> Outcome<Arc<AtomicBool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let stopped = Arc::new(AtomicBool::new(false));
    let (flag, runtime) = (stopped.clone(), tokio::runtime::Builder::new_current_thread().enable_all().build()?);
    std::thread::spawn(move || {
        runtime.block_on(async {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            eprintln!("bench: ending");
            flag.store(true, Ordering::Relaxed);
        });
    });
    Ok(stopped)
}

/// What `tracklane bench` says of the machine, in a line.
fn in_words(machine: &Value) -> String {
    if machine.is_null() {
        return "not known, because no bench of the product ran".to_owned();
    }
    let text = |name: &str| machine[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| machine[name].as_f64().unwrap_or_default();
    let mut words = format!(
        "{} cores of {}, shared by load and server, {:.0} GiB of memory, Linux {}, 32 KiB durable in {} ms",
        number("cores"),
        text("cpu"),
        number("memory_bytes") / f64::from(1 << 30),
        text("kernel"),
        number("sync_ms")
    );
    if machine["debug_build"] == Value::Bool(true) {
        words.push_str("; a build without optimisation, whose numbers say nothing");
    }
    words
}
