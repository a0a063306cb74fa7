//! The service itself, and what all its calls share: who may see what, opening and closing.

use std::sync::Arc;

use tracklane_core::id::ShipmentId;
use tracklane_core::model::{Caller, Leg, Role, Shipment};
use tracklane_store::{Db, Tx};

use super::open::Open;
use crate::base::Base;
use crate::error::{Error, Result};

/// Shipments. Cheap to clone.
#[derive(Clone)]
pub struct Shipments {
    pub(super) base: Arc<Base>,
}

impl Shipments {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Opens a shipment for a caller who must be able to see it.
    pub(super) async fn open(&self, db: &mut Db, caller: &Caller, id: ShipmentId) -> Result<Open> {
        let open = Open::lock(db, id).await?.ok_or(Error::NotFound)?;
        must_see(caller, &open.shipment, &open.legs)?;
        Ok(open)
    }

    /// Commits, and tells the pipeline what it must watch for from now on.
    pub(super) async fn close(&self, mut tx: Tx, open: &Open) -> Result<()> {
        let ends = open.present_ends(&mut tx).await?;
        tx.commit().await?;
        open.remember(&self.base, &ends);
        Ok(())
    }
}

/// Refuses callers of narrow roles to whom the shipment does not belong, as if it did not exist.
pub(crate) fn must_see(caller: &Caller, shipment: &Shipment, legs: &[Leg]) -> Result<()> {
    let sees = match caller.role {
        Role::Admin | Role::Operator | Role::Viewer => true,
        Role::Driver => caller.driver_id.is_some_and(|own| carries(own, shipment, legs)),
        Role::Customer => {
            caller.customer_id.is_some_and(|own| [shipment.sender_id, shipment.recipient_id].contains(&Some(own)))
        }
        Role::Device => false,
    };
    if sees { Ok(()) } else { Err(Error::NotFound) }
}

fn carries(driver: tracklane_core::id::DriverId, shipment: &Shipment, legs: &[Leg]) -> bool {
    shipment.driver_id == Some(driver) || legs.iter().any(|leg| leg.driver_id == Some(driver))
}
