//! The newest position of a device as its state keeps it: there is one for every device that there is.

use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::position::{Attributes, Point, Position};
use tracklane_core::time::Micros;

/// A newest position, without what is known anyway: which device it is of, and who carries that.
#[derive(Debug, Clone)]
pub(crate) struct Newest {
    fix_time: Micros,
    received_at: Micros,
    /// Where.
    pub point: Point,
    speed_mps: Stated,
    course_deg: Stated,
    accuracy_m: Stated,
    altitude_m: Stated,
    /// Mostly nothing: behind a pointer that takes little room.
    attributes: Option<Box<Attributes>>,
}

/// A number that a device may have stated. No rule lets one through that is not a number, so that this says there is none.
#[derive(Debug, Clone, Copy)]
struct Stated(f32);

impl Stated {
    fn get(self) -> Option<f32> {
        Some(self.0).filter(|number| !number.is_nan())
    }
}

impl From<Option<f32>> for Stated {
    fn from(number: Option<f32>) -> Self {
        Self(number.unwrap_or(f32::NAN))
    }
}

impl Newest {
    /// A position that is taken to have been at `fix_time`.
    pub fn of(position: &Position, fix_time: Timestamp) -> Self {
        let fix = &position.fix;
        Self {
            fix_time: fix_time.into(),
            received_at: position.received_at.into(),
            point: fix.point,
            speed_mps: fix.speed_mps.into(),
            course_deg: fix.course_deg.into(),
            accuracy_m: fix.accuracy_m.into(),
            altitude_m: fix.altitude_m.into(),
            attributes: boxed(position.attributes.clone()),
        }
    }

    /// When it is taken to have been.
    pub fn fix_time(&self) -> Timestamp {
        self.fix_time.into()
    }

    /// When it came in.
    pub fn received_at(&self) -> Timestamp {
        self.received_at.into()
    }

    /// Stated accuracy, in metres.
    pub fn accuracy_m(&self) -> Option<f32> {
        self.accuracy_m.get()
    }

    /// As it is told: the newest position of this device, carried by this driver.
    pub fn tell(&self, device_id: DeviceId, driver_id: Option<DriverId>) -> DeviceLatest {
        DeviceLatest {
            device_id,
            driver_id,
            fix_time: self.fix_time(),
            received_at: self.received_at(),
            point: self.point,
            speed_mps: self.speed_mps.get(),
            course_deg: self.course_deg.get(),
            accuracy_m: self.accuracy_m.get(),
            altitude_m: self.altitude_m.get(),
            attributes: self.attributes.as_deref().cloned().unwrap_or_default(),
        }
    }
}

impl From<DeviceLatest> for Newest {
    fn from(latest: DeviceLatest) -> Self {
        Self {
            fix_time: latest.fix_time.into(),
            received_at: latest.received_at.into(),
            point: latest.point,
            speed_mps: latest.speed_mps.into(),
            course_deg: latest.course_deg.into(),
            accuracy_m: latest.accuracy_m.into(),
            altitude_m: latest.altitude_m.into(),
            attributes: boxed(latest.attributes),
        }
    }
}

fn boxed(attributes: Attributes) -> Option<Box<Attributes>> {
    (!attributes.is_empty()).then(|| Box::new(attributes))
}
