//! From a body to what the pipeline takes.

use tracklane_core::position::{Fix, Point};

use crate::PositionInput;

/// Free attributes of a position at most.
pub const MAX_ATTRIBUTES: usize = 50;

impl PositionInput<'_> {
    /// The fix that it states.
    pub fn fix(&self) -> Fix {
        Fix {
            point: Point { lat: self.lat, lon: self.lon },
            altitude_m: self.altitude_m,
            speed_mps: self.speed_mps,
            course_deg: self.course_deg,
            accuracy_m: self.accuracy_m,
            valid: self.valid,
        }
    }
}
