//! The service itself, and what all its calls share: opening and closing.

use std::sync::Arc;

use tracklane_core::id::ShipmentId;
use tracklane_core::model::Caller;
use tracklane_store::{Db, Tx};

use super::ShipmentChange;
use super::kept::Kept;
use super::open::Open;
use super::opened::Opened;
use super::seen::must_see;
use crate::base::Base;
use crate::error::{Error, Result};

/// Shipments. Cheap to clone.
#[derive(Clone)]
pub struct Shipments {
    pub(super) base: Arc<Base>,
    pub(super) kept: Arc<Kept>,
    pub(super) opened: Arc<Opened>,
}

impl Shipments {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self { base, kept: Arc::default(), opened: Arc::default() }
    }

    /// Does a command's work with the store, where that costs least.
    pub(super) async fn at_store<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(Self, Caller) -> F,
    ) -> Result<T> {
        // Boxed where it is made: it is large, and handed on several times.
        self.base.at_store(Box::pin(work(self.clone(), caller.clone()))).await
    }

    /// Opens a shipment of the handle's tenant; none when there is no such shipment.
    pub(super) async fn lock(&self, db: &mut Db, id: ShipmentId) -> Result<Option<Open>> {
        match self.opened.take(db, id) {
            Some(open) => Ok(Some(open)),
            None => Open::lock(db, id).await,
        }
    }

    /// Opens a shipment for a caller who must be able to see it.
    pub(super) async fn open(&self, db: &mut Db, caller: &Caller, id: ShipmentId) -> Result<Open> {
        let open = self.lock(db, id).await?.ok_or(Error::NotFound)?;
        must_see(caller, &open.shipment, &open.legs)?;
        Ok(open)
    }

    /// Commits, and tells the pipeline what it must watch for from now on.
    pub(super) async fn close(&self, tx: Tx, open: &mut Open) -> Result<()> {
        self.commit(tx, open).await.map(drop)
    }

    /// As [`Shipments::close`]. Answers what was made of the shipment, and keeps it for the next command.
    pub(super) async fn settle(&self, tx: Tx, mut open: Open, caller: &Caller) -> Result<ShipmentChange> {
        let seen = self.commit(tx, &mut open).await?;
        let change = open.take_change(caller);
        if let Some(then) = seen {
            self.opened.put(open, then);
        }
        Ok(change)
    }

    async fn commit(&self, mut tx: Tx, open: &mut Open) -> Result<Option<u64>> {
        open.read_ends(&mut tx).await?;
        let seen = tx.commit_seen().await?;
        open.remember(&self.base);
        Ok(seen)
    }
}
