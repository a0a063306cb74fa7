//! Automatic milestones: which zone membership moves a fleet leg forward.
//!
//! The rule looks at where the vehicle *is*, not at the crossing alone, so a courier who was already inside when the
//! shipment was assigned, or whose crossing was lost in a dead zone, is not forgotten.

use serde::{Deserialize, Serialize};

use crate::lifecycle::Status;

/// How far positions alone may move a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MilestonePolicy {
    /// Positions move nothing.
    Off,
    /// Up to "at the stop"; the delivery itself needs somebody to say so.
    #[default]
    Arrivals,
    /// All the way: arriving at the destination is the delivery (unattended lockers, depots, demonstrations).
    Full,
}

impl MilestonePolicy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Off, Self::Arrivals, Self::Full];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Arrivals => "arrivals",
            Self::Full => "full",
        }
    }
}

/// Where the vehicle of a leg is, as confirmed by the zone engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whereabouts {
    /// Inside the zone around the leg's origin.
    pub at_origin: bool,
    /// Inside the wide zone around the leg's destination.
    pub near_destination: bool,
    /// Inside the zone around the leg's destination.
    pub at_destination: bool,
}

/// A milestone that positions have proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// The status to record.
    pub status: Status,
    /// The sub-status to record.
    pub substatus: &'static str,
}

/// The next milestone of a leg, given the shipment's status and where the vehicle is. Call again with the new status
/// until it answers none: one fix may prove several.
///
/// `last_leg` says whether the leg ends at the recipient; on others, arriving is a facility scan.
pub fn next_milestone(
    policy: MilestonePolicy,
    status: Status,
    substatus: Option<&str>,
    place: Whereabouts,
    last_leg: bool,
) -> Option<Milestone> {
    if policy == MilestonePolicy::Off {
        return None;
    }
    let found = |status, substatus| Some(Milestone { status, substatus });
    match status {
        Status::Created | Status::InfoReceived | Status::Assigned if place.at_origin => {
            found(Status::PickedUp, "from_sender")
        }
        Status::PickedUp if !place.at_origin => found(Status::InTransit, "departed_facility"),
        Status::InTransit if last_leg && (place.near_destination || place.at_destination) => {
            found(Status::OutForDelivery, "arriving")
        }
        Status::InTransit if place.at_destination && !last_leg && substatus != Some("arrived_facility") => {
            found(Status::InTransit, "arrived_facility")
        }
        Status::OutForDelivery if place.at_destination && policy == MilestonePolicy::Full => {
            found(Status::Delivered, "safe_place")
        }
        Status::OutForDelivery if place.at_destination && substatus != Some("at_stop") => {
            found(Status::OutForDelivery, "at_stop")
        }
        _ => None,
    }
}
