//! What a subscriber wants to hear.

use tracklane_core::Invalid;
use tracklane_core::id::{DriverId, ShipmentId, ZoneId};
use tracklane_core::position::Point;

/// A part of the map. When `west` is greater than `east` it crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// Western edge, degrees, -180 to 180.
    pub west: f64,
    /// Southern edge, degrees, -90 to 90.
    pub south: f64,
    /// Eastern edge, degrees, -180 to 180.
    pub east: f64,
    /// Northern edge, degrees, -90 to 90.
    pub north: f64,
}

impl Viewport {
    /// True when `point` lies inside or on the edge.
    pub fn contains(self, point: Point) -> bool {
        let _ = point;
        todo!()
    }
}

/// What a subscriber wants to hear: whatever is about one of the named things. Nothing named and not `all` means nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// These shipments: their events, and the positions of their driver while a fleet leg is active.
    pub shipments: Vec<ShipmentId>,
    /// These drivers: their events and positions.
    pub drivers: Vec<DriverId>,
    /// These zones: their events.
    pub zones: Vec<ZoneId>,
    /// Positions inside this part of the map.
    pub viewport: Option<Viewport>,
    /// Everything of the tenant that the caller may see.
    pub all: bool,
    /// Of the events only these types: exact names, their aliases, or a prefix with `.*`; empty means all. `location.updated`
    /// stands for positions.
    pub events: Vec<String>,
}

impl Filter {
    /// Checks ranges, event types, and that no list has more than 1,000 entries.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        todo!()
    }
}
