//! What was measured, figure by figure, ours and theirs of the same round side by side.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::tables::median;

/// What `tracklane bench NAME -o json` prints, as far as it is needed here.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// Its figures.
    pub figures: Vec<Figure>,
    /// The machine, in whatever words.
    pub machine: Value,
}

/// One figure of a report.
#[derive(Debug, Deserialize)]
pub struct Figure {
    /// Its name within the bench.
    pub name: String,
    /// Of both series.
    pub unit: String,
    /// What the machine can do.
    pub floor: Option<Series>,
    /// What we do.
    pub measured: Series,
    /// The bars it answers.
    pub bars: Vec<Answered>,
    /// What else was counted.
    pub counts: BTreeMap<String, Value>,
}

impl Figure {
    /// Its name and what its sides are.
    pub fn in_words(&self) -> String {
        let name = self.name.replace('_', " ");
        match &self.floor {
            Some(floor) => format!("{name}: {} / {}", self.measured.what, floor.what),
            None => format!("{name}: {}", self.measured.what),
        }
    }
}

/// A series of a report.
#[derive(Debug, Deserialize)]
pub struct Series {
    /// What it is, in words.
    pub what: String,
    /// Its values.
    pub values: Values,
}

/// Values of several rounds.
#[derive(Debug, Deserialize)]
pub struct Values {
    /// Each of them, in order.
    pub rounds: Vec<f64>,
}

/// That a figure answers a bar.
#[derive(Debug, Deserialize)]
pub struct Answered {
    /// The bar's number.
    pub number: u32,
}

/// A bar, as `tracklane bench bars -o json` lists it.
#[derive(Debug, Clone, Deserialize)]
pub struct Bar {
    /// Its number.
    pub number: u32,
    /// Whose table it is in.
    pub bench: String,
    /// `floor`, `peer`, `hand` or `test`.
    pub other: String,
    /// What it is about.
    pub what: String,
    /// `ratio_at_least`, `ratio_at_most`, `at_least` or `at_most`.
    pub asks: String,
    /// Worse than this is a regression.
    pub must: f64,
    /// What we want to claim.
    pub reach: f64,
}

impl Bar {
    /// Whether less is better.
    pub fn at_most(&self) -> bool {
        self.asks.ends_with("at_most")
    }

    /// Whether a value is as good as a limit asks.
    pub fn holds(&self, value: f64, limit: f64) -> bool {
        if self.at_most() { value <= limit } else { value >= limit }
    }
}

/// A line of a table.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Whose table it is in.
    pub bench: String,
    /// What it is.
    pub name: String,
    /// Of both sides.
    pub unit: String,
    /// Ours, round by round.
    pub ours: Vec<f64>,
    /// The floor's or the peer's, round by round; empty where there is none.
    pub theirs: Vec<f64>,
    /// The bars that it answers.
    pub bars: Vec<u32>,
    /// CPU seconds of one core per million, round by round, where that was counted.
    pub cpu: Vec<f64>,
}

impl Line {
    /// The quotients within rounds.
    pub fn ratios(&self) -> Vec<f64> {
        self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect()
    }

    /// The number that a bar asks for.
    pub fn verdict_value(&self, bar: &Bar) -> Option<f64> {
        median(&if bar.asks.starts_with("ratio") { self.ratios() } else { self.ours.clone() })
    }
}

/// All lines, in the order in which they came first.
#[derive(Debug, Default)]
pub struct Sheet {
    /// The lines.
    pub lines: Vec<Line>,
    /// Why something was not measured: the bench or peer, and what it said.
    pub notes: Vec<String>,
}

impl Sheet {
    /// The line of this name, made when it is not there yet.
    pub fn line(&mut self, bench: &str, name: &str, unit: &str) -> &mut Line {
        let known = self.lines.iter().position(|line| line.bench == bench && line.name == name);
        let at = known.unwrap_or_else(|| {
            let (bench, name, unit) = (bench.to_owned(), name.to_owned(), unit.to_owned());
            self.lines.push(Line { bench, name, unit, ..Line::default() });
            self.lines.len() - 1
        });
        &mut self.lines[at]
    }

    /// Adds the rounds of a report. Its floor answers no bar that is set against somebody else.
    pub fn add(&mut self, bench: &str, report: &Report, bars: &[Bar]) {
        let floor = |number: u32| bars.iter().any(|bar| bar.number == number && bar.other == "floor");
        for figure in &report.figures {
            let line = self.line(bench, &figure.in_words(), &figure.unit);
            line.ours.extend(&figure.measured.values.rounds);
            if let Some(floor) = &figure.floor {
                line.theirs.extend(&floor.values.rounds);
            }
            line.bars = figure.bars.iter().map(|bar| bar.number).filter(|number| floor(*number)).collect();
            line.cpu.extend(figure.counts.get("cpu_seconds_per_million").and_then(Value::as_f64));
        }
    }

    /// Adds a round of ours next to a peer's.
    pub fn pair(&mut self, bench: &str, bar: &Bar, unit: &str, ours: f64, theirs: f64) {
        let line = self.line(bench, &bar.what, unit);
        line.ours.push(ours);
        line.theirs.push(theirs);
        line.bars = vec![bar.number];
    }

    /// Adds ours of a bar whose other side is measured elsewhere.
    pub fn alone(&mut self, bench: &str, bar: &Bar, figure: &Figure) {
        let line = self.line(bench, &bar.what, &figure.unit);
        line.ours.extend(&figure.measured.values.rounds);
        line.bars = vec![bar.number];
    }

    /// Says why something is not there, once.
    pub fn note(&mut self, text: String) {
        eprintln!("bench: {text}");
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }
}
