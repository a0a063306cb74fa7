//! How positions are written into the stream: JSON, so that whoever else reads it needs nothing of ours.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, TenantId};
use tracklane_core::position::{Attributes, Fix, Mark, Point, Position};

use crate::tracking::turn::Row;

/// A record of the stream: positions of one tenant, whose devices are all in one partition.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub tenant_id: TenantId,
    pub positions: Vec<Sent>,
}

/// A position of a known device that broke no rule.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent {
    device_id: DeviceId,
    fix_time: Timestamp,
    received_at: Timestamp,
    lat: f64,
    lon: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    altitude_m: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    speed_mps: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course_deg: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accuracy_m: Option<f32>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    valid: bool,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
    /// What is known already of why it takes no part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<Mark>,
    /// The driver who carried the device as it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    driver_id: Option<DriverId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_speed_mps: Option<f32>,
    /// True when it raises something, and nobody knows where.
    #[serde(default, skip_serializing_if = "is_no")]
    nowhere: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_no(value: &bool) -> bool {
    !*value
}

impl From<Row> for Sent {
    fn from(row: Row) -> Self {
        let Row { position, driver_id, max_speed_mps, nowhere, .. } = row;
        let Position { device_id, fix_time, received_at, fix, attributes, mark, .. } = position;
        let Fix { point: Point { lat, lon }, altitude_m, speed_mps, course_deg, accuracy_m, valid } = fix;
        Self {
            device_id,
            fix_time,
            received_at,
            lat,
            lon,
            altitude_m,
            speed_mps,
            course_deg,
            accuracy_m,
            valid,
            attributes,
            mark,
            driver_id,
            max_speed_mps,
            nowhere,
        }
    }
}

impl Sent {
    /// As a row of the pipeline.
    pub fn into_row(self, tenant_id: TenantId) -> Row {
        let Self { device_id, fix_time, received_at, lat, lon, altitude_m, speed_mps, course_deg, .. } = self;
        let point = Point { lat, lon };
        let fix = Fix { point, altitude_m, speed_mps, course_deg, accuracy_m: self.accuracy_m, valid: self.valid };
        let (attributes, mark) = (self.attributes, self.mark);
        Row {
            position: Position { tenant_id, device_id, fix_time, received_at, fix, attributes, mark },
            driver_id: self.driver_id,
            max_speed_mps: self.max_speed_mps,
            index: 0,
            nowhere: self.nowhere,
        }
    }

    /// Whose position it is.
    pub fn device_id(&self) -> DeviceId {
        self.device_id
    }
}
