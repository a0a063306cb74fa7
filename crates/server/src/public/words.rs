//! Every word of the public tracking page, in English. Another language is another table.

use serde::Serialize;
use tracklane_core::lifecycle::Status;
use tracklane_core::time::TzConfidence;

/// What a status means to somebody who waits, with its finer status where that says more.
pub fn status(status: Status, substatus: Option<&str>) -> &'static str {
    use Status as S;
    match (status, substatus) {
        (S::Created | S::InfoReceived, _) => "Order received",
        (S::Assigned, Some("to_pickup" | "at_pickup")) => "The driver is coming to collect it",
        (S::Assigned, _) => "A driver was assigned",
        (S::PickedUp, _) => "Collected",
        (S::InTransit, Some("arrived_facility")) => "Arrived at a hub",
        (S::InTransit, Some("departed_facility")) => "Left a hub",
        (S::InTransit, Some("customs_arrived")) => "At customs",
        (S::InTransit, Some("customs_cleared")) => "Through customs",
        (S::InTransit, Some("transferred_carrier")) => "Handed over to another carrier",
        (S::InTransit, Some("missorted" | "rerouted")) => "On another way",
        (S::InTransit, _) => "On the way",
        (S::OutForDelivery, Some("next_stop")) => "You are the next stop",
        (S::OutForDelivery, Some("arriving")) => "Arriving now",
        (S::OutForDelivery, Some("at_stop")) => "The driver is there",
        (S::OutForDelivery, _) => "Out for delivery",
        (S::AvailableForPickup, Some("locker")) => "Waiting for you in a locker",
        (S::AvailableForPickup, _) => "Ready to be collected",
        (S::AttemptFailed, Some("final")) => "Could not be delivered",
        (S::AttemptFailed, _) => "Delivery was tried; it will be tried again",
        (S::OnHold, Some("customs")) => "Held at customs",
        (S::OnHold, Some("payment")) => "Held until it is paid for",
        (S::OnHold, Some("address")) => "Held: the address is not clear",
        (S::OnHold, Some("recipient_request")) => "Held at your request",
        (S::OnHold, _) => "On hold",
        (S::Exception, Some("damaged")) => "Damaged; we are looking into it",
        (S::Exception, Some("address")) => "The address was not found",
        (S::Exception, _) => "There is a problem; we are looking into it",
        (S::Delivered, Some("neighbour")) => "Delivered to a neighbour",
        (S::Delivered, Some("safe_place")) => "Delivered to a safe place",
        (S::Delivered, Some("locker")) => "Delivered to a locker",
        (S::Delivered, Some("collected")) => "Collected by the recipient",
        (S::Delivered, Some("partial")) => "Delivered in part",
        (S::Delivered, _) => "Delivered",
        (S::Returning, _) => "On its way back",
        (S::Returned, _) => "Returned to the sender",
        (S::Cancelled, _) => "Cancelled",
        (S::Failed, Some("lost")) => "Lost",
        (S::Failed, _) => "Could not be delivered",
        (S::Expired, _) => "No news for a long time",
        (S::Unknown, _) => "No information yet",
    }
}

/// What must be said about a time whose zone is not certain.
pub fn doubt(confidence: TzConfidence) -> Option<&'static str> {
    match confidence {
        TzConfidence::Unknown => Some("time zone unknown"),
        TzConfidence::Assumed => Some("time zone assumed"),
        TzConfidence::FromPlace | TzConfidence::Exact => None,
    }
}

/// The fixed words of the page.
#[derive(Debug, Serialize)]
pub struct Labels {
    /// The language, BCP 47.
    pub language: &'static str,
    /// Before the reference.
    pub shipment: &'static str,
    /// Before the recipient's first name.
    pub recipient: &'static str,
    /// Before the promised window.
    pub expected: &'static str,
    /// Before an end of a window that has no beginning.
    pub by: &'static str,
    /// Before the beginning of a window that has no end.
    pub from: &'static str,
    /// Before the time of delivery.
    pub delivered: &'static str,
    /// Above the timeline.
    pub timeline: &'static str,
    /// Below that, before the name of the zone that all times are in.
    pub zone_of_destination: &'static str,
    /// Below that, where each step tells its own local time.
    pub zone_of_source: &'static str,
    /// Before a position, where no map can be shown.
    pub position: &'static str,
    /// Before the time of the newest change.
    pub updated: &'static str,
    /// Heading of the page for links that lead nowhere.
    pub not_found: &'static str,
    /// What to do about that.
    pub not_found_help: &'static str,
}

/// The fixed words of the page.
pub const LABELS: Labels = Labels {
    language: "en",
    shipment: "Shipment",
    recipient: "For",
    expected: "Expected",
    by: "by",
    from: "from",
    delivered: "Delivered",
    timeline: "What happened",
    zone_of_destination: "All times are those of the destination,",
    zone_of_source: "Each time is local to whoever recorded it, with its offset from UTC.",
    position: "Last seen at",
    updated: "Last change",
    not_found: "This link leads nowhere",
    not_found_help: "It is not complete, or it has expired. Ask whoever sent it to you for a new one.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_words_with_and_without_its_finer_status() {
        for status in Status::ALL {
            let plain = super::status(*status, None);
            assert!(!plain.is_empty() && !plain.contains('_'), "{status}");
            for substatus in status.substatuses() {
                assert!(!super::status(*status, Some(substatus)).contains('_'), "{status} {substatus}");
            }
        }
    }
}
