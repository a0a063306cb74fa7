//! Who carries, with what, and what sends the positions.

use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, DriverId, TenantId, VehicleId};
use crate::position::{Attributes, Point};
use crate::time::Timestamp;

/// Whether a driver works now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DutyState {
    /// Works: positions are taken.
    OnDuty,
    /// Does not work.
    OffDuty,
}

impl DutyState {
    /// Every state.
    pub const ALL: [Self; 2] = [Self::OnDuty, Self::OffDuty];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnDuty => "on_duty",
            Self::OffDuty => "off_duty",
        }
    }
}

/// Who carries. The API accepts "courier" as a synonym.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Driver {
    /// Their id.
    pub id: DriverId,
    /// Their tenant.
    pub tenant_id: TenantId,
    /// The tenant's own reference, unique in the tenant.
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// Phone number, E.164.
    pub phone: Option<String>,
    /// Whether they work now.
    pub duty: DutyState,
    /// The vehicle they drive.
    pub vehicle_id: Option<VehicleId>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// What shipments are carried with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Vehicle {
    /// Its id.
    pub id: VehicleId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The tenant's own reference (plate), unique in the tenant.
    pub reference: Option<String>,
    /// What kind it is: bicycle, van, truck, or the tenant's own word.
    pub vehicle_type: String,
    /// What it can carry, in kilograms, 0 to 1,000,000.
    pub capacity_kg: Option<f64>,
    /// What it can do: refrigerated, tail lift, the tenant's own words.
    pub skills: Vec<String>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// What sends GPS fixes: a phone, a tracker, a sensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// How it names itself (IMEI, user/device, free id), unique in the installation: some protocols carry no tenant.
    pub identifier: String,
    /// Name.
    pub name: String,
    /// The driver who carries it.
    pub driver_id: Option<DriverId>,
    /// The vehicle it sits in.
    pub vehicle_id: Option<VehicleId>,
    /// The highest speed that is believed of it, in metres per second, 0 to 10,000; 0 for any, none for the setting
    /// `filter.max_speed_mps`.
    #[schema(minimum = 0, maximum = 10000)]
    pub max_speed_mps: Option<f32>,
    /// True when it may not send any more.
    pub disabled: bool,
    /// True when a credential is set: messages without it are refused.
    pub has_credential: bool,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// The newest position of a device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceLatest {
    /// Which device.
    pub device_id: DeviceId,
    /// Its driver.
    pub driver_id: Option<DriverId>,
    /// When the fix was taken.
    pub fix_time: Timestamp,
    /// When we received it.
    pub received_at: Timestamp,
    /// Where.
    pub point: Point,
    /// Speed over ground, in metres per second.
    pub speed_mps: Option<f32>,
    /// Course over ground, in degrees clockwise from north.
    pub course_deg: Option<f32>,
    /// Radius of 68 % confidence, in metres.
    pub accuracy_m: Option<f32>,
    /// Height, in metres.
    pub altitude_m: Option<f32>,
    /// Everything else the device said.
    #[schema(value_type = Object)]
    pub attributes: Attributes,
}

/// Whether a device is heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Nothing was ever heard of it.
    Unknown,
    /// It was heard of lately.
    Online,
    /// It was heard of lately, and has stood for a while.
    Idle,
    /// Nothing was heard of it for too long.
    Offline,
}

/// What is known of a device by now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceStatus {
    /// Whether it is heard of.
    pub state: Presence,
    /// When we last heard of it.
    pub heard_at: Option<Timestamp>,
    /// Since when it stands; none while it moves.
    pub stands_since: Option<Timestamp>,
    /// The alarms that it raises.
    pub alarms: Vec<String>,
}
