//! Codes of UPS. A scan has a type (one or two letters), a code of two letters and a status code of three digits. A scan is
//! looked up by type and code, then by its status code, then by its type: what a code of two letters means differs with the
//! status code, so few of them stand here. From the Tracking API's documentation and answers.

use crate::code::{Code, codes};

pub(super) const CODES: &[Code] = codes! {
    // Types.
    "M" "Manifest: shipper created a label" => INFO.sub("label_created");
    "MV" "Manifest void" => CANCELLED.sub("by_sender");
    "P" "Pickup" => PICKED_UP;
    "I" "In transit" => TRANSIT;
    "O" "Out for delivery" => OUT.sub("on_vehicle");
    "D" "Delivered" => DELIVERED;
    "X" "Exception" => EXCEPTION.sub("other");
    "RS" "Returned to shipper" => RETURNED.sub("to_sender");
    "DO" "Delivered to the origin's distribution centre" => TRANSIT.sub("arrived_facility");
    "DD" "Delivered to the destination's distribution centre" => TRANSIT.sub("arrived_facility");
    "W" "Warehousing" => TRANSIT;
    "NA" "Not available" => UNKNOWN;
    // Type and code.
    "I/OR" "Origin scan: we have your package" => PICKED_UP.sub("at_origin_hub");
    "I/AR" "Arrived at facility" => TRANSIT.sub("arrived_facility");
    "I/DP" "Departed from facility" => TRANSIT.sub("departed_facility");
    "I/OT" "Out for delivery today" => OUT.sub("on_vehicle");
    "I/OF" "Out for delivery" => OUT.sub("on_vehicle");
    "X/SR" "Your package was released by the customs agency" => TRANSIT.sub("customs_cleared");
    // Status codes.
    "003" "Shipment ready for UPS" => INFO.sub("label_created");
    "005" "In transit" => TRANSIT;
    "007" "Shipment information voided" => CANCELLED.sub("by_sender");
    "010" "In transit" => TRANSIT;
    "011" "Delivered" => DELIVERED;
    "012" "Clearance in progress" => TRANSIT.sub("customs_arrived");
    "013" "Exception" => EXCEPTION.sub("other");
    "014" "Clearance completed" => TRANSIT.sub("customs_cleared");
    "016" "Held in warehouse" => HOLD;
    "017" "Held for customer pickup" => PICKUP_READY;
    "018" "Delivery change requested: hold" => HOLD.sub("recipient_request");
    "019" "Held for future delivery" => HOLD.sub("recipient_request");
    "020" "Held for future delivery requested" => HOLD.sub("recipient_request");
    "021" "Out for delivery today" => OUT.sub("on_vehicle");
    "022" "First delivery attempt made" => ATTEMPT.sub("will_retry");
    "023" "Second delivery attempt made" => ATTEMPT.sub("will_retry");
    "024" "Final delivery attempt made" => ATTEMPT.sub("final");
    "025" "Transferred to local post office for delivery" => TRANSIT.sub("transferred_carrier");
    "026" "Delivered by local post office" => DELIVERED;
    "027" "Delivery address change requested" => NOTE;
    "028" "Delivery address changed" => TRANSIT.sub("rerouted");
    "029" "Exception: action required" => EXCEPTION.sub("other");
    "030" "Local post office exception" => EXCEPTION.sub("other");
    "032" "Adverse weather may cause delay" => LATE.why(Reason::Weather);
    "033" "Return to sender requested" => RETURNING.sub("requested");
    "034" "Returned to sender" => RETURNED.sub("to_sender");
    "035" "Returning to sender" => RETURNING;
    "036" "Returning to sender: in transit" => RETURNING;
    "037" "Returning to sender: out for delivery" => RETURNING;
    "038" "Picked up" => PICKED_UP;
    "039" "In transit by post office" => TRANSIT.sub("transferred_carrier");
    "040" "Delivered to UPS Access Point, awaiting customer pickup" => PICKUP_READY.sub("pickup_point");
    "042" "Service upgraded" => NOTE;
    "044" "In transit to UPS" => INFO.sub("awaiting_item");
    "045" "Order processed: in transit to UPS" => INFO.sub("awaiting_item");
    "046" "Delay" => LATE;
    "047" "Delay" => LATE;
    "048" "Delay" => LATE;
    "049" "Delay: action required" => EXCEPTION.sub("other").late();
    "050" "Address information required" => HOLD.sub("address").why(Reason::BadAddress);
    "051" "Delay: emergency situation or severe weather" => LATE.why(Reason::ForceMajeure);
    "052" "Delay: severe weather" => LATE.why(Reason::Weather);
    "053" "Delay: severe weather" => LATE.why(Reason::Weather);
    "054" "Delivery change requested" => NOTE;
    "055" "Rescheduled delivery" => NOTE;
    "056" "Service upgrade requested" => NOTE;
    "057" "In transit to a UPS Access Point" => TRANSIT;
    "058" "Clearance information required" => HOLD.sub("customs").why(Reason::CustomsDocuments);
    "059" "Damage reported" => EXCEPTION.sub("damaged").why(Reason::Damaged);
    "060" "Delivery attempted" => ATTEMPT;
    "061" "Delivery attempted: adult signature required" => ATTEMPT.why(Reason::VerificationFailed);
    "062" "Delivery attempted: funds required" => ATTEMPT.why(Reason::PaymentRequired);
    "063" "Delivery change completed" => NOTE;
    "064" "Delivery refused" => ATTEMPT.sub("final").why(Reason::RecipientRefused);
    "065" "Pickup attempted" => EXCEPTION.sub("pickup_missed");
    "066" "Post office delivery attempted" => ATTEMPT;
    "067" "Returned to sender by post office" => RETURNED.sub("to_sender");
    "068" "Sent to lost and found" => EXCEPTION.sub("missing_item").why(Reason::Lost);
    "069" "Package not claimed" => RETURNING.sub("undeliverable").why(Reason::RecipientUnavailable);
    "092" "At the clearing agency, awaiting final release" => HOLD.sub("customs").why(Reason::CustomsInspection);
};
