//! Main statuses and sub-statuses of 17TRACK.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "NotFound" "Not found" => CREATED.sub("awaiting_carrier");
    "InfoReceived" "Info received" => INFO;
    "InTransit" "In transit" => TRANSIT;
    "Expired" "Expired" => EXPIRED.sub("stale");
    "AvailableForPickup" "Available for pick-up" => PICKUP_READY;
    "OutForDelivery" "Out for delivery" => OUT;
    "DeliveryFailure" "Delivery failure" => ATTEMPT;
    "Delivered" "Delivered" => DELIVERED;
    "Exception" "Exception" => EXCEPTION.sub("other");
    "NotFound_Other" "The carrier gave no information" => CREATED.sub("awaiting_carrier");
    "NotFound_InvalidCode" "The number is not valid" => UNKNOWN;
    "InTransit_PickedUp" "Picked up" => PICKED_UP;
    "InTransit_Other" "In transit" => TRANSIT;
    "InTransit_Departure" "Left the port of origin" => TRANSIT.sub("departed_facility");
    "InTransit_Arrival" "Arrived at the port of destination" => TRANSIT.sub("arrived_facility");
    "InTransit_CustomsProcessing" "In clearance" => TRANSIT.sub("customs_arrived");
    "InTransit_CustomsReleased" "Released by customs" => TRANSIT.sub("customs_cleared");
    "InTransit_CustomsRequiringInformation" "Customs wants information" => HOLD.sub("customs").why(Reason::CustomsDocuments);
    "Expired_Other" "Expired" => EXPIRED.sub("stale");
    "AvailableForPickup_Other" "Available for pick-up" => PICKUP_READY;
    "OutForDelivery_Other" "Out for delivery" => OUT;
    "DeliveryFailure_Other" "Delivery failure" => ATTEMPT;
    "DeliveryFailure_NoBody" "The recipient could not be reached" => ATTEMPT.why(Reason::RecipientUnavailable);
    "DeliveryFailure_Security" "Security, clearance or fees" => ATTEMPT;
    "DeliveryFailure_Rejected" "The recipient refused it" => ATTEMPT.sub("final").why(Reason::RecipientRefused);
    "DeliveryFailure_InvalidAddress" "The address is wrong" => ATTEMPT.why(Reason::BadAddress);
    "Delivered_Other" "Delivered" => DELIVERED;
    "Exception_Other" "Exception" => EXCEPTION.sub("other");
    "Exception_Returning" "Going back to the sender" => RETURNING;
    "Exception_Returned" "Back with the sender" => RETURNED.sub("to_sender");
    "Exception_NoBody" "The recipient could not be reached" => EXCEPTION.sub("other").why(Reason::RecipientUnavailable);
    "Exception_Security" "Security, clearance or fees" => EXCEPTION.sub("other");
    "Exception_Damage" "Damaged" => EXCEPTION.sub("damaged").why(Reason::Damaged);
    "Exception_Rejected" "The recipient refused it" => ATTEMPT.sub("final").why(Reason::RecipientRefused);
    "Exception_Delayed" "Delayed" => LATE;
    "Exception_Lost" "Lost" => FAILED.sub("lost").why(Reason::Lost);
    "Exception_Destroyed" "Destroyed" => FAILED.sub("destroyed");
    "Exception_Cancel" "Cancelled" => CANCELLED;
};
