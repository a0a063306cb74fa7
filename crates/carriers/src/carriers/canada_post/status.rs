//! Event identifiers of Canada Post.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "20" "Signature image recorded for online viewing" => NOTE;
    "0100" "Item processed at postal facility" => TRANSIT.sub("arrived_facility");
    "0156" "Final notice: returned if not collected within 10 days" => PICKUP_READY.sub("counter");
    "0173" "Customer addressing error found, attempting to correct, possible delay" => HOLD.sub("address").why(Reason::BadAddress).late();
    "0174" "Item out for delivery" => OUT.sub("on_vehicle");
    "0500" "Out for delivery" => OUT.sub("on_vehicle");
    "1408" "Item successfully delivered" => DELIVERED;
    "1479" "Attempted delivery, notice card left" => ATTEMPT.why(Reason::RecipientUnavailable);
    "1496" "Item successfully delivered" => DELIVERED;
    "1498" "Item successfully delivered" => DELIVERED;
    "1701" "Item available for pickup at post office" => PICKUP_READY.sub("counter");
    "2300" "Item picked up by Canada Post" => PICKED_UP;
    "3000" "Order information received by Canada Post" => INFO.sub("label_created");
};
