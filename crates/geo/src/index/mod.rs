//! Which zones may contain a point, at a cost that does not grow with the number of zones.
//!
//! The map is divided into cells on several levels, each level quartering the cells of the one before in each direction. A
//! zone goes to the level on which it covers few cells, so a country fills no more cells than a doorstep. A cell that lies
//! wholly inside a zone says so, which answers most questions about large zones without looking at their edges; of the
//! others it knows the box, so that most zones that are merely near are never looked at. One zone is put in, replaced or
//! taken out without touching the others.
//!
//! - [`cover`]: the cells of a shape; [`cells`]: what covers each cell, kept so that one question reads little memory.

mod cells;
mod cover;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::Arc;

use smallvec::SmallVec;
use tracklane_core::position::Point;

use self::cells::{Cells, Entry};
use self::cover::{Cover, Grid, LEVELS, Spot};
use crate::shape::Shape;

/// How many parts cells and keys are kept in. A part that grows is made anew: with a million zones that takes some milliseconds.
const PARTS: usize = 64;

/// Zones by place. `K` is the key of a zone.
#[derive(Debug, Clone)]
pub struct ZoneIndex<K> {
    zones: Vec<Option<Zone<K>>>,
    free: Vec<u32>,
    slots: Slots<K>,
    cells: Cells,
    /// How many zones live on each level.
    population: [u32; LEVELS],
    /// A bit for each level on which a zone lives, so that a question skips the others.
    populated: u32,
}

#[derive(Debug, Clone)]
struct Zone<K> {
    key: K,
    shape: Arc<Shape>,
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
            cells: Cells::new(),
            population: [0; LEVELS],
            populated: 0,
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
        self.populated |= 1 << cover.level;
        for part in cover.parts {
            self.cells.put(part.cell, Entry::new(slot, &part));
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
        if self.population[cover.level] == 0 {
            self.populated &= !(1 << cover.level);
        }
        for part in cover.parts {
            self.cells.take_out(part.cell, slot);
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

    /// Every zone that may contain `point`, each once; all that do are among them.
    pub fn candidates(&self, point: Point) -> impl Iterator<Item = Candidate<'_, K>> {
        let spot = Spot::of(point);
        self.levels().flat_map(move |grid| self.found_in(grid, spot))
    }

    /// The levels on which zones live.
    fn levels(&self) -> impl Iterator<Item = Grid> {
        let mut left = self.populated;
        std::iter::from_fn(move || {
            let level = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (level < u32::BITS).then_some(Grid(level as usize))
        })
    }

    fn found_in(&self, grid: Grid, spot: Spot) -> impl Iterator<Item = Candidate<'_, K>> {
        let (cell, place) = grid.place(spot);
        self.cells.at(cell).iter().filter(move |entry| entry.may_hold(place)).filter_map(|entry| {
            let zone = self.zones[entry.slot() as usize].as_ref()?;
            Some(Candidate { key: zone.key, shape: &zone.shape, certain: entry.is_certain() })
        })
    }

    /// Every zone that the way from `from` to `to`, straight on the map, may lead through, each once. Meant for the way between
    /// two fixes: of one that is longer than some thousand of the smallest zones, only the beginning is looked at.
    pub fn along(&self, from: Point, to: Point) -> Vec<Candidate<'_, K>> {
        let mut slots: SmallVec<[u32; 16]> = SmallVec::new();
        for grid in self.levels() {
            for cell in grid.cells_along(from, to) {
                slots.extend(self.cells.at(cell).iter().map(|entry| entry.slot()));
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
