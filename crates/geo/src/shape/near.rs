//! The edge of a polygon that is nearest to a point: boxes around edges that follow each other, and boxes around those, so
//! that most edges are ruled out by one look at a box.

use tracklane_core::position::Point;

use super::Bbox;
use crate::distance::plane_distance_squared;

/// Edges in a box, and boxes in a larger one.
const GROUP: usize = 8;

/// Boxes around the edges of a polygon.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Boxes {
    /// The edges of each box of the finest level: the first point, and the last one, among those of all rings.
    groups: Vec<(u32, u32)>,
    /// The finest level first.
    levels: Vec<Vec<Bbox>>,
}

impl Boxes {
    /// Below this many edges, looking at each is as quick, and takes no memory.
    const WORTHWHILE: usize = 24;

    /// Boxes around the edges of closed rings, if there are many.
    pub fn build<'a>(rings: impl Iterator<Item = &'a [Point]>) -> Option<Self> {
        let (mut groups, mut finest, mut count, mut start) = (Vec::new(), Vec::new(), 0, 0);
        for ring in rings {
            let edges = ring.len().saturating_sub(1);
            for first in (0..edges).step_by(GROUP) {
                let last = (first + GROUP).min(edges);
                groups.push(((start + first) as u32, (start + last) as u32));
                finest.push(Bbox::around(&ring[first..=last]));
            }
            count += edges;
            start += ring.len();
        }
        if count <= Self::WORTHWHILE {
            return None;
        }
        let mut levels = vec![finest];
        while let Some(last) = levels.last().filter(|level| level.len() > GROUP) {
            let next = last.chunks(GROUP).map(union).collect();
            levels.push(next);
        }
        Some(Self { groups, levels })
    }

    /// The distance from `point` to the nearest edge, in degrees of latitude, on a plane on which longitudes are `scale`
    /// times as long. `points` are those of all rings.
    pub fn nearest(&self, points: &[Point], point: Point, scale: f64) -> f64 {
        let look = Look { boxes: self, points, point, scale };
        let top = self.levels.len() - 1;
        let mut best = f64::INFINITY;
        look.among(top, 0..self.levels[top].len(), &mut best);
        best.sqrt()
    }
}

fn union(boxes: &[Bbox]) -> Bbox {
    boxes.iter().fold(Bbox::around(&[]), |whole, part| Bbox {
        west: whole.west.min(part.west),
        south: whole.south.min(part.south),
        east: whole.east.max(part.east),
        north: whole.north.max(part.north),
    })
}

/// The square of the distance from `point` to the nearest edge of a line, as [`Boxes::nearest`] has it.
pub(super) fn squared(line: &[Point], point: Point, scale: f64) -> f64 {
    let (x, y) = (point.lon, point.lat);
    let edge =
        |a: Point, b: Point| plane_distance_squared((a.lon - x) * scale, a.lat - y, (b.lon - x) * scale, b.lat - y);
    line.windows(2).map(|pair| edge(pair[0], pair[1])).fold(f64::INFINITY, f64::min)
}

struct Look<'a> {
    boxes: &'a Boxes,
    points: &'a [Point],
    point: Point,
    scale: f64,
}

impl Look<'_> {
    /// Looks into these boxes of a level, the nearest one first.
    fn among(&self, level: usize, boxes: std::ops::Range<usize>, best: &mut f64) {
        let least = |number: usize| self.least_squared(&self.boxes.levels[level][number]);
        let Some(first) = boxes.clone().min_by(|a, b| least(*a).total_cmp(&least(*b))) else { return };
        self.inside(level, first, best);
        for number in boxes.filter(|number| *number != first) {
            if least(number) < *best {
                self.inside(level, number, best);
            }
        }
    }

    fn inside(&self, level: usize, number: usize, best: &mut f64) {
        if level > 0 {
            let count = self.boxes.levels[level - 1].len();
            return self.among(level - 1, number * GROUP..(number * GROUP + GROUP).min(count), best);
        }
        let (first, last) = self.boxes.groups[number];
        *best = best.min(squared(&self.points[first as usize..=last as usize], self.point, self.scale));
    }

    /// No edge in the box is nearer than this.
    fn least_squared(&self, bbox: &Bbox) -> f64 {
        let wide = (bbox.west - self.point.lon).max(self.point.lon - bbox.east).max(0.0) * self.scale;
        let high = (bbox.south - self.point.lat).max(self.point.lat - bbox.north).max(0.0);
        wide * wide + high * high
    }
}
