//! Event codes of the group (six letters, written as GLS writes them), statuses of a parcel under `status/`, and the states of GLS
//! Netherlands under `state/`.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "INTIAL.PREADVICE" "The parcel data was entered into the GLS IT system" => INFO.sub("label_created");
    "INTIAL.NORMAL" "The parcel was handed over to GLS" => PICKED_UP;
    "INTIAL.E48_DATA" "The parcel was provided by the sender for collection by GLS" => INFO.sub("awaiting_item");
    "INBOUD.NORMAL" "The parcel has reached the parcel center" => TRANSIT.sub("arrived_facility");
    "OUTBOD.NORMAL" "The parcel has left the parcel center" => TRANSIT.sub("departed_facility");
    "OUTDEL.NORMAL" "The parcel is expected to be delivered during the day" => OUT.sub("on_vehicle");
    "DELIVD.NORMAL" "The parcel has been delivered" => DELIVERED;
    "DELIVD.PARCELSHOP" "The parcel has been delivered at the ParcelShop" => PICKUP_READY.sub("pickup_point");
    "DELIVD.DEL_BY_PSAPP" "The parcel was handed out by the ParcelShop" => DELIVERED.sub("collected");
    "status/PLANNEDPICKUP" "Pick-up planned" => INFO.sub("awaiting_item");
    "status/INPICKUP" "In pick-up" => INFO.sub("awaiting_item");
    "status/PREADVICE" "Pre-advice" => INFO.sub("label_created");
    "status/INTRANSIT" "In transit" => TRANSIT;
    "status/INWAREHOUSE" "In a GLS warehouse" => TRANSIT.sub("arrived_facility");
    "status/INDELIVERY" "In delivery" => OUT;
    "status/DELIVERED" "Delivered" => DELIVERED;
    "status/DELIVEREDPS" "Delivered to the ParcelShop" => PICKUP_READY.sub("pickup_point");
    "status/NOTDELIVERED" "Not delivered" => ATTEMPT;
    "status/NOTPICKEDUP" "Not picked up" => EXCEPTION.sub("pickup_missed");
    "status/CANCELED" "Cancelled" => CANCELLED.sub("by_sender");
    "status/FINAL" "Final" => UNKNOWN;
    "state/0" "Announced" => INFO.sub("label_created");
    "state/1" "Received by GLS" => PICKED_UP;
    "state/2" "Arrived at the depot" => TRANSIT.sub("arrived_facility");
    "state/3" "On the way to delivery" => OUT.sub("on_vehicle");
    "state/4" "Delivered" => DELIVERED;
};
