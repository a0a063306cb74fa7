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
    /// The edges of each box of the finest level: the ring, the first edge, and the one after the last.
    groups: Vec<(u32, u32, u32)>,
    /// The finest level first.
    levels: Vec<Vec<Bbox>>,
}

impl Boxes {
    /// Boxes around the edges of closed rings.
    pub fn build(rings: &[Vec<Point>]) -> Self {
        let mut groups = Vec::new();
        for (number, ring) in rings.iter().enumerate() {
            let edges = ring.len().saturating_sub(1);
            let starts = (0..edges).step_by(GROUP);
            groups.extend(starts.map(|start| (number as u32, start as u32, (start + GROUP).min(edges) as u32)));
        }
        let around = |(ring, start, end): &(u32, u32, u32)| {
            Bbox::around(&rings[*ring as usize][*start as usize..=*end as usize])
        };
        let mut levels: Vec<Vec<Bbox>> = vec![groups.iter().map(around).collect()];
        while let Some(last) = levels.last().filter(|level| level.len() > GROUP) {
            let next = last.chunks(GROUP).map(union).collect();
            levels.push(next);
        }
        Self { groups, levels }
    }

    /// The distance from `point` to the nearest edge, in degrees of latitude, on a plane on which longitudes are `scale`
    /// times as long.
    pub fn nearest(&self, rings: &[Vec<Point>], point: Point, scale: f64) -> f64 {
        let look = Look { boxes: self, rings, point, scale };
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

struct Look<'a> {
    boxes: &'a Boxes,
    rings: &'a [Vec<Point>],
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
        let (ring, start, end) = self.boxes.groups[number];
        let points = &self.rings[ring as usize][start as usize..=end as usize];
        *best = points.windows(2).map(|edge| self.edge_squared(edge[0], edge[1])).fold(*best, f64::min);
    }

    fn edge_squared(&self, a: Point, b: Point) -> f64 {
        let (x, y) = (self.point.lon, self.point.lat);
        plane_distance_squared((a.lon - x) * self.scale, a.lat - y, (b.lon - x) * self.scale, b.lat - y)
    }

    /// No edge in the box is nearer than this.
    fn least_squared(&self, bbox: &Bbox) -> f64 {
        let wide = (bbox.west - self.point.lon).max(self.point.lon - bbox.east).max(0.0) * self.scale;
        let high = (bbox.south - self.point.lat).max(self.point.lat - bbox.north).max(0.0);
        wide * wide + high * high
    }
}
