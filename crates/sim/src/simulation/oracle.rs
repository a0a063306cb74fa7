//! What must be told, computed from where the vehicle truly was. Nothing here knows how the server finds its events.
//!
//! The truth is the path without any error, looked at 20 times a second: it crosses an edge, or it does not. What a server
//! *can* know of it is less, for it sees a fix now and then, each a little wrong. So much is asked of it:
//!
//! - A fix **speaks** for one side of an edge when the vehicle truly was further than the margin from it: 25 m, or five
//!   standard deviations of the device's error if that is more. A fix that is nowhere near the truth never speaks.
//! - A **stretch** is a row of fixes that speak for the same side, with no crossing between them, and at least four of them.
//! - Between two stretches lies a **passage**. Where they are on different sides, one event must be told, neither more nor
//!   less: the entry or the exit. Where they are on the same side (a visit too short or too shallow to be sure of, a drive
//!   along the edge, a hole in what was received), nothing is asked for but that the events are whole: none, or one entry
//!   with its exit. So it is before the first stretch and behind the last one.
//! - Where the truth crosses the edge more often than that, so may the events.
//! - An event outside all passages is wrong, whatever it says. A passage reaches from the last fix before it to the first one
//!   behind it that came in time: what was told before a late fix came was right by what was known, and stands. How far that is
//!   from the truth is what the error in time says.
//! - A fix that comes later than the server's window allows is history, and not asked for.

use super::area::{Area, Place};

/// Which side of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    In,
    Out,
}

/// The truth about one moment at an edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    /// When, in seconds of the simulation.
    pub at_s: f64,
    /// The side that it leads to.
    pub to: Side,
}

/// What a server can be asked to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rule {
    /// How far from the edge a fix must be to speak, in metres.
    pub margin_m: f64,
    /// How many fixes make a stretch.
    pub fixes: usize,
}

impl Rule {
    /// For a device with this standard deviation of its error, in metres.
    pub fn of(sigma_m: f64) -> Self {
        Self { margin_m: (5.0 * sigma_m).max(25.0), fixes: 4 }
    }
}

/// What lies between two stretches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passage {
    /// The side before; none when there was no stretch before.
    pub from: Option<Side>,
    /// The side behind; likewise.
    pub to: Option<Side>,
    /// From the last fix before that came in time, in seconds of the simulation.
    pub from_s: f64,
    /// To the first such fix behind.
    pub until_s: f64,
    /// What truly happened between the stretches.
    pub cuts: Vec<Cut>,
}

impl Passage {
    /// True when one event must be told.
    pub fn is_decided(&self) -> bool {
        self.from.is_some() && self.to.is_some() && self.from != self.to
    }
}

/// One fix that a server got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// When it was taken, in seconds of the simulation.
    pub at_s: u32,
    /// True when none that was taken later had come before.
    pub prompt: bool,
}

/// How many times in a second the truth is looked at.
const LOOKS: u32 = 20;

/// Every time that the path, which has a place for each second, crosses the edge of the area.
pub(super) fn cuts(area: &Area, path: &[Place]) -> Vec<Cut> {
    let (low, high) = area.bounds();
    let mut cuts = Vec::new();
    let Some(mut inside) = path.first().map(|first| area.contains(*first)) else { return cuts };
    for (second, pair) in path.windows(2).enumerate() {
        let (a, b) = (pair[0], pair[1]);
        let apart = a.0.max(b.0) < low.0 || a.0.min(b.0) > high.0 || a.1.max(b.1) < low.1 || a.1.min(b.1) > high.1;
        if a == b || (apart && !inside) {
            continue;
        }
        let at = |fraction: f64| (a.0 + (b.0 - a.0) * fraction, a.1 + (b.1 - a.1) * fraction);
        let mut before = 0.0;
        for look in 1..=LOOKS {
            let fraction = f64::from(look) / f64::from(LOOKS);
            if area.contains(at(fraction)) != inside {
                let (mut same, mut other) = (before, fraction);
                for _ in 0..20 {
                    let middle = f64::midpoint(same, other);
                    if area.contains(at(middle)) == inside { same = middle } else { other = middle }
                }
                inside = !inside;
                cuts.push(Cut { at_s: second as f64 + other, to: if inside { Side::In } else { Side::Out } });
            }
            before = fraction;
        }
    }
    cuts
}

/// A row of fixes that speak for the same side.
struct Stretch {
    side: Side,
    first_s: u32,
    last_s: u32,
    fixes: usize,
}

/// The passages of a path. `seen` is what the server got, in order, each fix once.
pub(super) fn passages(area: &Area, path: &[Place], seen: &[Seen], rule: Rule) -> Vec<Passage> {
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return Vec::new() };
    let (first, last) = (&first.at_s, &last.at_s);
    let prompt: Vec<u32> = seen.iter().filter(|seen| seen.prompt).map(|seen| seen.at_s).collect();
    let until = |second: u32| prompt[..prompt.partition_point(|at_s| *at_s <= second)].last().unwrap_or(first);
    let since = |second: u32| prompt[prompt.partition_point(|at_s| *at_s < second)..].first().unwrap_or(last);
    let cuts = cuts(area, path);
    let stretches = stretches(area, path, seen, rule, &cuts);
    let between = |from: Option<&Stretch>, to: Option<&Stretch>| {
        let (before, behind) =
            (from.map_or(*first, |stretch| stretch.last_s), to.map_or(*last, |stretch| stretch.first_s));
        let within = cuts.iter().filter(|cut| (f64::from(before)..=f64::from(behind)).contains(&cut.at_s)).copied();
        let cuts = within.collect();
        let (from_s, until_s) = (f64::from(*until(before)), f64::from(*since(behind)));
        let (from, to) = (from.map(|stretch| stretch.side), to.map(|stretch| stretch.side));
        Passage { from, to, from_s, until_s, cuts }
    };
    let mut passages = Vec::new();
    if stretches.first().is_none_or(|stretch| stretch.first_s != *first) {
        passages.push(between(None, stretches.first()));
    }
    passages.extend(stretches.windows(2).map(|pair| between(Some(&pair[0]), Some(&pair[1]))));
    if stretches.last().is_some_and(|stretch| stretch.last_s != *last) {
        passages.push(between(stretches.last(), None));
    }
    passages
}

fn stretches(area: &Area, path: &[Place], seen: &[Seen], rule: Rule, cuts: &[Cut]) -> Vec<Stretch> {
    let (low, high) = area.bounds();
    let far = |at: Place| {
        at.0 < low.0 - rule.margin_m
            || at.0 > high.0 + rule.margin_m
            || at.1 < low.1 - rule.margin_m
            || at.1 > high.1 + rule.margin_m
    };
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut open: Option<Stretch> = None;
    let mut passed = 0;
    for second in seen.iter().map(|seen| seen.at_s).filter(|second| (*second as usize) < path.len()) {
        let at = path[second as usize];
        let side = if far(at) {
            Some(Side::Out)
        } else {
            let distance_m = area.distance_m(at);
            let speaks = distance_m.abs() >= rule.margin_m;
            speaks.then_some(if distance_m < 0.0 { Side::In } else { Side::Out })
        };
        let before = passed;
        while cuts.get(passed).is_some_and(|cut| cut.at_s <= f64::from(second)) {
            passed += 1;
        }
        match (&mut open, side) {
            (Some(stretch), Some(side)) if stretch.side == side && passed == before => {
                stretch.last_s = second;
                stretch.fixes += 1;
            }
            _ => {
                stretches.extend(open.take());
                open = side.map(|side| Stretch { side, first_s: second, last_s: second, fixes: 1 });
            }
        }
    }
    stretches.extend(open);
    stretches.retain(|stretch| stretch.fixes >= rule.fixes);
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRCLE: Area = Area::Circle { centre: (0.0, 0.0), radius_m: 100.0 };
    const RULE: Rule = Rule { margin_m: 25.0, fixes: 3 };

    /// A place for each second on the way through these ones, ten metres a second.
    fn path(east: &[f64]) -> Vec<Place> {
        let mut path = vec![(east[0], 0.0)];
        for pair in east.windows(2) {
            let steps = ((pair[1] - pair[0]).abs() / 10.0).round();
            path.extend((1..=steps as u32).map(|step| (pair[0] + (pair[1] - pair[0]) / steps * f64::from(step), 0.0)));
        }
        path
    }

    fn every(seconds: usize, path: &[Place]) -> Vec<Seen> {
        (0..path.len() as u32).step_by(seconds).map(|at_s| Seen { at_s, prompt: true }).collect()
    }

    #[test]
    fn the_truth_is_where_the_path_cuts_the_edge() {
        let cuts = cuts(&CIRCLE, &path(&[-305.0, 305.0]));
        let times: Vec<f64> = cuts.iter().map(|cut| (cut.at_s * 1000.0).round() / 1000.0).collect();
        assert_eq!(times, [20.5, 40.5]);
        assert_eq!((cuts[0].to, cuts[1].to), (Side::In, Side::Out));
    }

    #[test]
    fn a_visit_that_is_seen_well_must_be_told() {
        let path = path(&[-300.0, 300.0]);
        let passages = passages(&CIRCLE, &path, &every(5, &path), RULE);
        assert_eq!(passages.len(), 2);
        assert!(passages.iter().all(|passage| passage.is_decided() && passage.cuts.len() == 1));
        assert_eq!((passages[0].from_s, passages[0].until_s), (15.0, 25.0));
    }

    #[test]
    fn a_visit_too_short_or_too_shallow_or_unheard_need_not_be() {
        let through = path(&[-400.0, 400.0]);
        let sparse = passages(&CIRCLE, &through, &every(7, &through), Rule { fixes: 2, ..RULE });
        assert_eq!(sparse.len(), 2, "two fixes lie deep in it");
        let sparse = passages(&CIRCLE, &through, &every(7, &through), RULE);
        assert_eq!(sparse.iter().map(Passage::is_decided).collect::<Vec<_>>(), [false]);
        assert_eq!(sparse[0].cuts.len(), 2);
        let touch = path(&[-300.0, -85.0, -300.0]);
        let touched = passages(&CIRCLE, &touch, &every(5, &touch), RULE);
        assert_eq!((touched.len(), touched[0].is_decided(), touched[0].cuts.len()), (1, false, 2));
        let mut gap = every(5, &through);
        gap.retain(|seen| !(22..58).contains(&seen.at_s));
        let unheard = passages(&CIRCLE, &through, &gap, Rule { fixes: 2, ..RULE });
        assert_eq!((unheard.len(), unheard[0].is_decided(), unheard[0].cuts.len()), (1, false, 2));
    }

    #[test]
    fn a_late_fix_proves_something_but_narrows_nothing() {
        let path = path(&[-400.0, 0.0, -400.0]);
        let mut seen = every(5, &path);
        seen.iter_mut().filter(|seen| (30..70).contains(&seen.at_s)).for_each(|seen| seen.prompt = false);
        let passages = passages(&CIRCLE, &path, &seen, RULE);
        assert_eq!(passages.iter().map(Passage::is_decided).collect::<Vec<_>>(), [true, true]);
        assert_eq!((passages[0].from_s, passages[0].until_s), (25.0, 70.0));
        assert_eq!((passages[1].from_s, passages[1].until_s), (25.0, 70.0));
    }

    #[test]
    fn who_is_never_near_has_no_passage_and_who_begins_inside_has_not_entered() {
        let away = path(&[-900.0, -500.0]);
        assert!(passages(&CIRCLE, &away, &every(5, &away), RULE).is_empty());
        let out = path(&[0.0, 300.0]);
        let left = passages(&CIRCLE, &out, &every(2, &out), RULE);
        assert_eq!(
            left.iter().map(|passage| (passage.from, passage.to)).collect::<Vec<_>>(),
            [(Some(Side::In), Some(Side::Out))]
        );
        let edge = path(&[-90.0, 0.0, 0.0]);
        let begun = passages(&CIRCLE, &edge, &every(1, &edge), RULE);
        assert_eq!((begun.len(), begun[0].from, begun[0].to), (1, None, Some(Side::In)));
    }
}
