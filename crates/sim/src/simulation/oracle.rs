//! What must be told, computed from where the vehicle truly was. Nothing here knows how the server finds its events.
//!
//! The truth is the path without any error, looked at 20 times a second: it crosses an edge, or it does not. What a server
//! *can* know of it is less, for it sees a fix now and then, each a little wrong. So much is asked of it:
//!
//! - A fix **speaks** for one side of an edge when the vehicle truly was on that side, and what the device said of it lies on
//!   the same side: 30 m from the edge at least, or two and a half of the accuracies that it stated and five metres if that is more. So
//!   much the rules of a zone promise by default. A fix that is nowhere near the truth never speaks.
//! - A **stretch** is a row of fixes that speak for the same side, with no crossing between them, and at least three of them:
//!   two that confirm each other, and one that may be doubted for what came before it.
//! - Between two stretches lies a **passage**. Where they are on different sides, one event must be told, neither more nor
//!   less: the entry or the exit. Where they are on the same side (a visit too short or too shallow to be sure of, a drive
//!   along the edge, a hole in what was received), nothing is asked for but that the events are whole: none, or one entry
//!   with its exit. So it is before the first stretch and behind the last one.
//! - Where the truth crosses the edge more often than that, so may the events. Where such a passage adjoins one that must be
//!   told, that one may be dated into it.
//! - An event outside all passages is wrong, whatever it says. A passage reaches from the last fix before it to the first one
//!   behind it that speaks and came in time: what was told before a late fix came was right by what was known, and stands. One
//!   that came in time and does not speak narrows nothing: it may have said the wrong side, near the edge, and nothing but late
//!   fixes could tell. How far that is from the truth is what the error in time says.
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

/// How far from the edge a fix must be to speak, in metres: at least so far ...
const MARGIN_M: f64 = 30.0;
/// ... and so many of its accuracies, and so many metres more.
const ACCURACIES: f64 = 2.5;
const SPARE_M: f64 = 5.0;
/// How many fixes make a stretch.
pub(super) const FIXES: usize = 3;

/// What lies between two stretches.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passage {
    /// The side before; none when there was no stretch before.
    pub from: Option<Side>,
    /// The side behind; likewise.
    pub to: Option<Side>,
    /// From the last fix before that came in time and speaks, in seconds of the simulation.
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

/// What must be told of one device and one zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Truth {
    /// In order of time.
    pub passages: Vec<Passage>,
    /// Where the device was inside from the first: when that was seen, at the earliest and at the latest.
    pub begins_in: Option<(f64, f64)>,
    /// When the last fix was taken that came in time.
    pub last_s: f64,
}

impl Truth {
    /// True when nothing can be told.
    pub fn is_empty(&self) -> bool {
        self.passages.is_empty() && self.begins_in.is_none()
    }
}

/// One fix that a server got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    /// When it was taken, in seconds of the simulation.
    pub at_s: u32,
    /// Where the device said to be.
    pub said: Place,
    /// The accuracy that it stated, in metres.
    pub accuracy_m: f64,
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

/// So long after the first fix, in seconds, who is inside from the first may be taken to have been seen: a first fix that is
/// nowhere near the truth, or by a clock that is ahead, counts for nothing, nor do those that it makes doubtful.
const BEGINNING_S: f64 = 15.0;

/// What must be told of a path. `seen` is what the server got, in order, each fix once; `fixes` of them make a stretch.
pub(super) fn truth(area: &Area, path: &[Place], seen: &[Seen], fixes: usize) -> Truth {
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else {
        return Truth { passages: Vec::new(), begins_in: None, last_s: 0.0 };
    };
    let (first, last) = (&first.at_s, &last.at_s);
    let bounds = area.bounds();
    let in_time: Vec<u32> = seen.iter().filter(|seen| seen.prompt).map(|seen| seen.at_s).collect();
    let heard = |seen: &&Seen| path.get(seen.at_s as usize).is_some_and(|at| speaks(area, bounds, *at, seen).is_some());
    let prompt: Vec<u32> = seen.iter().filter(|seen| seen.prompt).filter(heard).map(|seen| seen.at_s).collect();
    let until = |second: u32| prompt[..prompt.partition_point(|at_s| *at_s <= second)].last().unwrap_or(first);
    let since = |second: u32| prompt[prompt.partition_point(|at_s| *at_s < second)..].first().unwrap_or(last);
    let cuts = cuts(area, path);
    let stretches = stretches(area, path, seen, fixes, &cuts);
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
    lengthen(&mut passages);
    let begins_in = stretches.first().filter(|stretch| stretch.side == Side::In && stretch.first_s == *first);
    let begins_in = begins_in.map(|_| (f64::from(*first), f64::from(*in_time.first().unwrap_or(first)) + BEGINNING_S));
    Truth { passages, begins_in, last_s: f64::from(*in_time.last().unwrap_or(first)) }
}

/// Where a passage that must be told adjoins a doubtful one, nobody can be sure in which of them the edge was passed.
fn lengthen(passages: &mut [Passage]) {
    let doubtful =
        |passage: &Passage, side: Option<Side>| passage.from == side && passage.to == side && !passage.cuts.is_empty();
    for place in 1..passages.len() {
        let (before, behind) = passages.split_at_mut(place);
        let (Some(a), Some(b)) = (before.last_mut(), behind.first_mut()) else { continue };
        if b.from_s > a.until_s {
            continue;
        }
        if a.is_decided() && doubtful(b, a.to) {
            a.until_s = a.until_s.max(b.until_s);
        } else if b.is_decided() && doubtful(a, b.from) {
            b.from_s = b.from_s.min(a.from_s);
        }
    }
}

/// The side that a fix speaks for, if the vehicle was at `at`.
fn speaks(area: &Area, (low, high): (Place, Place), at: Place, seen: &Seen) -> Option<Side> {
    let margin_m = (ACCURACIES * seen.accuracy_m + SPARE_M).max(MARGIN_M);
    let far = |(east, north): Place| {
        east < low.0 - margin_m || east > high.0 + margin_m || north < low.1 - margin_m || north > high.1 + margin_m
    };
    if far(at) && far(seen.said) {
        return Some(Side::Out);
    }
    let inside = area.contains(at);
    let said_m = area.distance_m(seen.said);
    let agrees = said_m.abs() >= margin_m && (said_m < 0.0) == inside;
    agrees.then_some(if inside { Side::In } else { Side::Out })
}

fn stretches(area: &Area, path: &[Place], seen: &[Seen], fixes: usize, cuts: &[Cut]) -> Vec<Stretch> {
    let bounds = area.bounds();
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut open: Option<Stretch> = None;
    let mut passed = 0;
    for seen in seen.iter().filter(|seen| (seen.at_s as usize) < path.len()) {
        let second = seen.at_s;
        let side = speaks(area, bounds, path[second as usize], seen);
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
    stretches.retain(|stretch| stretch.fixes >= fixes);
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIRCLE: Area = Area::Circle { centre: (0.0, 0.0), radius_m: 100.0 };

    /// With at least so many fixes in a stretch.
    fn passages(area: &Area, path: &[Place], seen: &[Seen], fixes: usize) -> Vec<Passage> {
        truth(area, path, seen, fixes).passages
    }

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
        let seen = |at_s: u32| Seen { at_s, said: path[at_s as usize], accuracy_m: 5.0, prompt: true };
        (0..path.len() as u32).step_by(seconds).map(seen).collect()
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
        let passages = passages(&CIRCLE, &path, &every(5, &path), FIXES);
        assert_eq!(passages.len(), 2);
        assert!(passages.iter().all(|passage| passage.is_decided() && passage.cuts.len() == 1));
        assert_eq!((passages[0].from_s, passages[0].until_s), (15.0, 25.0));
    }

    #[test]
    fn a_visit_too_short_or_too_shallow_or_unheard_need_not_be() {
        let through = path(&[-400.0, 400.0]);
        let sparse = passages(&CIRCLE, &through, &every(7, &through), 2);
        assert_eq!(sparse.len(), 2, "two fixes lie deep in it");
        let sparse = passages(&CIRCLE, &through, &every(7, &through), FIXES);
        assert_eq!(sparse.iter().map(Passage::is_decided).collect::<Vec<_>>(), [false]);
        assert_eq!(sparse[0].cuts.len(), 2);
        let touch = path(&[-300.0, -85.0, -300.0]);
        let touched = passages(&CIRCLE, &touch, &every(5, &touch), FIXES);
        assert_eq!((touched.len(), touched[0].is_decided(), touched[0].cuts.len()), (1, false, 2));
        let mut gap = every(5, &through);
        gap.retain(|seen| !(22..58).contains(&seen.at_s));
        let unheard = passages(&CIRCLE, &through, &gap, 2);
        assert_eq!((unheard.len(), unheard[0].is_decided(), unheard[0].cuts.len()), (1, false, 2));
    }

    #[test]
    fn a_late_fix_proves_something_but_narrows_nothing() {
        let path = path(&[-400.0, 0.0, -400.0]);
        let mut seen = every(5, &path);
        seen.iter_mut().filter(|seen| (30..70).contains(&seen.at_s)).for_each(|seen| seen.prompt = false);
        let passages = passages(&CIRCLE, &path, &seen, FIXES);
        assert_eq!(passages.iter().map(Passage::is_decided).collect::<Vec<_>>(), [true, true]);
        assert_eq!((passages[0].from_s, passages[0].until_s), (25.0, 70.0));
        assert_eq!((passages[1].from_s, passages[1].until_s), (25.0, 70.0));
    }

    #[test]
    fn one_in_time_that_says_the_wrong_side_near_the_edge_narrows_nothing() {
        let path = path(&[-400.0, 0.0, -400.0]);
        let mut seen = every(5, &path);
        seen.iter_mut().filter(|seen| (30..60).contains(&seen.at_s)).for_each(|seen| seen.prompt = false);
        // At 30 s it is in, so deep that it would say so; it says to be 10 m outside.
        seen.iter_mut()
            .filter(|seen| seen.at_s == 35)
            .for_each(|seen| (seen.said, seen.prompt) = ((-110.0, 0.0), true));
        let passages = passages(&CIRCLE, &path, &seen, FIXES);
        assert_eq!((passages[0].from_s, passages[0].until_s), (25.0, 60.0));
    }

    #[test]
    fn a_fix_that_is_off_speaks_only_when_it_says_the_truth_clearly() {
        let path = path(&[-300.0, 300.0]);
        let decided = |off_m: f64, accuracy_m: f64| {
            let mut seen = every(2, &path);
            seen.iter_mut().for_each(|seen| (seen.said.1, seen.accuracy_m) = (off_m, accuracy_m));
            truth(&CIRCLE, &path, &seen, FIXES).passages.iter().filter(|passage| passage.is_decided()).count()
        };
        assert_eq!(decided(0.0, 5.0), 2);
        assert_eq!(decided(60.0, 5.0), 2);
        assert_eq!(decided(90.0, 5.0), 0, "it says 10 m inside at most");
        assert_eq!(decided(0.0, 39.0), 0, "it says 100 m inside at most, and would have to say 102");
    }

    #[test]
    fn who_is_never_near_has_no_passage_and_who_begins_inside_has_not_entered() {
        let away = path(&[-900.0, -500.0]);
        assert!(passages(&CIRCLE, &away, &every(5, &away), FIXES).is_empty());
        let out = path(&[0.0, 300.0]);
        let left = passages(&CIRCLE, &out, &every(2, &out), FIXES);
        assert_eq!(
            left.iter().map(|passage| (passage.from, passage.to)).collect::<Vec<_>>(),
            [(Some(Side::In), Some(Side::Out))]
        );
        let edge = path(&[-90.0, 0.0, 0.0]);
        let begun = passages(&CIRCLE, &edge, &every(1, &edge), FIXES);
        assert_eq!((begun.len(), begun[0].from, begun[0].to), (1, None, Some(Side::In)));
        assert_eq!(truth(&CIRCLE, &edge, &every(1, &edge), FIXES).begins_in, None);
        let stays = vec![(0.0, 0.0); 60];
        let stayed = truth(&CIRCLE, &stays, &every(5, &stays), FIXES);
        assert_eq!((stayed.passages.len(), stayed.begins_in, stayed.last_s), (0, Some((0.0, 15.0)), 55.0));
        assert!(!stayed.is_empty() && truth(&CIRCLE, &away, &every(5, &away), FIXES).is_empty());
    }
}
