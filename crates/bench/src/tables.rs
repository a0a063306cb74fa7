//! The tables of docs/performance.md.

use crate::sheet::{Bar, Line, Sheet};

/// Every bench that has bars, in the order of the document.
pub const BENCHES: [&str; 7] = ["ingest", "zones", "history", "live", "webhooks", "reads", "memory"];

/// The table of a bench: first its bars, then what was measured besides.
pub fn bench(name: &str, bars: &[Bar], sheet: &Sheet) -> String {
    let mut rows = vec![
        "| bar | what | must | reach | ours | floor or peer | ratio | verdict |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for bar in bars.iter().filter(|bar| bar.bench == name) {
        let lines: Vec<_> = sheet.lines.iter().filter(|line| line.bars.contains(&bar.number)).collect();
        rows.extend(lines.iter().map(|line| row(Some(bar), line)));
        if lines.is_empty() {
            let why = match bar.other.as_str() {
                "hand" => "by hand",
                "test" => "held by tests",
                _ => "not measured here",
            };
            rows.push(format!("{} | - | - | - | {why} |", start(bar)));
        }
    }
    let other = sheet.lines.iter().filter(|line| line.bench == name && line.bars.is_empty());
    rows.extend(other.map(|line| row(None, line)));
    rows.join("\n")
}

fn start(bar: &Bar) -> String {
    let sign = if bar.at_most() { "≤" } else { "≥" };
    let limit = |limit: f64| format!("{sign} {}", number(limit));
    format!("| {} | {} | {} | {}", bar.number, bar.what, limit(bar.must), limit(bar.reach))
}

fn row(bar: Option<&Bar>, line: &Line) -> String {
    let start = bar.map_or_else(|| format!("| - | {} | |", line.name), start);
    let ratios = line.ratios();
    let verdict = bar.map_or("", |bar| match line.verdict_value(bar) {
        None if bar.other == "hand" => "by hand",
        None => "-",
        Some(value) if bar.holds(value, bar.reach) => "reached",
        Some(value) if bar.holds(value, bar.must) => "holds",
        Some(_) => "**missed**",
    });
    let with_unit =
        |values: &[f64]| if values.is_empty() { "-".to_owned() } else { format!("{} {}", spread(values), line.unit) };
    let ours = with_unit(&line.ours);
    format!("{start} | {ours} | {} | {} | {verdict} |", spread(&line.theirs), spread(&ratios))
}

/// Machine, date and what could not be measured.
pub fn setup(date: &str, machine: &str, rounds: u32, minutes: f64, versions: &[String], notes: &[String]) -> String {
    let mut lines = vec![
        format!("- Measured on {date} in {minutes:.0} minutes: middle and range of at least {rounds} rounds."),
        format!("- Machine: {machine}."),
        format!("- Peers: {}.", if versions.is_empty() { "none".to_owned() } else { versions.join(", ") }),
    ];
    lines.extend(notes.iter().map(|note| format!("- Not measured here: {note}.")));
    lines.join("\n")
}

/// What a million positions cost, of every line that counted processor time.
pub fn cost(sheet: &Sheet) -> String {
    let mut rows = vec![
        "| way in | CPU seconds of one core per million | 1,000 vehicles, a position every 10 s each | at 0.03 per core and hour, a million |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for line in sheet.lines.iter().filter(|line| line.unit == "positions/s" && !line.cpu.is_empty()) {
        let name = line.name.split(": ").next().unwrap_or_default();
        let seconds = median(&line.cpu).unwrap_or_default();
        // They send 100 positions a second: a ten-thousandth of a million.
        let core = seconds / 10_000.0 * 100.0;
        let price = seconds / 3_600.0 * 0.03;
        rows.push(format!("| {name} | {} | {core:.2} % of a core | {price:.6} |", spread(&line.cpu)));
    }
    rows.join("\n")
}

/// Shares of processor time by part, for each way in.
pub fn profile(columns: &[(String, Vec<(String, f64)>)]) -> String {
    let Some((_, parts)) = columns.first() else { return String::new() };
    let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut rows = vec![format!("| part | {} |", names.join(" | ")), format!("|---|{}", "---|".repeat(names.len()))];
    for (part, _) in parts {
        let shares = columns.iter().map(|(_, shares)| {
            shares.iter().find(|(name, _)| name == part).map_or("-".to_owned(), |(_, share)| format!("{share:.1} %"))
        });
        rows.push(format!("| {part} | {} |", shares.collect::<Vec<_>>().join(" | ")));
    }
    rows.join("\n")
}

/// Middle and range.
fn spread(values: &[f64]) -> String {
    let Some(middle) = median(values) else { return "-".to_owned() };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() == 1 { number(middle) } else { format!("{} [{}..{}]", number(middle), number(least), number(most)) }
}

/// The middle of the values; none of none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// As many digits as mean something, thousands apart.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        0.0 => 0,
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 1_000.0 => 1,
        _ => 0,
    };
    // Three digits are meant, but for small whole numbers.
    let rounded = if value.abs() >= 10_000.0 && value < 1e9 { (value / 100.0).round() * 100.0 } else { value };
    let text = format!("{rounded:.digits$}");
    let (whole, part) =
        text.split_once('.').map_or((text.as_str(), ""), |(whole, part)| (whole, part.trim_end_matches('0')));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if part.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(number: u32, other: &str, asks: &str, must: f64, reach: f64) -> Bar {
        let text = str::to_owned;
        Bar {
            number,
            bench: text("ingest"),
            other: text(other),
            what: format!("bar {number}"),
            asks: text(asks),
            must,
            reach,
        }
    }

    #[test]
    fn a_row_for_each_bar_and_each_other_figure() {
        let bars = [
            bar(1, "floor", "ratio_at_least", 0.6, 0.68),
            bar(3, "hand", "ratio_at_least", 0.95, 1.1),
            bar(4, "peer", "ratio_at_least", 0.85, 1.0),
            bar(7, "hand", "ratio_at_least", 8.0, 12.0),
            bar(14, "floor", "ratio_at_most", 2.0, 1.5),
        ];
        let mut sheet = Sheet::default();
        let line = sheet.line("ingest", "single", "positions/s");
        (line.ours, line.theirs, line.bars) = (vec![65_812.0, 70_000.0, 60_000.0], vec![100_000.0; 3], vec![1]);
        let line = sheet.line("ingest", "next to Tile38", "positions/s");
        (line.ours, line.bars) = (vec![5.0], vec![3]);
        let line = sheet.line("ingest", "time", "us");
        (line.ours, line.theirs, line.bars) = (vec![300.0], vec![100.0], vec![14]);
        sheet.line("ingest", "without a bar", "positions/s").ours = vec![12.5];
        sheet.line("live", "elsewhere", "messages/s").ours = vec![1.0];
        let table = bench("ingest", &bars, &sheet);
        let rows: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| 1 | bar 1 | ≥ 0.6 | ≥ 0.68 | 65,800 [60,000..70,000] positions/s | 100,000 [100,000..100,000] | 0.658 [0.6..0.7] | holds |",
                "| 3 | bar 3 | ≥ 0.95 | ≥ 1.1 | 5 positions/s | - | - | by hand |",
                "| 4 | bar 4 | ≥ 0.85 | ≥ 1 | - | - | - | not measured here |",
                "| 7 | bar 7 | ≥ 8 | ≥ 12 | - | - | - | by hand |",
                "| 14 | bar 14 | ≤ 2 | ≤ 1.5 | 300 us | 100 | 3 | **missed** |",
                "| - | without a bar | | | 12.5 positions/s | - | - |  |",
            ]
        );
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        let cases = [(0.0, "0"), (0.5918, "0.592"), (1.0, "1"), (9.456, "9.46"), (123.44, "123.4"), (5_790.4, "5,790")];
        for (value, text) in cases.into_iter().chain([(1_073_741_824.0, "1,073,741,824"), (3_360_123.0, "3,360,100")]) {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_cost_is_in_seconds_and_in_cores_of_a_fleet() {
        let mut sheet = Sheet::default();
        sheet.line("ingest", "single", "positions/s").cpu = vec![12.0, 10.0, 11.0];
        assert!(cost(&sheet).ends_with("| single | 11 [10..12] | 0.11 % of a core | 0.000092 |"));
    }
}
