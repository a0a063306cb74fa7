//! `tracklane carrier`: what a carrier's answer says, and how much of each carrier is known.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use tracklane_carriers::carriers::{Capabilities, Carrier, Registry};
use tracklane_carriers::report::{Report, When};
use tracklane_carriers::{Answer, Parsed, samples};

use crate::args::Global;
use crate::exit::Usage;
use crate::output::{self, Format, or_dash};

/// Read carriers' answers; see what is known of each carrier.
#[derive(Debug, Subcommand)]
pub enum CarrierCommand {
    /// Say what an answer of a carrier means.
    Parse(ParseArgs),
    /// List the carriers: what each tells, its samples, and how many of its codes have a meaning.
    Coverage(CoverageArgs),
}

/// Say what an answer of a carrier means.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tracklane carrier parse ups answer.json -o json
  curl -s https://carrier.example/track/1 | tracklane carrier parse mine - --declare mine.toml")]
pub struct ParseArgs {
    /// The carrier's id; `tracklane carriers coverage` lists them.
    carrier: String,
    /// The file with the answer, as it came; `-` for standard input.
    file: PathBuf,
    /// The status of HTTP that it came with.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(100..=599), value_name = "STATUS")]
    status: u16,
    /// The content type that it came with.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// A file that declares the carrier (docs/carriers.md).
    #[arg(long, value_name = "FILE")]
    declare: Option<PathBuf>,
}

/// List the carriers.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// A file that declares one more carrier.
    #[arg(long, value_name = "FILE")]
    declare: Option<PathBuf>,
}

/// Runs the sub-command.
///
/// # Errors
/// For an unknown carrier, a file that cannot be read, or an answer that says nothing about any number.
pub fn run(global: &Global, command: CarrierCommand) -> anyhow::Result<()> {
    match command {
        CarrierCommand::Parse(args) => parse(global, &args),
        CarrierCommand::Coverage(args) => coverage(global, &args),
    }
}

fn registry(declare: Option<&Path>) -> anyhow::Result<Registry> {
    let mut registry = Registry::built_in().clone();
    if let Some(path) = declare {
        let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        registry.declare(&text).map_err(|error| Usage(format!("{}: {error}", path.display())))?;
    }
    Ok(registry)
}

fn parse(global: &Global, args: &ParseArgs) -> anyhow::Result<()> {
    let registry = registry(args.declare.as_deref())?;
    let carrier = registry.find(&args.carrier).map_err(|error| Usage(error.to_string()))?;
    let mut body = Vec::new();
    if args.file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut body).context("failed to read standard input")?;
    } else {
        body = fs::read(&args.file).with_context(|| format!("failed to read {}", args.file.display()))?;
    }
    let content_type = args.content_type.as_deref();
    let parsed = carrier.parse(&Answer { status: args.status, content_type, retry_after: None, body: &body })?;
    match global.output {
        Format::Json => output::json(&parsed),
        Format::Table => show(&parsed),
    }
}

fn show(parsed: &Parsed) -> anyhow::Result<()> {
    for report in &parsed.reports {
        let status = or_dash(report.status());
        output::line(&format!("{}  {status}  {}", report.number, report.service.as_deref().unwrap_or("")))?;
        output::table(["WHEN", "OFFSET", "STATUS", "PLACE", "CODE", "WORDS"], &events(report))?;
        for estimate in &report.estimates {
            let (until, sure) = when(estimate.until);
            output::line(&format!("expected {until} ({sure}) by {}", estimate.said_by))?;
        }
    }
    for problem in &parsed.problems {
        output::line(&format!("{}: {}", or_dash(problem.number.as_ref()), problem.error))?;
    }
    Ok(())
}

fn events(report: &Report) -> Vec<[String; 6]> {
    let rows = report.events.iter().map(|event| {
        let (time, sure) = when(event.when);
        let mut status = event.status.map_or(event.kind.as_str(), |status| status.as_str()).to_owned();
        for finer in event.substatus.iter().map(String::as_str).chain(event.delayed.then_some("delayed")) {
            status.push_str(", ");
            status.push_str(finer);
        }
        let place = event.place.as_ref().map(|place| {
            let parts = [&place.city, &place.state, &place.country];
            let city: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
            if city.is_empty() { place.name.clone().unwrap_or_default() } else { city.join(", ") }
        });
        [time, sure, status, or_dash(place), or_dash(event.raw_code.as_ref()), or_dash(event.raw_text.as_ref())]
    });
    rows.collect()
}

/// A time as it was at the place, and how sure its offset is.
fn when(when: When) -> (String, String) {
    match when {
        When::Instant { at, offset_seconds, confidence } => {
            let offset = jiff::tz::Offset::from_seconds(offset_seconds).unwrap_or(jiff::tz::Offset::UTC);
            let local = at.to_zoned(offset.to_time_zone());
            (local.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(), confidence.as_str().to_owned())
        }
        When::Day { date, confidence, .. } => (date.to_string(), confidence.as_str().to_owned()),
        When::Undated => ("-".to_owned(), "-".to_owned()),
    }
}

/// What is known of one carrier.
#[derive(Serialize)]
struct Coverage<'a> {
    id: &'a str,
    name: &'a str,
    source: &'static str,
    declared: bool,
    /// The most numbers in one request.
    batch: usize,
    can: Capabilities,
    credentials: Vec<&'a str>,
    /// Sample answers of ours.
    samples: usize,
    /// Codes that say something.
    codes_mapped: usize,
    /// Codes that are known to exist.
    codes_known: usize,
}

fn coverage(global: &Global, args: &CoverageArgs) -> anyhow::Result<()> {
    let registry = registry(args.declare.as_deref())?;
    let rows: Vec<Coverage<'_>> = registry.carriers().iter().map(covered).collect();
    if global.output == Format::Json {
        return output::json(&rows);
    }
    let rows: Vec<[String; 7]> = rows
        .iter()
        .map(|row| {
            let tells = [
                (row.can.estimate, "estimate"),
                (row.can.proof, "proof"),
                (row.can.hand_over, "hand-over"),
                (row.can.exact_time, "offsets"),
            ];
            let tells: Vec<&str> = tells.into_iter().filter(|(can, _)| *can).map(|(_, word)| word).collect();
            [
                row.id.to_owned(),
                row.name.to_owned(),
                format!("{}{}", row.source, if row.declared { ", declared" } else { "" }),
                row.batch.to_string(),
                if tells.is_empty() { "-".to_owned() } else { tells.join(" ") },
                row.samples.to_string(),
                format!("{} of {}", row.codes_mapped, row.codes_known),
            ]
        })
        .collect();
    output::table(["ID", "NAME", "KIND", "AT ONCE", "TELLS", "SAMPLES", "CODES MAPPED"], &rows)
}

fn covered(carrier: &Carrier) -> Coverage<'_> {
    let codes = carrier.codes();
    Coverage {
        id: &carrier.id,
        name: &carrier.name,
        source: carrier.source.as_str(),
        declared: carrier.is_declared(),
        batch: carrier.batch,
        can: carrier.can,
        credentials: carrier.credentials.iter().map(|credential| credential.name.as_ref()).collect(),
        samples: samples::samples(&carrier.id).len(),
        codes_mapped: codes.iter().filter(|code| code.means.is_mapped()).count(),
        codes_known: codes.len(),
    }
}
