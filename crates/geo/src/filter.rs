//! Which positions are to be believed? Each stage is a small function with a reason; all of them stand in one list.
//!
//! Nothing is lost: a position that a stage objects to is kept, marked with the reason, and takes no part in what is
//! computed from positions. Fixes of a device must come in the order of their time.
//!
//! One bad fix never poisons the next: a jump is judged against the last good fix, and two fixes that agree with each other
//! prove it right. The first of the two stays marked.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::{EARLIEST_FIX_SECONDS, Fix, Point};

use crate::distance::distance_m;

/// Why a position is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The device itself says that the fix is not valid.
    Invalid,
    /// A coordinate is not on earth, or the fix lies at 0, 0, which devices report that know nothing.
    OutOfRange,
    /// The fix time lies before there were such devices.
    TooOld,
    /// The fix time lies further in the future than a clock may be fast.
    FarFuture,
    /// The position was made up by software on the phone.
    Mock,
    /// The fix has the time of the one before: it was sent twice.
    Duplicate,
    /// The stated accuracy is too bad.
    Inaccurate,
    /// The fix could only be reached at an impossible speed.
    Teleport,
    /// The device stands: the fix differs from where it stands by no more than noise.
    Static,
}

impl Reason {
    /// Every reason, in the order in which the stages look.
    pub const ALL: [Self; 9] = [
        Self::Invalid,
        Self::OutOfRange,
        Self::TooOld,
        Self::FarFuture,
        Self::Mock,
        Self::Duplicate,
        Self::Inaccurate,
        Self::Teleport,
        Self::Static,
    ];

    /// The word of the API, and the label of the metric.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::OutOfRange => "out_of_range",
            Self::TooOld => "too_old",
            Self::FarFuture => "far_future",
            Self::Mock => "mock",
            Self::Duplicate => "duplicate",
            Self::Inaccurate => "inaccurate",
            Self::Teleport => "teleport",
            Self::Static => "static",
        }
    }
}

/// What became of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is believed.
    Keep,
    /// It is kept, and marked with the first reason found.
    Mark(Reason),
}

/// What the stages ask for. Each can be turned off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// How far ahead of receipt a fix time may lie, in seconds; none for any.
    pub future_s: Option<u32>,
    /// The worst accuracy that is believed, in metres; none for any.
    pub worst_accuracy_m: Option<f32>,
    /// The highest speed that is believed, in metres per second; none for any.
    pub max_speed_mps: Option<f32>,
    /// A fix so near to where the device stands, in metres, that says no speed or less than a walk, is jitter; none for off.
    pub static_m: Option<f32>,
    /// Even a device that stands keeps one fix in so many seconds.
    pub static_keep_s: u32,
    /// Whether positions that say they are made up are marked.
    pub mock: bool,
    /// Whether a fix at exactly 0, 0 is marked.
    pub null_island: bool,
}

impl Default for Filters {
    /// Five minutes into the future, any accuracy up to a kilometre, 100 m/s, no look at jitter.
    fn default() -> Self {
        Self {
            future_s: Some(300),
            worst_accuracy_m: Some(1000.0),
            max_speed_mps: Some(100.0),
            static_m: None,
            static_keep_s: 300,
            mock: true,
            null_island: true,
        }
    }
}

/// One position, as far as the stages care.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// When the fix was taken, by the device's clock.
    pub at: Timestamp,
    /// When we received it.
    pub received_at: Timestamp,
    /// The fix.
    pub fix: &'a Fix,
    /// True when the device says that software made the position up.
    pub mock: bool,
}

/// A place and a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Spot {
    at: Timestamp,
    point: Point,
    accuracy_m: f32,
}

/// What is known of one device: the last fix that was believed, and a jump that waits for another fix to agree.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FilterState {
    /// The time of the last position that was not a duplicate.
    newest: Option<Timestamp>,
    good: Option<Spot>,
    jump: Option<Spot>,
}

/// A stage: the reason to mark a position, if there is one.
type Stage = fn(&Sighting, &FilterState, &Filters) -> Option<Reason>;

/// All stages. The first that objects gives the reason.
const STAGES: [Stage; 9] =
    [invalid, out_of_range, too_old, far_future, mock, duplicate, inaccurate, teleport, static_jitter];

impl Filters {
    /// Takes one position through all stages.
    pub fn judge(&self, state: &mut FilterState, sighting: &Sighting) -> Verdict {
        let objection = STAGES.iter().find_map(|stage| stage(sighting, state, self));
        state.learn(sighting, objection);
        objection.map_or(Verdict::Keep, Verdict::Mark)
    }
}

impl FilterState {
    fn learn(&mut self, sighting: &Sighting, objection: Option<Reason>) {
        let spot =
            Spot { at: sighting.at, point: sighting.fix.point, accuracy_m: sighting.fix.accuracy_m.unwrap_or(0.0) };
        match objection {
            None => *self = Self { newest: Some(sighting.at), good: Some(spot), jump: None },
            Some(Reason::Teleport) => (self.newest, self.jump) = (Some(sighting.at), Some(spot)),
            Some(Reason::Static | Reason::Inaccurate | Reason::Mock | Reason::Invalid) => {
                self.newest = self.newest.max(Some(sighting.at));
            }
            // Not a time to reckon with, or not a new one.
            Some(Reason::Duplicate | Reason::OutOfRange | Reason::TooOld | Reason::FarFuture) => {}
        }
    }
}

fn invalid(sighting: &Sighting, _: &FilterState, _: &Filters) -> Option<Reason> {
    (!sighting.fix.valid).then_some(Reason::Invalid)
}

fn out_of_range(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Reason> {
    let point = sighting.fix.point;
    let nowhere = filters.null_island && point.lat == 0.0 && point.lon == 0.0;
    (nowhere || point.check().is_err()).then_some(Reason::OutOfRange)
}

fn too_old(sighting: &Sighting, _: &FilterState, _: &Filters) -> Option<Reason> {
    (sighting.at.as_second() < EARLIEST_FIX_SECONDS).then_some(Reason::TooOld)
}

fn far_future(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Reason> {
    let ahead = sighting.at.as_second() - sighting.received_at.as_second();
    (ahead > i64::from(filters.future_s?)).then_some(Reason::FarFuture)
}

fn mock(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Reason> {
    (filters.mock && sighting.mock).then_some(Reason::Mock)
}

fn duplicate(sighting: &Sighting, state: &FilterState, _: &Filters) -> Option<Reason> {
    (state.newest? == sighting.at).then_some(Reason::Duplicate)
}

fn inaccurate(sighting: &Sighting, _: &FilterState, filters: &Filters) -> Option<Reason> {
    (sighting.fix.accuracy_m? > filters.worst_accuracy_m?).then_some(Reason::Inaccurate)
}

fn teleport(sighting: &Sighting, state: &FilterState, filters: &Filters) -> Option<Reason> {
    let max_speed_mps = f64::from(filters.max_speed_mps?);
    let reachable = |from: Spot| implied_speed_mps(from, sighting) <= max_speed_mps;
    let from_good = state.good.is_none_or(reachable);
    let from_jump = state.jump.is_some_and(reachable);
    (!from_good && !from_jump).then_some(Reason::Teleport)
}

/// The speed that it takes at least to get from `from` to a sighting, in metres per second; infinite against time.
fn implied_speed_mps(from: Spot, to: &Sighting) -> f64 {
    /// Stated accuracy excuses no more than this, in metres: it cannot be trusted.
    const EXCUSED_M: f32 = 100.0;
    let excused = |metres: f32| f64::from(metres.clamp(0.0, EXCUSED_M));
    let apart = distance_m(from.point, to.fix.point);
    let metres = apart - excused(from.accuracy_m) - excused(to.fix.accuracy_m.unwrap_or(0.0));
    let seconds = (to.at.as_microsecond() - from.at.as_microsecond()) as f64 / 1e6;
    match (metres > 0.0, seconds > 0.0) {
        (false, _) => 0.0,
        (true, true) => metres / seconds,
        (true, false) => f64::INFINITY,
    }
}

fn static_jitter(sighting: &Sighting, state: &FilterState, filters: &Filters) -> Option<Reason> {
    /// Below this, in metres per second, a stated speed is as good as none.
    const STANDING_MPS: f32 = 0.5;
    let (good, reach_m) = (state.good?, f64::from(filters.static_m?));
    let stands = sighting.fix.speed_mps.is_none_or(|speed| speed < STANDING_MPS);
    let seconds = sighting.at.as_second() - good.at.as_second();
    let near = distance_m(good.point, sighting.fix.point) <= reach_m;
    (stands && near && seconds < i64::from(filters.static_keep_s)).then_some(Reason::Static)
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

    fn judge(filters: &Filters, state: &mut FilterState, at: i64, fix: &Fix) -> Verdict {
        let sighting = Sighting { at: second(at), received_at: second(at), fix, mock: false };
        filters.judge(state, &sighting)
    }

    #[track_caller]
    fn judged(filters: &Filters, track: &[(i64, f64)], expected: &[Verdict]) {
        let mut state = FilterState::default();
        let verdicts: Vec<_> =
            track.iter().map(|(at, metres)| judge(filters, &mut state, *at, &fix(*metres))).collect();
        assert_eq!(verdicts, expected);
    }

    const KEEP: Verdict = Verdict::Keep;
    const TELEPORT: Verdict = Verdict::Mark(Reason::Teleport);

    #[test]
    fn each_stage_has_its_reason() {
        let filters = Filters::default();
        let marked = |change: &dyn Fn(&mut Fix), at: i64, mock: bool| {
            let mut given = fix(0.0);
            change(&mut given);
            let sighting = Sighting { at: second(at), received_at: second(0), fix: &given, mock };
            filters.judge(&mut FilterState::default(), &sighting)
        };
        assert_eq!(marked(&|_| {}, 0, false), KEEP);
        assert_eq!(marked(&|fix| fix.valid = false, 0, false), Verdict::Mark(Reason::Invalid));
        assert_eq!(marked(&|fix| fix.point.lat = f64::NAN, 0, false), Verdict::Mark(Reason::OutOfRange));
        assert_eq!(
            marked(&|fix| fix.point = Point { lat: 0.0, lon: 0.0 }, 0, false),
            Verdict::Mark(Reason::OutOfRange)
        );
        assert_eq!(marked(&|_| {}, 301, false), Verdict::Mark(Reason::FarFuture));
        assert_eq!(marked(&|_| {}, -1_000_000_000, false), Verdict::Mark(Reason::TooOld));
        assert_eq!(marked(&|_| {}, 0, true), Verdict::Mark(Reason::Mock));
        assert_eq!(marked(&|fix| fix.accuracy_m = Some(1001.0), 0, false), Verdict::Mark(Reason::Inaccurate));
        judged(&filters, &[(0, 0.0), (0, 0.0), (1, 0.0)], &[KEEP, Verdict::Mark(Reason::Duplicate), KEEP]);
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
    fn a_bad_first_fix_is_outvoted() {
        let track = [(0, 50_000.0), (10, 0.0), (20, 100.0), (30, 200.0)];
        judged(&Filters::default(), &track, &[KEEP, TELEPORT, KEEP, KEEP]);
    }

    #[test]
    fn a_standing_device_keeps_a_fix_now_and_then() {
        let filters = Filters { static_m: Some(15.0), static_keep_s: 60, ..Filters::default() };
        let jitter = Verdict::Mark(Reason::Static);
        let track = [(0, 0.0), (10, 9.0), (20, -7.0), (59, 3.0), (60, 5.0), (70, 6.0), (80, 40.0)];
        judged(&filters, &track, &[KEEP, jitter, jitter, jitter, KEEP, jitter, KEEP]);
    }

    proptest! {
        /// Whatever is sent: no panic, and a walk that goes on believably is believed again after two fixes.
        #[test]
        fn believes_again_soon(noise in prop::collection::vec((0i64..1000, -1e6f64..1e6), 0..20)) {
            let filters = Filters::default();
            let mut state = FilterState::default();
            let mut at = 0;
            for (pause, metres) in noise {
                at += pause;
                judge(&filters, &mut state, at, &fix(metres));
            }
            judge(&filters, &mut state, at + 10, &fix(0.0));
            prop_assert_eq!(judge(&filters, &mut state, at + 20, &fix(10.0)), KEEP);
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
