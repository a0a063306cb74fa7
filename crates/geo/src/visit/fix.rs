//! What zones ask of a position.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::position::Point;
use tracklane_core::time::Micros;

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

/// A fix as it is kept: there is one for every device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SmallFix {
    pub at: Micros,
    point: Point,
    accuracy_m: Option<f32>,
}

impl From<ZoneFix> for SmallFix {
    fn from(ZoneFix { at, point, accuracy_m }: ZoneFix) -> Self {
        Self { at: at.into(), point, accuracy_m }
    }
}

impl From<SmallFix> for ZoneFix {
    fn from(SmallFix { at, point, accuracy_m }: SmallFix) -> Self {
        Self { at: at.into(), point, accuracy_m }
    }
}

/// When and where an edge was passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Passed {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub point: Point,
}
