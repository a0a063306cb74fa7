//! `tracklane sandbox numbers`: what numbers stand for, and numbers to try.

use clap::Args;
use serde::Serialize;

use super::fault::{FAULTS, Named};
use super::number::{MAX_SERIAL, Number, PACES};
use super::path::{PATHS, Path};
use crate::args::Global;
use crate::exit::Usage;
use crate::output::{self, Format};

/// List what numbers stand for, or make some.
#[derive(Debug, Args)]
#[command(
    after_help = "A number is TLSB, two digits for the path, one for the pace, two for the fault, six to tell numbers apart, and a check
digit. Without flags the digits are listed, each with an example; with any flag numbers are made, one a line.

Example:
  tracklane sandbox numbers --path returned --pace 1m --fault fails_once --count 3"
)]
pub struct NumbersArgs {
    /// The path, by its name or digits.
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// The time between two scans, by its name or digit.
    #[arg(long, value_name = "PACE")]
    pace: Option<String>,
    /// The fault, by its name or digits.
    #[arg(long, value_name = "FAULT")]
    fault: Option<String>,
    /// The first serial number.
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_SERIAL)), value_name = "N")]
    serial: Option<u32>,
    /// How many to make, up to the last serial number.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SERIAL) + 1), value_name = "N")]
    count: Option<u32>,
}

/// What some digits stand for.
#[derive(Serialize)]
struct Row {
    part: &'static str,
    digits: String,
    name: &'static str,
    does: String,
    example: String,
}

/// Runs the sub-command.
///
/// # Errors
/// For a path, pace or fault that does not exist.
pub fn run(global: &Global, args: &NumbersArgs) -> anyhow::Result<()> {
    let NumbersArgs { path, pace, fault, serial, count } = args;
    if path.is_none() && pace.is_none() && fault.is_none() && serial.is_none() && count.is_none() {
        return list(global);
    }
    let path = pick("path", path.as_deref(), PATHS.iter().map(|path| (format!("{:02}", path.code), path.word, path)))?;
    let fault =
        pick("fault", fault.as_deref(), FAULTS.iter().map(|fault| (format!("{:02}", fault.code), fault.word, fault)))?;
    let paces = (0_u8..).zip(PACES).map(|(digit, (word, _))| (digit.to_string(), word, digit));
    let pace = pick("pace", pace.as_deref(), paces)?;
    let from = serial.unwrap_or(1);
    let to = from.saturating_add(count.unwrap_or(1)).min(MAX_SERIAL + 1);
    let numbers = (from..to).map(|serial| Number { path, pace, fault, serial }.text());
    match global.output {
        Format::Json => output::json(&numbers.collect::<Vec<_>>()),
        Format::Table => numbers.into_iter().try_for_each(|number| output::line(&number)),
    }
}

/// The one with this name or these digits; the first when nothing is given.
fn pick<T>(what: &str, given: Option<&str>, all: impl Iterator<Item = (String, &'static str, T)>) -> Result<T, Usage> {
    let mut known = Vec::new();
    for (digits, word, one) in all {
        if given.is_none_or(|given| given == digits || given == word) {
            return Ok(one);
        }
        known.push(word);
    }
    Err(Usage(format!("unknown {what} {:?}; known are {}", given.unwrap_or_default(), known.join(", "))))
}

fn list(global: &Global) -> anyhow::Result<()> {
    let usual = Number { path: &PATHS[0], pace: 0, fault: &FAULTS[0], serial: 1 };
    let path = |path: &'static Path| Row {
        part: "path",
        digits: format!("{:02}", path.code),
        name: path.word,
        does: path.does.to_owned(),
        example: Number { path, ..usual }.text(),
    };
    let pace = |(digit, (word, seconds)): (u8, (&'static str, u64))| Row {
        part: "pace",
        digits: digit.to_string(),
        name: word,
        does: match seconds {
            0 => "all scans are there at once, an hour apart until now".to_owned(),
            seconds => format!("a scan every {seconds} s from the first time that it is asked for"),
        },
        example: Number { pace: digit, ..usual }.text(),
    };
    let fault = |fault: &'static Named| Row {
        part: "fault",
        digits: format!("{:02}", fault.code),
        name: fault.word,
        does: fault.does.to_owned(),
        example: Number { fault, ..usual }.text(),
    };
    let rows: Vec<Row> =
        PATHS.iter().map(path).chain((0_u8..).zip(PACES).map(pace)).chain(FAULTS.iter().map(fault)).collect();
    if global.output == Format::Json {
        return output::json(&rows);
    }
    let rows: Vec<[String; 5]> = rows
        .into_iter()
        .map(|row| [row.part.to_owned(), row.digits, row.name.to_owned(), row.example, row.does])
        .collect();
    output::table(["PART", "DIGITS", "NAME", "EXAMPLE", "WHAT HAPPENS"], &rows)
}
