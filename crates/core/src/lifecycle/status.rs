//! The closed list of statuses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $text:literal, rank $rank:expr, substatus [$($sub:literal),*];)*) => {
        /// Where a shipment stands. "Delayed" is a flag, never a status: a delayed parcel is still in transit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Status {
            $($(#[$doc])* $name,)*
        }

        impl Status {
            /// Every status, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word used in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How far along the way this status is; none for those that are not on the way (holds, exceptions, soft ones).
            pub fn rank(self) -> Option<u8> {
                match self { $(Self::$name => $rank,)* }
            }

            /// The documented sub-statuses. The list is open: others are kept as they come.
            pub fn substatuses(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($sub),*],)* }
            }
        }
    };
}

statuses! {
    /// Known to us, nothing has happened.
    Created = "created", rank Some(0), substatus ["scheduled", "awaiting_carrier"];
    /// The carrier knows of it but does not have it.
    InfoReceived = "info_received", rank Some(1), substatus ["label_created", "awaiting_item"];
    /// A driver has it on the list.
    Assigned = "assigned", rank Some(2), substatus ["offered", "accepted", "to_pickup", "at_pickup"];
    /// The carrier has it.
    PickedUp = "picked_up", rank Some(3), substatus ["from_sender", "at_origin_hub"];
    /// It moves, or waits between moves.
    InTransit = "in_transit", rank Some(4), substatus ["arrived_facility", "departed_facility", "customs_arrived", "customs_cleared", "transferred_carrier", "missorted", "rerouted"];
    /// It is on the last vehicle.
    OutForDelivery = "out_for_delivery", rank Some(5), substatus ["on_vehicle", "next_stop", "arriving", "at_stop", "appointment"];
    /// The recipient can fetch it.
    AvailableForPickup = "available_for_pickup", rank Some(6), substatus ["locker", "pickup_point", "counter"];
    /// Delivery was tried and did not succeed.
    AttemptFailed = "attempt_failed", rank Some(6), substatus ["will_retry", "final"];
    /// Somebody or something keeps it from moving.
    OnHold = "on_hold", rank None, substatus ["customs", "payment", "documents", "address", "recipient_request"];
    /// Something is wrong with it.
    Exception = "exception", rank None, substatus ["damaged", "address", "missing_item", "pickup_missed", "other"];
    /// The recipient has it.
    Delivered = "delivered", rank Some(9), substatus ["signed", "otp", "photo", "neighbour", "safe_place", "locker", "collected", "cod", "partial"];
    /// On its way back.
    Returning = "returning", rank Some(7), substatus ["refused", "undeliverable", "requested"];
    /// Back with the sender.
    Returned = "returned", rank Some(9), substatus ["to_sender", "to_hub"];
    /// Called off before it was delivered.
    Cancelled = "cancelled", rank Some(9), substatus ["by_sender", "by_recipient", "by_operator"];
    /// Lost, destroyed or seized.
    Failed = "failed", rank Some(9), substatus ["lost", "destroyed", "seized", "undeliverable"];
    /// Nothing was heard for too long; any new scan reopens it.
    Expired = "expired", rank None, substatus ["no_information", "stale"];
    /// Only facts that we cannot map are known.
    Unknown = "unknown", rank None, substatus ["unmapped"];
}

impl Status {
    /// True when nothing but a correction (or, after delivery, a return) moves it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Delivered | Self::Returned | Self::Cancelled | Self::Failed)
    }

    /// True while somebody still waits for the shipment.
    pub fn is_active(self) -> bool {
        !self.is_terminal() && self != Self::Expired
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown status {given:?}; known are {}", Status::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", "))]
pub struct ParseStatusError {
    /// What was given.
    pub given: String,
}

impl FromStr for Status {
    type Err = ParseStatusError;
    fn from_str(text: &str) -> Result<Self, ParseStatusError> {
        let found = Self::ALL.iter().find(|status| status.as_str() == text);
        found.copied().ok_or_else(|| ParseStatusError { given: text.to_owned() })
    }
}
