//! Status codes of DHL Unified, and its detailed ones where a division gives them.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "pre-transit" "Pre-transit" => INFO;
    "transit" "Transit" => TRANSIT;
    "delivered" "Delivered" => DELIVERED;
    "failure" "Failure" => EXCEPTION.sub("other");
    "unknown" "Unknown" => UNKNOWN;
    "out-for-delivery" "Out for delivery" => OUT;
    "customer-pickup" "Ready for pick-up" => PICKUP_READY;
    "returned" "Returned" => RETURNING;
};
