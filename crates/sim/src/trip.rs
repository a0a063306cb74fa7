//! A drive from one place to another, recorded or simulated.

use tracklane_core::Timestamp;
use tracklane_core::position::Point;

/// One fix of a drive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TripPoint {
    /// When it was taken.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// Speed over ground, in metres per second.
    pub speed_mps: Option<f32>,
    /// Course over ground, in degrees clockwise from north, 0 up to but not including 360.
    pub course_deg: Option<f32>,
}

/// One drive.
#[derive(Debug, Clone, PartialEq)]
pub struct Trip {
    /// Its name, unique among the trips of one replay.
    pub id: String,
    /// Who drives.
    pub driver: String,
    /// The hub where it starts.
    pub origin: Point,
    /// The hub where it ends.
    pub destination: Point,
    /// The fixes, oldest first; never empty.
    pub points: Vec<TripPoint>,
}

impl Trip {
    /// When the first fix was taken.
    pub fn start(&self) -> Timestamp {
        self.points.first().map_or(Timestamp::UNIX_EPOCH, |point| point.at)
    }

    /// When the last fix was taken.
    pub fn end(&self) -> Timestamp {
        self.points.last().map_or(Timestamp::UNIX_EPOCH, |point| point.at)
    }

    /// The same trip, `seconds` later.
    fn delayed(mut self, seconds: i64) -> Self {
        for point in &mut self.points {
            point.at = later(point.at, seconds);
        }
        self
    }
}

/// The instant `seconds` after `at`; at the end of time it stays there.
pub(crate) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// The pause between two trips of one driver, in seconds, when the recording says that they overlap.
const PAUSE_SECONDS: i64 = 60;

/// Sorts trips by start and, where two trips of one driver overlap, moves the later one behind the earlier: nobody is
/// in two places.
pub fn one_after_the_other(mut trips: Vec<Trip>) -> Vec<Trip> {
    trips.sort_by(|a, b| (a.start(), &a.id).cmp(&(b.start(), &b.id)));
    let mut free_from = std::collections::HashMap::new();
    let mut moved = Vec::with_capacity(trips.len());
    for trip in trips {
        let free: Option<Timestamp> = free_from.get(&trip.driver).copied();
        let wait = free.map_or(0, |free| free.as_second() - trip.start().as_second()).max(0);
        let trip = if wait > 0 { trip.delayed(wait) } else { trip };
        free_from.insert(trip.driver.clone(), later(trip.end(), PAUSE_SECONDS));
        moved.push(trip);
    }
    moved.sort_by(|a, b| (a.start(), &a.id).cmp(&(b.start(), &b.id)));
    moved
}

const METRES_PER_DEGREE: f64 = 111_320.0;

/// Metres east and north of `from`, on a plane: good to a few parts in a thousand within a city.
pub(crate) fn offset_m(from: Point, to: Point) -> (f64, f64) {
    let east = (to.lon - from.lon) * METRES_PER_DEGREE * from.lat.to_radians().cos();
    (east, (to.lat - from.lat) * METRES_PER_DEGREE)
}

/// The point so many metres east and north of `from`, to seven decimals (about a centimetre).
pub(crate) fn moved_m(from: Point, east: f64, north: f64) -> Point {
    let round = |degrees: f64| (degrees * 1e7).round() / 1e7;
    Point {
        lat: round(from.lat + north / METRES_PER_DEGREE),
        lon: round(from.lon + east / (METRES_PER_DEGREE * from.lat.to_radians().cos())),
    }
}

/// Metres between two points of a city.
pub(crate) fn distance_m(a: Point, b: Point) -> f64 {
    let (east, north) = offset_m(a, b);
    east.hypot(north)
}

/// Course in degrees clockwise from north, 0 up to but not including 360.
pub(crate) fn course_deg((east, north): (f64, f64)) -> f32 {
    let degrees = (east.atan2(north).to_degrees().rem_euclid(360.0) * 10.0).round() / 10.0;
    if degrees >= 360.0 { 0.0 } else { degrees as f32 }
}
