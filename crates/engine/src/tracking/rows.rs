//! What the pipeline is given and what it answers, row by row.

use tracklane_core::bounds::BoundingBox;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::position::{Attributes, Fix, Mark};
use tracklane_core::{Invalid, Timestamp};

/// How a row names its device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DeviceRef {
    /// Not at all: the caller is a device, or a driver who carries one.
    #[default]
    Caller,
    /// By id.
    Id(DeviceId),
    /// By the name it gives itself.
    Identifier(String),
}

impl DeviceRef {
    /// Reads a text that is either an id or an identifier.
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Identifier(text.to_owned()), Self::Id)
    }
}

/// One row as it comes in.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Which device.
    pub device: DeviceRef,
    /// When the fix was taken; when it was received, if the device does not say.
    pub fix_time: Option<Timestamp>,
    /// The fix; none for a message that only measures or raises something: it is kept where the device last was. One that raises
    /// something is told even if that is not known.
    pub fix: Option<Fix>,
    /// Everything else the device says.
    pub attributes: Attributes,
}

/// What became of one row. All but `Rejected` are durable when they are answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    /// Kept.
    Accepted,
    /// Known already: nothing changed.
    Duplicate,
    /// Kept in history; older than what is known, so it does not say where the device is now.
    Late,
    /// Kept in history with this mark; takes no part in what is computed from positions. What raises something and says no place,
    /// of a device that never said one, is told and kept nowhere else.
    Marked(Mark),
    /// Not kept, because it breaks a rule.
    Rejected(Invalid),
}

/// Which newest positions are asked for. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatestFilter {
    /// Of the devices of this driver.
    pub driver_id: Option<DriverId>,
    /// Of this device.
    pub device_id: Option<DeviceId>,
    /// Inside this box; west may be greater than east across the antimeridian.
    pub bbox: Option<BoundingBox>,
}
