//! The distance to a line on the sphere, also at the poles and across the antimeridian: the line is cut into pieces so short
//! that a chord through the earth stands for each, and the pieces into groups that one look rules out.

use tracklane_core::position::Point;

use crate::distance::{DEGREE_M, EARTH_RADIUS_M, normalise_lon};

/// A point in space, in metres from the middle of the earth.
type Place = [f64; 3];

/// Pieces in a group, and groups in a larger one.
const GROUP: usize = 8;

/// No piece of a line is further from its chord than this, in metres.
const SAG_M: f64 = 0.1;

/// A line on the sphere, prepared for questions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pieces: Vec<[Place; 2]>,
    /// Balls around the groups, the finest first; the last level has one or few.
    levels: Vec<Vec<Ball>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Ball {
    center: Place,
    radius: f64,
}

impl Line {
    /// A line of edges that are straight on the map. The longitudes of an edge say which way round the earth it runs.
    pub fn new(edges: impl Iterator<Item = [Point; 2]>) -> Self {
        let pieces: Vec<[Place; 2]> = edges.flat_map(split).map(|[a, b]| [place(a), place(b)]).collect();
        let around = |[a, b]: &[Place; 2]| Ball { center: midway(*a, *b), radius: apart(*a, *b) / 2.0 };
        let mut level: Vec<Ball> = pieces.iter().map(around).collect();
        let mut levels = Vec::new();
        while level.len() > GROUP {
            level = level.chunks(GROUP).map(Ball::around).collect();
            levels.push(level.clone());
        }
        Self { pieces, levels }
    }

    /// The distance from `point` to the line, in metres; infinite to a line without edges.
    pub fn distance_m(&self, point: Point) -> f64 {
        let place = place(point);
        let mut best = self.near(place);
        match self.levels.len().checked_sub(1) {
            Some(top) => (0..self.levels[top].len()).for_each(|group| self.look(top, group, place, &mut best)),
            None => self.pieces.iter().for_each(|piece| best = best.min(to_chord(place, piece))),
        }
        2.0 * EARTH_RADIUS_M * (best / (2.0 * EARTH_RADIUS_M)).min(1.0).asin()
    }

    /// The distance to a piece that is likely to be near, which rules out most others: down from the nearest group to the
    /// nearest of its groups.
    fn near(&self, place: Place) -> f64 {
        let Some(top) = self.levels.len().checked_sub(1) else { return f64::INFINITY };
        let mut groups = 0..self.levels[top].len();
        for level in (0..=top).rev() {
            let from = |group: &usize| apart(self.levels[level][*group].center, place);
            let nearest = groups.clone().min_by(|a, b| from(a).total_cmp(&from(b))).unwrap_or(0);
            let count = if level == 0 { self.pieces.len() } else { self.levels[level - 1].len() };
            groups = nearest * GROUP..(nearest * GROUP + GROUP).min(count);
        }
        self.pieces[groups].iter().map(|piece| to_chord(place, piece)).fold(f64::INFINITY, f64::min)
    }

    fn look(&self, level: usize, group: usize, place: Place, best: &mut f64) {
        let ball = self.levels[level][group];
        if apart(ball.center, place) - ball.radius >= *best {
            return;
        }
        let first = group * GROUP;
        if level == 0 {
            let last = (first + GROUP).min(self.pieces.len());
            self.pieces[first..last].iter().for_each(|piece| *best = best.min(to_chord(place, piece)));
            return;
        }
        let last = (first + GROUP).min(self.levels[level - 1].len());
        (first..last).for_each(|inner| self.look(level - 1, inner, place, best));
    }
}

impl Ball {
    /// A ball around others.
    fn around(balls: &[Self]) -> Self {
        let count = balls.len().max(1) as f64;
        let mean = |axis: usize| balls.iter().map(|ball| ball.center[axis]).sum::<f64>() / count;
        let center = [mean(0), mean(1), mean(2)];
        let radius = balls.iter().map(|ball| apart(center, ball.center) + ball.radius).fold(0.0, f64::max);
        Self { center, radius }
    }
}

/// Cuts an edge into pieces that hardly differ from their chords.
pub(super) fn split([a, b]: [Point; 2]) -> impl Iterator<Item = [Point; 2]> {
    const MOST: f64 = 20_000.0;
    let nearest_equator = if a.lat * b.lat <= 0.0 { 0.0 } else { a.lat.abs().min(b.lat.abs()) };
    let metres = ((b.lon - a.lon) * nearest_equator.to_radians().cos()).hypot(b.lat - a.lat) * DEGREE_M;
    // The further from the equator, the more a parallel bends away from the great circle.
    let bend = a.lat.abs().max(b.lat.abs()).to_radians().tan().abs().clamp(0.01, 1000.0);
    let longest_m = (8.0 * EARTH_RADIUS_M * SAG_M / bend).sqrt().min(2000.0);
    let count = (metres / longest_m).ceil().clamp(1.0, MOST);
    let at = move |number: f64| {
        let along = number / count;
        Point { lat: a.lat + (b.lat - a.lat) * along, lon: normalise_lon(a.lon + (b.lon - a.lon) * along) }
    };
    (0..count as u32).map(move |number| [at(f64::from(number)), at(f64::from(number) + 1.0)])
}

fn place(point: Point) -> Place {
    let (lat, lon) = (point.lat.to_radians(), point.lon.to_radians());
    let out = EARTH_RADIUS_M * lat.cos();
    [out * lon.cos(), out * lon.sin(), EARTH_RADIUS_M * lat.sin()]
}

fn minus(a: Place, b: Place) -> Place {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: Place, b: Place) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn apart(a: Place, b: Place) -> f64 {
    let between = minus(a, b);
    dot(between, between).sqrt()
}

fn midway(a: Place, b: Place) -> Place {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1]), f64::midpoint(a[2], b[2])]
}

fn to_chord(place: Place, [a, b]: &[Place; 2]) -> f64 {
    let (along, from) = (minus(*b, *a), minus(place, *a));
    let length = dot(along, along);
    let share = if length > 0.0 { (dot(from, along) / length).clamp(0.0, 1.0) } else { 0.0 };
    apart(place, [a[0] + along[0] * share, a[1] + along[1] * share, a[2] + along[2] * share])
}
