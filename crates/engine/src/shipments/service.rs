//! The service itself, and what all its calls share: opening and closing.

use std::sync::Arc;

use tracklane_core::id::ShipmentId;
use tracklane_core::model::Caller;
use tracklane_store::{Db, Tx};

use super::kept::Kept;
use super::open::Open;
use super::seen::must_see;
use crate::base::Base;
use crate::error::{Error, Result};

/// Shipments. Cheap to clone.
#[derive(Clone)]
pub struct Shipments {
    pub(super) base: Arc<Base>,
    pub(super) kept: Arc<Kept>,
}

impl Shipments {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self { base, kept: Arc::default() }
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
