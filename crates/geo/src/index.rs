//! Which zones may contain a point, at a cost that does not grow with the number of zones.
//!
//! The map is divided into cells on several levels, each level halving the cells of the one before. A zone goes to the
//! level on which it covers few cells, so a country fills no more cells than a doorstep. A cell that lies wholly inside a
//! zone says so, which answers most questions about large zones without looking at their edges. One zone is put in,
//! replaced or taken out without touching the others.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::Arc;

use smallvec::SmallVec;
use tracklane_core::position::Point;

use crate::distance::{distance_m, interpolate, lon_delta, normalise_lon};
use crate::shape::{Bbox, Circle, Polygon, Shape};

/// Levels 0 (one cell is the world) to 22 (a cell is some ten metres wide).
const LEVELS: usize = 23;

/// A zone covers up to this many cells in each direction, if it has few corners.
const SPAN: f64 = 3.0;

/// A zone with more corners covers more cells, because looking at its edges costs more.
const FINE_SPAN: f64 = 14.0;
const FINE_EDGES: usize = 100;

/// A corridor covers up to this many cells along the line.
const LINE_SPAN: f64 = 48.0;

/// Nobody asks for more cells than this on one level along a way; what is left out is not found.
const MOST_CELLS: usize = 4096;

/// How many parts cells and keys are kept in. A part that grows is made anew: with a million zones that takes some milliseconds.
const PARTS: usize = 64;

/// What covers each cell.
type Cells = HashMap<u64, SmallVec<[Entry; 4]>, BuildHasherDefault<CellHasher>>;

/// Which part holds a cell. Neighbours are in one: whoever moves stays in the same part of memory.
fn part(cell: u64) -> usize {
    let (x, y) = (cell >> 24 & 0xff_ffff, cell & 0xff_ffff);
    ((x >> 5).wrapping_mul(31) ^ (y >> 5).wrapping_mul(17)) as usize % PARTS
}

/// Zones by place. `K` is the key of a zone.
#[derive(Debug, Clone)]
pub struct ZoneIndex<K> {
    zones: Vec<Option<Zone<K>>>,
    free: Vec<u32>,
    slots: Slots<K>,
    /// In parts, so that none of them takes long to grow.
    cells: Box<[Cells; PARTS]>,
    /// How many zones live on each level, so that a question skips the empty ones.
    population: [u32; LEVELS],
}

#[derive(Debug, Clone)]
struct Zone<K> {
    key: K,
    shape: Arc<Shape>,
}

/// The number of a zone and, in the lowest bit, whether the cell lies wholly inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry(u32);

impl Entry {
    fn new(slot: u32, certain: bool) -> Self {
        Self(slot << 1 | u32::from(certain))
    }

    fn slot(self) -> u32 {
        self.0 >> 1
    }

    fn certain(self) -> bool {
        self.0 & 1 == 1
    }
}

/// A zone that may contain the point that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a, K> {
    /// The zone.
    pub key: K,
    /// Its shape.
    pub shape: &'a Arc<Shape>,
    /// True when it is known, without looking at the shape, that the point is inside.
    pub certain: bool,
}

impl<K> Candidate<'_, K> {
    /// True when the zone contains `point`, which must be the point that was asked for.
    pub fn contains(&self, point: Point) -> bool {
        self.certain || self.shape.contains(point)
    }
}

/// Where each zone is, in parts like the cells.
#[derive(Debug, Clone)]
struct Slots<K> {
    parts: Box<[HashMap<K, u32>]>,
    hasher: RandomState,
}

impl<K: Copy + Eq + Hash> Slots<K> {
    fn new() -> Self {
        Self { parts: (0..PARTS).map(|_| HashMap::new()).collect(), hasher: RandomState::new() }
    }

    fn part(&self, key: K) -> &HashMap<K, u32> {
        &self.parts[self.hasher.hash_one(key) as usize % PARTS]
    }

    fn part_mut(&mut self, key: K) -> &mut HashMap<K, u32> {
        &mut self.parts[self.hasher.hash_one(key) as usize % PARTS]
    }
}

impl<K: Copy + Eq + Hash> ZoneIndex<K> {
    /// An index without zones.
    pub fn new() -> Self {
        Self {
            zones: Vec::new(),
            free: Vec::new(),
            slots: Slots::new(),
            cells: Box::new(std::array::from_fn(|_| Cells::default())),
            population: [0; LEVELS],
        }
    }

    /// Puts a zone in, in place of the one with the same key, which is returned.
    pub fn insert(&mut self, key: K, shape: Arc<Shape>) -> Option<Arc<Shape>> {
        let replaced = self.remove(key);
        let cover = Cover::of(&shape);
        let zone = Some(Zone { key, shape });
        let slot = self.free.pop().unwrap_or_else(|| {
            self.zones.push(None);
            self.zones.len() as u32 - 1
        });
        self.zones[slot as usize] = zone;
        self.slots.part_mut(key).insert(key, slot);
        self.population[cover.level] += 1;
        for (cell, certain) in cover.cells {
            self.cells[part(cell)].entry(cell).or_default().push(Entry::new(slot, certain));
        }
        replaced
    }

    /// Takes a zone out and returns its shape.
    pub fn remove(&mut self, key: K) -> Option<Arc<Shape>> {
        let slot = self.slots.part_mut(key).remove(&key)?;
        let zone = self.zones[slot as usize].take()?;
        self.free.push(slot);
        // A shape always covers the same cells.
        let cover = Cover::of(&zone.shape);
        self.population[cover.level] -= 1;
        for (cell, _) in cover.cells {
            let cells = &mut self.cells[part(cell)];
            let Some(entries) = cells.get_mut(&cell) else { continue };
            entries.retain(|entry| entry.slot() != slot);
            if entries.is_empty() {
                cells.remove(&cell);
            }
        }
        Some(zone.shape)
    }

    /// The shape of a zone.
    pub fn get(&self, key: K) -> Option<&Arc<Shape>> {
        let slot = *self.slots.part(key).get(&key)?;
        self.zones[slot as usize].as_ref().map(|zone| &zone.shape)
    }

    /// How many zones it holds.
    pub fn len(&self) -> usize {
        self.slots.parts.iter().map(HashMap::len).sum()
    }

    /// True when it holds no zone.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys of all zones, in no order.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.slots.parts.iter().flat_map(HashMap::keys).copied()
    }

    fn at(&self, cell: u64) -> Option<&SmallVec<[Entry; 4]>> {
        self.cells[part(cell)].get(&cell)
    }

    /// Every zone that may contain `point`, each once; all that do are among them.
    pub fn candidates(&self, point: Point) -> impl Iterator<Item = Candidate<'_, K>> {
        let levels = (0..LEVELS).filter(|level| self.population[*level] > 0);
        let entries = levels.filter_map(move |level| self.at(Grid(level).cell_of(point)));
        entries.flatten().filter_map(|entry| {
            let zone = self.zones[entry.slot() as usize].as_ref()?;
            Some(Candidate { key: zone.key, shape: &zone.shape, certain: entry.certain() })
        })
    }

    /// Every zone that the way from `from` to `to`, straight on the map, may lead through, each once. Meant for the way between
    /// two fixes: of one that is longer than some thousand of the smallest zones, only the beginning is looked at.
    pub fn along(&self, from: Point, to: Point) -> Vec<Candidate<'_, K>> {
        let mut slots: SmallVec<[u32; 16]> = SmallVec::new();
        for level in (0..LEVELS).filter(|level| self.population[*level] > 0) {
            for cell in Grid(level).cells_along(from, to) {
                slots.extend(self.at(cell).into_iter().flatten().map(|entry| entry.slot()));
            }
        }
        slots.sort_unstable();
        slots.dedup();
        let zones = slots.iter().filter_map(|slot| self.zones[*slot as usize].as_ref());
        zones.map(|zone| Candidate { key: zone.key, shape: &zone.shape, certain: false }).collect()
    }

    /// Every zone that contains `point`, each once.
    pub fn containing(&self, point: Point) -> impl Iterator<Item = K> {
        self.candidates(point).filter(move |candidate| candidate.contains(point)).map(|candidate| candidate.key)
    }
}

impl<K: Copy + Eq + Hash> Default for ZoneIndex<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// The cells of one level: `2^level` in each direction, over 360 degrees from -180 (also for latitude, whose cells are as
/// many degrees high as wide).
#[derive(Debug, Clone, Copy)]
struct Grid(usize);

impl Grid {
    /// The finest level on which `degrees` span at most `cells` cells and a part.
    fn for_extent(degrees: f64, cells: f64) -> Self {
        let level = (360.0 * cells / degrees.max(1e-9)).log2().floor();
        Self((level as usize).min(LEVELS - 1))
    }

    fn size(self) -> f64 {
        360.0 / f64::from(1u32 << self.0)
    }

    fn column(self, degrees: f64) -> u32 {
        (((degrees + 180.0) / self.size()) as u32).min((1 << self.0) - 1)
    }

    fn key(self, x: u32, y: u32) -> u64 {
        (self.0 as u64) << 48 | u64::from(x) << 24 | u64::from(y)
    }

    fn cell_of(self, point: Point) -> u64 {
        self.key(self.column(normalise_lon(point.lon)), self.column(point.lat))
    }

    /// The cells that a way leads through: it is cut where it passes from column to column and from row to row, and each
    /// part asked for its middle.
    fn cells_along(self, from: Point, to: Point) -> Vec<u64> {
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

/// The cells of a shape, each once, all on one level.
struct Cover {
    level: usize,
    cells: Vec<(u64, bool)>,
}

impl Cover {
    fn of(shape: &Shape) -> Self {
        let boxes = shape.bboxes();
        if let Shape::Corridor(corridor) = shape {
            return Self::along(corridor.extent(), &boxes);
        }
        let extent = boxes.iter().map(|b| (b.east - b.west).max(b.north - b.south)).fold(0.0, f64::max);
        let edges = shape.polygons().iter().map(Polygon::edge_count).max().unwrap_or(0);
        let grid = Grid::for_extent(extent, if edges > FINE_EDGES { FINE_SPAN } else { SPAN });
        let mut cells = match shape {
            Shape::Circle(circle) => boxes.iter().flat_map(|bbox| circle_cells(grid, circle, *bbox)).collect(),
            _ => shape.polygons().iter().flat_map(|polygon| polygon_cells(grid, polygon)).collect::<Vec<_>>(),
        };
        Self::tidy(&mut cells);
        Self { level: grid.0, cells }
    }

    /// A corridor is long and thin: it lives on a finer level, of which it touches few cells.
    fn along(extent: f64, boxes: &[Bbox]) -> Self {
        let grid = Grid::for_extent(extent, LINE_SPAN);
        let cells_of = |bbox: &Bbox| cells_in(grid, *bbox).map(|(x, y)| (grid.key(x, y), false));
        let mut cells = boxes.iter().flat_map(cells_of).collect();
        Self::tidy(&mut cells);
        Self { level: grid.0, cells }
    }

    fn tidy(cells: &mut Vec<(u64, bool)>) {
        // Two parts may share a cell: if one of them fills it, the shape does.
        cells.sort_unstable_by_key(|(cell, certain)| (*cell, !certain));
        cells.dedup_by_key(|(cell, _)| *cell);
    }
}

fn circle_cells(grid: Grid, circle: &Circle, bbox: Bbox) -> impl Iterator<Item = (u64, bool)> {
    // The sides of a cell bulge out between its corners, by far less than this for cells of a third of the circle.
    let surely = circle.radius_m() * 0.95;
    cells_in(grid, bbox).map(move |(x, y)| {
        let Bbox { west, south, east, north } = grid.bbox(x, y);
        let corners = [(south, west), (south, east), (north, west), (north, east)];
        let mut distances = corners.into_iter().map(|(lat, lon)| distance_m(circle.center(), Point { lat, lon }));
        (grid.key(x, y), distances.all(|metres| metres < surely))
    })
}

/// Cells that an edge may touch are uncertain; the others lie wholly inside or wholly outside, which their centre tells.
fn polygon_cells(grid: Grid, polygon: &Polygon) -> Vec<(u64, bool)> {
    let bbox = polygon.bbox();
    let (x0, y0) = (grid.column(bbox.west), grid.column(bbox.south));
    let (width, height) = (grid.column(bbox.east) - x0 + 1, grid.column(bbox.north) - y0 + 1);
    let mut touched = vec![false; (width * height) as usize];
    for edge in polygon.edges() {
        for (x, y) in cells_in(grid, Bbox::around(&edge)) {
            touched[((y - y0) * width + (x - x0)) as usize] = true;
        }
    }
    let cells = cells_in(grid, bbox).zip(&touched);
    let kept = cells.filter(|((x, y), touched)| **touched || polygon.contains(grid.bbox(*x, *y).center()));
    kept.map(|((x, y), touched)| (grid.key(x, y), !touched)).collect()
}

/// Row by row.
fn cells_in(grid: Grid, bbox: Bbox) -> impl Iterator<Item = (u32, u32)> {
    let columns = grid.column(bbox.west)..=grid.column(bbox.east);
    (grid.column(bbox.south)..=grid.column(bbox.north)).flat_map(move |y| columns.clone().map(move |x| (x, y)))
}

/// Spreads the bits of a cell key. Keys are made from checked coordinates, so a stronger hash would guard nothing that
/// drawing many zones on one spot does not reach anyway.
#[derive(Debug, Clone, Copy, Default)]
struct CellHasher(u64);

impl Hasher for CellHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ mixed >> 32;
    }
}
