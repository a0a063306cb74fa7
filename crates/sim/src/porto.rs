//! Reads recorded taxi trips in the format of the Porto data set (ECML/PKDD 15): a CSV with the columns `TRIP_ID`,
//! `TAXI_ID`, `TIMESTAMP` (Unix seconds of the first fix), `MISSING_DATA` and `POLYLINE`, a JSON array of
//! `[longitude, latitude]`, one fix every 15 seconds.

use std::collections::HashSet;

use tracklane_core::Timestamp;
use tracklane_core::position::Point;

use crate::trip::{Trip, TripPoint, course_deg, distance_m, later, offset_m};

/// Seconds between two fixes of the recording.
const FIX_EVERY: i64 = 15;
/// A trip with fewer fixes says too little.
const FEWEST_POINTS: usize = 8;
/// A trip that never gets so far from its start, in metres, has not left it.
const SHORTEST_REACH_M: f64 = 400.0;

/// Faster than this, in metres per second, is a jump of the receiver: the fix stays, but has no speed.
const FASTEST_MPS: f64 = 70.0;

/// What was read and what was left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// The trips, in the order of the file.
    pub trips: Vec<Trip>,
    /// How many trips were left out, by reason.
    pub skipped: Vec<(SkipReason, usize)>,
}

/// Why a trip was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SkipReason {
    /// The recording itself says that fixes are missing.
    #[error("the recording says that fixes are missing")]
    Missing,
    /// Too few fixes.
    #[error("fewer than {FEWEST_POINTS} fixes")]
    Short,
    /// It never left its start.
    #[error("never more than {SHORTEST_REACH_M} m away from its start")]
    Still,
    /// A trip with the same id came before.
    #[error("the id is that of an earlier trip")]
    Repeated,
}

/// Why a recording cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The first line does not name a column that is needed.
    #[error("column {0} is missing")]
    Column(&'static str),
    /// A row is not what the format says.
    #[error("row {row}: {detail}")]
    Row {
        /// Which row, the header being row 1.
        row: usize,
        /// What is wrong with it.
        detail: String,
    },
}

/// Reads a whole recording.
///
/// # Errors
/// [`ReadError`] names the column or the row.
pub fn read(text: &str) -> Result<Recording, ReadError> {
    let mut rows = text.lines();
    let header = fields(rows.next().unwrap_or_default());
    let column = |name: &'static str| header.iter().position(|h| h == name).ok_or(ReadError::Column(name));
    let columns =
        [column("TRIP_ID")?, column("TAXI_ID")?, column("TIMESTAMP")?, column("MISSING_DATA")?, column("POLYLINE")?];
    let mut recording = Recording::default();
    let mut seen = HashSet::new();
    for (index, row) in rows.enumerate().filter(|(_, row)| !row.trim().is_empty()) {
        let row_error = |detail: String| ReadError::Row { row: index + 2, detail };
        let fields = fields(row);
        let [id, taxi, timestamp, missing, polyline] =
            columns.map(|column| fields.get(column).map_or("", |field| field.trim()));
        let start = timestamp.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let start = start.ok_or_else(|| row_error(format!("{timestamp:?} is no Unix time")))?;
        let line: Vec<(f64, f64)> = serde_json::from_str(polyline).map_err(|error| row_error(error.to_string()))?;
        let reason =
            skip_reason(missing, &line).or_else(|| (!seen.insert(id.to_owned())).then_some(SkipReason::Repeated));
        match reason {
            Some(reason) => recording.skip(reason),
            None => recording.trips.push(trip(id, taxi, start, &line)),
        }
    }
    Ok(recording)
}

impl Recording {
    fn skip(&mut self, reason: SkipReason) {
        match self.skipped.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.skipped.push((reason, 1)),
        }
    }
}

fn point((lon, lat): (f64, f64)) -> Point {
    Point { lat, lon }
}

fn skip_reason(missing: &str, line: &[(f64, f64)]) -> Option<SkipReason> {
    if missing.eq_ignore_ascii_case("true") {
        return Some(SkipReason::Missing);
    }
    if line.len() < FEWEST_POINTS {
        return Some(SkipReason::Short);
    }
    let reach = line.iter().map(|at| distance_m(point(line[0]), point(*at))).fold(0.0, f64::max);
    (reach < SHORTEST_REACH_M).then_some(SkipReason::Still)
}

/// The recording has no speed and no course: both follow from the fix before, as a receiver would state them.
fn trip(id: &str, taxi: &str, start: Timestamp, line: &[(f64, f64)]) -> Trip {
    let mut points: Vec<TripPoint> = Vec::with_capacity(line.len());
    for (index, place) in line.iter().enumerate() {
        let here = point(*place);
        let way = points.last().map(|before| offset_m(before.point, here));
        let speed = way.map(|(east, north)| east.hypot(north) / FIX_EVERY as f64).filter(|speed| *speed <= FASTEST_MPS);
        points.push(TripPoint {
            at: later(start, index as i64 * FIX_EVERY),
            point: here,
            speed_mps: speed.map(|speed| (speed * 10.0).round() as f32 / 10.0),
            course_deg: way.filter(|way| *way != (0.0, 0.0)).map(course_deg),
        });
    }
    Trip {
        id: format!("porto-{id}"),
        driver: format!("Taxi {taxi}"),
        origin: point(line[0]),
        destination: point(line[line.len() - 1]),
        points,
    }
}

/// The fields of one line of CSV; a field in quotes may hold commas and doubled quotes, never a line break.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                if let Some(field) = fields.last_mut() {
                    field.push('"');
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => {
                if let Some(field) = fields.last_mut() {
                    field.push(other);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "TRIP_ID,CALL_TYPE,TAXI_ID,TIMESTAMP,MISSING_DATA,POLYLINE";

    fn line(points: usize, step: f64) -> String {
        let places: Vec<String> = (0..points).map(|i| format!("[{},41.1]", -8.6 + step * i as f64)).collect();
        format!("[{}]", places.join(","))
    }

    #[test]
    fn a_trip_keeps_times_places_and_gets_speed_and_course() {
        let text = format!("{HEADER}\n1372636858620000589 ,C,20000589,1372636858,False,\"{}\"\n", line(10, 0.002));
        let recording = read(&text).unwrap();
        let trip = &recording.trips[0];
        assert_eq!((trip.id.as_str(), trip.driver.as_str()), ("porto-1372636858620000589", "Taxi 20000589"));
        assert_eq!(trip.start().as_second(), 1_372_636_858);
        assert_eq!(trip.end().as_second(), 1_372_636_858 + 9 * 15);
        assert_eq!(trip.points[0].speed_mps, None);
        assert_eq!(trip.points[1].course_deg, Some(90.0));
        let speed = trip.points[1].speed_mps.unwrap();
        assert!((11.0..11.4).contains(&speed), "{speed}");
    }

    #[test]
    fn trips_that_say_too_little_are_counted_by_reason() {
        let row = |id: u32, missing: &str, line: &str| format!("{id},C,7,1372636858,{missing},\"{line}\"");
        let rows = [
            HEADER.to_owned(),
            row(1, "False", &line(10, 0.002)),
            row(1, "False", &line(10, 0.002)),
            row(2, "True", &line(10, 0.002)),
            row(3, "False", "[]"),
            row(4, "False", &line(7, 0.002)),
            row(5, "False", &line(10, 0.0001)),
        ];
        let recording = read(&rows.join("\n")).unwrap();
        assert_eq!(recording.trips.len(), 1);
        let expected =
            [(SkipReason::Repeated, 1), (SkipReason::Missing, 1), (SkipReason::Short, 2), (SkipReason::Still, 1)];
        assert_eq!(recording.skipped, expected);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(read("TRIP_ID,TAXI_ID\n"), Err(ReadError::Column("TIMESTAMP")));
        let bad = format!("{HEADER}\n1,C,7,soon,False,\"[]\"\n");
        assert!(matches!(read(&bad), Err(ReadError::Row { row: 2, .. })));
        let bad = format!("{HEADER}\n1,C,7,1372636858,False,\"[[1,2\"\n");
        assert!(matches!(read(&bad), Err(ReadError::Row { row: 2, .. })));
    }

    #[test]
    fn the_recording_of_the_corpus_is_read() {
        let Ok(corpus) = std::env::var("TRACKLANE_CORPUS") else {
            println!("left out: TRACKLANE_CORPUS is not set");
            return;
        };
        let text = std::fs::read_to_string(format!("{corpus}/traces/porto_taxi_trips.csv")).unwrap();
        let recording = read(&text).unwrap();
        let skipped: usize = recording.skipped.iter().map(|(_, count)| count).sum();
        assert_eq!(recording.trips.len() + skipped, 666);
        assert!(recording.trips.len() > 500, "{:?}", recording.skipped);
    }
}
