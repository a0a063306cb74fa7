//! Statuses of DPD's parcel life cycle: those of the service, and those of its bar of milestones.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    "SHIPMENT" "Order information has been transmitted" => INFO.sub("label_created");
    "ACCEPTED" "Parcel handed to DPD" => PICKED_UP;
    "AT_SENDING_DEPOT" "In transit: at the sending depot" => TRANSIT.sub("arrived_facility");
    "ON_THE_ROAD" "In transit" => TRANSIT;
    "AT_DELIVERY_DEPOT" "At the parcel delivery centre" => TRANSIT.sub("arrived_facility");
    "DELIVERED" "Delivered" => DELIVERED;
    "PickedUp" "DPD has received your parcel" => PICKED_UP;
    "BetweenDepots" "The parcel is at the parcel dispatch centre" => TRANSIT.sub("arrived_facility");
    "Depot" "At parcel delivery centre" => TRANSIT.sub("arrived_facility");
    "Courier" "The parcel is on its way to the consignee" => OUT.sub("on_vehicle");
    "ParcelShop" "Delivered by driver to Pickup parcelshop" => PICKUP_READY.sub("pickup_point");
    "ReturningFromDelivery" "After an unsuccessful delivery attempt the parcel is back at the depot" => ATTEMPT.sub("will_retry");
    "DeliveryFailure" "We have not been able to deliver your parcel" => ATTEMPT;
    "Delivered" "Delivered" => DELIVERED;
};
