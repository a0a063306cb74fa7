//! What is tracked: facts in, status out.

mod inputs;
mod service;
mod views;

pub use inputs::{
    NewCancellation, NewCorrection, NewFact, NewFactKind, NewLeg, NewLink, NewPackage, NewRetraction, NewReturn,
    NewShipment, ShipmentEdit,
};
pub use service::Shipments;
pub use tracklane_store::shipments::ShipmentFilter;
pub use views::{EventView, PublicView, ShipmentDetail};
