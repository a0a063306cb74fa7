//! Whose a shipment is: what the narrow roles may hear of.

use std::collections::HashMap;
use std::sync::Arc;

use tracklane_core::event::{Event, EventKind};
use tracklane_core::id::ShipmentId;
use tracklane_core::model::{Caller, Role};
use tracklane_store::{legs, shipments};

use crate::base::Base;
use crate::error::Result;
use crate::shipments::must_see;

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
    known: HashMap<ShipmentId, bool>,
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
        event.shipment_id.map_or(Sees::No, |id| self.shipment(id))
    }

    /// Whether the caller may hear of a position that was sent on the way of these shipments. What the driver's and the
    /// wide roles see was decided before.
    pub fn position(&self, shipments: &[ShipmentId]) -> Sees {
        if self.caller.role != Role::Customer {
            return Sees::Yes;
        }
        let views = shipments.iter().map(|id| self.shipment(*id)).filter(|sees| *sees != Sees::No);
        // A plain yes saves a look.
        views.reduce(|one, other| if one == Sees::Yes { one } else { other }).unwrap_or(Sees::No)
    }

    /// True for an event after which a shipment may be somebody else's.
    pub fn is_moved_by(&self, event: &Event) -> bool {
        let moving = [EventKind::ShipmentUpdated, EventKind::DriverAssigned, EventKind::DriverUnassigned];
        !self.is_wide() && moving.contains(&event.kind)
    }

    /// Forgets whose a shipment is.
    pub fn forget(&mut self, id: ShipmentId) {
        self.known.remove(&id);
    }

    /// Takes in whether a shipment is the caller's.
    pub fn learn(&mut self, id: ShipmentId, sees: bool) {
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(id, sees);
    }

    fn shipment(&self, id: ShipmentId) -> Sees {
        match self.known.get(&id) {
            Some(true) => Sees::Yes,
            Some(false) => Sees::No,
            None => Sees::Depends(id),
        }
    }

    /// True when the caller sees all of the tenant.
    fn is_wide(&self) -> bool {
        matches!(self.caller.role, Role::Admin | Role::Operator | Role::Viewer)
    }
}

/// Whether this caller may see this shipment.
pub(super) async fn look_up(base: Arc<Base>, caller: Caller, id: ShipmentId) -> Result<bool> {
    let mut db = base.read(&caller).await?;
    let Some(shipment) = shipments::get(&mut db, id).await? else { return Ok(false) };
    let legs = legs::list_of_shipment(&mut db, id).await?;
    Ok(must_see(&caller, &shipment, &legs).is_ok())
}
