//! What devices did and measured, on its way out.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::MovementKind;
use tracklane_core::position::Point;

/// What a device did for a while: it went somewhere, stood, or was silent and turned up elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MovementEntry {
    /// What it did.
    pub kind: MovementKind,
    /// Who carried it when this ended.
    pub driver_id: Option<DriverId>,
    /// From when.
    pub started_at: Timestamp,
    /// Until when; of what goes on, until the last position.
    pub ended_at: Timestamp,
    /// How long, in seconds: of a stop, the dwell.
    pub duration_s: f64,
    /// True while it goes on.
    pub ongoing: bool,
    /// Where it began: of a stop, its middle.
    pub start: Point,
    /// Where it ended: of a stop, its middle.
    pub end: Point,
    /// The way from position to position, in metres: 0 of a stop, the straight line of a gap.
    pub distance_m: f64,
}

/// What a device did, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MovementList {
    /// What overlaps the time asked for.
    pub items: Vec<MovementEntry>,
    /// True when there is more: ask again from the last `ended_at` on.
    pub has_more: bool,
}

/// What a device said of one thing at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SensorReading {
    /// When, by the device's clock.
    pub time: Timestamp,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// The attribute.
    pub name: String,
    /// What it said: a number, a truth value, a text or more.
    #[schema(value_type = Value)]
    pub value: serde_json::Value,
}

/// What a device measured, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SensorReadings {
    /// The readings. Those that were said together stay together, so there may be a few more than asked for; there may be
    /// none though there is more, because one answer looks at only so many positions.
    pub items: Vec<SensorReading>,
    /// True when there is more: ask again from `next` on.
    pub has_more: bool,
    /// From where to ask on.
    pub next: Option<Timestamp>,
}

/// A device that was in the area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AreaVisitor {
    /// Which device.
    pub device_id: DeviceId,
    /// Who carries it now.
    pub driver_id: Option<DriverId>,
    /// When its first position in the area was taken.
    pub first_at: Timestamp,
    /// When its last one was.
    pub last_at: Timestamp,
    /// Where the first one was.
    pub first: Point,
    /// Where the last one was.
    pub last: Point,
    /// How many positions it sent from there.
    pub positions: usize,
}

/// Who was in an area, by device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AreaVisitors {
    /// One entry per device. The last one of a page may go on as the first of the next. There may be none though there is
    /// more, because one answer looks at only so many positions.
    pub items: Vec<AreaVisitor>,
    /// Send it as `cursor` to go on; none at the end.
    pub next_cursor: Option<String>,
    /// True when there is more.
    pub has_more: bool,
}
