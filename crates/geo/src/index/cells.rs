//! What covers each cell. Cells lie in tiles of 16 by 16, so that whoever moves reads the same memory again: a tile says in
//! one line of a cache which of its cells are covered, and all that covers them stands in one place.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use smallvec::SmallVec;

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
    fn number(self) -> usize {
        ((self.y & SIDE) << TILE | (self.x & SIDE)) as usize
    }
}

/// A zone in a cell: its number and, in the lowest bit, whether the cell lies wholly inside it; and the box around what
/// lies in the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    zone: u32,
    low: Place,
    high: Place,
}

impl Entry {
    pub fn new(slot: u32, part: &Part) -> Self {
        Self { zone: slot << 1 | u32::from(part.certain), low: part.low, high: part.high }
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

type Entries = SmallVec<[Entry; 4]>;

/// A square of cells.
#[derive(Debug, Clone, Default)]
struct Tile {
    /// A bit for each cell that something covers.
    covered: [u64; WORDS],
    /// How many covered cells come before each word.
    before: [u8; WORDS],
    /// What covers them, cell by cell.
    entries: Vec<Entries>,
}

impl Tile {
    /// Where the entries of a cell are, or would be.
    fn index(&self, number: usize) -> Result<usize, usize> {
        let (word, bit) = (self.covered[number / WORD], 1 << (number % WORD));
        let index = usize::from(self.before[number / WORD]) + (word & (bit - 1)).count_ones() as usize;
        if word & bit != 0 { Ok(index) } else { Err(index) }
    }

    fn mark(&mut self, number: usize) {
        self.covered[number / WORD] ^= 1 << (number % WORD);
        let mut sum = 0;
        for (before, word) in self.before.iter_mut().zip(&self.covered) {
            *before = sum;
            // All 256 of them are never before a word.
            sum = sum.wrapping_add(word.count_ones() as u8);
        }
    }
}

type Tiles = HashMap<u64, Box<Tile>, BuildHasherDefault<TileHasher>>;

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
        Self(Box::new(std::array::from_fn(|_| HashMap::default())))
    }

    /// Puts an entry into a cell.
    pub fn put(&mut self, cell: Cell, entry: Entry) {
        let tile = self.0[part(cell.tile())].entry(cell.tile()).or_default();
        match tile.index(cell.number()) {
            Ok(index) => tile.entries[index].push(entry),
            Err(index) => {
                tile.entries.insert(index, SmallVec::from_slice(&[entry]));
                tile.mark(cell.number());
            }
        }
    }

    /// Takes the entry of a zone out of a cell.
    pub fn take_out(&mut self, cell: Cell, slot: u32) {
        let tiles = &mut self.0[part(cell.tile())];
        let Some(tile) = tiles.get_mut(&cell.tile()) else { return };
        let Ok(index) = tile.index(cell.number()) else { return };
        tile.entries[index].retain(|entry| entry.slot() != slot);
        if tile.entries[index].is_empty() {
            tile.entries.remove(index);
            tile.mark(cell.number());
        }
        if tile.entries.is_empty() {
            tiles.remove(&cell.tile());
        }
    }

    /// What covers a cell.
    pub fn at(&self, cell: Cell) -> &[Entry] {
        let Some(tile) = self.0[part(cell.tile())].get(&cell.tile()) else { return &[] };
        tile.index(cell.number()).map_or(&[], |index| &tile.entries[index])
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

    fn entry(slot: u32) -> Entry {
        let (low, high) = (Place { x: 0, y: 0 }, Place { x: 255, y: 255 });
        Entry { zone: slot << 1, low, high }
    }

    #[test]
    fn a_tile_may_be_covered_wholly_and_not_at_all() {
        let mut cells = Cells::new();
        let all: Vec<Cell> = (0..16).flat_map(|y| (16..32).map(move |x| Cell { level: 9, x, y })).collect();
        for (slot, cell) in (0..).zip(&all) {
            cells.put(*cell, entry(slot));
            cells.put(*cell, entry(1_000));
        }
        for (slot, cell) in (0..).zip(&all) {
            assert_eq!(cells.at(*cell), [entry(slot), entry(1_000)]);
            assert_eq!(cells.at(Cell { x: cell.x + 16, ..*cell }), []);
            assert_eq!(cells.at(Cell { level: 8, ..*cell }), []);
        }
        for (slot, cell) in (0..).zip(&all) {
            cells.take_out(*cell, 1_000);
            assert_eq!(cells.at(*cell), [entry(slot)]);
            cells.take_out(*cell, slot);
            assert_eq!(cells.at(*cell), []);
        }
        assert!(cells.0.iter().all(HashMap::is_empty));
    }
}
