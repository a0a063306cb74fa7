//! `tracklane edi`: business documents, read without a server.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use tracklane_carriers::documents::code::CodeList;
use tracklane_carriers::documents::{Document, LISTS, MAX_BYTES, Options, Partner, acknowledge, read};
use tracklane_carriers::report::{Estimate, Report, ReportedEvent, When};

use crate::args::Global;
use crate::exit::{Said, Usage};
use crate::output::{self, Format, or_dash};

/// What to do with a document.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Reads X12 214 and 315, EDIFACT IFTSTA, GS1 EPCIS (JSON and XML) and DCSA Track & Trace; which one is seen from the file.

A partner's map says what its codes mean (docs/documents.md):
  zone = \"America/New_York\"
  [codes.x12_status]
  LY = { status = \"picked_up\", says = \"Loaded in the yard\" }

Exit code 1 when nothing of the document could be taken.

Examples:
  tracklane edi parse 214.edi -o json
  tracklane edi explain 214.edi --partner roadone.toml
  tracklane edi ack - < 214.edi > 997.edi
  tracklane edi codes x12_status"
)]
pub enum EdiCommand {
    /// What the document says, in Tracklane's words.
    Parse(DocumentArgs),
    /// Segment by segment: what each says, what was made of it, and the acknowledgement that would go back.
    Explain(DocumentArgs),
    /// The acknowledgement that goes back: 997 (with TA1) or CONTRL.
    Ack(AckArgs),
    /// The codes that are known, and what is made of them.
    Codes(CodesArgs),
}

/// Which document, and whose.
#[derive(Debug, Args)]
pub struct DocumentArgs {
    /// The file; - for standard input.
    file: PathBuf,
    /// What the partner's codes mean: a TOML file.
    #[arg(long, value_name = "FILE")]
    partner: Option<PathBuf>,
}

/// Which document, and the number of the answer.
#[derive(Debug, Args)]
pub struct AckArgs {
    #[command(flatten)]
    document: DocumentArgs,
    /// Control number of the interchange that is written.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=999_999_999))]
    control: u32,
}

/// Which codes.
#[derive(Debug, Args)]
pub struct CodesArgs {
    /// The list; without one, the names of all lists.
    list: Option<String>,
}

/// Runs the sub-command.
///
/// # Errors
/// For a file that cannot be read, a map that is wrong, an unknown list, and for a document of which nothing was taken.
pub fn run(global: &Global, command: &EdiCommand) -> anyhow::Result<()> {
    match command {
        EdiCommand::Parse(args) => parse(global, args),
        EdiCommand::Explain(args) => explain(global, args),
        EdiCommand::Ack(args) => ack(args),
        EdiCommand::Codes(args) => codes(global, args.list.as_deref()),
    }
}

fn load(args: &DocumentArgs) -> anyhow::Result<(Vec<u8>, Partner)> {
    let partner = match &args.partner {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
            Partner::read(&text).map_err(|invalid| Usage(format!("{}: {invalid}", path.display())))?
        }
        None => Partner::default(),
    };
    Ok((bytes(&args.file)?, partner))
}

/// The file, up to one byte more than a document may have: then the reader says so.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    let failed = || format!("failed to read {}", path.display());
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).with_context(failed)?;
    } else {
        let file = std::fs::File::open(path).with_context(failed)?;
        file.take(most).read_to_end(&mut bytes).with_context(failed)?;
    }
    Ok(bytes)
}

fn said(document: &Document) -> anyhow::Result<()> {
    if document.rejected() { Err(Said.into()) } else { Ok(()) }
}

fn parse(global: &Global, args: &DocumentArgs) -> anyhow::Result<()> {
    let (bytes, partner) = load(args)?;
    let document = read(&bytes, Options { partner: &partner, explain: false });
    if global.output == Format::Json {
        output::json(&document)?;
        return said(&document);
    }
    let reports = document.reports.iter();
    let rows: Vec<_> = reports.flat_map(|report| events(report).chain(estimates(report))).collect();
    output::table(["NUMBER", "WHEN", "CODE", "STATUS", "WHERE", "WORDS"], &rows)?;
    issues(&document)?;
    said(&document)
}

fn events(report: &Report) -> impl Iterator<Item = [String; 6]> {
    report.events.iter().map(|event| {
        let words = event.raw_text.clone().unwrap_or_default();
        [
            report.number.clone(),
            when(&event.when),
            or_dash(event.raw_code.as_ref()),
            status(event),
            place(event.place.as_ref()),
            words,
        ]
    })
}

fn estimates(report: &Report) -> impl Iterator<Item = [String; 6]> {
    report.estimates.iter().map(|estimate| {
        let Estimate { of, basis, until, said_by, place: at, raw_code, .. } = estimate;
        let what = format!("{basis:?} {of:?}").to_lowercase();
        [
            report.number.clone(),
            when(until),
            or_dash(raw_code.as_ref()),
            what,
            place(at.as_ref()),
            format!("said by {said_by}"),
        ]
    })
}

fn status(event: &ReportedEvent) -> String {
    let mut text = event.status.map_or_else(|| event.kind.as_str().to_owned(), |status| status.to_string());
    if let Some(sub) = &event.substatus {
        text.push_str(&format!("/{sub}"));
    }
    if let Some(reason) = event.reason {
        text.push_str(&format!(", {}", reason.as_str()));
    }
    if event.delayed {
        text.push_str(", late");
    }
    text
}

fn place(place: Option<&tracklane_core::lifecycle::Place>) -> String {
    let Some(place) = place else { return "-".to_owned() };
    let parts = [&place.name, &place.city, &place.state, &place.country].into_iter().flatten().cloned();
    let point = place.point.map(|point| format!("{},{}", point.lat, point.lon));
    parts.chain(point).collect::<Vec<_>>().join(", ")
}

/// The local time with its offset; a question mark where the offset is only assumed.
fn when(when: &When) -> String {
    match when {
        When::Instant { at, offset_seconds, confidence } => {
            let offset = jiff::tz::Offset::from_seconds(*offset_seconds).unwrap_or(jiff::tz::Offset::UTC);
            let local = at.to_zoned(TimeZone::fixed(offset)).strftime("%Y-%m-%d %H:%M:%S%:z");
            let doubt = if *confidence <= tracklane_core::time::TzConfidence::Assumed { " ?" } else { "" };
            format!("{local}{doubt}")
        }
        When::Day { date, .. } => date.to_string(),
        When::Undated => "-".to_owned(),
    }
}

/// What is wrong, on standard error.
fn issues(document: &Document) -> anyhow::Result<()> {
    let mut out = std::io::stderr().lock();
    for issue in &document.issues.list {
        let given = issue.given.as_deref().map(|given| format!(" (given {given:?})")).unwrap_or_default();
        writeln!(out, "{}: {issue}{given}", issue.severity.as_str())?;
    }
    if document.issues.left_out > 0 {
        writeln!(out, "and {} more", document.issues.left_out)?;
    }
    Ok(())
}

fn explain(global: &Global, args: &DocumentArgs) -> anyhow::Result<()> {
    let (bytes, partner) = load(args)?;
    let options = Options { partner: &partner, explain: true };
    let document = read(&bytes, options);
    let answers = acknowledge(&bytes, options, now(), 1);
    if global.output == Format::Json {
        let value = serde_json::json!({ "document": document, "acknowledgements": answers });
        output::json(&value)?;
        return said(&document);
    }
    let mut text = String::new();
    for line in &document.lines {
        text.push_str(&format!("{}\n    {}\n    {}\n", line.at, line.raw, line.says));
        for made in &line.made {
            text.push_str(&format!("    -> {made}\n"));
        }
    }
    for message in &document.messages {
        let reference = message.reference.as_deref().unwrap_or("-");
        text.push_str(&format!("\n{} {reference}: {}\n", message.kind, message.verdict.words()));
    }
    for answer in &answers {
        text.push_str(&format!("\nThis would go back:\n{answer}"));
    }
    std::io::stdout().lock().write_all(text.as_bytes())?;
    issues(&document)?;
    said(&document)
}

fn ack(args: &AckArgs) -> anyhow::Result<()> {
    let (bytes, partner) = load(&args.document)?;
    let options = Options { partner: &partner, explain: false };
    let answers = acknowledge(&bytes, options, now(), args.control);
    if answers.is_empty() {
        let document = read(&bytes, options);
        issues(&document)?;
        let text = format!(
            "a document of the format {:?} has no acknowledgement: 997 and CONTRL answer X12 and EDIFACT",
            document.format
        );
        return Err(anyhow::anyhow!(text));
    }
    std::io::stdout().lock().write_all(answers.concat().as_bytes())?;
    Ok(())
}

fn now() -> jiff::civil::DateTime {
    crate::env::real().now().to_zoned(TimeZone::UTC).datetime()
}

fn codes(global: &Global, name: Option<&str>) -> anyhow::Result<()> {
    let Some(name) = name else {
        let rows: Vec<_> = LISTS
            .iter()
            .map(|list| [list.name.to_owned(), list.codes.len().to_string(), list.title.to_owned()])
            .collect();
        if global.output == Format::Json {
            return output::json(&LISTS.iter().map(|list| list.name).collect::<Vec<_>>());
        }
        return output::table(["LIST", "CODES", "WHAT"], &rows);
    };
    let found = LISTS.iter().find(|list| list.name == name);
    let list: &CodeList = found.ok_or_else(|| {
        let known: Vec<_> = LISTS.iter().map(|list| list.name).collect();
        Usage(format!("unknown list {name:?}; known are {}", known.join(", ")))
    })?;
    let plain = Partner::default();
    let rows: Vec<_> = list
        .codes
        .iter()
        .map(|code| {
            let made = list.find(code.code, &plain).means.map(|means| means.words()).unwrap_or_default();
            [code.code.to_owned(), code.wording.to_owned(), made]
        })
        .collect();
    if global.output == Format::Json {
        let objects: Vec<_> = rows
            .iter()
            .map(|[code, says, made]| serde_json::json!({ "code": code, "says": says, "made": made }))
            .collect();
        return output::json(&objects);
    }
    output::table(["CODE", "SAYS", "MADE OF IT"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_what_is_only_assumed() {
        let instant = |confidence| When::Instant {
            at: "2026-03-01T13:30:00Z".parse().unwrap(),
            offset_seconds: -21_600,
            confidence,
        };
        assert_eq!(when(&instant(tracklane_core::time::TzConfidence::Exact)), "2026-03-01 07:30:00-06:00");
        assert_eq!(when(&instant(tracklane_core::time::TzConfidence::Assumed)), "2026-03-01 07:30:00-06:00 ?");
        assert_eq!(when(&When::Undated), "-");
    }

    #[test]
    fn an_unknown_list_is_answered_with_the_lists() {
        use clap::Parser as _;
        let cli = crate::args::Cli::parse_from(["tracklane", "edi", "codes", "nope"]);
        let error = codes(&cli.global, Some("nope")).unwrap_err().to_string();
        assert!(error.starts_with("unknown list \"nope\"; known are x12_status"), "{error}");
    }
}
