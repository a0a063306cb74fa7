//! Statuses of EasyPost, alone and with their detail.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "unknown" "Unknown" => UNKNOWN;
    "pre_transit" "Pre-transit" => INFO;
    "in_transit" "In transit" => TRANSIT;
    "out_for_delivery" "Out for delivery" => OUT;
    "delivered" "Delivered" => DELIVERED;
    "available_for_pickup" "Available for pick-up" => PICKUP_READY;
    "return_to_sender" "Return to sender" => RETURNING;
    "failure" "Failure" => EXCEPTION.sub("other");
    "cancelled" "Cancelled" => CANCELLED;
    "error" "Error" => UNKNOWN;
    "pre_transit/label_created" "Label created" => INFO.sub("label_created");
    "pre_transit/awaiting_information" "Awaiting information" => INFO.sub("awaiting_item");
    "pre_transit/arrived_at_pickup_location" "Arrived at the pick-up location" => INFO.sub("awaiting_item");
    "in_transit/arrived_at_facility" "Arrived at facility" => TRANSIT.sub("arrived_facility");
    "in_transit/departed_facility" "Departed facility" => TRANSIT.sub("departed_facility");
    "in_transit/received_at_origin_facility" "Received at origin facility" => TRANSIT.sub("arrived_facility");
    "in_transit/departed_origin_facility" "Departed origin facility" => TRANSIT.sub("departed_facility");
    "in_transit/received_at_destination_facility" "Received at destination facility" => TRANSIT.sub("arrived_facility");
    "in_transit/arrived_at_destination" "Arrived at destination" => TRANSIT.sub("arrived_facility");
    "in_transit/transferred_to_destination_carrier" "Transferred to the destination's carrier" => TRANSIT.sub("transferred_carrier");
    "in_transit/missorted" "Missorted" => TRANSIT.sub("missorted").why(Reason::Missorted);
    "in_transit/delayed" "Delayed" => TRANSIT.late();
    "in_transit/weather_delay" "Delayed by weather" => TRANSIT.late().why(Reason::Weather);
    "in_transit/delivery_exception" "Delivery exception" => ATTEMPT;
    "in_transit/transit_exception" "Transit exception" => TRANSIT.late();
    "in_transit/held" "Held" => HOLD;
    "in_transit/address_correction" "Address corrected" => HOLD.sub("address").why(Reason::BadAddress);
    "failure/refused" "Refused" => ATTEMPT.sub("final").why(Reason::RecipientRefused);
    "failure/damaged" "Damaged" => EXCEPTION.sub("damaged").why(Reason::Damaged);
    "failure/lost" "Lost" => FAILED.sub("lost").why(Reason::Lost);
    "failure/delivery_exception" "Delivery exception" => ATTEMPT;
    "unknown/expired" "Expired" => EXPIRED.sub("no_information");
};
