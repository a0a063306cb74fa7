//! Which zones may contain a point.

use std::hash::Hash;
use std::sync::Arc;

use tracklane_core::position::Point;

use crate::shape::Shape;

/// Zones by place. `K` is the key of a zone.
#[derive(Debug, Clone)]
pub struct ZoneIndex<K> {
    _todo: Vec<K>,
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

impl<K: Copy + Eq + Hash> ZoneIndex<K> {
    /// An index without zones.
    pub fn new() -> Self {
        todo!()
    }

    /// Puts a zone in, in place of the one with the same key, which is returned.
    pub fn insert(&mut self, _key: K, _shape: Arc<Shape>) -> Option<Arc<Shape>> {
        todo!()
    }

    /// Takes a zone out and returns its shape.
    pub fn remove(&mut self, _key: K) -> Option<Arc<Shape>> {
        todo!()
    }

    /// The shape of a zone.
    pub fn get(&self, _key: K) -> Option<&Arc<Shape>> {
        todo!()
    }

    /// How many zones it holds.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// True when it holds no zone.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every zone that may contain `point`, each once; all that do are among them.
    pub fn candidates(&self, _point: Point) -> impl Iterator<Item = Candidate<'_, K>> {
        std::iter::empty()
    }

    /// Every zone that contains `point`, each once.
    pub fn containing(&self, _point: Point) -> impl Iterator<Item = K> {
        std::iter::empty()
    }
}
