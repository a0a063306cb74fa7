//! Which positions are to be believed? Each stage is a small function with a reason; all of them stand in one list.
//!
//! Nothing is lost: a position that a stage objects to is kept, marked with the reason, and takes no part in what is
//! computed from positions. Fixes of a device must come in the order of their time.
//!
//! One bad fix never poisons the next: a jump is judged against the last good fix, and two fixes that agree with each other
//! prove it right. The first of the two stays marked. Where jumps go there and back (two senders under the name of one
//! device) each turn takes twice as many fixes in a row as the one before, so that soon only one of the two is believed.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::{Fix, Mark, Point};

use crate::distance::{at_most_m, distance_m};

/// What the stages ask for. Each but the first can be turned off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// The highest speed that is believed, in metres per second, 0 to 10,000; 0 for any.
    pub max_speed_mps: f32,
    /// The worst accuracy that is believed, in metres, 0 to 1,000,000; 0 for any.
    pub worst_accuracy_m: f32,
    /// A fix so near to where the device stands, in metres, that says no speed or less than a walk, is jitter: 0 to 1,000; 0
    /// for no look at it.
    pub static_m: f32,
    /// Even a device that stands keeps one fix in so many seconds, 1 to 86,400.
    pub static_keep_seconds: u32,
    /// Whether positions that say they are made up are marked.
    pub mock: bool,
    /// Whether a fix at exactly 0, 0 is marked.
    pub null_island: bool,
}

impl Default for Filters {
    /// 100 m/s, any accuracy up to a kilometre, no look at jitter.
    fn default() -> Self {
        Self {
            max_speed_mps: 100.0,
            worst_accuracy_m: 1000.0,
            static_m: 0.0,
            static_keep_seconds: 300,
            mock: true,
            null_island: true,
        }
    }
}

/// One position, as far as the stages care.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// When the fix was taken.
    pub at: Timestamp,
    /// The fix.
    pub fix: &'a Fix,
    /// True when the device says that software made the position up.
    pub mock: bool,
}

/// A place and a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// How exactly, in metres; 0 when nobody says.
    pub accuracy_m: f32,
}

/// What is known of one device: the last fix that was believed, and a jump that waits for other fixes to agree.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FilterState {
    /// The last fix that was believed.
    pub good: Option<Spot>,
    /// Where else the device says to be, or said so until lately.
    pub jump: Option<Jump>,
    /// The one believed before that, where the way from there was so long that the last one may have been wrong all the same:
    /// after a hole much can be reached. What the next one agrees with is right.
    pub before: Option<Spot>,
}

/// Another place than the one that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jump {
    /// The last fix there.
    pub spot: Spot,
    /// How many fixes in a row were there.
    pub fixes: u8,
    /// How often fixes there came to be believed, or to be believed no more, of late.
    pub turns: u8,
}

impl Jump {
    /// Turns are forgotten when no fix was there for so many seconds.
    const FORGOTTEN_S: i64 = 600;

    /// How often fixes there turned out to be right, or wrong, until lately.
    fn turns(self, at: Timestamp) -> u8 {
        if at.as_second() - self.spot.at.as_second() > Self::FORGOTTEN_S { 0 } else { self.turns }
    }

    /// How many fixes in a row prove it right.
    fn needed(self, at: Timestamp) -> u8 {
        2 << self.turns(at).min(3)
    }

    /// True when fixes went there and back again more than once: two senders use the name of one device.
    pub fn is_contest(self) -> bool {
        self.turns > 1
    }
}

/// A stage: the reason to mark a position, if there is one.
type Stage = fn(&Sighting, &FilterState, &Filters) -> Option<Mark>;

/// All stages. The first that objects gives the mark.
const STAGES: [Stage; 6] = [invalid, null_island, mock, inaccurate, teleport, static_jitter];

impl Filters {
    /// Takes one position through all stages; none when it is believed. [`FilterState::learn`] then makes
    /// of it what the next one is held against.
    pub fn judge(&self, state: &FilterState, sighting: &Sighting) -> Option<Mark> {
        STAGES.iter().find_map(|stage| stage(sighting, state, self))
    }

    /// True when a sighting can be reached from a place and a time at the highest speed that is believed.
    pub fn is_reachable(&self, from: Spot, to: &Sighting) -> bool {
        let max_speed_mps = f64::from(self.max_speed_mps);
        // Mostly it is so near that it need not be measured.
        let speed_mps = |apart| implied_speed_mps(from, to, apart);
        max_speed_mps <= 0.0
            || speed_mps(at_most_m(from.point, to.fix.point)) <= max_speed_mps
            || speed_mps(distance_m(from.point, to.fix.point)) <= max_speed_mps
    }
}

impl FilterState {
    /// A way between two fixes that is longer than this, in metres, may lead to a place that is wrong.
    const LONG_M: f64 = 1_000.0;

    /// True when the last fix that was believed is further off than a sighting that agrees with the one before it.
    fn is_outvoted(&self, filters: &Filters, sighting: &Sighting) -> bool {
        let Some((before, good)) = self.before.zip(self.good) else { return false };
        let nearer = distance_m(before.point, sighting.fix.point) < distance_m(before.point, good.point);
        nearer && filters.is_reachable(before, sighting)
    }

    /// Notes what became of a position under these filters. Answers true when it is believed though it cannot be reached
    /// from the one that was believed before.
    pub fn learn(&mut self, filters: &Filters, sighting: &Sighting, mark: Option<Mark>) -> bool {
        let accuracy_m = sighting.fix.accuracy_m.unwrap_or(0.0);
        let spot = Spot { at: sighting.at, point: sighting.fix.point, accuracy_m };
        let turns = self.jump.map_or(0, |jump| jump.turns(spot.at));
        match mark {
            None => {
                let reachable = self.good.is_some_and(|good| filters.is_reachable(good, sighting));
                let outvoted = self.is_outvoted(filters, sighting);
                let left = self.good.filter(|_| !reachable && !outvoted);
                let long = |from: &Spot| {
                    at_most_m(from.point, spot.point) > Self::LONG_M
                        && distance_m(from.point, spot.point) > Self::LONG_M
                };
                self.before = self.good.filter(|good| reachable && long(good));
                self.jump = match left {
                    Some(spot) => Some(Jump { spot, fixes: 0, turns: turns.saturating_add(1) }),
                    None => self.jump.filter(|_| turns > 0).map(|jump| Jump { fixes: 0, ..jump }),
                };
                self.good = Some(spot);
                left.is_some()
            }
            Some(Mark::Teleport) => {
                let agrees = self.jump.filter(|jump| filters.is_reachable(jump.spot, sighting));
                let fixes = agrees.map_or(0, |jump| jump.fixes).saturating_add(1);
                self.jump = Some(Jump { spot, fixes, turns });
                false
            }
            Some(Mark::NoFix | Mark::Invalid | Mark::NullIsland | Mark::Mock | Mark::Inaccurate | Mark::Static) => {
                false
            }
        }
    }
}

fn invalid(sighting: &Sighting, _: &FilterState, _: &Filters) -> Option<Mark> {
    (!sighting.fix.valid).then_some(Mark::Invalid)
}

fn null_island(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Mark> {
    let nowhere = sighting.fix.point == Point { lat: 0.0, lon: 0.0 };
    (filters.null_island && nowhere).then_some(Mark::NullIsland)
}

fn mock(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Mark> {
    (filters.mock && sighting.mock).then_some(Mark::Mock)
}

fn inaccurate(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Mark> {
    let worst = Some(filters.worst_accuracy_m).filter(|worst| *worst > 0.0)?;
    (sighting.fix.accuracy_m? > worst).then_some(Mark::Inaccurate)
}

fn teleport(sighting: &Sighting, state: &FilterState, filters: &Filters) -> Option<Mark> {
    let from_good = state.good.is_none_or(|good| filters.is_reachable(good, sighting));
    // It agrees with the one before the last one, which it cannot be reached from: then that one was wrong.
    let from_before = state.is_outvoted(filters, sighting);
    let proved = |jump: Jump| {
        // The same fix twice does not agree with itself.
        let next = jump.spot.at < sighting.at && jump.fixes.saturating_add(1) >= jump.needed(sighting.at);
        next && filters.is_reachable(jump.spot, sighting)
    };
    (!from_good && !from_before && !state.jump.is_some_and(proved)).then_some(Mark::Teleport)
}

/// The speed that it takes at least to get from `from` to a sighting so many metres apart, in metres per second; infinite against
/// time.
fn implied_speed_mps(from: Spot, to: &Sighting, apart: f64) -> f64 {
    /// Stated accuracy excuses no more than this, in metres: it cannot be trusted.
    const EXCUSED_M: f32 = 100.0;
    let excused = |metres: f32| f64::from(metres.clamp(0.0, EXCUSED_M));
    let metres = apart - excused(from.accuracy_m) - excused(to.fix.accuracy_m.unwrap_or(0.0));
    let seconds = (to.at.as_microsecond() - from.at.as_microsecond()) as f64 / 1e6;
    match (metres > 0.0, seconds > 0.0) {
        (false, _) => 0.0,
        (true, true) => metres / seconds,
        (true, false) => f64::INFINITY,
    }
}

fn static_jitter(sighting: &Sighting, state: &FilterState, filters: &Filters) -> Option<Mark> {
    /// Below this, in metres per second, a stated speed is as good as none.
    const STANDING_MPS: f32 = 0.5;
    let reach_m = Some(f64::from(filters.static_m)).filter(|reach| *reach > 0.0)?;
    let good = state.good?;
    let stands = sighting.fix.speed_mps.is_none_or(|speed| speed < STANDING_MPS);
    let seconds = sighting.at.as_second() - good.at.as_second();
    let near = distance_m(good.point, sighting.fix.point) <= reach_m;
    (stands && near && seconds < i64::from(filters.static_keep_seconds)).then_some(Mark::Static)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::distance::destination;

    const HOME: Point = Point { lat: 41.15, lon: -8.61 };

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    fn fix(metres: f64) -> Fix {
        let point = destination(HOME, 90.0, metres);
        Fix { point, altitude_m: None, speed_mps: None, course_deg: None, accuracy_m: None, valid: true }
    }

    fn judge(filters: &Filters, state: &mut FilterState, at: i64, fix: &Fix) -> Option<Mark> {
        let sighting = Sighting { at: second(at), fix, mock: false };
        let mark = filters.judge(state, &sighting);
        state.learn(filters, &sighting, mark);
        mark
    }

    #[track_caller]
    fn judged(filters: &Filters, track: &[(i64, f64)], expected: &[Option<Mark>]) {
        let mut state = FilterState::default();
        let verdicts: Vec<_> =
            track.iter().map(|(at, metres)| judge(filters, &mut state, *at, &fix(*metres))).collect();
        assert_eq!(verdicts, expected);
    }

    const KEEP: Option<Mark> = None;
    const TELEPORT: Option<Mark> = Some(Mark::Teleport);

    #[test]
    fn each_stage_has_its_mark() {
        let filters = Filters::default();
        let marked = |change: &dyn Fn(&mut Fix), mock: bool| {
            let mut given = fix(0.0);
            change(&mut given);
            filters.judge(&FilterState::default(), &Sighting { at: second(0), fix: &given, mock })
        };
        assert_eq!(marked(&|_| {}, false), KEEP);
        assert_eq!(marked(&|fix| fix.valid = false, false), Some(Mark::Invalid));
        assert_eq!(marked(&|fix| fix.point = Point { lat: 0.0, lon: 0.0 }, false), Some(Mark::NullIsland));
        assert_eq!(marked(&|_| {}, true), Some(Mark::Mock));
        assert_eq!(marked(&|fix| fix.accuracy_m = Some(1001.0), false), Some(Mark::Inaccurate));
        let off = Filters {
            worst_accuracy_m: 0.0,
            max_speed_mps: 0.0,
            mock: false,
            null_island: false,
            ..Filters::default()
        };
        let mut state = FilterState::default();
        for (at, metres) in [(0, 0.0), (1, 50_000.0), (2, -50_000.0)] {
            assert_eq!(judge(&off, &mut state, at, &Fix { accuracy_m: Some(1e6), ..fix(metres) }), KEEP);
        }
    }

    #[test]
    fn a_bad_fix_does_not_poison_the_next() {
        let track = [(0, 0.0), (10, 100.0), (20, 50_000.0), (30, 300.0), (40, 400.0)];
        judged(&Filters::default(), &track, &[KEEP, KEEP, TELEPORT, KEEP, KEEP]);
        // Two bad ones in a row that do not agree with each other either.
        let track = [(0, 0.0), (10, 50_000.0), (20, -50_000.0), (30, 300.0)];
        judged(&Filters::default(), &track, &[KEEP, TELEPORT, TELEPORT, KEEP]);
    }

    #[test]
    fn a_jump_that_the_next_fix_confirms_is_believed() {
        let track = [(0, 0.0), (10, 50_000.0), (20, 50_100.0), (30, 50_200.0)];
        judged(&Filters::default(), &track, &[KEEP, TELEPORT, KEEP, KEEP]);
    }

    #[test]
    fn a_jump_that_a_hole_makes_possible_is_outvoted_by_the_next_fix() {
        let track = [(0, 0.0), (10, 100.0), (130, 5_000.0), (135, 900.0), (140, 950.0)];
        judged(&Filters::default(), &track, &[KEEP; 5]);
        // Where the next one agrees with it, the way goes on from there.
        let track = [(0, 0.0), (130, 5_000.0), (135, 5_050.0), (140, 900.0)];
        judged(&Filters::default(), &track, &[KEEP, KEEP, KEEP, TELEPORT]);
    }

    #[test]
    fn a_bad_first_fix_is_outvoted() {
        let track = [(0, 50_000.0), (10, 0.0), (20, 100.0), (30, 200.0)];
        judged(&Filters::default(), &track, &[KEEP, TELEPORT, KEEP, KEEP]);
    }

    /// Two senders under one name, 50 km apart, in an order that chance makes: each turn is harder than the last one.
    #[test]
    fn of_two_senders_only_one_is_believed_after_a_while() {
        let filters = Filters::default();
        for seed in 0..50 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut state = FilterState::default();
            let (mut turns, mut before) = (Vec::new(), None);
            for at in 0..2_000 {
                let second = random.bool();
                let metres = if second { 50_000.0 } else { 0.0 } + at as f64;
                if judge(&filters, &mut state, at * 5, &fix(metres)).is_none() {
                    turns.extend((before.replace(second) != Some(second)).then_some(at));
                }
            }
            assert!(turns.len() <= 6, "seed {seed}: {turns:?}");
            assert!(state.jump.is_some_and(|jump| jump.fixes < 16), "the other one is not forgotten");
        }
        // When one of the two falls silent, the other is believed within sixteen fixes.
        let mut state = FilterState::default();
        for at in 0..400 {
            judge(&filters, &mut state, at * 5, &fix(if at / 4 % 2 == 1 { 50_000.0 } else { 0.0 }));
        }
        let believed = (400..416).filter(|at| judge(&filters, &mut state, at * 5, &fix(50_000.0)).is_none());
        assert!(believed.count() > 0);
    }

    #[test]
    fn a_standing_device_keeps_a_fix_now_and_then() {
        let filters = Filters { static_m: 15.0, static_keep_seconds: 60, ..Filters::default() };
        let jitter = Some(Mark::Static);
        let track = [(0, 0.0), (10, 9.0), (20, -7.0), (59, 3.0), (60, 5.0), (70, 6.0), (80, 40.0)];
        judged(&filters, &track, &[KEEP, jitter, jitter, jitter, KEEP, jitter, KEEP]);
    }

    proptest! {
        /// Whatever is sent: no panic, and a walk that goes on believably is believed again: after two fixes, or after sixteen
        /// where jumps had gone there and back.
        #[test]
        fn believes_again_soon(noise in prop::collection::vec((0i64..1000, -1e6f64..1e6), 0..20)) {
            let filters = Filters::default();
            let mut state = FilterState::default();
            let mut at = 0;
            for (pause, metres) in noise {
                at += pause;
                judge(&filters, &mut state, at, &fix(metres));
            }
            let turns = state.jump.map_or(0, |jump| jump.turns);
            let mut walk = (1..=16).map(|step| judge(&filters, &mut state, at + 10 * step, &fix(10.0 * step as f64)));
            let marked = walk.position(|mark| mark.is_none());
            prop_assert!(marked.is_some_and(|marked| marked <= if turns == 0 { 1 } else { 15 }), "{marked:?}");
        }

        /// Never more than the first of two agreeing fixes of a believable walk with single outliers is marked.
        #[test]
        fn only_the_outliers_are_marked(steps in prop::collection::vec((any::<bool>(), 10_000f64..90_000.0), 2..60)) {
            let filters = Filters::default();
            let mut state = FilterState::default();
            prop_assert_eq!(judge(&filters, &mut state, 0, &fix(0.0)), KEEP);
            let mut bad_before = false;
            for (number, (bad, away)) in steps.into_iter().enumerate() {
                let bad = bad && !bad_before;
                let (at, way) = (number as i64 * 10 + 10, number as f64 * 50.0);
                let verdict = judge(&filters, &mut state, at, &fix(if bad { way + away } else { way }));
                prop_assert_eq!(verdict, if bad { TELEPORT } else { KEEP });
                bad_before = bad;
            }
        }
    }
}
