//! The state machine of one device and one zone.

use smallvec::smallvec;
use tracklane_core::Timestamp;

use super::ZoneFix;
use super::decision::{Decision, Held, Outcome, Side};
use super::fix::Passed;
use super::state::{Pending, Visit, time};
use super::{Event, EventKind, Events, Rules};
use crate::distance::interpolate;
use crate::shape::Shape;

/// Takes one fix of a device against one zone. `previous` is the fix before, if there was one.
///
/// The first fix inside, and one after a fix that lay inside while nothing was known (the zone is new, or was redrawn), begin
/// a visit in silence: nobody entered.
pub fn step(
    visit: &mut Visit,
    shape: &Shape,
    previous: Option<ZoneFix>,
    fix: ZoneFix,
    rules: &Rules,
) -> (Events, Decision) {
    let look = Look::at(shape, fix, rules);
    let inside_before = visit.inside;
    let step = Step { shape, previous, fix, rules, look };
    let (mut events, held, pending) = if inside_before { step.leaving(visit) } else { step.entering(visit) };
    if let Some(dwell) = step.dwell(visit) {
        events.push(dwell);
    }
    let outcome = match (events.last(), held) {
        (Some(event), _) => Outcome::Told(event.kind),
        (None, Some(rule)) => Outcome::Held(rule),
        (None, None) => Outcome::Unchanged,
    };
    let needed = if inside_before { rules.exit.fixes } else { rules.enter.fixes };
    let decision = Decision {
        distance_m: look.distance_m,
        accuracy_m: look.accuracy_m,
        enter_margin_m: look.enter_margin_m,
        exit_margin_m: look.exit_margin_m,
        side: look.side,
        inside_before,
        inside_after: visit.inside,
        confirmations: pending.map_or(0, |pending| pending.fixes),
        confirmations_needed: needed,
        beyond_s: pending.map_or(0.0, |pending| (fix.at.as_microsecond() - pending.passed()) as f64 / 1e6),
        outcome,
    };
    (events, decision)
}

/// Why a fix would or would not lead to an event, without taking it.
pub fn explain(visit: Visit, shape: &Shape, previous: Option<ZoneFix>, fix: ZoneFix, rules: &Rules) -> Decision {
    step(&mut { visit }, shape, previous, fix, rules).1
}

/// What a fix says about a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub distance_m: f64,
    pub accuracy_m: f64,
    pub enter_margin_m: f64,
    pub exit_margin_m: f64,
    pub side: Side,
    pub too_wide: bool,
}

impl Look {
    pub fn at(shape: &Shape, fix: ZoneFix, rules: &Rules) -> Self {
        let distance_m = shape.signed_distance_m(fix.point);
        let accuracy_m = fix.accuracy_m.map_or(rules.unstated_accuracy_m, |accuracy| f64::from(accuracy).max(0.0));
        let half_width_m = shape.half_width_m();
        let stated_m = (accuracy_m * rules.enter_certainty).min(rules.band_cap_m);
        let enter_margin_m = stated_m.max(rules.depth_m).min(half_width_m / 2.0);
        let exit_margin_m = (accuracy_m * rules.exit_certainty).min(rules.band_cap_m).max(rules.band_m);
        let too_wide = accuracy_m > half_width_m;
        let side = if distance_m > exit_margin_m && (!too_wide || distance_m > accuracy_m * rules.exit_certainty) {
            Side::Outside
        } else if distance_m <= -enter_margin_m && !too_wide {
            Side::Inside
        } else {
            Side::Undecided
        };
        Self { distance_m, accuracy_m, enter_margin_m, exit_margin_m, side, too_wide }
    }
}

struct Step<'a> {
    shape: &'a Shape,
    previous: Option<ZoneFix>,
    fix: ZoneFix,
    rules: &'a Rules,
    look: Look,
}

type Turn = (Events, Option<Held>, Option<Pending>);

impl Step<'_> {
    /// The device was not inside before.
    fn entering(&self, visit: &mut Visit) -> Turn {
        match self.look.side {
            Side::Outside => {
                *visit = Visit::default();
                (Events::new(), None, None)
            }
            Side::Undecided if self.look.distance_m > 0.0 => self.fall_back(visit),
            Side::Undecided => {
                let pending = self.begin_entering(visit);
                (Events::new(), self.doubt(), Some(pending))
            }
            Side::Inside => {
                self.begin_entering(visit);
                self.confirm_entering(visit)
            }
        }
    }

    fn begin_entering(&self, visit: &mut Visit) -> Pending {
        if let Some(pending) = visit.pending {
            return pending;
        }
        let outside = self.previous.filter(|before| !self.shape.contains(before.point));
        visit.silent |= outside.is_none();
        let pending = Pending::new(self.edge(outside, true));
        visit.pending = Some(pending);
        pending
    }

    fn confirm_entering(&self, visit: &mut Visit) -> Turn {
        let Some(pending) = visit.pending.as_mut() else { return (Events::new(), None, None) };
        pending.confirm(self.fix.at);
        let pending = *pending;
        let held = if !self.rules.enter.met(pending.fixes, self.micros_since(pending.first())) {
            Some(Held::Confirming)
        } else if self.micros_since(pending.passed()) < seconds(self.rules.min_dwell_s) {
            Some(Held::DwellTooShort)
        } else {
            None
        };
        if held.is_some() {
            return (Events::new(), held, Some(pending));
        }
        let silent = visit.silent;
        *visit = Visit { since: pending.passed(), inside: true, silent, ..Visit::default() };
        if silent {
            return (Events::new(), Some(Held::NotSeenOutside), Some(pending));
        }
        (smallvec![self.event(EventKind::Enter, pending.mark(), None)], None, Some(pending))
    }

    /// The device was inside before.
    fn leaving(&self, visit: &mut Visit) -> Turn {
        match self.look.side {
            Side::Inside => {
                visit.pending = None;
                (Events::new(), None, None)
            }
            Side::Undecided if self.look.distance_m <= 0.0 => self.fall_back(visit),
            Side::Undecided => {
                let pending = self.begin_leaving(visit);
                (Events::new(), self.doubt(), Some(pending))
            }
            Side::Outside => {
                self.begin_leaving(visit);
                self.confirm_leaving(visit)
            }
        }
    }

    fn begin_leaving(&self, visit: &mut Visit) -> Pending {
        let inside = self.previous.filter(|before| self.shape.contains(before.point));
        *visit.pending.get_or_insert_with(|| Pending::new(self.edge(inside, false)))
    }

    fn confirm_leaving(&self, visit: &mut Visit) -> Turn {
        let Some(pending) = visit.pending.as_mut() else { return (Events::new(), None, None) };
        pending.confirm(self.fix.at);
        let pending = *pending;
        if !self.rules.exit.met(pending.fixes, self.micros_since(pending.first())) {
            return (Events::new(), Some(Held::Confirming), Some(pending));
        }
        if self.micros_since(pending.passed()) < seconds(self.rules.min_absence_s) {
            return (Events::new(), Some(Held::AbsenceTooShort), Some(pending));
        }
        let mut events: Events = self.dwell(visit).into_iter().collect();
        let mut mark = pending.mark();
        // A fix that was undecided then may have been the first outside: what was told of the visit stays within it.
        if let Some(dwell) = self.rules.dwell_s.filter(|_| visit.dwelled) {
            mark.at = mark.at.max(time(visit.since + seconds(dwell)));
        }
        events.push(self.event(EventKind::Exit, mark, visit.seen_since()));
        *visit = Visit::default();
        (events, None, Some(pending))
    }

    /// The dwell event, once its time is full: counted up to the edge when certain fixes lie beyond it.
    fn dwell(&self, visit: &mut Visit) -> Option<Event> {
        let full = visit.since + seconds(self.rules.dwell_s?);
        let certain = visit.pending.filter(|pending| pending.fixes > 0);
        let until = certain.map_or(self.fix.at.as_microsecond(), |pending| pending.passed());
        if !visit.inside || visit.dwelled || until < full {
            return None;
        }
        visit.dwelled = true;
        Some(self.event(EventKind::Dwell, Passed { at: time(full), point: self.fix.point }, visit.seen_since()))
    }

    fn event(&self, kind: EventKind, mark: Passed, since: Option<Timestamp>) -> Event {
        Event { kind, at: mark.at, point: mark.point, proved_at: self.fix.at, since, inferred: false }
    }

    fn micros_since(&self, micros: i64) -> i64 {
        self.fix.at.as_microsecond() - micros
    }

    /// An undecided fix on the side of the edge where the device is known to be: what spoke for the other side was noise. A
    /// fix that is less accurate than the zone is wide does not say even that.
    fn fall_back(&self, visit: &mut Visit) -> Turn {
        visit.pending = visit.pending.filter(|_| self.look.too_wide);
        (Events::new(), self.doubt().filter(|_| visit.pending.is_some()), visit.pending)
    }

    fn doubt(&self) -> Option<Held> {
        Some(if self.look.too_wide { Held::AccuracyWiderThanZone } else { Held::NearEdge })
    }

    /// Where the way from a fix on the other side cuts the edge: of several cuts the one that claims the least time inside.
    /// Without such a fix, where the device is.
    fn edge(&self, from: Option<ZoneFix>, inwards: bool) -> Passed {
        let here = Passed { at: self.fix.at, point: self.fix.point };
        let Some(from) = from else { return here };
        let cuts = self.shape.cuts(from.point, self.fix.point);
        let cut = if inwards { cuts.last() } else { cuts.first() };
        cut.map_or(here, |fraction| mark_at(from, self.fix, *fraction))
    }
}

/// When and where a device was, at a fraction of the way between two fixes.
pub(super) fn mark_at(from: ZoneFix, to: ZoneFix, fraction: f64) -> Passed {
    let (start, end) = (from.at.as_microsecond(), to.at.as_microsecond());
    let micros = start + ((end - start) as f64 * fraction).round() as i64;
    Passed { at: time(micros), point: interpolate(from.point, to.point, fraction) }
}

pub(super) fn seconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000
}
