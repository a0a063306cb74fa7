//! The cells of a shape.

use tracklane_core::position::Point;

use super::cells::Cell;
use crate::distance::{distance_m, interpolate, lon_delta, normalise_lon};
use crate::shape::{Bbox, Circle, Polygon, Shape};

/// Levels 0 (one cell is the world) to 22 (a cell is some ten metres wide), of which every other one is used: fewer levels
/// are fewer places to look.
pub(super) const LEVELS: usize = 23;
const STEP: usize = 2;

/// A zone covers up to this many cells in each direction, if it has few corners.
const SPAN: f64 = 6.0;

/// A zone with more corners covers more cells, because looking at its edges costs more.
const FINE_SPAN: f64 = 20.0;
const FINE_EDGES: usize = 100;

/// A corridor covers up to this many cells along the line.
const LINE_SPAN: f64 = 64.0;

/// Nobody asks for more cells than this on one level along a way; what is left out is not found.
const MOST_CELLS: usize = 4096;

/// A cell has 256 places in each direction.
const PLACES: u32 = 8;

/// A point in steps of 256ths of the smallest cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    x: u32,
    y: u32,
}

impl Spot {
    const FINEST: Grid = Grid(LEVELS - 1 + PLACES as usize);

    /// Where a point is. What lies west of another is never further east here, so boxes of spots hold what boxes hold.
    pub fn of(point: Point) -> Self {
        Self { x: Self::FINEST.column(normalise_lon(point.lon)), y: Self::FINEST.column(point.lat) }
    }
}

/// A place within a cell, in 256ths of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub x: u8,
    pub y: u8,
}

/// The cells of one level: `2^level` in each direction, over 360 degrees from -180 (also for latitude, whose cells are as
/// many degrees high as wide).
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid(pub usize);

impl Grid {
    /// The finest level on which `degrees` span at most `cells` cells and a part.
    fn for_extent(degrees: f64, cells: f64) -> Self {
        let level = (360.0 * cells / degrees.max(1e-9)).log2().floor();
        Self((level as usize).min(LEVELS - 1) / STEP * STEP)
    }

    fn size(self) -> f64 {
        360.0 / f64::from(1u32 << self.0)
    }

    fn column(self, degrees: f64) -> u32 {
        (((degrees + 180.0) / self.size()) as u32).min((1 << self.0) - 1)
    }

    fn cell(self, x: u32, y: u32) -> Cell {
        Cell { level: self.0 as u8, x, y }
    }

    /// The cell that a spot is in, and where in it.
    pub fn place(self, spot: Spot) -> (Cell, Place) {
        let finer = Spot::FINEST.0 - self.0;
        let within = |steps: u32| (steps >> (finer - PLACES as usize)) as u8;
        (self.cell(spot.x >> finer, spot.y >> finer), Place { x: within(spot.x), y: within(spot.y) })
    }

    fn cell_of(self, point: Point) -> Cell {
        self.place(Spot::of(point)).0
    }

    /// The cells that a way leads through: it is cut where it passes from column to column and from row to row, and each
    /// part asked for its middle.
    pub fn cells_along(self, from: Point, to: Point) -> Vec<Cell> {
        let start = normalise_lon(from.lon);
        let end = start + lon_delta(from.lon, to.lon);
        let mut cuts = vec![0.0, 1.0];
        for (a, b) in [(start, end), (from.lat, to.lat)] {
            let (low, high) = (a.min(b) / self.size(), a.max(b) / self.size());
            let lines = (low.floor() as i64 + 1..=high.floor() as i64).take(MOST_CELLS);
            cuts.extend(lines.map(|line| (line as f64 * self.size() - a) / (b - a)));
        }
        cuts.sort_by(f64::total_cmp);
        let middle = |pair: &[f64]| interpolate(from, to, f64::midpoint(pair[0], pair[1]));
        cuts.windows(2).map(|pair| self.cell_of(middle(pair))).collect()
    }

    /// The box of a cell.
    fn bbox(self, x: u32, y: u32) -> Bbox {
        let low = |number: u32| f64::from(number) * self.size() - 180.0;
        Bbox { west: low(x), south: low(y), east: low(x + 1), north: low(y + 1) }
    }
}

/// What a shape covers of one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub cell: Cell,
    /// True when the cell lies wholly inside.
    pub certain: bool,
    /// The south-western end of the box around the part.
    pub low: Place,
    /// The north-eastern end.
    pub high: Place,
}

impl Part {
    /// The same part of the same cell, or more of it.
    fn merge(&mut self, other: &Self) {
        self.certain |= other.certain;
        self.low = Place { x: self.low.x.min(other.low.x), y: self.low.y.min(other.low.y) };
        self.high = Place { x: self.high.x.max(other.high.x), y: self.high.y.max(other.high.y) };
    }
}

/// The cells of a shape, each once, all on one level.
pub(super) struct Cover {
    pub level: usize,
    pub parts: Vec<Part>,
}

impl Cover {
    pub fn of(shape: &Shape) -> Self {
        let boxes = shape.bboxes();
        if let Shape::Corridor(corridor) = shape {
            return Self::along(corridor.extent(), &boxes);
        }
        let extent = boxes.iter().map(|b| (b.east - b.west).max(b.north - b.south)).fold(0.0, f64::max);
        let edges = shape.polygons().iter().map(Polygon::edge_count).max().unwrap_or(0);
        let grid = Grid::for_extent(extent, if edges > FINE_EDGES { FINE_SPAN } else { SPAN });
        let parts = match shape {
            Shape::Circle(circle) => boxes.iter().flat_map(|bbox| circle_parts(grid, circle, *bbox)).collect(),
            _ => shape.polygons().iter().flat_map(|polygon| polygon_parts(grid, polygon)).collect(),
        };
        Self::tidy(grid, parts)
    }

    /// A corridor is long and thin: it lives on a finer level, of which it touches few cells.
    fn along(extent: f64, boxes: &[Bbox]) -> Self {
        let grid = Grid::for_extent(extent, LINE_SPAN);
        Self::tidy(grid, boxes.iter().flat_map(|bbox| parts_in(grid, *bbox)).collect())
    }

    fn tidy(grid: Grid, mut parts: Vec<Part>) -> Self {
        parts.sort_unstable_by_key(|part| part.cell);
        // Two boxes may share a cell: if one of them fills it, the shape does.
        parts.dedup_by(|next, kept| {
            let same = next.cell == kept.cell;
            if same {
                kept.merge(next);
            }
            same
        });
        Self { level: grid.0, parts }
    }
}

fn circle_parts(grid: Grid, circle: &Circle, bbox: Bbox) -> impl Iterator<Item = Part> {
    // The sides of a cell bulge out between its corners, by far less than this for cells of a third of the circle.
    let surely = circle.radius_m() * 0.95;
    parts_in(grid, bbox).map(move |part| {
        let Bbox { west, south, east, north } = grid.bbox(part.cell.x, part.cell.y);
        let corners = [(south, west), (south, east), (north, west), (north, east)];
        let mut distances = corners.into_iter().map(|(lat, lon)| distance_m(circle.center(), Point { lat, lon }));
        Part { certain: distances.all(|metres| metres < surely), ..part }
    })
}

/// Cells that an edge may touch are uncertain; the others lie wholly inside or wholly outside, which their centre tells.
fn polygon_parts(grid: Grid, polygon: &Polygon) -> Vec<Part> {
    let bbox = polygon.bbox();
    let (x0, y0) = (grid.column(bbox.west), grid.column(bbox.south));
    let (width, height) = (grid.column(bbox.east) - x0 + 1, grid.column(bbox.north) - y0 + 1);
    let mut touched = vec![false; (width * height) as usize];
    for edge in polygon.edges() {
        for part in parts_in(grid, Bbox::around(&edge)) {
            touched[((part.cell.y - y0) * width + (part.cell.x - x0)) as usize] = true;
        }
    }
    let parts = parts_in(grid, bbox).zip(&touched).map(|(part, touched)| Part { certain: !touched, ..part });
    let inside = |part: &Part| polygon.contains(grid.bbox(part.cell.x, part.cell.y).center());
    parts.filter(|part| !part.certain || inside(part)).collect()
}

/// What a box covers of each cell, row by row.
fn parts_in(grid: Grid, bbox: Bbox) -> impl Iterator<Item = Part> {
    let spot = |lat: f64, lon: f64| Spot { x: Spot::FINEST.column(lon), y: Spot::FINEST.column(lat) };
    let (low, high) = (grid.place(spot(bbox.south, bbox.west)), grid.place(spot(bbox.north, bbox.east)));
    let within = |first: (u32, u8), last: (u32, u8), at: u32| {
        (if at == first.0 { first.1 } else { u8::MIN }, if at == last.0 { last.1 } else { u8::MAX })
    };
    let (west, east) = ((low.0.x, low.1.x), (high.0.x, high.1.x));
    let (south, north) = ((low.0.y, low.1.y), (high.0.y, high.1.y));
    (south.0..=north.0).flat_map(move |y| {
        (west.0..=east.0).map(move |x| {
            let ((left, right), (bottom, top)) = (within(west, east, x), within(south, north, y));
            let (low, high) = (Place { x: left, y: bottom }, Place { x: right, y: top });
            Part { cell: grid.cell(x, y), certain: false, low, high }
        })
    })
}
