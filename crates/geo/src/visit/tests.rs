use proptest::prelude::*;
use serde_json::json;
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use super::speed::Speeding;
use super::*;
use crate::distance::destination;
use crate::shape::{Circle, Shape};

const CENTER: Point = Point { lat: 41.15, lon: -8.61 };

fn second(second: f64) -> Timestamp {
    Timestamp::from_microsecond(1_700_000_000_000_000 + (second * 1e6) as i64).expect("a time")
}

fn circle(radius_m: f64) -> Shape {
    Shape::Circle(Circle::new(CENTER, radius_m).expect("a circle"))
}

/// Two fixes to confirm, one accuracy to be certain; a fix that states none is exact.
fn plain() -> Rules {
    Rules { enter: Confirm::fixes(2), exit: Confirm::fixes(2), enter_certainty: 1.0, ..Rules::at_once() }
}

/// A device east of the centre of a circle of 100 m.
struct Case {
    shape: Shape,
    rules: Rules,
    visit: Visit,
    previous: Option<ZoneFix>,
    told: Vec<(EventKind, f64)>,
}

impl Case {
    fn new(rules: Rules) -> Self {
        rules.check().expect("rules in range");
        Self { shape: circle(100.0), rules, visit: Visit::default(), previous: None, told: Vec::new() }
    }

    /// Goes to so many metres east of the centre; says what came of it.
    fn go(&mut self, at: f64, metres: f64) -> Outcome {
        self.with_accuracy(at, metres, None).outcome
    }

    fn with_accuracy(&mut self, at: f64, metres: f64, accuracy_m: Option<f32>) -> Decision {
        let fix = ZoneFix { at: second(at), point: destination(CENTER, 90.0, metres), accuracy_m };
        let foretold = explain(self.visit, &self.shape, self.previous, fix, &self.rules);
        let (events, decision) = step(&mut self.visit, &self.shape, self.previous, fix, &self.rules);
        assert_eq!(foretold, decision);
        self.previous = Some(fix);
        let after = |at: Timestamp| (at.as_microsecond() - second(0.0).as_microsecond()) as f64 / 1e6;
        self.told.extend(events.iter().map(|event| (event.kind, (after(event.at) * 100.0).round() / 100.0)));
        decision
    }
}

const ENTER: Outcome = Outcome::Told(EventKind::Enter);
const EXIT: Outcome = Outcome::Told(EventKind::Exit);
const SAME: Outcome = Outcome::Unchanged;

fn held(rule: Held) -> Outcome {
    Outcome::Held(rule)
}

#[test]
fn two_fixes_confirm_and_the_time_is_that_of_the_edge() {
    let mut case = Case::new(plain());
    assert_eq!(case.go(0.0, 300.0), SAME);
    assert_eq!(case.go(10.0, 50.0), held(Held::Confirming));
    assert_eq!(case.go(20.0, 40.0), ENTER);
    assert_eq!(case.go(30.0, 0.0), SAME);
    assert_eq!(case.go(40.0, 110.0), held(Held::NearEdge));
    assert_eq!(case.go(50.0, 130.0), held(Held::Confirming));
    assert_eq!(case.go(60.0, 150.0), EXIT);
    assert_eq!(case.told, [(EventKind::Enter, 8.0), (EventKind::Exit, 39.09)]);
}

#[test]
fn one_bad_fix_is_neither_entry_nor_exit() {
    let mut case = Case::new(plain());
    for (number, metres) in [300.0, 0.0, 300.0, 300.0, 10.0, 10.0, 900.0, 10.0, 20.0, 300.0, 310.0].iter().enumerate() {
        case.go(number as f64 * 10.0, *metres);
    }
    assert_eq!(case.told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [EventKind::Enter, EventKind::Exit]);
}

#[test]
fn an_entry_must_be_certain_too() {
    let mut case = Case::new(Rules { enter: Confirm::fixes(1), ..plain() });
    case.go(0.0, 300.0);
    let decision = case.with_accuracy(10.0, 80.0, Some(40.0));
    assert_eq!((decision.side, decision.outcome), (Side::Undecided, held(Held::NearEdge)));
    assert_eq!(decision.enter_margin_m, 40.0);
    let decision = case.with_accuracy(20.0, 0.0, Some(101.0));
    assert_eq!(decision.outcome, held(Held::AccuracyWiderThanZone));
    // The margin is never more than half of the way to the middle.
    assert_eq!(case.with_accuracy(30.0, 45.0, Some(99.0)).outcome, ENTER);
    assert_eq!(case.told, [(EventKind::Enter, 9.09)]);
}

#[test]
fn a_wide_circle_proves_an_exit_only_when_all_of_it_is_outside() {
    let mut case = Case::new(Rules::at_once());
    case.go(0.0, 300.0);
    case.go(10.0, 0.0);
    assert_eq!(case.with_accuracy(20.0, 400.0, Some(500.0)).outcome, held(Held::AccuracyWiderThanZone));
    assert_eq!(case.with_accuracy(30.0, 700.0, Some(500.0)).outcome, EXIT);
}

#[test]
fn fixes_and_seconds_may_both_be_needed_or_either() {
    let confirm = |need| Confirm { fixes: 3, seconds: 60, need };
    for (need, expected) in [(Need::Both, 100.0), (Need::Either, 20.0)] {
        let mut case = Case::new(Rules { enter: confirm(need), ..plain() });
        case.go(-10.0, 300.0);
        let entered = [0.0, 10.0, 20.0, 100.0].into_iter().find(|at| case.go(*at, 0.0) == ENTER);
        assert_eq!(entered, Some(expected));
    }
}

#[test]
fn a_short_visit_and_a_short_absence_tell_nothing() {
    let mut case = Case::new(Rules { min_dwell_s: 60, min_absence_s: 120, ..Rules::at_once() });
    case.go(0.0, 300.0);
    assert_eq!(case.go(10.0, 0.0), held(Held::DwellTooShort));
    case.go(20.0, 300.0);
    case.go(30.0, 0.0);
    case.go(60.0, 10.0);
    assert_eq!(case.go(90.0, 10.0), ENTER);
    assert_eq!(case.go(100.0, 300.0), held(Held::AbsenceTooShort));
    assert_eq!(case.go(150.0, 0.0), SAME);
    case.go(160.0, 300.0);
    case.go(200.0, 300.0);
    assert_eq!(case.go(290.0, 300.0), EXIT);
    assert_eq!(case.told, [(EventKind::Enter, 26.67), (EventKind::Exit, 153.33)]);
}

#[test]
fn a_dwell_is_told_once_per_visit() {
    let mut case = Case::new(Rules { dwell_s: Some(100), ..Rules::at_once() });
    case.go(0.0, 300.0);
    case.go(10.0, 0.0);
    case.go(100.0, 0.0);
    case.go(110.0, 0.0);
    case.go(300.0, 0.0);
    case.go(310.0, 300.0);
    case.go(320.0, 0.0);
    // Between two fixes the time was full, and the device went out.
    case.go(500.0, 0.0);
    case.go(510.0, 300.0);
    let dwells: Vec<_> = case.told.iter().filter(|(kind, _)| *kind == EventKind::Dwell).map(|(_, at)| *at).collect();
    assert_eq!(dwells, [106.67, 416.67]);
    assert_eq!(case.told.len(), 6);
}

#[test]
fn the_beginning_is_silent_until_the_zone_was_seen_from_outside() {
    let mut case = Case::new(plain());
    assert_eq!(case.go(0.0, 10.0), held(Held::Confirming));
    assert_eq!(case.go(10.0, 110.0), SAME);
    assert_eq!(case.go(20.0, 10.0), held(Held::Confirming));
    assert_eq!(case.go(30.0, 10.0), held(Held::NotSeenOutside));
    assert!(case.visit.is_inside());
    case.go(40.0, 300.0);
    assert_eq!(case.go(50.0, 300.0), EXIT);
}

#[test]
fn a_passage_between_two_fixes_is_inferred_when_asked_for() {
    let rules = Rules { pass_through: true, ..plain() };
    let travel = Travel { max_speed_mps: None, pass_through_m: 2000.0 };
    let at = |seconds: f64, metres: f64| ZoneFix {
        at: second(seconds),
        point: destination(CENTER, 90.0, metres),
        accuracy_m: None,
    };
    let track = [at(0.0, -300.0), at(60.0, 300.0)];
    let events = replay(&track, &circle(100.0), travel, &rules);
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Enter, EventKind::Exit]);
    assert!(events.iter().all(|event| event.inferred && event.proved_at == second(60.0)));
    assert!((events[0].at.as_microsecond() - second(20.0).as_microsecond()).abs() < 10_000);
    assert!((events[1].at.as_microsecond() - second(40.0).as_microsecond()).abs() < 10_000);
    assert!(replay(&track, &circle(100.0), travel, &plain()).is_empty(), "only when asked for");
    let strict = Rules { min_dwell_s: 30, ..rules };
    assert!(replay(&track, &circle(100.0), travel, &strict).is_empty(), "too short a visit");
    let graze = |metres: f64| ZoneFix { point: destination(at(0.0, metres).point, 0.0, 98.0), ..at(metres, metres) };
    let unsure = Rules { unstated_accuracy_m: 10.0, ..rules };
    assert!(replay(&[graze(-300.0), graze(300.0)], &circle(100.0), travel, &unsure).is_empty(), "not deep enough");
}

#[test]
fn an_impossible_jump_waits_for_another_fix() {
    let travel = Travel { max_speed_mps: Some(50.0), pass_through_m: 0.0 };
    let mut walk = replay::Walk::default();
    let shape = circle(100.0);
    let mut go = |at: f64, metres: f64| {
        let fix = ZoneFix { at: second(at), point: destination(CENTER, 90.0, metres), accuracy_m: None };
        walk.take(&shape, fix, travel, &Rules::at_once()).iter().map(|event| event.kind).collect::<Vec<_>>()
    };
    assert!(go(0.0, 5000.0).is_empty());
    assert!(go(10.0, 0.0).is_empty(), "a single fix at 500 m/s");
    assert!(go(20.0, 5000.0).is_empty());
    assert!(go(30.0, 0.0).is_empty());
    assert_eq!(go(40.0, 10.0), [EventKind::Enter], "the second one proves it");
    assert!(go(50.0, 9000.0).is_empty());
    assert!(go(60.0, 10.0).is_empty());
}

#[test]
fn a_visit_is_small_and_its_stored_form_is_numbered() {
    assert!(size_of::<Visit>() <= 48, "{} bytes", size_of::<Visit>());
    assert!(size_of::<Visits<u64>>() <= 80, "{} bytes", size_of::<Visits<u64>>());
    println!("{} bytes for each zone, {} for each device", size_of::<Visit>(), size_of::<Visits<u64>>());
    let mut index = crate::ZoneIndex::new();
    index.insert(7u32, std::sync::Arc::new(circle(100.0)));
    let mut visits = Visits::default();
    for (at, metres) in [(0.0, 300.0), (10.0, 0.0), (20.0, 0.0), (30.0, 150.0)] {
        let fix = ZoneFix { at: second(at), point: destination(CENTER, 90.0, metres), accuracy_m: Some(5.0) };
        visits.take(&index, fix, Travel::default(), |_| plain());
    }
    let saved = serde_json::to_value(&visits).expect("to JSON");
    assert_eq!(saved["version"], 1);
    let back: Visits<u32> = serde_json::from_value(saved.clone()).expect("from JSON");
    assert_eq!(back, visits);
    let mut newer = saved;
    newer["version"] = json!(2);
    let error = serde_json::from_value::<Visits<u32>>(newer).expect_err("another form");
    assert!(error.to_string().contains("form 2"), "{error}");
}

#[test]
fn speeding_is_told_once_it_lasts_until_it_has_ended() {
    let limit = SpeedLimit { limit_mps: 10.0, for_s: 20 };
    let mut speeding = Speeding::default();
    let mut go = |at: f64, speed| speeding.step(second(at), speed, &limit);
    assert_eq!(go(0.0, Some(12.0)), None);
    assert_eq!(go(10.0, Some(9.0)), None);
    assert_eq!(go(20.0, Some(12.0)), None);
    assert_eq!(go(30.0, None), None);
    assert_eq!(go(40.0, Some(14.0)), Some(TooFast { since: second(20.0), peak_mps: 14.0 }));
    assert_eq!(go(50.0, Some(20.0)), None);
    assert_eq!(go(60.0, Some(10.0)), None);
    assert_eq!(go(70.0, Some(11.0)), None);
    assert_eq!(go(90.0, Some(11.0)), Some(TooFast { since: second(70.0), peak_mps: 11.0 }));
}

/// Moves seconds and metres into events of one kind.
fn told(kinds: &[(EventKind, f64)]) -> Vec<Event> {
    let event = |(kind, at): &(EventKind, f64)| Event {
        kind: *kind,
        at: second(*at),
        point: CENTER,
        proved_at: second(*at),
        since: None,
        inferred: false,
    };
    kinds.iter().map(event).collect()
}

/// What is told when these were told and those are known now: kinds and seconds, and on which side it ends.
fn amended(
    was: &[(EventKind, f64)],
    inside: Option<bool>,
    is: &[(EventKind, f64)],
) -> (Vec<(EventKind, f64)>, Option<bool>) {
    let was: Vec<Told> = was.iter().map(|(kind, at)| Told { kind: *kind, at: second(*at) }).collect();
    let amended = amend(&was, inside, false, &told(is), 60);
    let seconds = |at: Timestamp| (at.as_microsecond() - second(0.0).as_microsecond()) as f64 / 1e6;
    let news = amended.news.iter().map(|(_, event)| (event.kind, seconds(event.at))).collect();
    (news, amended.ends_inside)
}

#[test]
fn what_was_told_stands_and_makes_one_story_with_what_is_known_now() {
    use EventKind::{Dwell, Enter, Exit};
    let (out, inside) = (Some(false), Some(true));
    // The same event is the one nearest in time.
    let now = [(Enter, 5.0), (Exit, 15.0), (Enter, 47.0)];
    assert_eq!(amended(&[(Enter, 45.0)], out, &now), (vec![(Enter, 5.0), (Exit, 15.0)], inside));
    // Between others it is dated between them, whatever is known of its time now.
    let now = [(Enter, 5.0), (Exit, 46.0), (Enter, 47.0)];
    assert_eq!(amended(&[(Enter, 45.0)], out, &now).0, [(Enter, 5.0), (Exit, 44.999_999)]);
    // One that did not happen stands; the next one is told all the same.
    assert_eq!(amended(&[(Enter, 45.0)], out, &[]), (vec![], inside));
    assert_eq!(amended(&[(Enter, 45.0), (Exit, 50.0)], out, &[(Enter, 500.0)]), (vec![(Enter, 500.0)], inside));
    // An entry that was told, and is known to be another one now: who is inside does not go in again.
    assert_eq!(amended(&[(Enter, 45.0)], out, &[(Enter, 500.0)]), (vec![], inside));
    assert_eq!(amended(&[(Enter, 45.0)], out, &[(Enter, 500.0), (Exit, 600.0)]), (vec![(Exit, 600.0)], out));
    assert_eq!(amended(&[], inside, &[(Enter, 500.0), (Exit, 600.0)]), (vec![(Exit, 600.0)], out));
    // Of what was told before nothing is known: it may have been in silence.
    assert_eq!(amended(&[(Exit, 60.0)], None, &[(Enter, 5.0), (Exit, 61.0)]), (vec![(Enter, 5.0)], out));
    assert_eq!(amended(&[], None, &[(Exit, 61.0)]), (vec![(Exit, 61.0)], out));
    // Dwells belong to the visit that was told.
    let stay = [(Enter, 90.0), (Dwell, 150.0)];
    assert_eq!(amended(&[(Enter, 40.0), (Dwell, 100.0)], out, &stay), (vec![], inside));
    assert_eq!(amended(&[(Enter, 40.0)], out, &stay), (vec![(Dwell, 150.0)], inside));
    assert_eq!(amended(&[], out, &stay).0, stay);
    assert_eq!(amended(&[], inside, &[(Dwell, 150.0)]).0, [(Dwell, 150.0)]);
    assert_eq!(amended(&[], out, &[(Dwell, 150.0)]).0, []);
    let visit = [(Enter, 40.0), (Exit, 140.0)];
    assert_eq!(
        amended(&visit, out, &[(Enter, 90.0), (Dwell, 150.0), (Exit, 160.0)]).0,
        [],
        "too short, as it was told"
    );
    assert!(amend(&[], inside, true, &told(&[(Dwell, 150.0)]), 60).news.is_empty());
}

/// A story: entries and exits that take turns, seconds apart.
fn story() -> impl Strategy<Value = Vec<(EventKind, f64)>> {
    (any::<bool>(), prop::collection::vec(1u32..90, 0..8)).prop_map(|(inside, pauses)| {
        let (mut at, mut inside) = (0.0, inside);
        let event = |pause: u32| {
            at += f64::from(pause);
            inside = !inside;
            (if inside { EventKind::Enter } else { EventKind::Exit }, at)
        };
        pauses.into_iter().map(event).collect()
    })
}

proptest! {
    /// Whatever was told, what is told with it takes turns with it, in order of time; and once it was told, doing it again tells
    /// nothing more.
    #[test]
    fn amended_stories_take_turns(was in story(), is in story(), known in any::<bool>()) {
        let inside = was.first().filter(|_| known).map(|(kind, _)| *kind == EventKind::Exit);
        let (news, ends) = amended(&was, inside, &is);
        let mut all: Vec<_> = was.iter().chain(&news).copied().collect();
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        prop_assert!(all.windows(2).all(|pair| pair[0].0 != pair[1].0), "{:?} {:?}", was, news);
        prop_assert_eq!(ends, all.last().map(|(kind, _)| *kind == EventKind::Enter).or(inside));
        let (again, _) = amended(&all, inside, &is);
        prop_assert_eq!(again, vec![]);
    }
}

#[test]
fn a_window_goes_back_to_the_last_place_before_a_late_fix() {
    let mut index = crate::ZoneIndex::new();
    index.insert(1u32, std::sync::Arc::new(circle(100.0)));
    let (mut visits, mut window) = (Visits::default(), Window::default());
    for number in 0..40 {
        let metres = if number < 20 { 500.0 } else { 0.0 };
        let fix = ZoneFix {
            at: second(f64::from(number) * 10.0),
            point: destination(CENTER, 90.0, metres),
            accuracy_m: None,
        };
        visits.take(&index, fix, Travel::default(), |_| plain());
        window.note(&visits, 60, second(7.0));
    }
    // Places at 300 and 360 s; the last fix is at 390 s.
    let before = |at: f64| window.before(second(at)).map(Place::at);
    assert_eq!(before(390.0), Some(second(360.0)));
    assert_eq!(before(360.0), Some(second(300.0)));
    assert_eq!((before(301.0), before(300.0)), (Some(second(300.0)), None));
    let place = window.before(second(320.0)).expect("in the window");
    assert_eq!(place.noted(), second(7.0));
    assert!(place.visits(ZoneFix { at: second(300.0), point: CENTER, accuracy_m: None }).contains(1));
    let saved = serde_json::to_value(&window).expect("to JSON");
    assert_eq!(serde_json::from_value::<Window<u32>>(saved).expect("from JSON"), window);
    println!("{} bytes a window", size_of::<Window<u64>>());
    assert!(size_of::<Window<u64>>() <= 64);
}

/// A track of seconds and metres east, at 1 to 60 s between fixes.
fn tracks() -> impl Strategy<Value = Vec<ZoneFix>> {
    let fixes = prop::collection::vec((1u32..60, -400.0f64..400.0, prop::option::of(1.0f32..150.0)), 1..80);
    fixes.prop_map(|fixes| {
        let mut at = 0;
        let fix = |(pause, metres, accuracy_m): (u32, f64, Option<f32>)| {
            at += pause;
            ZoneFix { at: second(f64::from(at)), point: destination(CENTER, 90.0, metres), accuracy_m }
        };
        fixes.into_iter().map(fix).collect()
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let confirm = (1u8..4, 0u32..90, any::<bool>()).prop_map(|(fixes, seconds, both)| Confirm {
        fixes,
        seconds,
        need: if both { Need::Both } else { Need::Either },
    });
    (confirm.clone(), confirm, 0u32..120, 0u32..120, prop::option::of(1u32..200), any::<bool>(), 0.0f64..30.0).prop_map(
        |(enter, exit, min_dwell_s, min_absence_s, dwell_s, pass_through, unstated_accuracy_m)| Rules {
            enter,
            exit,
            min_dwell_s,
            min_absence_s,
            dwell_s,
            pass_through,
            unstated_accuracy_m,
            ..plain()
        },
    )
}

const TRAVEL: Travel = Travel { max_speed_mps: Some(60.0), pass_through_m: 1000.0 };

proptest! {
    /// Enter, at most one dwell, exit, in order of time, and never proved before they happened.
    #[test]
    fn visits_follow_each_other(track in tracks(), rules in any_rules()) {
        let mut inside = None;
        let mut dwelled = false;
        let mut last = second(0.0);
        for event in replay(&track, &circle(100.0), TRAVEL, &rules) {
            prop_assert!(event.at >= last && event.at <= event.proved_at, "{:?}", event);
            last = event.at;
            match event.kind {
                EventKind::Enter => prop_assert_ne!(inside.replace(true), Some(true)),
                EventKind::Exit => prop_assert_ne!(inside.replace(false), Some(false)),
                EventKind::Dwell => prop_assert!(inside != Some(false) && !dwelled),
            }
            dwelled = event.kind == EventKind::Dwell;
        }
    }

    /// Fixes that arrive late, each answered by doing the track again from the place before it, lead to the events of the
    /// track in order.
    #[test]
    fn late_fixes_done_again_equal_the_track_in_order(
        track in tracks(),
        rules in any_rules(),
        late in prop::collection::vec((any::<prop::sample::Index>(), 1usize..12), 0..10),
    ) {
        let shape = circle(100.0);
        let mut arrivals: Vec<(usize, ZoneFix)> = track.iter().copied().enumerate().collect();
        for (which, delay) in late {
            arrivals[which.index(track.len())].0 += delay;
        }
        arrivals.sort_by_key(|(order, _)| *order);

        // The history, and for each fix of it the walk before it and the events it led to.
        let mut history: Vec<(ZoneFix, replay::Walk, Events)> = Vec::new();
        for (_, fix) in arrivals {
            let place = history.partition_point(|(known, _, _)| known.at < fix.at);
            let mut walk = match (place.checked_sub(1), history.get(place)) {
                (_, Some((_, before, _))) => *before,
                (Some(last), None) => {
                    let (known, mut before, _) = history[last].clone();
                    before.take(&shape, known, TRAVEL, &rules);
                    before
                }
                (None, None) => replay::Walk::default(),
            };
            let tail: Vec<_> = history.drain(place..).map(|(known, _, _)| known).collect();
            for again in std::iter::once(fix).chain(tail) {
                let before = walk;
                let events = walk.take(&shape, again, TRAVEL, &rules);
                history.push((again, before, events));
            }
        }
        let events: Vec<Event> = history.iter().flat_map(|(_, _, events)| events.iter().copied()).collect();
        let expected = replay(&track, &shape, TRAVEL, &rules);
        prop_assert_eq!(&events, &expected);
    }
}

#[test]
fn what_contradicts_its_neighbours_is_left_out_of_a_way_that_is_done_again() {
    let travel = Travel { max_speed_mps: Some(100.0), pass_through_m: 0.0 };
    let fix = |(at, metres): (f64, f64)| ZoneFix {
        at: second(at),
        point: destination(CENTER, 90.0, metres),
        accuracy_m: None,
    };
    let kept = |start: Option<(f64, f64)>, way: &[(f64, f64)]| -> Vec<f64> {
        let way: Vec<ZoneFix> = way.iter().copied().map(fix).collect();
        let kept = replay::believable(start.map(fix), &way, travel);
        kept.iter().map(|fix| (fix.at.as_microsecond() - second(0.0).as_microsecond()) as f64 / 1e6).collect()
    };
    let home = Some((0.0, 0.0));
    assert_eq!(kept(home, &[(10.0, 50.0), (15.0, 40_000.0), (20.0, 100.0)]), [10.0, 20.0]);
    assert_eq!(kept(home, &[(10.0, 40_000.0), (15.0, -30_000.0), (20.0, 100.0), (25.0, 120.0)]), [20.0, 25.0]);
    // After a hole it can be reached; but those around it agree with each other.
    assert_eq!(kept(home, &[(300.0, 9_000.0), (305.0, 800.0), (310.0, 850.0)]), [305.0, 310.0]);
    // The very first one, and one at the end of which nothing is known yet.
    assert_eq!(kept(None, &[(0.0, 9_000.0), (5.0, 10.0), (10.0, 20.0)]), [5.0, 10.0]);
    assert_eq!(kept(home, &[(5.0, 10.0), (10.0, 9_000.0)]), [5.0, 10.0]);
    // A jump that is true stays.
    assert_eq!(kept(home, &[(5.0, 10.0), (10.0, 9_000.0), (15.0, 9_050.0)]), [5.0, 10.0, 15.0]);
    let all = replay::believable(None, &[fix((0.0, 0.0)), fix((1.0, 9e6)), fix((2.0, 0.0))], Travel::default());
    assert_eq!(all.len(), 3, "where every speed is believed");
}
