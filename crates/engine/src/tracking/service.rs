//! The calls.

use std::sync::Arc;

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::{Caller, DeviceLatest};
use tracklane_core::ports::PositionHistory;
use tracklane_core::position::Position;

use super::{Incoming, KnownDevice, LatestFilter, RowOutcome, Stats};
use crate::base::Base;
use crate::error::Result;
use crate::live::Live;
use crate::shipments::Shipments;

/// The position pipeline. Cheap to clone.
#[derive(Clone)]
pub struct Tracking {
    base: Arc<Base>,
    stats: Arc<Stats>,
}

impl Tracking {
    pub(crate) async fn start(
        base: Arc<Base>,
        history: Arc<dyn PositionHistory>,
        shipments: Shipments,
        live: Live,
    ) -> Result<Self> {
        todo!()
    }

    /// Takes positions; resolves when they are durable. The answer has one outcome for each row, in the same order.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden) for roles that send none,
    /// [`Error::Overloaded`](crate::Error::Overloaded) when a queue is full (some rows may have been kept: send all again),
    /// [`Error::Full`](crate::Error::Full) when no space is left, [`Error::Unavailable`](crate::Error::Unavailable).
    pub async fn submit(&self, caller: &Caller, rows: Vec<Incoming>) -> Result<Vec<RowOutcome>> {
        todo!()
    }

    /// Takes one position; resolves when it is durable.
    ///
    /// # Errors
    /// Those of [`Tracking::submit`].
    pub async fn submit_one(&self, caller: &Caller, row: Incoming) -> Result<RowOutcome> {
        todo!()
    }

    /// The newest positions of the tenant's devices, by device id. Drivers and devices see their own.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden) for customers.
    pub fn latest(&self, caller: &Caller, filter: &LatestFilter) -> Result<Vec<DeviceLatest>> {
        todo!()
    }

    /// The newest position of a driver: that of the device heard last.
    pub fn latest_of_driver(&self, caller: &Caller, driver: DriverId) -> Option<DeviceLatest> {
        todo!()
    }

    /// Positions of a device by fix time, oldest first: from `from` up to but not including `to`, at most `limit`.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a device that the caller may not see.
    pub async fn history(
        &self,
        caller: &Caller,
        device: DeviceId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Position>> {
        todo!()
    }

    /// The device that names itself so, whatever its tenant: for protocols that carry no tenant.
    pub fn resolve_identifier_any_tenant(&self, identifier: &str) -> Option<Arc<KnownDevice>> {
        self.base.memory.devices.by_identifier(identifier)
    }

    /// What the pipeline counts.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether positions can be taken now; the text says what is wrong.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn health(&self) -> Result<(), String> {
        todo!()
    }

    pub(crate) async fn shutdown(&self) {
        todo!()
    }
}
