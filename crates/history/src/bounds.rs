//! Where rows lie: rectangles in the units of rows, 1e-7 degrees.

use tracklane_core::bounds::BoundingBox;

use crate::row::Row;

/// A rectangle that does not cross the antimeridian. Edges belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub south: i32,
    pub west: i32,
    pub north: i32,
    pub east: i32,
}

impl Bounds {
    /// Holds nothing, until something is added.
    pub(crate) const NOTHING: Self = Self { south: i32::MAX, west: i32::MAX, north: i32::MIN, east: i32::MIN };
    /// Holds everything: where it is not known what there is.
    pub(crate) const EVERYTHING: Self = Self { south: i32::MIN, west: i32::MIN, north: i32::MAX, east: i32::MAX };

    pub(crate) fn of(rows: &[Row]) -> Self {
        let mut bounds = Self::NOTHING;
        rows.iter().for_each(|row| bounds.add(row));
        bounds
    }

    pub(crate) fn add(&mut self, row: &Row) {
        self.south = self.south.min(row.lat);
        self.west = self.west.min(row.lon);
        self.north = self.north.max(row.lat);
        self.east = self.east.max(row.lon);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.south = self.south.min(other.south);
        self.west = self.west.min(other.west);
        self.north = self.north.max(other.north);
        self.east = self.east.max(other.east);
    }

    fn overlaps(&self, other: &Self) -> bool {
        let lat = self.south <= other.north && other.south <= self.north;
        lat && self.west <= other.east && other.west <= self.east
    }
}

/// An area that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    exact: BoundingBox,
    /// Two of them when it crosses the antimeridian; a little too large rather than too small.
    parts: [Bounds; 2],
}

impl Area {
    pub(crate) fn new(exact: BoundingBox) -> Self {
        // `as` saturates.
        let [south, west] = [exact.south, exact.west].map(|edge| (edge * 1e7).floor() as i32);
        let [north, east] = [exact.north, exact.east].map(|edge| (edge * 1e7).ceil() as i32);
        let whole = Bounds { south, west, north, east };
        let parts = if exact.west <= exact.east {
            [whole, Bounds::NOTHING]
        } else {
            [Bounds { east: i32::MAX, ..whole }, Bounds { west: i32::MIN, ..whole }]
        };
        Self { exact, parts }
    }

    /// Whether something in these bounds could lie in the area.
    pub(crate) fn touches(&self, bounds: &Bounds) -> bool {
        self.parts.iter().any(|part| part.overlaps(bounds))
    }

    /// Whether the position of a row lies in the area or on its edge.
    pub(crate) fn contains(&self, row: &Row) -> bool {
        self.exact.contains(row.point())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(west: f64, south: f64, east: f64, north: f64) -> Area {
        Area::new(BoundingBox { west, south, east, north })
    }

    fn at(lat: f64, lon: f64) -> Bounds {
        let [lat, lon] = [lat, lon].map(|degrees| (degrees * 1e7) as i32);
        Bounds { south: lat, west: lon, north: lat, east: lon }
    }

    #[test]
    fn areas_touch_what_could_lie_in_them() {
        let porto = area(-8.7, 41.1, -8.5, 41.2);
        assert!(porto.touches(&at(41.15, -8.6)));
        assert!(porto.touches(&at(41.1, -8.7)), "its corner");
        assert!(!porto.touches(&at(41.0, -8.6)));
        assert!(!porto.touches(&at(41.15, -8.4)));
        assert!(porto.touches(&Bounds { south: 0, west: -900_000_000, north: 900_000_000, east: 0 }));
        assert!(porto.touches(&Bounds::EVERYTHING));
        assert!(!porto.touches(&Bounds::NOTHING));
        let pacific = area(170.0, -10.0, -170.0, 10.0);
        assert!(pacific.touches(&at(0.0, 175.0)));
        assert!(pacific.touches(&at(0.0, -175.0)));
        assert!(!pacific.touches(&at(0.0, 0.0)));
    }
}
