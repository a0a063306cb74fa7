//! Why one fix did or did not lead to an event.

use serde::{Deserialize, Serialize};

use super::EventKind;

/// What one fix says about a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ZoneSide)]
pub enum Side {
    /// Certainly inside.
    Inside,
    /// Too near to the edge, or too inaccurate.
    Undecided,
    /// Certainly outside.
    Outside,
}

/// The rule that held an event back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ZoneHeld)]
pub enum Held {
    /// The accuracy circle of the fix is larger than the zone.
    AccuracyWiderThanZone,
    /// The fix is beyond the edge, but not by more than the margin.
    NearEdge,
    /// Certain fixes beyond the edge are still too few, or too short a time apart.
    Confirming,
    /// The device has not yet been inside for the minimum dwell.
    DwellTooShort,
    /// The device has not yet been outside for the minimum absence.
    AbsenceTooShort,
    /// The device was inside from the first: nobody entered.
    NotSeenOutside,
    /// The fix could only be reached, or left, at an impossible speed: it says nothing unless others confirm it.
    ImpossibleSpeed,
}

/// What came of a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ZoneOutcome)]
pub enum Outcome {
    /// The fix lies on the side where the device is known to be.
    Unchanged,
    /// An event was told (the last one, if there were two).
    Told(EventKind),
    /// The same, but the event was not told, for a reason that is none of the rules.
    Untold(EventKind),
    /// An event was held back by this rule.
    Held(Held),
}

/// One fix against one zone, explained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ZoneDecision)]
pub struct Decision {
    /// How far the fix lies outside the edge, in metres; negative inside.
    pub distance_m: f64,
    /// The accuracy that was reckoned with, in metres.
    pub accuracy_m: f64,
    /// How far inside the edge a fix of this accuracy must lie to be certain, in metres.
    pub enter_margin_m: f64,
    /// How far outside, in metres.
    pub exit_margin_m: f64,
    /// What the fix says.
    pub side: Side,
    /// True when the device was inside before the fix.
    pub inside_before: bool,
    /// True when it is inside after it.
    pub inside_after: bool,
    /// How many certain fixes speak for the other side of the edge, this one included.
    pub confirmations: u8,
    /// How many are needed.
    pub confirmations_needed: u8,
    /// For how many seconds the device has been beyond the edge, counted from where it was passed.
    pub beyond_s: f64,
    /// What came of it.
    pub outcome: Outcome,
}
