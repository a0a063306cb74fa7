//! Trips and stops against tracks of which it is known what happened.

use std::path::PathBuf;

use tracklane_core::Timestamp;
use tracklane_core::model::MovementKind;
use tracklane_core::position::Point;
use tracklane_geo::distance::destination;
use tracklane_geo::trips::{Segment, StopRules, TrackFix, segments};

/// A fix and whether the device truly stood.
type Labelled = (TrackFix, bool);

fn read(name: &str) -> Option<String> {
    let Ok(corpus) = std::env::var("TRACKLANE_CORPUS") else {
        println!("left out: TRACKLANE_CORPUS is not set");
        return None;
    };
    Some(std::fs::read_to_string(PathBuf::from(corpus).join("traces").join(name)).expect("a readable trace"))
}

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_microsecond((seconds * 1e6) as i64).expect("a time")
}

/// Delivery agents in chunks of six minutes, driving or on foot: on foot, the vehicle stands.
fn agents() -> Option<Vec<Vec<Labelled>>> {
    let text = read("amazon_goal_driving_walking.csv")?;
    let mut chunks: Vec<(String, Vec<Labelled>)> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let metres = |index: usize| fields[index].parse::<f64>().expect("metres");
        let clock = fields[1].replace(' ', "T") + "Z";
        let east = destination(Point { lat: 0.0, lon: 0.0 }, 90.0, metres(2));
        let point = destination(east, 0.0, metres(3));
        let fix = TrackFix { at: clock.parse().expect("a time"), point, speed_mps: None };
        if chunks.last().is_none_or(|(name, _)| name != fields[0]) {
            chunks.push((fields[0].to_owned(), Vec::new()));
        }
        chunks.last_mut().expect("a chunk").1.push((fix, fields[4] == "OnFoot"));
    }
    Some(chunks.into_iter().map(|(_, chunk)| chunk).collect())
}

#[derive(Debug, Default)]
struct Score {
    /// Seconds that stand in truth and in ours, only in ours, only in truth.
    both_s: f64,
    ours_s: f64,
    truth_s: f64,
    /// Our stops, those of them that are mostly true; true stops, those of them that are mostly found.
    ours: u32,
    ours_right: u32,
    truth: u32,
    truth_found: u32,
}

impl Score {
    fn precision(&self) -> f64 {
        f64::from(self.ours_right) / f64::from(self.ours)
    }

    fn recall(&self) -> f64 {
        f64::from(self.truth_found) / f64::from(self.truth)
    }

    fn time_precision(&self) -> f64 {
        self.both_s / (self.both_s + self.ours_s)
    }

    fn time_recall(&self) -> f64 {
        self.both_s / (self.both_s + self.truth_s)
    }
}

fn seconds(from: Timestamp, until: Timestamp) -> f64 {
    (until.as_microsecond() - from.as_microsecond()) as f64 / 1e6
}

/// For how many seconds two lists of times have something in common.
fn overlap(a: &[(Timestamp, Timestamp)], b: &[(Timestamp, Timestamp)]) -> f64 {
    let common = |x: &(Timestamp, Timestamp), y: &(Timestamp, Timestamp)| seconds(x.0.max(y.0), x.1.min(y.1)).max(0.0);
    a.iter().map(|x| b.iter().map(|y| common(x, y)).sum::<f64>()).sum()
}

fn stops(found: &[Segment]) -> Vec<(Timestamp, Timestamp)> {
    let stops = found.iter().filter(|segment| segment.kind == MovementKind::Stop);
    stops.map(|segment| (segment.from, segment.until)).collect()
}

/// Times at which the label says that the device stood, of at least `least_s` seconds.
fn truth(chunk: &[Labelled], least_s: f64) -> Vec<(Timestamp, Timestamp)> {
    let runs = chunk.chunk_by(|a, b| a.1 == b.1).filter(|run| run[0].1);
    let times = runs.map(|run| (run[0].0.at, run[run.len() - 1].0.at));
    times.filter(|(from, until)| seconds(*from, *until) >= least_s).collect()
}

fn score(chunks: &[Vec<Labelled>], rules: &StopRules) -> Score {
    let mut score = Score::default();
    let total =
        |times: &[(Timestamp, Timestamp)]| times.iter().map(|(from, until)| seconds(*from, *until)).sum::<f64>();
    for chunk in chunks {
        let track: Vec<_> = chunk.iter().map(|(fix, _)| *fix).collect();
        let (ours, all) = (stops(&segments(&track, rules)), truth(chunk, 0.0));
        let both_s = overlap(&ours, &all);
        score.both_s += both_s;
        score.ours_s += total(&ours) - both_s;
        score.truth_s += total(&all) - both_s;
        let mostly =
            |time: &(Timestamp, Timestamp), others: &[_]| overlap(&[*time], others) * 2.0 >= seconds(time.0, time.1);
        score.ours += ours.len() as u32;
        score.ours_right += ours.iter().filter(|stop| mostly(stop, &all)).count() as u32;
        // Only a true stop that lasts as long as the rules ask for can be found.
        let long = truth(chunk, f64::from(rules.min_stop_seconds));
        score.truth += long.len() as u32;
        score.truth_found += long.iter().filter(|stop| mostly(stop, &ours)).count() as u32;
    }
    score
}

/// The rules that find the stops of these chunks best: by the harmonic mean of precision and recall.
fn best(chunks: &[Vec<Labelled>]) -> StopRules {
    let mut best = (0.0, StopRules::default());
    for radius_m in [20.0, 25.0, 30.0, 35.0, 40.0, 50.0] {
        for min_stop_seconds in [20, 30, 45, 60, 90] {
            for leave_fixes in [1, 2, 3] {
                let rules = StopRules { radius_m, min_stop_seconds, leave_fixes, ..StopRules::default() };
                let score = score(chunks, &rules);
                let (precision, recall) = (score.precision(), score.recall());
                let mean = 2.0 * precision * recall / (precision + recall);
                if mean > best.0 {
                    best = (mean, rules);
                }
            }
        }
    }
    best.1
}

/// The rules are chosen on every other chunk and measured on the rest.
#[test]
fn stops_of_delivery_agents() {
    let Some(chunks) = agents() else { return };
    let half = |parity: usize| chunks.iter().skip(parity).step_by(2).cloned().collect::<Vec<_>>();
    let (to_choose, to_measure) = (half(0), half(1));
    let rules = best(&to_choose);
    let say = |name: &str, rules: &StopRules| {
        let score = score(&to_measure, rules);
        println!(
            "delivery agents, {} chunks, {name} ({} m, {} s, {} fixes): of {} stops found {:.3} are right, of {} true ones {:.3} \
             are found; of the time: precision {:.3}, recall {:.3}",
            to_measure.len(),
            rules.radius_m,
            rules.min_stop_seconds,
            rules.leave_fixes,
            score.ours,
            score.precision(),
            score.truth,
            score.recall(),
            score.time_precision(),
            score.time_recall()
        );
        score
    };
    let chosen = say("rules chosen on the other half", &rules);
    let default = say("the defaults", &StopRules::default());
    assert!(chosen.precision() > 0.8 && chosen.recall() > 0.8, "{chosen:?}");
    assert!(default.precision() > 0.75 && default.recall() > 0.75, "{default:?}");
}

/// Taxis: with a fare on board, nobody stands for long.
#[test]
fn long_stops_of_taxis_are_without_a_fare() {
    let rules = StopRules { min_stop_seconds: 600, ..StopRules::default() };
    let (mut stops_s, mut with_fare_s, mut count, mut trips_s, mut trips_fare_s) = (0.0, 0.0, 0, 0.0, 0.0);
    for name in ["new_abboip.txt", "new_aiwalb.txt", "new_akgicjud.txt"] {
        let Some(text) = read(&format!("cabspotting_sf/{name}")) else { return };
        let fixes: Vec<Labelled> = text
            .lines()
            .map(|line| {
                let fields: Vec<f64> = line.split(' ').map(|field| field.parse().expect("a number")).collect();
                let point = Point { lat: fields[0], lon: fields[1] };
                (TrackFix { at: at(fields[3]), point, speed_mps: None }, fields[2] == 1.0)
            })
            .collect();
        let fares = truth(&fixes, 0.0);
        let track: Vec<_> = fixes.iter().map(|(fix, _)| *fix).collect();
        for segment in segments(&track, &rules) {
            let time = (segment.from, segment.until);
            let (lasts, fare) = (seconds(time.0, time.1), overlap(&[time], &fares));
            match segment.kind {
                MovementKind::Stop => (stops_s, with_fare_s, count) = (stops_s + lasts, with_fare_s + fare, count + 1),
                MovementKind::Trip => (trips_s, trips_fare_s) = (trips_s + lasts, trips_fare_s + fare),
                MovementKind::Gap => {}
            }
        }
    }
    println!(
        "taxis of San Francisco: {count} stops of ten minutes, {:.3} of their time with a fare; trips {:.3}",
        with_fare_s / stops_s,
        trips_fare_s / trips_s
    );
    assert!(with_fare_s / stops_s < 0.05 && trips_fare_s / trips_s > 0.3);
}

/// Taxi trips: while one lasts, the segmentation sees a trip; between two at least five minutes apart it sees an end.
#[test]
fn trips_of_taxis_are_trips() {
    let Some(text) = read("porto_taxi_trips.csv") else { return };
    let mut taxis: std::collections::BTreeMap<String, Vec<(i64, Vec<TrackFix>)>> = std::collections::BTreeMap::new();
    for line in text.lines().skip(1) {
        let Some((head, points)) = line.split_once(",\"") else { continue };
        let fields: Vec<&str> = head.split(',').collect();
        let start: i64 = fields[5].parse().expect("seconds");
        let points: Vec<[f64; 2]> = serde_json::from_str(points.trim_end_matches('"')).expect("points");
        let fix = |(number, [lon, lat]): (usize, &[f64; 2])| TrackFix {
            at: at((start + number as i64 * 15) as f64),
            point: Point { lat: *lat, lon: *lon },
            speed_mps: None,
        };
        taxis.entry(fields[4].to_owned()).or_default().push((start, points.iter().enumerate().map(fix).collect()));
    }
    let (mut trips_s, mut standing_s, mut breaks, mut seen) = (0.0, 0.0, 0, 0);
    for trips in taxis.values_mut() {
        trips.sort_by_key(|(start, _)| *start);
        let mut track: Vec<TrackFix> = trips.iter().flat_map(|(_, fixes)| fixes.iter().copied()).collect();
        track.sort_by_key(|fix| fix.at);
        track.dedup_by_key(|fix| fix.at);
        let rules = StopRules { min_stop_seconds: 300, gap_seconds: 300, ..StopRules::default() };
        let found = segments(&track, &rules);
        let stops = stops(&found);
        let time = |(_, fixes): &(i64, Vec<TrackFix>)| Some((fixes.first()?.at, fixes.last()?.at));
        for (from, until) in trips.iter().filter_map(time) {
            trips_s += seconds(from, until);
            standing_s += overlap(&[(from, until)], &stops);
        }
        for pair in trips.windows(2) {
            let (Some((_, end)), Some((begin, _))) = (time(&pair[0]), time(&pair[1])) else { continue };
            if seconds(end, begin) > 300.0 {
                breaks += 1;
                let between = |segment: &&Segment| {
                    segment.kind != MovementKind::Trip && segment.from < begin && segment.until > end
                };
                seen += u32::from(found.iter().any(|segment| between(&segment)));
            }
        }
    }
    println!(
        "taxis of Porto: {:.3} of the time of trips is seen as a trip, {seen} of {breaks} breaks between them are seen",
        1.0 - standing_s / trips_s
    );
    assert!(standing_s / trips_s < 0.1 && f64::from(seen) > 0.98 * f64::from(breaks));
}
