//! What measurements say: one form for every bench, so that a program which reads one reads all (`-o json`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::bars::{Bar, Other, bar_of};
use super::machine::Machine;
use super::rounds::{Halves, RoundArgs, Sample, microseconds};
use crate::args::Global;
use crate::output::{self, Format};

/// Everything that one run of a bench has to say.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The bench: the name of the sub-command.
    pub bench: &'static str,
    /// How many rounds.
    pub rounds: u32,
    /// How long each half of a round took, in seconds.
    pub seconds: f64,
    /// The figures.
    pub figures: Vec<Figure>,
    /// What was measured on.
    pub machine: Machine,
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Its name within the bench; the same in every run with the same settings.
    pub name: String,
    /// The unit of `floor` and `measured`: `positions/s`, `ms`, `bytes`.
    pub unit: &'static str,
    /// What it was measured with, such as `connections`.
    pub settings: BTreeMap<&'static str, Value>,
    /// What the machine can do with nothing of ours in the way; none where there is no such thing.
    pub floor: Option<Series>,
    /// What we do.
    pub measured: Series,
    /// Measured over floor, round by round.
    pub ratio: Option<Spread>,
    /// The bars that it is held against.
    pub bars: Vec<Verdict>,
    /// What else was counted, such as `crossings`. `cpu_seconds_per_million` is what a million of them took of processors,
    /// the load left out.
    pub counts: BTreeMap<&'static str, Value>,
}

/// Values of several rounds.
#[derive(Debug, Clone, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// Each of them, in order.
    pub rounds: Vec<f64>,
}

/// The rounds of one side.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// What it is, in words.
    pub what: String,
    /// The values.
    pub values: Spread,
    /// How long each thing took, over all rounds, where that was measured.
    pub times: Option<Times>,
}

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Times {
    /// Half took at most so long.
    pub p50_ms: f64,
    /// Nine of ten.
    pub p90_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// A bar, and how the figure stands against it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Verdict {
    /// The bar's number.
    pub number: u32,
    /// Worse than this is a regression.
    pub must: f64,
    /// What we want to claim.
    pub reach: f64,
    /// The number that counts.
    pub value: f64,
    /// Whether it is what it must be.
    pub holds: bool,
    /// Whether it is what we want to claim.
    pub reached: bool,
}

/// The middle of the values; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

impl Spread {
    /// Sums up rounds.
    pub fn of(rounds: Vec<f64>) -> Self {
        Self {
            median: median(&rounds),
            min: rounds.iter().copied().fold(f64::INFINITY, f64::min),
            max: rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            rounds,
        }
    }

    fn range(&self) -> String {
        format!("{} .. {}", number(self.min), number(self.max))
    }
}

impl Series {
    fn of(what: &str, samples: &[Sample]) -> anyhow::Result<Self> {
        let mut times = None;
        for part in samples.iter().filter_map(|sample| sample.times.as_ref()) {
            times.get_or_insert(microseconds()?).add(part)?;
        }
        let times = times.filter(|times| !times.is_empty()).map(|times| {
            let at = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1_000.0;
            Times { p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99), max_ms: at(1.0) }
        });
        let values = Spread::of(samples.iter().map(|sample| sample.value).collect());
        Ok(Self { what: what.to_owned(), values, times })
    }
}

impl Figure {
    /// Sums up the rounds of one figure. `floor` and `measured` say in words what the two sides are.
    ///
    /// # Errors
    /// When the histograms do not fit together.
    pub fn of(
        name: impl Into<String>,
        unit: &'static str,
        floor: &str,
        measured: &str,
        halves: &Halves,
    ) -> anyhow::Result<Self> {
        let pairs = halves.measured.iter().zip(&halves.floor);
        let ratios: Vec<f64> = pairs.map(|(real, below)| real.value / below.value).collect();
        let has_floor = !halves.floor.is_empty();
        let mut counts = BTreeMap::new();
        for (name, samples) in
            [("cpu_seconds_per_million", &halves.measured), ("floor_cpu_seconds_per_million", &halves.floor)]
        {
            counts.extend(busy_per_million(samples).map(|seconds| (name, seconds.into())));
        }
        Ok(Self {
            name: name.into(),
            unit,
            settings: BTreeMap::new(),
            floor: has_floor.then(|| Series::of(floor, &halves.floor)).transpose()?,
            measured: Series::of(measured, &halves.measured)?,
            ratio: has_floor.then(|| Spread::of(ratios)),
            bars: Vec::new(),
            counts,
        })
    }

    /// With a setting that it was measured with.
    #[must_use]
    pub fn with(mut self, setting: &'static str, value: impl Into<Value>) -> Self {
        self.settings.insert(setting, value.into());
        self
    }

    /// With something else that was counted.
    #[must_use]
    pub fn counting(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.counts.insert(name, value.into());
        self
    }

    /// Held against the bars of these numbers, and no other.
    #[must_use]
    pub fn against(mut self, number: impl IntoIterator<Item = u32>) -> Self {
        let verdicts = number.into_iter().filter_map(bar_of).filter_map(|bar| self.verdict(bar));
        self.bars = verdicts.collect();
        self
    }

    /// None where somebody else's program is the other side: the floor says nothing of that.
    fn verdict(&self, bar: &Bar) -> Option<Verdict> {
        if bar.other != Other::Floor {
            return None;
        }
        let value = if bar.asks_ratio() { self.ratio.as_ref()?.median } else { self.measured.values.median };
        let Bar { number, must, reach, .. } = *bar;
        Some(Verdict { number, must, reach, value, holds: bar.holds(value, must), reached: bar.holds(value, reach) })
    }
}

/// Processor seconds that a million took, to the hundredth.
fn busy_per_million(samples: &[Sample]) -> Option<f64> {
    let busy = samples.iter().map(|sample| sample.busy_seconds).sum::<Option<f64>>()?;
    let count = samples.iter().map(|sample| sample.count).sum::<u64>();
    (count > 0).then(|| (busy / count as f64 * 1e8).round() / 100.0)
}

impl Report {
    /// A report of figures that were measured in these rounds.
    pub fn new(bench: &'static str, args: &RoundArgs, figures: Vec<Figure>, machine: Machine) -> Self {
        Self { bench, rounds: args.rounds, seconds: args.lasts().as_secs_f64(), figures, machine }
    }

    /// Prints it as the user wants it.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn print(&self, global: &Global) -> anyhow::Result<()> {
        match global.output {
            Format::Json => output::json(self),
            Format::Table => self.table(),
        }
    }

    fn table(&self) -> anyhow::Result<()> {
        let rows: Vec<_> = self.figures.iter().map(row).collect();
        output::table(["", "UNIT", "FLOOR", "MEASURED", "RANGE", "P50/P99 MS", "RATIO", "BARS"], &rows)?;
        for figure in self.figures.iter().filter(|figure| !figure.counts.is_empty()) {
            let counts: Vec<_> = figure.counts.iter().map(|(name, value)| format!("{name} {value}")).collect();
            output::line(&format!("{}: {}", figure.name, counts.join(", ")))?;
        }
        output::line(&self.machine.in_words())?;
        if self.machine.debug_build {
            output::line("warning: this is a build without optimisation: the numbers say nothing")?;
        }
        Ok(())
    }
}

fn row(figure: &Figure) -> [String; 8] {
    let times = |times: Times| format!("{:.2}/{:.2}", times.p50_ms, times.p99_ms);
    let ratio = |ratio: &Spread| format!("{:.3} [{:.3}..{:.3}]", ratio.median, ratio.min, ratio.max);
    let verdict = |verdict: &Verdict| {
        let word = match (verdict.holds, verdict.reached) {
            (_, true) => "reached",
            (true, false) => "holds",
            (false, false) => "MISSED",
        };
        format!("#{} {word} (must {}, reach {})", verdict.number, verdict.must, verdict.reach)
    };
    [
        figure.name.clone(),
        figure.unit.to_owned(),
        output::or_dash(figure.floor.as_ref().map(|floor| number(floor.values.median))),
        number(figure.measured.values.median),
        figure.measured.values.range(),
        output::or_dash(figure.measured.times.map(times)),
        output::or_dash(figure.ratio.as_ref().map(ratio)),
        figure.bars.iter().map(verdict).collect::<Vec<_>>().join("; "),
    ]
}

/// A number with as many digits as mean something.
fn number(value: f64) -> String {
    match value.abs() {
        less if less < 10.0 => format!("{value:.3}"),
        less if less < 1_000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(floor: &[f64], measured: &[f64]) -> Halves {
        let samples = |values: &[f64]| values.iter().map(|value| Sample::of(*value)).collect();
        Halves { floor: samples(floor), measured: samples(measured) }
    }

    #[test]
    fn a_ratio_is_the_middle_of_the_rounds_own_ratios() {
        let figure = Figure::of("x", "positions/s", "", "", &halves(&[100.0, 200.0, 50.0], &[60.0, 100.0, 45.0]));
        let figure = figure.unwrap().against([1, 14]);
        let ratio = figure.ratio.unwrap();
        assert_eq!((ratio.median, ratio.min, ratio.max), (0.6, 0.5, 0.9));
        assert!(figure.bars[0].holds && !figure.bars[0].reached);
        assert!(figure.bars[1].reached, "of bar 14 less is better");
    }

    #[test]
    fn without_a_floor_there_is_no_ratio_and_no_verdict_on_one() {
        let figure = Figure::of("x", "bytes", "", "", &halves(&[], &[11.0, 10.0])).unwrap().against([1, 18]);
        assert!(figure.ratio.is_none());
        let bars: Vec<_> = figure.bars.iter().map(|verdict| (verdict.number, verdict.holds)).collect();
        assert_eq!(bars, [(18, true)]);
    }
}
