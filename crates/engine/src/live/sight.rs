//! Whose a shipment is: what the narrow roles may hear of.

use std::collections::HashMap;
use std::sync::Arc;

use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::{DriverId, ShipmentId};
use tracklane_core::model::{Caller, DeviceLatest, Role};
use tracklane_store::{legs, shipments};

use crate::base::Base;
use crate::error::Result;
use crate::shipments::seen::{carrying_driver, must_see};

/// How many answers are remembered.
const MOST: usize = 10_000;

/// Whether a caller may hear of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    /// They may.
    Yes,
    /// They may not.
    No,
    /// That hangs on whose this shipment is: see [`look_up`], then [`Sight::learn`], then ask again.
    Depends(ShipmentId),
}

/// What a caller may hear of.
pub(super) struct Sight {
    caller: Caller,
    known: HashMap<ShipmentId, Known>,
}

/// What a caller may hear of a shipment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// Its events.
    sees: bool,
    /// Who has it now, so that their place is its place.
    carried_by: Option<DriverId>,
}

impl Sight {
    /// What this caller may hear of.
    pub fn new(caller: Caller) -> Self {
        Self { caller, known: HashMap::new() }
    }

    /// Whether the caller may hear of this event of their tenant.
    pub fn event(&self, event: &Event) -> Sees {
        if self.is_wide() {
            return Sees::Yes;
        }
        if self.caller.role == Role::Driver && event.driver_id.is_some() && event.driver_id == self.caller.driver_id {
            return Sees::Yes;
        }
        event.shipment_id.map_or(Sees::No, |id| self.shipment(id, |known| known.sees))
    }

    /// Whether the caller may hear of a position that was sent on the way of these shipments. What the driver's and the
    /// wide roles see was decided before. Customers hear where their goods are, not where the driver was before.
    pub fn position(&self, latest: &DeviceLatest, shipments: &[ShipmentId]) -> Sees {
        if self.caller.role != Role::Customer {
            return Sees::Yes;
        }
        let has_it = |known: &Known| known.sees && known.carried_by.is_some() && known.carried_by == latest.driver_id;
        let views = shipments.iter().map(|id| self.shipment(*id, has_it)).filter(|sees| *sees != Sees::No);
        // A plain yes saves a look.
        views.reduce(|one, other| if one == Sees::Yes { one } else { other }).unwrap_or(Sees::No)
    }

    /// True for an event after which a shipment may be somebody else's, or be with somebody else.
    pub fn is_moved_by(&self, event: &Event) -> bool {
        use EventKind::{DriverAssigned, DriverUnassigned, ShipmentUpdated, StatusChanged};
        let moving = [ShipmentUpdated, DriverAssigned, DriverUnassigned, StatusChanged];
        !self.is_wide() && moving.contains(&event.kind)
    }

    /// Forgets whose a shipment is.
    pub fn forget(&mut self, id: ShipmentId) {
        self.known.remove(&id);
    }

    /// Takes in what the caller may hear of a shipment.
    pub fn learn(&mut self, id: ShipmentId, known: Known) {
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(id, known);
    }

    fn shipment(&self, id: ShipmentId, may: impl Fn(&Known) -> bool) -> Sees {
        match self.known.get(&id) {
            Some(known) if may(known) => Sees::Yes,
            Some(_) => Sees::No,
            None => Sees::Depends(id),
        }
    }

    /// True when the caller sees all of the tenant.
    fn is_wide(&self) -> bool {
        matches!(self.caller.role, Role::Admin | Role::Operator | Role::Viewer)
    }
}

/// What this caller may hear of this shipment.
pub(super) async fn look_up(base: Arc<Base>, caller: Caller, id: ShipmentId) -> Result<Known> {
    let mut db = base.read(&caller).await?;
    let Some(shipment) = shipments::get(&mut db, id).await? else { return Ok(Known::default()) };
    let legs = legs::list_of_shipment(&mut db, id).await?;
    let sees = must_see(&caller, &shipment, &legs).is_ok();
    Ok(Known { sees, carried_by: carrying_driver(&shipment, &legs) })
}
