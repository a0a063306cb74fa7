//! `make bench`: every bench of the product with its floors and peers, and the tables of docs/performance.md.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tracklane_bench::suite::run::{Options, Results, run};
use tracklane_bench::{Outcome, document, tables};
use tracklane_core::Timestamp;

// As in the product: what is measured in this process is to have the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Every bench with its floors and peers. Writes the tables of docs/performance.md, unless it is a quick run.
#[derive(Debug, Parser)]
struct Arguments {
    /// The product's binary; the release build when left out.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// These benches alone, separated by commas, such as `ingest,live,profile`; their tables alone are written.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rounds of each bench; next to peers one more where this is odd.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// One short round of each, to see that all works; the tables are printed and not written.
    #[arg(long)]
    quick: bool,
    /// Begin nothing more after so many minutes.
    #[arg(long, default_value_t = 14.2)]
    minutes: f64,
    /// Fail when a bar is missed.
    #[arg(long)]
    check: bool,
    /// Print the tables and leave the document alone.
    #[arg(long)]
    dry_run: bool,
}

fn main() -> ExitCode {
    match measure(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: Arguments) -> Outcome<bool> {
    let repository = std::env::current_dir()?;
    if !repository.join("scripts/services").is_file() {
        return Err("run it in the root of the repository, as make bench does".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let rounds = if arguments.quick { 1 } else { arguments.rounds };
    let results = run(Options {
        program: arguments.program.unwrap_or_else(|| target.join("release/tracklane")),
        repository: repository.clone(),
        only: arguments.only.clone(),
        rounds,
        quick: arguments.quick,
        most: Duration::from_secs_f64(arguments.minutes.clamp(0.1, 600.0) * 60.0),
    })?;
    let sections = sections(&results, rounds);
    if arguments.quick || arguments.dry_run {
        sections.iter().for_each(|(name, text)| println!("{name}\n\n{text}\n"));
    } else {
        let path = repository.join("docs/performance.md");
        let mut text = fs::read_to_string(&path)?;
        // Date, machine and peers are those of a whole run.
        for (name, section) in sections.iter().filter(|(name, _)| *name != "setup" || arguments.only.is_empty()) {
            text = document::replace(&text, name, section)?;
        }
        fs::write(&path, text)?;
        eprintln!("bench: wrote the tables of {}", path.display());
    }
    let missed = results.missed();
    missed.iter().for_each(|bar| eprintln!("bench: missed {bar}"));
    Ok(missed.is_empty() || !arguments.check)
}

/// The sections that there are figures for.
fn sections(results: &Results, rounds: u32) -> Vec<(&'static str, String)> {
    let sheet = &results.sheet;
    let measured = |bench: &&&str| sheet.lines.iter().any(|line| line.bench == **bench);
    let benches = tables::BENCHES.iter().filter(measured);
    let mut sections: Vec<_> = benches.map(|bench| (*bench, tables::bench(bench, &results.bars, sheet))).collect();
    let minutes = results.took.as_secs_f64() / 60.0;
    let setup = tables::setup(&today(), &results.machine, rounds, minutes, &results.versions, &sheet.notes);
    sections.insert(0, ("setup", setup));
    if sheet.lines.iter().any(|line| !line.cpu.is_empty()) {
        sections.push(("cost", tables::cost(sheet)));
    }
    if !results.profiles.is_empty() {
        sections.push(("profile", tables::profile(&results.profiles)));
    }
    sections
}

#[expect(clippy::disallowed_methods, reason = "the date of the measurement is that of the machine")]
fn today() -> String {
    Timestamp::now().strftime("%Y-%m-%d").to_string()
}
