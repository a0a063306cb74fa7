//! What was told, held against what had to be told.

use std::fmt;

use serde::Serialize;
use tracklane_core::event::EventKind;

use super::dwell;
use super::oracle::{Passage, Side, Truth};

/// One zone event of one device and one zone, as the server told it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    /// When it happened, as it was told, in seconds of the simulation.
    pub at_s: f64,
    /// How much a clock that was wrong may have added to that, in seconds: from so much ...
    pub least_ahead_s: f64,
    /// ... to so much.
    pub most_ahead_s: f64,
    /// The side that it leads to.
    pub to: Side,
    /// True when the server told it as something that it heard of late.
    pub late: bool,
}

impl Told {
    /// How far the event lies beside a passage, in seconds, as the clock may have it.
    fn beside(&self, passage: &Passage) -> f64 {
        self.outside((passage.from_s, passage.until_s))
    }

    /// The same for a span of time.
    pub fn outside(&self, (from_s, until_s): (f64, f64)) -> f64 {
        let (earliest_s, latest_s) = (self.at_s - self.most_ahead_s, self.at_s - self.least_ahead_s);
        (from_s - latest_s).max(earliest_s - until_s).max(0.0)
    }

    /// How far the event lies from what truly happened at a passage, in seconds, as it was told.
    fn error_s(&self, passage: &Passage) -> f64 {
        let truths = passage.cuts.iter().filter(|cut| cut.to == self.to);
        truths.map(|cut| (cut.at_s - self.at_s).abs()).fold(f64::INFINITY, f64::min)
    }

    /// The same, as the clock may have it: a clock that is behind by so much is never put right, one that is ahead somehow.
    fn least_error_s(&self, passage: &Passage) -> f64 {
        let truths = passage.cuts.iter().filter(|cut| cut.to == self.to);
        truths.map(|cut| self.outside((cut.at_s, cut.at_s))).fold(f64::INFINITY, f64::min)
    }

    /// What it costs to count the event to a passage that leads elsewhere, in seconds.
    fn against_s(&self, passage: &Passage) -> f64 {
        match passage.is_decided() {
            true if passage.to == Some(self.to) => 0.0,
            true if passage.cuts.len() < 2 => AGAINST_S,
            _ => DOUBTFUL_S,
        }
    }
}

/// What is wrong with what was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// An event that had to be told was not.
    Missing,
    /// An event was told where nothing happened.
    Extra,
    /// More events than crossings were told of one passage.
    Flap,
    /// An entry without its exit, or the other way round.
    Half,
    /// Events of one device and one zone did not come in the order of their time, or two of one kind in a row.
    Order,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Flap => "flap",
            Self::Half => "half",
            Self::Order => "order",
        })
    }
}

/// One thing that is wrong, at a second of the simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fault {
    pub wrong: Wrong,
    /// The event that was told, or was to be told.
    pub what: EventKind,
    pub at_s: f64,
}

/// What came of one device and one zone, or of many.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Verdict {
    /// Entries that had to be told.
    pub entries: usize,
    /// Exits that had to be told.
    pub exits: usize,
    /// How many of them were.
    pub found: usize,
    /// Dwells that had to be told.
    pub dwells: usize,
    /// How many of them were.
    pub dwells_found: usize,
    /// Passages of which nobody can be sure, with a crossing in them.
    pub undecided: usize,
    /// Of them, those of which something was told.
    pub undecided_told: usize,
    /// Passages of which nobody can be sure, without a crossing, of which something was told all the same.
    pub doubtful_told: usize,
    /// How far the events that had to be told lie from the truth, in seconds.
    pub errors_s: Vec<f64>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Verdict {
    pub fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.exits += other.exits;
        self.found += other.found;
        self.dwells += other.dwells;
        self.dwells_found += other.dwells_found;
        self.undecided += other.undecided;
        self.undecided_told += other.undecided_told;
        self.doubtful_told += other.doubtful_told;
        self.errors_s.extend(other.errors_s);
        self.faults.extend(other.faults);
    }

    fn fault(&mut self, wrong: Wrong, to: Side, at_s: f64) {
        let what = match to {
            Side::In => EventKind::ZoneEntered,
            Side::Out => EventKind::ZoneExited,
        };
        self.faults.push(Fault { wrong, what, at_s });
    }
}

/// So many seconds beside a passage an event still belongs to it: fixes are taken on whole seconds, crossings are not.
pub(super) const SLACK_S: f64 = 2.0;

/// Judges what was told of one device and one zone, in the order in which it was told: entries and exits, and dwells.
pub(super) fn judge(truth: &Truth, told: &[Told], dwelt: &[Told], dwell_s: Option<u32>) -> Verdict {
    let mut verdict = Verdict::default();
    let passages = &truth.passages[..];
    check_order(told, &mut verdict);
    let mut sorted = told.to_vec();
    sorted.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    let mut of_passage: Vec<Vec<Told>> = vec![Vec::new(); passages.len()];
    for (event, place) in sorted.iter().zip(places(passages, &sorted)) {
        match place.filter(|place| event.beside(&passages[*place]) <= SLACK_S) {
            Some(place) => of_passage[place].push(*event),
            None => verdict.fault(Wrong::Extra, event.to, event.at_s),
        }
    }
    // Where an entry or an exit is wrong, a dwell cannot be right.
    if verdict.faults.is_empty() {
        let stays = dwell::stays(truth, &of_passage);
        dwell::judge(&stays, dwelt, dwell_s, &mut verdict);
    }
    for (passage, events) in passages.iter().zip(of_passage) {
        if passage.is_decided() {
            decided(passage, &events, &mut verdict);
        } else {
            undecided(passage, &events, &mut verdict);
        }
    }
    verdict
}

/// What it costs to count an event to a passage that leads the other way, in seconds; or to one in which it may have happened,
/// too: where two passages share a hole in what was received, what must be told comes first.
const AGAINST_S: f64 = 30.0;
const DOUBTFUL_S: f64 = 5.0;

/// Where its time leaves it open to which of two passages an event belongs, it is the one whose truth is nearer: as the clock may
/// have it, and where that leaves it open still, as it was told. So little does a second of each count, and so many seconds at
/// most.
const TIE: f64 = 1e-3;
const TIE_AS_TOLD: f64 = 1e-6;
const MOST_S: f64 = 1e4;

/// To which passage each event belongs, so that neither overtakes the other and the distances in time are least in all.
fn places(passages: &[Passage], events: &[Told]) -> Vec<Option<usize>> {
    // The least cost of all events up to one, with that one at each place.
    let mut costs: Vec<Vec<f64>> = Vec::with_capacity(events.len());
    for event in events {
        let mut before = 0.0;
        let row = passages.iter().enumerate().map(|(place, passage)| {
            if let Some(last) = costs.last() {
                before = if place == 0 { last[0] } else { f64::min(before, last[place]) };
            }
            let nearer = event.least_error_s(passage).min(MOST_S) * TIE;
            let as_told = event.error_s(passage).min(MOST_S) * TIE_AS_TOLD;
            before + event.beside(passage) + event.against_s(passage) + nearer + as_told
        });
        costs.push(row.collect());
    }
    let mut places = vec![None; events.len()];
    let mut last = passages.len();
    for (place, row) in places.iter_mut().zip(&costs).rev() {
        let within = row[..last].iter().enumerate();
        let Some((best, _)) = within.min_by(|a, b| a.1.total_cmp(b.1)) else { break };
        *place = Some(best);
        last = best + 1;
    }
    places
}

/// Events that were told in time must come in the order of their time; and of all of them, entries and exits take turns.
fn check_order(told: &[Told], verdict: &mut Verdict) {
    let in_time: Vec<&Told> = told.iter().filter(|event| !event.late).collect();
    for pair in in_time.windows(2).filter(|pair| pair[1].at_s < pair[0].at_s) {
        verdict.fault(Wrong::Order, pair[1].to, pair[1].at_s);
    }
    let mut sorted = told.to_vec();
    // Stable: of two at the same time the one that was told first comes first.
    sorted.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    for pair in sorted.windows(2).filter(|pair| pair[1].to == pair[0].to) {
        verdict.fault(Wrong::Order, pair[1].to, pair[1].at_s);
    }
}

fn decided(passage: &Passage, events: &[Told], verdict: &mut Verdict) {
    let Some(to) = passage.to else { return };
    match to {
        Side::In => verdict.entries += 1,
        Side::Out => verdict.exits += 1,
    }
    let Some(event) = events.iter().rfind(|event| event.to == to) else {
        verdict.fault(Wrong::Missing, to, passage.until_s);
        return;
    };
    verdict.found += 1;
    if events.len().is_multiple_of(2) {
        verdict.fault(Wrong::Half, to, event.at_s);
    }
    flaps(passage, events, 1, verdict);
    verdict.errors_s.extend(Some(event.error_s(passage)).filter(|error_s| error_s.is_finite()));
}

fn undecided(passage: &Passage, events: &[Told], verdict: &mut Verdict) {
    let told = !events.is_empty();
    if passage.cuts.is_empty() {
        verdict.doubtful_told += usize::from(told);
    } else {
        verdict.undecided += 1;
        verdict.undecided_told += usize::from(told);
    }
    let Some(last) = events.last() else { return };
    if events.len() % 2 == 1 && passage.from.is_some() && passage.from == passage.to {
        verdict.fault(Wrong::Half, last.to, last.at_s);
    }
    flaps(passage, events, 2, verdict);
}

fn flaps(passage: &Passage, events: &[Told], at_most: usize, verdict: &mut Verdict) {
    for event in events.iter().skip(at_most.max(passage.cuts.len())).step_by(2) {
        verdict.fault(Wrong::Flap, event.to, event.at_s);
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle::Cut;
    use super::*;

    fn passage(sides: (Option<Side>, Option<Side>), span: (f64, f64), cuts: &[(f64, Side)]) -> Passage {
        let cuts = cuts.iter().map(|(at_s, to)| Cut { at_s: *at_s, to: *to }).collect();
        Passage { from: sides.0, to: sides.1, from_s: span.0, until_s: span.1, cuts }
    }

    const OUT: Option<Side> = Some(Side::Out);
    const IN: Option<Side> = Some(Side::In);

    /// In at 105, out at 505; a drive along the edge from 300 to 320 while inside.
    fn visit() -> Vec<Passage> {
        vec![
            passage((OUT, IN), (100.0, 110.0), &[(105.0, Side::In)]),
            passage((IN, IN), (300.0, 320.0), &[]),
            passage((IN, OUT), (500.0, 510.0), &[(505.0, Side::Out)]),
        ]
    }

    fn told(events: &[(f64, Side)]) -> Vec<Told> {
        events
            .iter()
            .map(|(at_s, to)| Told { at_s: *at_s, least_ahead_s: 0.0, most_ahead_s: 0.0, to: *to, late: false })
            .collect()
    }

    fn truth(passages: &[Passage]) -> Truth {
        Truth { passages: passages.to_vec(), begins_in: None, last_s: 1_000.0 }
    }

    fn wrongs(passages: &[Passage], events: &[Told]) -> Vec<Wrong> {
        judge(&truth(passages), events, &[], None).faults.iter().map(|fault| fault.wrong).collect()
    }

    #[test]
    fn the_right_events_are_right_and_their_errors_are_kept() {
        let verdict = judge(&truth(&visit()), &told(&[(104.0, Side::In), (507.5, Side::Out)]), &[], None);
        assert_eq!((verdict.entries, verdict.exits, verdict.found), (1, 1, 2));
        assert_eq!((verdict.errors_s, verdict.faults), (vec![1.0, 2.5], vec![]));
    }

    #[test]
    fn each_kind_of_mistake_is_named() {
        use Side::{In, Out};
        for (events, expected) in [
            (vec![(104.0, In)], vec![Wrong::Missing]),
            (vec![(104.0, In), (200.0, Out), (210.0, In), (505.0, Out)], vec![Wrong::Extra, Wrong::Extra]),
            (vec![(101.0, In), (102.0, Out), (104.0, In), (505.0, Out)], vec![Wrong::Flap]),
            (vec![(104.0, In), (305.0, Out), (506.0, Out)], vec![Wrong::Order, Wrong::Half]),
            (vec![(505.0, Out), (104.0, In)], vec![Wrong::Order]),
            (vec![(80.0, In), (505.0, Out)], vec![Wrong::Extra, Wrong::Missing]),
        ] {
            assert_eq!(wrongs(&visit(), &told(&events)), expected, "{events:?}");
        }
        let late = [Told { late: true, ..told(&[(104.0, In)])[0] }];
        assert_eq!(wrongs(&visit(), &[told(&[(505.0, Out)]), late.to_vec()].concat()), []);
    }

    #[test]
    fn of_two_passages_in_one_hole_the_one_that_must_be_told_comes_first() {
        use Side::{In, Out};
        let hole = vec![
            passage((IN, IN), (300.0, 440.0), &[(311.0, Out), (331.0, In)]),
            passage((IN, OUT), (300.0, 440.0), &[(380.0, Out)]),
        ];
        assert_eq!(wrongs(&hole, &told(&[(312.0, Out)])), []);
        assert_eq!(wrongs(&hole, &told(&[(312.0, Out), (331.0, In), (380.0, Out)])), []);
        assert_eq!(wrongs(&hole, &told(&[(312.0, Out), (331.0, In)])), [Wrong::Missing]);
        let twice = vec![
            passage((OUT, IN), (270.0, 780.0), &[(278.0, In), (347.0, Out), (626.0, In)]),
            passage((IN, OUT), (290.0, 780.0), &[(721.0, Out)]),
        ];
        assert_eq!(wrongs(&twice, &told(&[(278.0, In), (383.0, Out)])), []);
    }

    #[test]
    fn a_wrong_clock_is_allowed_for_and_its_error_is_told() {
        let ahead = |at_s, to| Told { most_ahead_s: 200.0, ..told(&[(at_s, to)])[0] };
        let verdict = judge(&truth(&visit()), &[ahead(300.0, Side::In), ahead(506.0, Side::Out)], &[], None);
        assert_eq!((verdict.errors_s, verdict.faults), (vec![195.0, 1.0], vec![]));
    }

    #[test]
    fn an_event_by_a_clock_that_is_behind_belongs_where_it_truly_was() {
        // Two visits in one hole; the second one was told, by a clock that is 171 s behind.
        let hole = vec![
            passage((OUT, OUT), (244.0, 379.0), &[(295.4, Side::In), (319.5, Side::Out)]),
            passage((OUT, OUT), (244.0, 419.0), &[(369.5, Side::In), (398.0, Side::Out)]),
        ];
        let behind = |at_s, to| Told { least_ahead_s: -171.0, most_ahead_s: -171.0, ..told(&[(at_s, to)])[0] };
        assert_eq!(wrongs(&hole, &[behind(198.8, Side::In), behind(230.6, Side::Out)]), []);
    }

    #[test]
    fn of_what_nobody_can_be_sure_a_whole_visit_may_be_told_or_nothing() {
        use Side::{In, Out};
        let shallow = vec![passage((OUT, OUT), (100.0, 200.0), &[(140.0, In), (150.0, Out)])];
        let both = judge(&truth(&shallow), &told(&[(139.0, In), (152.0, Out)]), &[], None);
        assert_eq!((both.faults.len(), both.undecided, both.undecided_told), (0, 1, 1));
        let none = judge(&truth(&shallow), &[], &[], None);
        assert_eq!((none.faults.len(), none.undecided, none.undecided_told), (0, 1, 0));
        assert_eq!(wrongs(&shallow, &told(&[(139.0, In)])), [Wrong::Half]);
        let four = told(&[(120.0, In), (130.0, Out), (139.0, In), (152.0, Out)]);
        assert_eq!(wrongs(&shallow, &four), [Wrong::Flap]);
        let twice = vec![passage((OUT, OUT), (100.0, 200.0), &[(120.0, In), (130.0, Out), (140.0, In), (150.0, Out)])];
        assert_eq!(wrongs(&twice, &four), [], "so it was");
        let begun = vec![passage((None, IN), (0.0, 20.0), &[(5.0, In)])];
        assert_eq!(wrongs(&begun, &told(&[(6.0, In)])), []);
        assert_eq!(wrongs(&begun, &[]), []);
    }
}
