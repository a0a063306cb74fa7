//! Standard event codes of DHL Paket (two letters), and its international codes (ICE) under `ice/` for what those leave open.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "VA" "Electronic announcement" => INFO.sub("label_created");
    "ES" "Posting, also at a Packstation" => PICKED_UP.sub("from_sender");
    "AA" "Departure from the parcel centre of origin" => TRANSIT;
    "AE" "Pick-up successful" => PICKED_UP;
    "EE" "Arrival at the parcel centre of destination" => TRANSIT.sub("arrived_facility");
    "PO" "In delivery" => OUT.sub("on_vehicle");
    "ZU" "Delivered" => DELIVERED;
    "ZN" "Delivery not successful" => ATTEMPT;
    "ice/DLVRD" "Delivered" => DELIVERED;
    "ice/SHRCU" "Received from the customer" => PICKED_UP.sub("from_sender");
    "ice/PCKDU" "Picked up" => PICKED_UP;
    "ice/LDTMV" "Loaded to be moved" => TRANSIT.sub("departed_facility");
    "ice/ULFMV" "Unloaded after being moved" => TRANSIT.sub("arrived_facility");
    "ice/SRTED" "Sorted" => TRANSIT;
    "ice/HLDCC" "Held for collection by the customer" => PICKUP_READY;
    "ice/NTDEL" "Not delivered" => ATTEMPT;
};
