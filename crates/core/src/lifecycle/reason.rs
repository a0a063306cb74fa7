//! The closed list of reasons, each with whose fault it is.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whose fault a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Who receives.
    Recipient,
    /// Who sends.
    Shipper,
    /// Shipper or recipient: the reason alone does not tell.
    ShipperOrRecipient,
    /// Who carries.
    Carrier,
    /// Customs.
    Customs,
    /// Nobody.
    Nobody,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $fault:ident;)*) => {
        /// Why a shipment is late, held, failed or wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word used in the API and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whose fault it is.
            pub fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* }
            }
        }
    };
}

reasons! {
    /// Nobody was there.
    RecipientUnavailable = "recipient_unavailable", Recipient;
    /// The business was closed.
    RecipientClosed = "recipient_closed", Recipient;
    /// The recipient did not want it.
    RecipientRefused = "recipient_refused", Recipient;
    /// The address is wrong or incomplete.
    BadAddress = "bad_address", ShipperOrRecipient;
    /// The place could not be entered.
    AccessRestricted = "access_restricted", ShipperOrRecipient;
    /// Identity or one-time code did not match.
    VerificationFailed = "verification_failed", Recipient;
    /// Duties or cash on delivery are due.
    PaymentRequired = "payment_required", Recipient;
    /// Customs lacks papers.
    CustomsDocuments = "customs_documents", Customs;
    /// Customs looks into it.
    CustomsInspection = "customs_inspection", Customs;
    /// It may not be carried or imported.
    Prohibited = "prohibited", Customs;
    /// Weather.
    Weather = "weather", Nobody;
    /// Natural disaster or another force that nobody controls.
    ForceMajeure = "force_majeure", Nobody;
    /// Strike, unrest, road closure by the authorities.
    CivilEvent = "civil_event", Nobody;
    /// The vehicle broke down.
    VehicleBreakdown = "vehicle_breakdown", Carrier;
    /// Nobody was there to drive.
    NoDriver = "no_driver", Carrier;
    /// The day was too short.
    NoTime = "no_time", Carrier;
    /// It missed its connection.
    MissedCutoff = "missed_cutoff", Carrier;
    /// It was sent the wrong way.
    Missorted = "missorted", Carrier;
    /// It is damaged.
    Damaged = "damaged", Carrier;
    /// It cannot be found.
    Lost = "lost", Carrier;
    /// The shipper did not have it ready.
    NotReady = "not_ready", Shipper;
    /// The shipper's data are wrong.
    WrongData = "wrong_data", Shipper;
    /// It was packed badly.
    BadPackaging = "bad_packaging", Shipper;
    /// The shipper called it off.
    CancelledByShipper = "cancelled_by_shipper", Shipper;
    /// An attempt was claimed, but the position disagrees. Never counts as an attempt.
    NoAttempt = "no_attempt", Carrier;
}

/// A text that is no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason {given:?}; known are {}", Reason::ALL.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", "))]
pub struct ParseReasonError {
    /// What was given.
    pub given: String,
}

impl FromStr for Reason {
    type Err = ParseReasonError;
    fn from_str(text: &str) -> Result<Self, ParseReasonError> {
        let found = Self::ALL.iter().find(|reason| reason.as_str() == text);
        found.copied().ok_or_else(|| ParseReasonError { given: text.to_owned() })
    }
}
