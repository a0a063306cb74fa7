//! Wordings of Australia Post, which have no codes: as a whole, or as far as a dash or the word "in" before a place. Statuses
//! of an article stand under `status/`.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "Shipping information received by Australia Post" "Shipping information received by Australia Post" => INFO.sub("label_created");
    "Shipping information approved by Australia Post" "Shipping information approved by Australia Post" => INFO.sub("label_created");
    "Received by Australia Post" "Received by Australia Post" => PICKED_UP;
    "Received item from Sender (Outbound)" "Received item from sender (outbound)" => PICKED_UP.sub("from_sender");
    "Picked up" "Picked up" => PICKED_UP;
    "Arrived" "Arrived in a country" => TRANSIT.sub("arrived_facility");
    "Arrived at facility" "Arrived at facility" => TRANSIT.sub("arrived_facility");
    "Arrived awaiting clearance (Inbound)" "Arrived, awaiting clearance (inbound)" => TRANSIT.sub("customs_arrived");
    "Awaiting collection" "Awaiting collection" => PICKUP_READY;
    "Cleared and awaiting international departure" "Cleared and awaiting international departure" => TRANSIT.sub("customs_cleared");
    "Delivered" "Delivered" => DELIVERED;
    "Delivered - Left in a safe place" "Delivered, left in a safe place" => DELIVERED.sub("safe_place");
    "Despatch Parcels from Export Facility" "Dispatched from the export facility" => TRANSIT.sub("departed_facility");
    "In transit" "In transit" => TRANSIT;
    "In transit to next facility" "In transit to next facility" => TRANSIT;
    "Item cleared by Customs" "Item cleared by customs" => TRANSIT.sub("customs_cleared");
    "Item is in Customs" "Item is in customs" => TRANSIT.sub("customs_arrived");
    "Item processed at facility" "Item processed at facility" => TRANSIT.sub("arrived_facility");
    "Onboard for delivery" "On board for delivery" => OUT.sub("on_vehicle");
    "Processed at Export Facility" "Processed at the export facility" => TRANSIT.sub("arrived_facility");
    "Processed by air carrier" "Processed by the air carrier" => TRANSIT;
    "Attempted delivery" "Attempted delivery" => ATTEMPT;
    "Return to sender" "Return to sender" => RETURNING;
    "status/Created" "Created" => INFO;
    "status/Sealed" "Sealed" => INFO;
    "status/Initiated" "Initiated" => INFO;
    "status/In transit" "In transit" => TRANSIT;
    "status/Delivered" "Delivered" => DELIVERED;
    "status/Awaiting collection" "Awaiting collection" => PICKUP_READY;
    "status/Possible delay" "Possible delay" => LATE;
    "status/Unsuccessful pickup" "Unsuccessful pick-up" => EXCEPTION.sub("pickup_missed");
    "status/Article damaged" "Article damaged" => EXCEPTION.sub("damaged").why(Reason::Damaged);
    "status/Cancelled" "Cancelled" => CANCELLED.sub("by_sender");
    "status/Held by courier" "Held by courier" => HOLD;
    "status/Cannot be delivered" "Cannot be delivered" => EXCEPTION.sub("other");
    "status/Track items for detailed delivery information" "Track items for detailed delivery information" => NOTE;
    "status/Unknown" "Unknown" => UNKNOWN;
};
