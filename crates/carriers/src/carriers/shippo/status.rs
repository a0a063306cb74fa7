//! Statuses and sub-statuses of Shippo.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "UNKNOWN" "Unknown" => UNKNOWN;
    "PRE_TRANSIT" "Pre-transit" => INFO;
    "TRANSIT" "In transit" => TRANSIT;
    "DELIVERED" "Delivered" => DELIVERED;
    "RETURNED" "Returned" => RETURNING;
    "FAILURE" "Failure" => EXCEPTION.sub("other");
    "information_received" "Information about the package received" => INFO.sub("label_created");
    "address_issue" "Address information is incorrect" => HOLD.sub("address").why(Reason::BadAddress);
    "contact_carrier" "Contact the carrier for more information" => EXCEPTION.sub("other");
    "delayed" "Delivery is delayed" => LATE;
    "delivery_attempted" "Delivery was attempted" => ATTEMPT;
    "delivery_rescheduled" "Delivery was rescheduled" => NOTE;
    "delivery_scheduled" "Delivery is scheduled" => NOTE;
    "location_inaccessible" "Delivery location is inaccessible" => ATTEMPT.why(Reason::AccessRestricted);
    "notice_left" "Notice left" => ATTEMPT.why(Reason::RecipientUnavailable);
    "out_for_delivery" "Out for delivery" => OUT.sub("on_vehicle");
    "package_accepted" "Package accepted" => PICKED_UP;
    "package_arrived" "Package arrived at an intermediate place" => TRANSIT.sub("arrived_facility");
    "package_damaged" "Package is damaged" => EXCEPTION.sub("damaged").why(Reason::Damaged);
    "package_departed" "Package departed" => TRANSIT.sub("departed_facility");
    "package_forwarded" "Package forwarded" => TRANSIT.sub("rerouted");
    "package_held" "Package held at the post or carrier" => HOLD;
    "package_processed" "Package processed" => TRANSIT;
    "package_processing" "Package being processed" => TRANSIT;
    "pickup_available" "Package is available for pick-up" => PICKUP_READY;
    "reschedule_delivery" "Reschedule the delivery" => ATTEMPT;
    "delivered" "Delivered" => DELIVERED;
    "return_to_sender" "Package is going back to the sender" => RETURNING;
    "package_unclaimed" "Package unclaimed" => RETURNING.sub("undeliverable").why(Reason::RecipientUnavailable);
    "package_undeliverable" "Package cannot be delivered" => RETURNING.sub("undeliverable");
    "package_disposed" "Package disposed of" => FAILED.sub("destroyed");
    "package_lost" "Package is lost" => FAILED.sub("lost").why(Reason::Lost);
    "other" "Something else" => UNKNOWN;
};
