//! A city with zones and a fleet: what each device truly does, what it sends, and what must be told of it.

use fastrand::Rng;
use tracklane_core::position::Point;

use super::area::{Area, Place, areas};
use super::faults::{Fault, Fix, Sent, spoil};
use super::oracle::{FIXES, Seen, Truth, truth};
use crate::drive::{Crossing, Moment, drive, hubs, next_hub};
use crate::trip::course_deg;

/// The middle of the city.
pub(super) const MIDDLE: Point = Point { lat: 41.158, lon: -8.629 };

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The same seed gives the same city, the same ways and the same faults.
    pub seed: u64,
    /// How many devices, 1 or more.
    pub devices: usize,
    /// How many zones.
    pub zones: usize,
    /// For how long they drive, in seconds.
    pub duration_s: u32,
    /// Seconds between two fixes, 1 or more.
    pub fix_every_s: u32,
    /// How far back, in seconds, the server's zones take up a late fix: its setting `tracking.reorder_window_seconds`.
    pub window_s: u32,
}

/// A city.
pub(super) struct City {
    hubs: Vec<Crossing>,
    pub areas: Vec<Area>,
}

/// After so many seconds inside, every other zone tells of a dwell.
const DWELL_S: u32 = 60;

/// What a zone asks for, by its place among them.
pub(super) fn dwell_s(zone: usize) -> Option<u32> {
    zone.is_multiple_of(2).then_some(DWELL_S)
}

/// One device: what it sends, and what must be told of it.
pub(super) struct Device {
    pub sent: Sent,
    /// By zone; zones that it never came near are left out.
    pub truths: Vec<(usize, Truth)>,
}

impl City {
    pub fn new(plan: &Plan) -> Self {
        let mut rng = generator(plan.seed, u64::MAX, 0);
        let hubs = hubs(&mut rng);
        let areas = areas(&mut rng, &hubs, plan.zones);
        Self { hubs, areas }
    }

    /// Lets one device drive.
    pub fn device(&self, plan: &Plan, number: usize, faults: &[Fault]) -> Device {
        let number = number as u64;
        let mut rng = generator(plan.seed, number, 0);
        let way = self.way(&mut rng, plan.duration_s);
        let path: Vec<Place> = way.iter().map(|moment| moment.place).collect();
        let every = plan.fix_every_s.max(1);
        let first = rng.u32(0..every) as usize;
        let fixes = way.iter().zip(0u32..).skip(first).step_by(every as usize);
        let fixes = fixes.map(|(moment, second)| fix(moment, second)).collect();
        let sent = spoil(fixes, faults, plan.duration_s, |fault| generator(plan.seed, number, fault));
        let seen = seen(&sent, plan.window_s);
        let truths = self.areas.iter().map(|area| truth(area, &path, &seen, FIXES)).enumerate();
        Device { truths: truths.filter(|(_, truth)| !truth.is_empty()).collect(), sent }
    }

    /// From hub to hub until the time is over; a moment for each second.
    fn way(&self, rng: &mut Rng, duration_s: u32) -> Vec<Moment> {
        let mut way = Vec::with_capacity(duration_s as usize);
        let mut here = self.hubs[rng.usize(0..self.hubs.len())];
        while way.len() < duration_s as usize {
            let there = next_hub(rng, &self.hubs, here);
            way.extend(drive(rng, (here, there)));
            here = there;
            let pause = rng.usize(60..180);
            way.extend(way.last().copied().into_iter().cycle().take(pause));
        }
        way.truncate(duration_s as usize);
        way
    }
}

/// A generator for one purpose: 0 for the way, others for the faults.
fn generator(seed: u64, device: u64, purpose: u64) -> Rng {
    let mix = |state: u64, more: u64| Rng::with_seed(state ^ more.wrapping_mul(0x9e37_79b9_7f4a_7c15)).u64(..);
    Rng::with_seed(mix(mix(mix(0, seed), device), purpose))
}

fn fix(moment: &Moment, second: u32) -> Fix {
    Fix {
        taken_s: second,
        place: moment.place,
        accuracy_m: 0.0,
        speed_mps: (moment.speed_mps * 10.0).round() as f32 / 10.0,
        course_deg: course_deg((f64::from(moment.heading.0), f64::from(moment.heading.1))),
        wild: false,
    }
}

/// The fixes that a server can use: none that is nowhere near the truth, none that comes later than the window allows.
fn seen(sent: &Sent, window_s: u32) -> Vec<Seen> {
    let mut newest_s = 0;
    let mut seen = Vec::new();
    for fix in sent.deliveries.iter().map(|delivery| &sent.fixes[delivery.fix]).filter(|fix| !fix.wild) {
        let prompt = fix.taken_s >= newest_s;
        newest_s = newest_s.max(fix.taken_s);
        if newest_s - fix.taken_s <= window_s {
            let Fix { taken_s: at_s, place: said, accuracy_m, .. } = *fix;
            seen.push(Seen { at_s, said, accuracy_m: f64::from(accuracy_m), prompt });
        }
    }
    // Of a fix that came twice the first counts: what was in time stays so.
    seen.sort_by_key(|seen| (seen.at_s, !seen.prompt));
    seen.dedup_by_key(|seen| seen.at_s);
    seen
}

#[cfg(test)]
mod tests {
    use super::super::oracle::Passage;
    use super::*;

    const PLAN: Plan = Plan { seed: 3, devices: 20, zones: 24, duration_s: 3_600, fix_every_s: 5, window_s: 120 };

    #[test]
    fn faults_change_what_is_sent_but_not_what_is_true() {
        let city = City::new(&PLAN);
        let decided = |faults: &[Fault]| -> usize {
            let devices = (0..PLAN.devices).map(|number| city.device(&PLAN, number, faults));
            let passages = devices.flat_map(|device| device.truths).flat_map(|(_, truth)| truth.passages);
            passages.filter(Passage::is_decided).count()
        };
        let all = decided(&[]);
        assert!(all > 60, "{all}");
        for fault in [Fault::Duplicate, Fault::Reorder, Fault::Skew] {
            assert_eq!(decided(&[fault]), all, "{fault}");
        }
        for fault in [Fault::Drift, Fault::Dropout, Fault::Teleport] {
            let some = decided(&[fault]);
            assert!(some * 10 >= all * 6 && some <= all, "{fault}: {some} of {all}");
        }
    }

    #[test]
    fn ways_are_driven_not_flown() {
        let city = City::new(&PLAN);
        for number in 0..5 {
            let way = city.way(&mut generator(1, number, 0), 3_600);
            assert_eq!(way.len(), 3_600);
            let fastest = way.windows(2).map(|pair| super::super::area::distance(pair[0].place, pair[1].place));
            assert!(fastest.fold(0.0, f64::max) < 30.0);
        }
    }
}
