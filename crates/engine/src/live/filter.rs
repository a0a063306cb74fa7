//! What a subscriber wants to hear.

use std::collections::HashSet;

use tracklane_core::Invalid;
use tracklane_core::event::{Event, EventKind, LOCATION_UPDATED};
use tracklane_core::id::{DriverId, ShipmentId, ZoneId};
use tracklane_core::position::Point;

/// How many entries a list of a filter may have.
const MOST: usize = 1_000;

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
        let (after_west, before_east) = (point.lon >= self.west, point.lon <= self.east);
        let across = if self.west <= self.east { after_west && before_east } else { after_west || before_east };
        across && (self.south..=self.north).contains(&point.lat)
    }

    fn check(self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let longitude = |value: f64| (-180.0..=180.0).contains(&value);
        let latitude = |value: f64| (-90.0..=90.0).contains(&value);
        invalid.require(longitude(self.west), "/0", "must be a longitude from -180 to 180");
        invalid.require(latitude(self.south), "/1", "must be a latitude from -90 to 90");
        invalid.require(longitude(self.east), "/2", "must be a longitude from -180 to 180");
        invalid.require(latitude(self.north), "/3", "must be a latitude from -90 to 90");
        invalid.require(self.south <= self.north, "/3", "must not lie south of the southern edge");
        invalid.into_result()
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
    /// Positions inside this part of the map, and the first one outside of each device that leaves it.
    pub viewport: Option<Viewport>,
    /// Everything of the tenant that the caller may see.
    pub all: bool,
    /// Only these types: exact names, their aliases, or a prefix with `.*`; empty means all. `location.updated` stands for
    /// positions.
    pub events: Vec<String>,
}

impl Filter {
    /// Everything that the caller may see.
    pub fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Checks ranges, event types, and that no list has more than 1,000 entries.
    ///
    /// # Errors
    /// Names each field that breaks its rule, with the field names of the API.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        let lists = [
            ("/shipments", self.shipments.len()),
            ("/drivers", self.drivers.len()),
            ("/zones", self.zones.len()),
            ("/events", self.events.len()),
        ];
        for (pointer, length) in lists {
            invalid.require(length <= MOST, pointer, format!("must have at most {MOST} entries"));
        }
        if let Some(Err(wrong)) = self.viewport.map(Viewport::check) {
            invalid.nest("/viewport", wrong);
        }
        for (index, filter) in self.events.iter().enumerate().take(MOST) {
            let known = names_positions(filter) || EventKind::ALL.iter().any(|kind| kind.matches(filter));
            if !known {
                let names: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
                let rule =
                    format!("must be one of {}, {LOCATION_UPDATED}, or a group such as shipment.*", names.join(", "));
                invalid.add(&format!("/events/{index}"), rule);
            }
        }
        invalid.into_result()
    }
}

fn names_positions(filter: &str) -> bool {
    filter == LOCATION_UPDATED || filter == "location.*"
}

/// A filter made ready for being asked often.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    pub shipments: HashSet<ShipmentId>,
    pub drivers: HashSet<DriverId>,
    pub zones: HashSet<ZoneId>,
    viewport: Option<Viewport>,
    all: bool,
    /// The wanted types; none means all.
    kinds: Option<HashSet<EventKind>>,
    positions: bool,
}

impl From<Filter> for Sieve {
    fn from(filter: Filter) -> Self {
        let Filter { shipments, drivers, zones, viewport, all, events } = filter;
        let wanted = |kind: &EventKind| events.iter().any(|filter| kind.matches(filter));
        let kinds = (!events.is_empty()).then(|| EventKind::ALL.iter().copied().filter(wanted).collect());
        Self {
            shipments: shipments.into_iter().collect(),
            drivers: drivers.into_iter().collect(),
            zones: zones.into_iter().collect(),
            viewport,
            all,
            positions: events.is_empty() || events.iter().any(|filter| names_positions(filter)),
            kinds,
        }
    }
}

impl Sieve {
    /// True when nothing need be named to be wanted.
    pub fn is_wide(&self) -> bool {
        self.all
    }

    /// True when any position may be wanted, whoever it is of.
    pub fn looks_at_every_position(&self) -> bool {
        self.positions && (self.all || self.viewport.is_some())
    }

    /// True when the subscriber wants this event.
    pub fn wants_event(&self, event: &Event) -> bool {
        if self.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&event.kind)) {
            return false;
        }
        self.all
            || event.shipment_id.is_some_and(|id| self.shipments.contains(&id))
            || event.driver_id.is_some_and(|id| self.drivers.contains(&id))
            || event.zone_id.is_some_and(|id| self.zones.contains(&id))
    }

    /// Why the subscriber wants the position of this driver, who carries these shipments.
    pub fn wants_position(&self, driver: Option<DriverId>, shipments: &[ShipmentId], point: Point) -> Interest {
        if !self.positions {
            return Interest::None;
        }
        let named = self.all
            || driver.is_some_and(|id| self.drivers.contains(&id))
            || (!self.shipments.is_empty() && shipments.iter().any(|id| self.shipments.contains(id)));
        match self.viewport {
            _ if named => Interest::Named,
            Some(viewport) if viewport.contains(point) => Interest::Inside,
            Some(_) => Interest::Outside,
            None => Interest::None,
        }
    }
}

/// Why a position is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// It is of something that was named.
    Named,
    /// It lies in the viewport.
    Inside,
    /// It lies outside of the viewport: wanted once, when the device was inside before.
    Outside,
    /// It is not wanted.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64, lon: f64) -> Point {
        Point { lat, lon }
    }

    #[test]
    fn viewports_cross_the_antimeridian() {
        let fiji = Viewport { west: 175.0, south: -20.0, east: -175.0, north: -10.0 };
        for (inside, at) in
            [(true, (-15.0, 179.0)), (true, (-15.0, -179.0)), (true, (-10.0, 175.0)), (false, (-15.0, 0.0))]
        {
            assert_eq!(fiji.contains(point(at.0, at.1)), inside, "{at:?}");
        }
        let porto = Viewport { west: -9.0, south: 41.0, east: -8.0, north: 42.0 };
        assert!(
            porto.contains(point(41.1, -8.6))
                && !porto.contains(point(41.1, -9.1))
                && !porto.contains(point(40.9, -8.6))
        );
    }

    #[test]
    fn filters_are_checked_field_by_field() {
        let bad = Filter {
            viewport: Some(Viewport { west: -200.0, south: 10.0, east: f64::NAN, north: 5.0 }),
            events: vec!["shipment.*".to_owned(), "shipments.created".to_owned()],
            ..Filter::default()
        };
        let pointers: Vec<_> = bad.check().unwrap_err().0.into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["#/viewport/0", "#/viewport/2", "#/viewport/3", "#/events/1"]);
        let good = ["status.changed", "location.updated", "location.*", "zone.*", "delivery.created"];
        let good = Filter { events: good.map(str::to_owned).to_vec(), ..Filter::everything() };
        assert_eq!(good.check(), Ok(()));
    }
}
