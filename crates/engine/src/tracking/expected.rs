//! How shipments will stand once everything that is on its way into the store is recorded: what the next position proves
//! depends on that, not on what the store says yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::Status;

/// How a shipment will stand: its status, and the sub-status if a milestone set it.
pub(super) type Standing = (Status, Option<&'static str>);

/// The shipments that something on its way moves, with the number of the run over positions that moved it last.
#[derive(Debug, Default)]
pub(super) struct Expected {
    runs: AtomicU64,
    moved: Mutex<HashMap<ShipmentId, (Standing, u64)>>,
}

impl Expected {
    /// The number of a new run.
    pub fn next_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    /// How a shipment will stand; none when nothing on its way moves it.
    pub fn of(&self, shipment: ShipmentId) -> Option<Standing> {
        self.moved.lock().get(&shipment).map(|(standing, _)| *standing)
    }

    /// A run moves a shipment.
    pub fn set(&self, shipment: ShipmentId, standing: Standing, run: u64) {
        self.moved.lock().insert(shipment, (standing, run));
    }

    /// What a run moved is recorded, and remembered, or never will be.
    pub fn settle(&self, run: u64) {
        self.moved.lock().retain(|_, (_, last)| *last != run);
    }
}
