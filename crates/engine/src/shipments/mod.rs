//! What is tracked: facts in, status out.
//!
//! Every write opens the shipment under its lock (`open`), states facts, and closes. The fold decides the status; the
//! legs follow it (`route`); the event log is told in the same transaction (`log`). What each role sees of it stands in
//! `seen`.

mod assign;
mod create;
mod edit;
mod facts;
mod inputs;
mod kept;
mod links;
mod log;
mod milestones;
pub(crate) mod open;
mod opened;
mod read;
pub(crate) mod route;
pub(crate) mod seen;
mod service;
mod views;

pub use inputs::{
    NewCancellation, NewCorrection, NewFact, NewFactKind, NewLeg, NewLink, NewPackage, NewRetraction, NewReturn,
    NewShipment, ShipmentEdit,
};
pub use kept::DetailText;
pub(crate) use milestones::{Moved, Proof};
pub use service::Shipments;
pub use tracklane_store::shipments::ShipmentFilter;
pub use views::{EventView, PublicView, ShipmentChange, ShipmentDetail};
