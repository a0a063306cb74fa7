//! The rules of the geometry library, without any server, held against the oracle: fixes in the order of their time, zone by
//! zone. What goes wrong here goes wrong in every server.

use tracklane_core::Timestamp;
use tracklane_geo::Shape;
use tracklane_geo::visit::{Event, EventKind, Rules, Travel, ZoneFix, replay};

use super::faults::{Fault, Sent};
use super::oracle::{Side, Truth};
use super::verdict::{Told, Verdict, judge};
use super::world::{City, MIDDLE, Plan, dwell_s};
use crate::trip::moved_m;

const TRAVEL: Travel = Travel { max_speed_mps: Some(70.0), pass_through_m: 0.0 };

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// What was delivered, each fix once, in the order of its time.
fn track(sent: &Sent) -> Vec<ZoneFix> {
    let mut seen: Vec<usize> = sent.deliveries.iter().map(|delivery| delivery.fix).collect();
    seen.sort_unstable();
    seen.dedup();
    let fix = |fix: usize| {
        let fix = sent.fixes[fix];
        let point = moved_m(MIDDLE, fix.place.0, fix.place.1);
        let at = second(i64::from(fix.taken_s) + i64::from(sent.skew_s));
        ZoneFix { at, point, accuracy_m: Some(fix.accuracy_m) }
    };
    seen.into_iter().map(fix).collect()
}

fn told(event: &Event, skew_s: i32) -> Told {
    let to = match event.kind {
        EventKind::Enter | EventKind::Dwell => Side::In,
        EventKind::Exit => Side::Out,
    };
    let micros = event.at.as_microsecond() - second(i64::from(skew_s)).as_microsecond();
    Told { at_s: micros as f64 / 1e6, least_ahead_s: 0.0, most_ahead_s: 0.0, to, late: false }
}

fn run(plan: &Plan, faults: &[Fault], rules: &Rules) -> Verdict {
    let city = City::new(plan);
    let shapes = city.areas.iter().map(|area| {
        let (geometry, radius_m) = area.geometry(MIDDLE);
        Shape::parse(&geometry, radius_m).unwrap()
    });
    let shapes: Vec<Shape> = shapes.collect();
    let mut verdict = Verdict::default();
    for number in 0..plan.devices {
        let device = city.device(plan, number, faults);
        let track = track(&device.sent);
        for (zone, shape) in shapes.iter().enumerate() {
            let found = device.truths.iter().find(|(near, _)| *near == zone);
            let nothing = Truth { passages: Vec::new(), begins_in: None, last_s: 0.0 };
            let rules = Rules { dwell_s: dwell_s(zone), ..*rules };
            let events = replay(&track, shape, TRAVEL, &rules);
            let of = |dwelt: bool| -> Vec<Told> {
                let events = events.iter().filter(|event| (event.kind == EventKind::Dwell) == dwelt);
                events.map(|event| told(event, device.sent.skew_s)).collect()
            };
            let one = judge(found.map_or(&nothing, |(_, truth)| truth), &of(false), &of(true), rules.dwell_s);
            for mistake in &one.faults {
                println!("{faults:?}: device {number}, zone {zone}, {mistake:?}");
            }
            verdict.add(one);
        }
    }
    verdict
}

#[test]
fn in_the_order_of_time_no_fault_hides_or_makes_an_event() {
    let plan = Plan { seed: 1, devices: 30, zones: 32, duration_s: 2_400, fix_every_s: 5, window_s: 3_600 };
    let rules = Rules::default();
    for faults in [&[][..], &[Fault::Drift], &[Fault::Dropout], &[Fault::Teleport], &Fault::ALL] {
        let verdict = run(&plan, faults, &rules);
        let asked = verdict.entries + verdict.exits;
        println!("{faults:?}: {asked} events, {} dwells, {} doubtful", verdict.dwells, verdict.undecided);
        assert!(asked > 400 && verdict.dwells > 60, "{faults:?}: {asked}, {}", verdict.dwells);
        assert_eq!((verdict.found, verdict.faults), (asked, vec![]), "{faults:?}");
        assert_eq!(verdict.dwells_found, verdict.dwells, "{faults:?}");
        assert!(verdict.undecided * 8 < asked, "{faults:?}: {} of {asked}", verdict.undecided);
    }
}
