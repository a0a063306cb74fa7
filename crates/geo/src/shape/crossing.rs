//! Do the rings of a polygon cross or touch themselves? A sweep from west to east (Shamos and Hoey, 1976) that looks at
//! neighbours only, so that the answer takes O(n log n).
//!
//! Coordinates are taken on a grid of 1e-12 degrees (a ten-thousandth of a millimetre), on which all arithmetic is exact: no
//! rounding can make up or hide a crossing.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Bound;

use tracklane_core::position::Point;

/// A position on the grid: longitude, latitude.
pub(super) type GridPoint = (i64, i64);

/// The grid point of a position.
pub(super) fn grid(point: Point) -> GridPoint {
    let snap = |degrees: f64| (degrees * 1e12).round() as i64;
    (snap(point.lon), snap(point.lat))
}

/// One end of an edge: the number of the ring and of the point in it.
pub(super) type Place = (usize, usize);

/// The two edges, each named by its first point, that meet where they must not. `rings` are open (the first point is not
/// repeated) and hold no point twice in a row.
///
/// Within a ring any contact is refused; different rings may touch in points, but not cross or share a stretch.
pub(super) fn find(rings: &[Vec<GridPoint>]) -> Option<(Place, Place)> {
    let in_one_ring = |(number, ring): (usize, &Vec<GridPoint>)| repeated(number, ring).or_else(|| spike(number, ring));
    rings.iter().enumerate().find_map(in_one_ring).or_else(|| sweep(rings))
}

/// A point that the ring visits twice.
fn repeated(number: usize, ring: &[GridPoint]) -> Option<(Place, Place)> {
    let mut order: Vec<usize> = (0..ring.len()).collect();
    order.sort_unstable_by_key(|index| (ring[*index], *index));
    order.windows(2).find(|pair| ring[pair[0]] == ring[pair[1]]).map(|pair| ((number, pair[0]), (number, pair[1])))
}

/// A point where the ring turns back on itself.
fn spike(number: usize, ring: &[GridPoint]) -> Option<(Place, Place)> {
    let count = ring.len();
    (0..count).find_map(|index| {
        let (before, here, after) = (ring[(index + count - 1) % count], ring[index], ring[(index + 1) % count]);
        let back = side(before, here, after) == Ordering::Equal && dot(here, before, after) > 0;
        back.then_some(((number, (index + count - 1) % count), (number, index)))
    })
}

fn sweep(rings: &[Vec<GridPoint>]) -> Option<(Place, Place)> {
    let edges: Vec<Edge> = rings.iter().enumerate().flat_map(|(number, ring)| ring_edges(number, ring)).collect();
    // At one point, edges that end are taken out before edges that start are put in.
    let mut events: Vec<(GridPoint, bool, usize)> = Vec::with_capacity(edges.len() * 2);
    for (number, edge) in edges.iter().enumerate() {
        events.push((edge.left, true, number));
        events.push((edge.right, false, number));
    }
    events.sort_unstable();

    let mut active: BTreeSet<Edge> = BTreeSet::new();
    for (_, starts, number) in events {
        let edge = edges[number];
        if !starts {
            active.remove(&edge);
        }
        let below = active.range(..edge).next_back().copied();
        let above = active.range((Bound::Excluded(edge), Bound::Unbounded)).next().copied();
        let pairs = if starts { [(below, Some(edge)), (Some(edge), above)] } else { [(below, above), (None, None)] };
        for pair in pairs {
            if let (Some(a), Some(b)) = pair
                && a.clashes_with(&b)
            {
                return Some((a.place().min(b.place()), a.place().max(b.place())));
            }
        }
        if starts {
            active.insert(edge);
        }
    }
    None
}

/// An edge of a ring, ends in sweep order.
#[derive(Debug, Clone, Copy)]
struct Edge {
    left: GridPoint,
    right: GridPoint,
    ring: usize,
    index: usize,
    ring_len: usize,
}

fn ring_edges(number: usize, ring: &[GridPoint]) -> impl Iterator<Item = Edge> {
    let count = ring.len();
    (0..count).map(move |index| {
        let (a, b) = (ring[index], ring[(index + 1) % count]);
        Edge { left: a.min(b), right: a.max(b), ring: number, index, ring_len: count }
    })
}

impl Edge {
    fn place(&self) -> Place {
        (self.ring, self.index)
    }

    fn follows(&self, other: &Self) -> bool {
        self.ring == other.ring && self.index == (other.index + 1) % other.ring_len
    }

    fn clashes_with(&self, other: &Self) -> bool {
        if self.follows(other) || other.follows(self) {
            return false; // they share a point by right; spikes were looked for before
        }
        let (a, b) = (side(self.left, self.right, other.left), side(self.left, self.right, other.right));
        let (c, d) = (side(other.left, other.right, self.left), side(other.left, other.right, self.right));
        let straddle = |x: Ordering, y: Ordering| x != Ordering::Equal && x == y.reverse();
        if straddle(a, b) && straddle(c, d) {
            return true;
        }
        if self.ring != other.ring {
            let on_one_line = a == Ordering::Equal && b == Ordering::Equal;
            return on_one_line && self.left.max(other.left) < self.right.min(other.right);
        }
        let touches = |side: Ordering, edge: &Self, point| side == Ordering::Equal && edge.spans(point);
        touches(a, self, other.left)
            || touches(b, self, other.right)
            || touches(c, other, self.left)
            || touches(d, other, self.right)
    }

    /// For a point on the edge's line: does it lie between the ends?
    fn spans(&self, point: GridPoint) -> bool {
        (self.left..=self.right).contains(&point)
    }
}

/// From south to north, among edges that the sweep line meets at the same time and that do not cross.
impl Ord for Edge {
    fn cmp(&self, other: &Self) -> Ordering {
        let above = |late: &Self, early: &Self| {
            side(early.left, early.right, late.left).then_with(|| side(early.left, early.right, late.right))
        };
        let order = if self.left >= other.left { above(self, other) } else { above(other, self).reverse() };
        order.then_with(|| self.place().cmp(&other.place()))
    }
}

impl PartialOrd for Edge {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Edge {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Edge {}

/// On which side of the line from `a` to `b` is `c`: `Greater` left, `Less` right, `Equal` on it.
fn side(a: GridPoint, b: GridPoint, c: GridPoint) -> Ordering {
    let cross = |p: i64, q: i64| i128::from(p) * i128::from(q);
    cross(b.0 - a.0, c.1 - a.1).cmp(&cross(b.1 - a.1, c.0 - a.0))
}

fn dot(at: GridPoint, p: GridPoint, q: GridPoint) -> i128 {
    i128::from(p.0 - at.0) * i128::from(q.0 - at.0) + i128::from(p.1 - at.1) * i128::from(q.1 - at.1)
}
