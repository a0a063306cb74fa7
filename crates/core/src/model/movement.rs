//! What a device did for a while: the parts of its track.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, DriverId};
use crate::position::Point;
use crate::time::Timestamp;

/// What a device did for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// It went somewhere.
    Trip,
    /// It stood.
    Stop,
    /// It was silent, and turned up elsewhere.
    Gap,
}

impl MovementKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Trip, Self::Stop, Self::Gap];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trip => "trip",
            Self::Stop => "stop",
            Self::Gap => "gap",
        }
    }
}

/// A part of the track of a device. Each begins when and where the one before ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Movement {
    /// Which device.
    pub device_id: DeviceId,
    /// Who carried it when this ended.
    pub driver_id: Option<DriverId>,
    /// What the device did.
    pub kind: MovementKind,
    /// From when.
    pub started_at: Timestamp,
    /// Until when.
    pub ended_at: Timestamp,
    /// Where it began: of a stop, its middle.
    pub start: Point,
    /// Where it ended: of a stop, its middle.
    pub end: Point,
    /// The way from fix to fix, in metres: 0 of a stop, the straight line of a gap.
    pub distance_m: f64,
}
