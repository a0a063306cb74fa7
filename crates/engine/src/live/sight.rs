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

/// What a caller may hear of.
pub(super) struct Sight {
    base: Arc<Base>,
    caller: Caller,
    known: HashMap<ShipmentId, bool>,
}

impl Sight {
    /// What this caller may hear of.
    pub fn new(base: Arc<Base>, caller: Caller) -> Self {
        Self { base, caller, known: HashMap::new() }
    }

    /// True when the caller may hear of this event of their tenant.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sees_event(&mut self, event: &Event) -> Result<bool> {
        if self.is_wide() {
            return Ok(true);
        }
        // These may change whose it is.
        let moved = [EventKind::ShipmentUpdated, EventKind::DriverAssigned, EventKind::DriverUnassigned];
        if let Some(id) = event.shipment_id.filter(|_| moved.contains(&event.kind)) {
            self.known.remove(&id);
        }
        if self.caller.role == Role::Driver && event.driver_id.is_some() && event.driver_id == self.caller.driver_id {
            return Ok(true);
        }
        match event.shipment_id {
            Some(id) => self.sees_shipment(id).await,
            None => Ok(false),
        }
    }

    /// True when the caller may hear of this shipment.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn sees_shipment(&mut self, id: ShipmentId) -> Result<bool> {
        if self.is_wide() {
            return Ok(true);
        }
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let mut db = self.base.read(&self.caller).await?;
        let sees = match shipments::get(&mut db, id).await? {
            Some(shipment) => {
                let legs = legs::list_of_shipment(&mut db, id).await?;
                must_see(&self.caller, &shipment, &legs).is_ok()
            }
            None => false,
        };
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(id, sees);
        Ok(sees)
    }

    /// True when the caller may hear of a position that was sent on the way of these shipments. What the driver's and the
    /// wide roles see was decided before.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sees_position(&mut self, shipments: &[ShipmentId]) -> Result<bool> {
        if self.caller.role != Role::Customer {
            return Ok(true);
        }
        for id in shipments {
            if self.sees_shipment(*id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True when the caller sees all of the tenant.
    fn is_wide(&self) -> bool {
        matches!(self.caller.role, Role::Admin | Role::Operator | Role::Viewer)
    }
}
