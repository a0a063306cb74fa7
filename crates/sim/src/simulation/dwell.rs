//! Who stayed: the dwells that must be told. The entries and exits are judged by themselves; a stay lasts from the passage of
//! one to the passage of the other, so it is known to lie within two spans of time.

use tracklane_core::event::EventKind;

use super::oracle::{Side, Truth};
use super::verdict::{Fault, SLACK_S, Told, Verdict, Wrong};

/// A time that is known to lie between two, in seconds of the simulation.
type Between = (f64, f64);

/// One stay in a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stay {
    from: Between,
    until: Between,
    /// False when nobody can be sure that there was one.
    sure: bool,
}

/// The stays that follow from the entries and exits that were told, by passage.
pub(super) fn stays(truth: &Truth, told: &[Vec<Told>]) -> Vec<Stay> {
    let begins_open = truth.passages.first().is_some_and(|first| first.from.is_none());
    let mut stays = Vec::new();
    let open = truth.begins_in.map(|from| (from, true));
    let mut open = open.or(begins_open.then_some(((0.0, truth.last_s), false)));
    for (passage, events) in truth.passages.iter().zip(told) {
        let span = (passage.from_s, passage.until_s);
        for event in events {
            match event.to {
                Side::In => open = Some((span, true)),
                Side::Out => {
                    stays.extend(open.take().map(|(from, sure)| Stay { from, until: span, sure }));
                }
            }
        }
    }
    let until = (truth.last_s, truth.last_s);
    stays.extend(open.map(|(from, sure)| Stay { from, until, sure }));
    stays
}

/// Judges what was told of dwells.
pub(super) fn judge(stays: &[Stay], dwelt: &[Told], dwell_s: Option<u32>, verdict: &mut Verdict) {
    let mut fault = |wrong, at_s| verdict.faults.push(Fault { wrong, what: EventKind::ZoneDwelled, at_s });
    let mut free: Vec<&Told> = dwelt.iter().collect();
    let (mut due, mut found) = (0, 0);
    for Stay { from, until, sure } in stays {
        let Some(dwell_s) = dwell_s.map(f64::from) else { break };
        let full = (from.0 + dwell_s, from.1 + dwell_s);
        let place = free.iter().position(|told| told.outside(full) <= SLACK_S);
        let told = place.map(|place| free.remove(place));
        if *sure && until.0 >= full.1 {
            due += 1;
            match told {
                Some(_) => found += 1,
                None => fault(Wrong::Missing, full.1),
            }
        } else if let Some(told) = told.filter(|_| until.1 + SLACK_S < full.0) {
            fault(Wrong::Extra, told.at_s);
        }
    }
    free.into_iter().for_each(|told| fault(Wrong::Extra, told.at_s));
    verdict.dwells += due;
    verdict.dwells_found += found;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(at_s: f64) -> Told {
        Told { at_s, least_ahead_s: 0.0, most_ahead_s: 0.0, to: Side::In, late: false }
    }

    fn judged(stay: Stay, dwelt: &[f64]) -> (usize, usize, Vec<Wrong>) {
        let mut verdict = Verdict::default();
        let dwelt: Vec<Told> = dwelt.iter().copied().map(told).collect();
        judge(&[stay], &dwelt, Some(60), &mut verdict);
        (verdict.dwells, verdict.dwells_found, verdict.faults.iter().map(|fault| fault.wrong).collect())
    }

    #[test]
    fn a_long_stay_tells_one_dwell_a_short_one_none_and_one_between_may() {
        let stay = |until: f64| Stay { from: (100.0, 105.0), until: (until, until + 5.0), sure: true };
        assert_eq!(judged(stay(300.0), &[163.0]), (1, 1, vec![]));
        assert_eq!(judged(stay(300.0), &[]), (1, 0, vec![Wrong::Missing]));
        assert_eq!(judged(stay(300.0), &[163.0, 165.0]), (1, 1, vec![Wrong::Extra]));
        assert_eq!(judged(stay(300.0), &[200.0]), (1, 0, vec![Wrong::Missing, Wrong::Extra]));
        assert_eq!(judged(stay(130.0), &[]), (0, 0, vec![]));
        assert_eq!(judged(stay(130.0), &[160.0]), (0, 0, vec![Wrong::Extra]));
        assert_eq!((judged(stay(160.0), &[]), judged(stay(160.0), &[162.0])), ((0, 0, vec![]), (0, 0, vec![])));
        let doubtful = Stay { sure: false, ..stay(300.0) };
        assert_eq!((judged(doubtful, &[]), judged(doubtful, &[163.0])), ((0, 0, vec![]), (0, 0, vec![])));
    }
}
