//! Trips and stops: one segmentation of a device's track, made while the fixes come in.
//!
//! A device stands once its fixes have stayed within a radius for a while; the stop begins with the first of them. It goes on
//! when fixes agree that it is elsewhere; the trip begins with the last fix of the stop. A long silence is a stop when the
//! device is found where it was, and a gap, of which nothing is known, when it is found elsewhere.
//!
//! The machine is a small value without a clock: the same fixes give the same segments. A copy of it is a place to go back
//! to: when a late fix turns up, the track is done again from a copy that was made before it, or from the beginning.
//! Fixes must come in the order of their time.

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use tracklane_core::Timestamp;
use tracklane_core::model::MovementKind;
use tracklane_core::position::Point;
use tracklane_core::time::at_micros;

use crate::distance::{distance_m, interpolate};

/// What makes a stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StopRules {
    /// How far from its middle the fixes of a stop may lie, in metres, 5 to 5,000.
    pub radius_m: f64,
    /// How long a stop lasts at least, in seconds, 10 to 86,400.
    pub min_stop_seconds: u32,
    /// How many fixes in a row must agree that the device has gone on, 1 to 100.
    pub leave_fixes: u8,
    /// A silence of more than so many seconds, 60 to 604,800, is a gap or a stop.
    pub gap_seconds: u32,
    /// A fix that says it goes faster than this, in metres per second, is not part of a stop, 0 to 500; 0 when stated speeds
    /// are not to be trusted.
    pub moving_mps: f32,
}

impl Default for StopRules {
    /// Fifty metres for three minutes, two fixes to go on, half an hour of silence, 3 m/s.
    fn default() -> Self {
        Self { radius_m: 50.0, min_stop_seconds: 180, leave_fixes: 2, gap_seconds: 1800, moving_mps: 3.0 }
    }
}

/// One fix, as far as trips and stops care.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrackFix {
    /// When it was taken.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// The speed that the device states, in metres per second.
    pub speed_mps: Option<f32>,
}

/// A part of a track. Each begins when and where the one before ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// What the device did.
    pub kind: MovementKind,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Where it began: of a stop, its middle.
    pub start: Point,
    /// Where it ended: of a stop, its middle.
    pub end: Point,
    /// The way from fix to fix, in metres: 0 of a stop, the straight line of a gap.
    pub distance_m: f64,
}

/// Segments that one fix has ended, in order.
pub type Segments = SmallVec<[Segment; 3]>;

/// The machine of one device. A small value: there is one for every device that there is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Segmenter {
    open: Option<Open>,
}

/// A place to 1e-7 degrees, as history keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    lat: i32,
    lon: i32,
}

impl From<Point> for Place {
    fn from(point: Point) -> Self {
        let whole = |degrees: f64| (degrees * 1e7).round() as i32;
        Self { lat: whole(point.lat), lon: whole(point.lon) }
    }
}

impl From<Place> for Point {
    fn from(place: Place) -> Self {
        Self { lat: f64::from(place.lat) / 1e7, lon: f64::from(place.lon) / 1e7 }
    }
}

/// The segment that goes on. Times are microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
struct Open {
    /// When and where it began.
    from: i64,
    start: Place,
    /// The last fix of all.
    last_place: Place,
    last_at: i64,
    /// The way from the beginning to the last fix, and to the first of the cluster.
    way_m: f64,
    way_to_cluster_m: f64,
    /// The last fixes that lie together.
    cluster: Cluster,
}

/// Fixes that lie together.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cluster {
    first: i64,
    last: i64,
    middle: Point,
    fixes: u16,
    /// How many fixes in a row, after those, lie elsewhere.
    away: u8,
    /// True once they make a stop; what goes on is a trip until then.
    stands: bool,
}

/// An [`Open`] without the names, which would take most of the room.
#[derive(Serialize, Deserialize)]
struct Saved((i64, i32, i32), (i64, i32, i32), (f64, f64), (i64, i64, f64, f64, u16), u8, bool);

impl From<Open> for Saved {
    fn from(open: Open) -> Self {
        let Open { start, last_place, cluster, .. } = open;
        let Cluster { first, last, middle, fixes, away, stands } = cluster;
        Self(
            (open.from, start.lat, start.lon),
            (open.last_at, last_place.lat, last_place.lon),
            (open.way_m, open.way_to_cluster_m),
            (first, last, middle.lat, middle.lon, fixes),
            away,
            stands,
        )
    }
}

impl From<Saved> for Open {
    fn from(saved: Saved) -> Self {
        let Saved(start, last, way, (first, last_near, lat, lon, fixes), away, stands) = saved;
        Self {
            from: start.0,
            start: Place { lat: start.1, lon: start.2 },
            last_at: last.0,
            last_place: Place { lat: last.1, lon: last.2 },
            way_m: way.0,
            way_to_cluster_m: way.1,
            cluster: Cluster { first, last: last_near, middle: Point { lat, lon }, fixes, away, stands },
        }
    }
}

impl Cluster {
    /// The middle still moves a little, however many fixes there are.
    const WEIGHTIEST: u16 = 500;

    /// With so many fixes, one elsewhere may be a mistake.
    const FIRM: u16 = 3;

    fn of(fix: TrackFix) -> Self {
        let at = fix.at.as_microsecond();
        Self { first: at, last: at, middle: fix.point, fixes: 1, away: 0, stands: false }
    }

    fn holds(&self, fix: TrackFix, rules: &StopRules) -> bool {
        let moves = rules.moving_mps > 0.0 && fix.speed_mps.is_some_and(|speed| speed > rules.moving_mps);
        !moves && distance_m(self.middle, fix.point) <= rules.radius_m
    }

    fn join(&mut self, fix: TrackFix) {
        self.fixes = (self.fixes + 1).min(Self::WEIGHTIEST);
        self.last = fix.at.as_microsecond();
        self.middle = interpolate(self.middle, fix.point, 1.0 / f64::from(self.fixes));
    }

    fn lasts(&self, rules: &StopRules) -> bool {
        seconds_between(self.first, self.last) >= f64::from(rules.min_stop_seconds)
    }
}

fn seconds_between(from: i64, until: i64) -> f64 {
    until.saturating_sub(from) as f64 / 1e6
}

impl Segmenter {
    /// Takes one fix, later than the one before; others change nothing. Returns what ended with it.
    pub fn take(&mut self, fix: TrackFix, rules: &StopRules) -> Segments {
        let Some(open) = &mut self.open else {
            self.open = Some(Open::at(fix));
            return Segments::new();
        };
        let at = fix.at.as_microsecond();
        if at <= open.last_at {
            return Segments::new();
        }
        if seconds_between(open.last_at, at) > f64::from(rules.gap_seconds) {
            return open.after_silence(fix, rules);
        }
        if open.cluster.stands { open.stand(fix, rules) } else { open.travel(fix, rules) }
    }

    /// What goes on, as it would end with the last fix.
    pub fn open(&self) -> Option<Segment> {
        self.open.as_ref().map(Open::close)
    }
}

impl Open {
    fn at(fix: TrackFix) -> Self {
        let (at, place) = (fix.at.as_microsecond(), fix.point.into());
        Self {
            from: at,
            start: place,
            last_place: place,
            last_at: at,
            way_m: 0.0,
            way_to_cluster_m: 0.0,
            cluster: Cluster::of(fix),
        }
    }

    /// The segment as it ends with the last fix.
    fn close(&self) -> Segment {
        if self.cluster.stands {
            return self.stop(self.last_at);
        }
        self.trip(self.last_at, self.last_place.into(), self.way_m)
    }

    fn trip(&self, until: i64, end: Point, distance_m: f64) -> Segment {
        let (from, until, start) = (at_micros(self.from), at_micros(until), self.start.into());
        Segment { kind: MovementKind::Trip, from, until, start, end, distance_m }
    }

    fn stop(&self, until: i64) -> Segment {
        let (from, until, middle) = (at_micros(self.from), at_micros(until), self.cluster.middle);
        Segment { kind: MovementKind::Stop, from, until, start: middle, end: middle, distance_m: 0.0 }
    }

    /// Moves on to the next fix.
    fn reach(&mut self, fix: TrackFix) {
        self.way_m += distance_m(self.last_place.into(), fix.point);
        (self.last_at, self.last_place) = (fix.at.as_microsecond(), fix.point.into());
    }

    fn travel(&mut self, fix: TrackFix, rules: &StopRules) -> Segments {
        let holds = self.cluster.holds(fix, rules);
        self.reach(fix);
        if !holds {
            self.cluster.away = self.cluster.away.saturating_add(1);
            // A single bad fix does not scatter those that already lie together.
            if self.cluster.fixes < Cluster::FIRM || self.cluster.away >= rules.leave_fixes {
                (self.cluster, self.way_to_cluster_m) = (Cluster::of(fix), self.way_m);
            }
            return Segments::new();
        }
        self.cluster.away = 0;
        self.cluster.join(fix);
        if self.cluster.lasts(rules) { self.come_to_stand() } else { Segments::new() }
    }

    /// Ends the trip where the cluster begins.
    fn come_to_stand(&mut self) -> Segments {
        let until = self.cluster.first;
        let trip = self.trip(until, self.cluster.middle, self.way_to_cluster_m);
        (self.from, self.start) = (until, self.cluster.middle.into());
        (self.cluster.stands, self.cluster.away) = (true, 0);
        if trip.from < trip.until { smallvec![trip] } else { Segments::new() }
    }

    fn stand(&mut self, fix: TrackFix, rules: &StopRules) -> Segments {
        let holds = self.cluster.holds(fix, rules);
        self.reach(fix);
        if holds {
            self.cluster.join(fix);
            (self.cluster.away, self.way_m) = (0, 0.0);
            return Segments::new();
        }
        self.cluster.away = self.cluster.away.saturating_add(1);
        if self.cluster.away < rules.leave_fixes {
            return Segments::new();
        }
        let stop = self.stop(self.cluster.last);
        let way_m = self.way_m;
        let (from, start) = (self.cluster.last, stop.end.into());
        *self = Self { from, start, way_m, way_to_cluster_m: way_m, ..Self::at(fix) };
        smallvec![stop]
    }

    fn after_silence(&mut self, fix: TrackFix, rules: &StopRules) -> Segments {
        let mut ended = Segments::new();
        if distance_m(self.cluster.middle, fix.point) <= rules.radius_m {
            // It was there all the time: the fixes before the silence belong to the stop.
            if !self.cluster.stands {
                ended.extend(self.come_to_stand());
            }
            (self.last_at, self.last_place) = (fix.at.as_microsecond(), fix.point.into());
            self.cluster.join(fix);
            (self.cluster.away, self.way_m) = (0, 0.0);
            return ended;
        }
        let before = self.close();
        ended.extend((before.from < before.until).then_some(before));
        ended.push(Segment {
            kind: MovementKind::Gap,
            from: at_micros(self.last_at),
            until: fix.at,
            start: before.end,
            end: fix.point,
            distance_m: distance_m(before.end, fix.point),
        });
        *self = Self::at(fix);
        ended
    }
}

/// The segments of a whole track, which is in order of time; the last one ends with the last fix.
pub fn segments(track: &[TrackFix], rules: &StopRules) -> Vec<Segment> {
    let mut segmenter = Segmenter::default();
    let mut found: Vec<Segment> = track.iter().flat_map(|fix| segmenter.take(*fix, rules)).collect();
    found.extend(segmenter.open().filter(|last| last.from < last.until));
    found
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

    fn fix(at: i64, metres: f64) -> TrackFix {
        TrackFix { at: second(at), point: destination(HOME, 90.0, metres), speed_mps: None }
    }

    #[track_caller]
    fn check(track: &[TrackFix], expected: &[(MovementKind, i64, i64)]) {
        let found = segments(track, &StopRules::default());
        let found: Vec<_> = found.iter().map(|segment| (segment.kind, segment.from, segment.until)).collect();
        let expected: Vec<_> =
            expected.iter().map(|(kind, from, until)| (*kind, second(*from), second(*until))).collect();
        assert_eq!(found, expected);
    }

    use MovementKind::{Gap, Stop, Trip};

    /// A fix each ten seconds: 300 s on the way, 300 s at 3 km, 300 s on the way.
    fn delivery() -> Vec<TrackFix> {
        let way = |from: i64, metres: f64| (0..30).map(move |n| fix(from + n * 10, metres + n as f64 * 100.0));
        let stand = (0..=30).map(|n| fix(300 + n * 10, 3000.0 + (n % 5) as f64 * 7.0));
        way(0, 0.0).chain(stand).chain(way(610, 3100.0)).collect()
    }

    #[test]
    fn a_stop_divides_two_trips() {
        check(&delivery(), &[(Trip, 0, 300), (Stop, 300, 600), (Trip, 600, 900)]);
        let found = segments(&delivery(), &StopRules::default());
        assert!((found[0].distance_m - 3000.0).abs() < 1.0, "{}", found[0].distance_m);
        assert!((found[2].distance_m - 3000.0).abs() < 30.0, "{}", found[2].distance_m);
        assert!((distance_m(found[1].start, HOME) - 3014.0).abs() < 3.0);
    }

    #[test]
    fn one_outlier_does_not_end_a_stop() {
        let mut track = delivery();
        track[45].point = destination(HOME, 90.0, 9000.0);
        check(&track, &[(Trip, 0, 300), (Stop, 300, 600), (Trip, 600, 900)]);
    }

    #[test]
    fn a_short_halt_is_part_of_the_trip() {
        let track: Vec<_> =
            delivery().into_iter().filter(|fix| !(second(420)..=second(600)).contains(&fix.at)).collect();
        let earlier = |at: Timestamp| second(at.as_second() - 1_700_000_000 - 190);
        let gone_on =
            |fix: &TrackFix| if fix.at > second(420) { TrackFix { at: earlier(fix.at), ..*fix } } else { *fix };
        check(&track.iter().map(gone_on).collect::<Vec<_>>(), &[(Trip, 0, 710)]);
    }

    #[test]
    fn it_can_be_stored() {
        let mut segmenter = Segmenter::default();
        delivery()[..50].iter().for_each(|fix| drop(segmenter.take(*fix, &StopRules::default())));
        let saved = serde_json::to_string(&segmenter).expect("to JSON");
        let again: Segmenter = serde_json::from_str(&saved).expect("from JSON");
        let (ours, theirs) = (segmenter.open().expect("a stop"), again.open().expect("a stop"));
        assert_eq!((ours.kind, ours.from, ours.until), (theirs.kind, theirs.from, theirs.until));
        assert!(size_of::<Segmenter>() <= 96, "{} bytes", size_of::<Segmenter>());
    }

    #[test]
    fn silence_is_a_stop_at_the_same_place_and_a_gap_elsewhere() {
        check(
            &[fix(0, 0.0), fix(60, 1000.0), fix(9000, 1010.0), fix(9010, 2000.0), fix(9020, 3000.0)],
            &[(Trip, 0, 60), (Stop, 60, 9000), (Trip, 9000, 9020)],
        );
        check(
            &[fix(0, 0.0), fix(60, 1000.0), fix(9000, 5000.0), fix(9060, 6000.0)],
            &[(Trip, 0, 60), (Gap, 60, 9000), (Trip, 9000, 9060)],
        );
    }

    #[test]
    fn a_stated_speed_keeps_a_circling_device_on_its_trip() {
        let circling = |speed_mps| {
            let turn = move |n: i64| TrackFix { speed_mps, ..fix(n * 10, (n % 3) as f64 * 10.0) };
            segments(&(0..60).map(turn).collect::<Vec<_>>(), &StopRules::default())
        };
        assert_eq!(circling(None)[0].kind, Stop);
        assert_eq!(circling(Some(0.5))[0].kind, Stop);
        assert_eq!(circling(Some(8.0))[0].kind, Trip);
    }

    fn tracks() -> impl Strategy<Value = Vec<TrackFix>> {
        let steps = prop::collection::vec((1i64..400, -60.0f64..60.0, 0u8..20), 1..100);
        steps.prop_map(|steps| {
            let (mut at, mut metres) = (0, 0.0);
            let step = |(pause, way, luck): (i64, f64, u8)| {
                at += if luck == 0 { 4000 } else { pause };
                metres += if luck < 5 { way * 20.0 } else { way * 0.3 };
                fix(at, metres)
            };
            steps.into_iter().map(step).collect()
        })
    }

    proptest! {
        /// The segments cover the track without holes, and stops last.
        #[test]
        fn segments_follow_each_other(track in tracks()) {
            let rules = StopRules::default();
            let found = segments(&track, &rules);
            let mut end = track[0].at;
            for segment in &found {
                prop_assert_eq!(segment.from, end);
                prop_assert!(segment.from < segment.until && segment.distance_m >= 0.0);
                let lasts = segment.until.duration_since(segment.from).as_secs() >= i64::from(rules.min_stop_seconds);
                prop_assert!(segment.kind != Stop || lasts);
                end = segment.until;
            }
            prop_assert_eq!(end, track[track.len() - 1].at);
        }

        /// Going on from any copy gives the same, so a late fix costs the part after it only.
        #[test]
        fn done_again_from_any_point_it_is_the_same(track in tracks(), cut in any::<prop::sample::Index>()) {
            let rules = StopRules::default();
            let cut = cut.index(track.len());
            let mut segmenter = Segmenter::default();
            let mut found: Vec<_> = track[..cut].iter().flat_map(|fix| segmenter.take(*fix, &rules)).collect();
            let mut again = segmenter;
            found.extend(track[cut..].iter().flat_map(|fix| again.take(*fix, &rules)));
            found.extend(again.open().filter(|last| last.from < last.until));
            prop_assert_eq!(found, segments(&track, &rules));
        }
    }
}
