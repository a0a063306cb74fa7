//! `tracklane detect`: whose a tracking number may be.

use clap::Args;
use tracklane_carriers::numbers::{self, Candidate, Detection};

use crate::args::Global;
use crate::output::{self, Format};

/// Say whose a tracking number may be, how sure that is, and why.
#[derive(Debug, Args)]
#[command(
    after_help = "Every courier whose format fits is named, with its share among everything that such a text could be. A format that
the number looks like, but whose check it breaks, is named with that check.

Example:
  tracklane detect 986578788855 RB123456785GB"
)]
pub struct DetectArgs {
    /// Tracking numbers; one with blanks in it in quotes.
    #[arg(required = true, value_name = "NUMBER")]
    numbers: Vec<String>,
}

/// Runs the sub-command.
///
/// # Errors
/// When standard output is closed.
pub fn run(global: &Global, args: &DetectArgs) -> anyhow::Result<()> {
    let detections: Vec<Detection> = args.numbers.iter().map(|number| numbers::detect(number)).collect();
    match global.output {
        Format::Json => output::json(&detections),
        Format::Table => table(&detections),
    }
}

fn table(detections: &[Detection]) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for Detection { number, candidates, refused } in detections {
        for candidate in candidates {
            rows.push(row(number, candidate));
        }
        for refusal in refused {
            let cells = [number, refusal.courier, refusal.format, "no", "-", "-", &refusal.rule];
            rows.push(cells.map(str::to_owned));
        }
        if candidates.is_empty() && refused.is_empty() {
            rows.push([number, "-", "-", "no", "-", "-", "no format is like it"].map(str::to_owned));
        }
    }
    output::table(["NUMBER", "COURIER", "FORMAT", "SHARE", "ASK WITH", "NEEDS", "WHY"], &rows)
}

fn row(number: &str, candidate: &Candidate) -> [String; 7] {
    let needs: Vec<String> = candidate
        .needs
        .iter()
        .map(|need| format!("{}{}", need.key.as_str(), if need.required { "" } else { "?" }))
        .collect();
    [
        number.to_owned(),
        candidate.courier.to_owned(),
        candidate.format.to_owned(),
        format!("{} %", candidate.confidence),
        candidate.ask.clone(),
        if needs.is_empty() { "-".to_owned() } else { needs.join(" ") },
        candidate.why.join("; "),
    ]
}
