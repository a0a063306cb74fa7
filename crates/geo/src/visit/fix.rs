//! What zones ask of a position.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;

/// One fix, as far as zones care.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ZoneFix {
    /// When it was taken.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
    /// Stated accuracy, in metres.
    pub accuracy_m: Option<f32>,
}

/// When and where an edge was passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Passed {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
}
