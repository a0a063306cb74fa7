//! What covers each cell. Cells lie in tiles of 16 by 16, so that whoever moves reads the same memory again: a tile says in
//! one line of a cache which of its cells are covered, and all that covers them stands in one place.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::ops::Range;

use super::PARTS;
use super::cover::{Part, Place};

/// A tile has `2^TILE` cells in each direction.
const TILE: u32 = 4;
const SIDE: u32 = (1 << TILE) - 1;

/// Bits in a word of a tile's map.
const WORD: usize = u64::BITS as usize;
const WORDS: usize = 1 << (2 * TILE) as usize >> WORD.trailing_zeros();

/// A cell: its level, and its column and row there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub level: u8,
    pub x: u32,
    pub y: u32,
}

impl Cell {
    fn tile(self) -> u64 {
        u64::from(self.level) << 48 | u64::from(self.x >> TILE) << 24 | u64::from(self.y >> TILE)
    }

    /// Which one of its tile it is.
    fn number(self) -> u8 {
        ((self.y & SIDE) << TILE | (self.x & SIDE)) as u8
    }
}

/// A zone in a cell: its number and, in the lowest bit, whether the cell lies wholly inside it; and the box around what
/// lies in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    zone: u32,
    low: Place,
    high: Place,
    /// Which one of its tile the cell is.
    number: u8,
}

impl Entry {
    pub fn new(slot: u32, part: &Part) -> Self {
        Self { zone: slot << 1 | u32::from(part.certain), low: part.low, high: part.high, number: part.cell.number() }
    }

    pub fn slot(self) -> u32 {
        self.zone >> 1
    }

    pub fn is_certain(self) -> bool {
        self.zone & 1 == 1
    }

    /// False when the zone is nowhere near this place of the cell.
    pub fn may_hold(self, place: Place) -> bool {
        (self.low.x..=self.high.x).contains(&place.x) && (self.low.y..=self.high.y).contains(&place.y)
    }
}

/// A square of cells, in one line of a cache, where it is found: with very many zones nearly all that a question takes is to wait
/// for memory, once for each place that it looks at.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Tile {
    /// See [`Cell::tile`].
    key: u64,
    /// A bit for each cell that something covers.
    covered: [u64; WORDS],
    /// How many covered cells come before each word.
    before: [u8; WORDS],
    /// What covers them, cell by cell.
    entries: Box<[Entry]>,
}

impl Tile {
    fn new(key: u64) -> Self {
        Self { key, covered: [0; WORDS], before: [0; WORDS], entries: Box::default() }
    }

    /// How many covered cells come before one, and whether that is covered itself.
    fn index(&self, number: u8) -> (usize, bool) {
        let (word, bit) = (usize::from(number) / WORD, 1 << (usize::from(number) % WORD));
        let index = usize::from(self.before[word]) + (self.covered[word] & (bit - 1)).count_ones() as usize;
        (index, self.covered[word] & bit != 0)
    }

    /// Where the entries of a cell are, or would be. Mostly a cell has one, so that they stand little behind the place that they
    /// had if each one did.
    fn place(&self, number: u8) -> Range<usize> {
        let (index, covered) = self.index(number);
        let rest = &self.entries[index..];
        let start = if rest.first().is_some_and(|first| first.number >= number) {
            index
        } else {
            index + rest.partition_point(|entry| entry.number < number)
        };
        if !covered {
            return start..start;
        }
        let count = self.entries[start..].iter().take_while(|entry| entry.number == number).count();
        start..start + count
    }

    /// What covers a cell.
    fn at(&self, number: u8) -> &[Entry] {
        if self.index(number).1 { &self.entries[self.place(number)] } else { &[] }
    }

    fn put(&mut self, entry: Entry) {
        let place = self.place(entry.number);
        let mut entries = std::mem::take(&mut self.entries).into_vec();
        entries.insert(place.end, entry);
        self.entries = entries.into();
        if place.is_empty() {
            self.mark(entry.number);
        }
    }

    fn take_out(&mut self, number: u8, slot: u32) {
        let place = self.place(number);
        let mut entries = std::mem::take(&mut self.entries).into_vec();
        let out = entries[place.clone()].iter().position(|entry| entry.slot() == slot);
        if let Some(out) = out {
            entries.remove(place.start + out);
        }
        self.entries = entries.into();
        if out.is_some() && place.len() == 1 {
            self.mark(number);
        }
    }

    /// Notes that a cell is covered now, or is not any more.
    fn mark(&mut self, number: u8) {
        self.covered[usize::from(number) / WORD] ^= 1 << (usize::from(number) % WORD);
        let mut sum = 0;
        for (before, word) in self.before.iter_mut().zip(&self.covered) {
            *before = sum;
            // All 256 of them are never before a word.
            sum = sum.wrapping_add(word.count_ones() as u8);
        }
    }
}

impl PartialEq for Tile {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Tile {}

impl Hash for Tile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl Borrow<u64> for Tile {
    fn borrow(&self) -> &u64 {
        &self.key
    }
}

type Tiles = HashSet<Tile, BuildHasherDefault<TileHasher>>;

/// What covers each cell, in parts, so that none of them takes long to grow.
#[derive(Debug, Clone)]
pub(super) struct Cells(Box<[Tiles; PARTS]>);

/// Which part holds a tile.
fn part(tile: u64) -> usize {
    let (x, y) = (tile >> 24 & 0xff_ffff, tile & 0xff_ffff);
    ((x >> 1).wrapping_mul(31) ^ (y >> 1).wrapping_mul(17)) as usize % PARTS
}

impl Cells {
    /// Nothing covers anything.
    pub fn new() -> Self {
        Self(Box::new(std::array::from_fn(|_| HashSet::default())))
    }

    /// Puts an entry into a cell.
    pub fn put(&mut self, cell: Cell, entry: Entry) {
        let key = cell.tile();
        let tiles = &mut self.0[part(key)];
        let mut tile = tiles.take(&key).unwrap_or_else(|| Tile::new(key));
        tile.put(entry);
        tiles.insert(tile);
    }

    /// Takes the entry of a zone out of a cell.
    pub fn take_out(&mut self, cell: Cell, slot: u32) {
        let (key, number) = (cell.tile(), cell.number());
        let tiles = &mut self.0[part(key)];
        let Some(mut tile) = tiles.take(&key) else { return };
        tile.take_out(number, slot);
        if !tile.entries.is_empty() {
            tiles.insert(tile);
        }
    }

    /// What covers a cell.
    pub fn at(&self, cell: Cell) -> &[Entry] {
        let key = cell.tile();
        self.0[part(key)].get(&key).map_or(&[], |tile| tile.at(cell.number()))
    }
}

/// Spreads the bits of a tile's key. Keys are made from checked coordinates, so a stronger hash would guard nothing that
/// drawing many zones on one spot does not reach anyway.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TileHasher(u64);

impl Hasher for TileHasher {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: u32, cell: Cell) -> Entry {
        let (low, high) = (Place { x: 0, y: 0 }, Place { x: 255, y: 255 });
        Entry::new(slot, &Part { cell, certain: false, low, high })
    }

    fn slots(cells: &Cells, cell: Cell) -> Vec<u32> {
        cells.at(cell).iter().map(|entry| entry.slot()).collect()
    }

    #[test]
    fn a_tile_may_be_covered_wholly_and_not_at_all() {
        let mut cells = Cells::new();
        let all: Vec<Cell> = (0..16).flat_map(|y| (16..32).map(move |x| Cell { level: 9, x, y })).collect();
        for (slot, cell) in (0..).zip(&all) {
            cells.put(*cell, entry(slot, *cell));
            cells.put(*cell, entry(1_000, *cell));
            cells.put(*cell, entry(2_000, *cell));
        }
        for (slot, cell) in (0..).zip(&all) {
            assert_eq!(slots(&cells, *cell), [slot, 1_000, 2_000]);
            assert_eq!(slots(&cells, Cell { x: cell.x + 16, ..*cell }), [0; 0]);
            assert_eq!(slots(&cells, Cell { level: 8, ..*cell }), [0; 0]);
        }
        for (slot, cell) in (0..).zip(&all) {
            cells.take_out(*cell, 1_000);
            assert_eq!(slots(&cells, *cell), [slot, 2_000]);
            cells.take_out(*cell, slot);
            assert_eq!(slots(&cells, *cell), [2_000]);
            cells.take_out(*cell, slot);
            cells.take_out(*cell, 2_000);
            assert_eq!(slots(&cells, *cell), [0; 0]);
        }
        assert!(cells.0.iter().all(HashSet::is_empty));
        assert_eq!((size_of::<Tile>(), size_of::<Entry>()), (64, 12));
    }
}
