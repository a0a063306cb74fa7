//! Kinds of scans of Purolator, and wordings of the kind `Other`.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "ProofOfPickUp" "Picked up by Purolator" => PICKED_UP;
    "OnDelivery" "On vehicle for delivery" => OUT.sub("on_vehicle");
    "Delivery" "Shipment delivered" => DELIVERED;
    "Undeliverable" "Delivery attempted" => ATTEMPT;
    "Other" "Another scan" => UNKNOWN;
    "Other/Shipment created" "Shipment created" => INFO.sub("label_created");
    "Other/New tracking number assigned" "New tracking number assigned" => NOTE;
    "Other/Arrived at sort facility" "Arrived at sort facility" => TRANSIT.sub("arrived_facility");
    "Other/Departed sort facility" "Departed sort facility" => TRANSIT.sub("departed_facility");
};
