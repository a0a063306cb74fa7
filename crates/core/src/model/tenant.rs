//! The company that uses the system.

use serde::{Deserialize, Serialize};

use crate::id::TenantId;
use crate::milestone::MilestonePolicy;
use crate::time::Timestamp;

/// A tenant. Every row and every key belongs to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, shown on tracking pages.
    pub name: String,
    /// Its short name in URLs and topics: lower-case letters, digits and hyphens, 1 to 40.
    pub slug: String,
    /// What it has set.
    pub settings: TenantSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// What a tenant may set. Every field has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSettings {
    /// How far positions alone may move a new shipment, unless the shipment says otherwise.
    pub milestones: MilestonePolicy,
    /// Radius of the zone around a shipment's origin and destination when the location draws none, in metres, 20 to 5,000.
    #[schema(minimum = 20, maximum = 5000)]
    pub hub_radius_m: f64,
    /// Radius of the wide zone around a destination that means "arriving", in metres, 50 to 50,000.
    #[schema(minimum = 50, maximum = 50000)]
    pub approach_radius_m: f64,
    /// For how long after a delivery a pick-up scan is taken for a straggler, in seconds, 0 to 2,592,000.
    #[schema(minimum = 0, maximum = 2592000)]
    pub grace_seconds: i64,
    /// How fresh a position-made fact must be for anybody to be alerted, in seconds, 0 to 86,400.
    #[schema(minimum = 0, maximum = 86400)]
    pub alert_limit_device_seconds: i64,
    /// How fresh a carrier's fact must be for anybody to be alerted, in seconds, 0 to 2,592,000.
    #[schema(minimum = 0, maximum = 2592000)]
    pub alert_limit_carrier_seconds: i64,
    /// How far behind the newest fix of a device a late one may lie and still be taken up by the zones, in seconds, 0 to 3,600; none
    /// for the server's setting `tracking.reorder_window_seconds`.
    #[schema(minimum = 0, maximum = 3600)]
    pub reorder_window_seconds: Option<u32>,
    /// After how long a silence a device is offline, in seconds, 10 to 31,536,000; none for the server's setting
    /// `tracking.offline_seconds`.
    #[schema(minimum = 10, maximum = 31536000)]
    pub offline_seconds: Option<u32>,
    /// After how long a stand a device is idle, in seconds, 0 to 31,536,000; none for the server's setting `tracking.idle_seconds`.
    #[schema(minimum = 0, maximum = 31536000)]
    pub idle_seconds: Option<u32>,
    /// How long a public tracking link lives after the shipment has ended, in days, 1 to 365.
    #[schema(minimum = 1, maximum = 365)]
    pub link_days: u32,
    /// For how long positions are kept; none keeps them for ever.
    pub position_retention: Option<PositionRetention>,
}

/// For how long positions are kept: all of them for some days, then one of each device in so many seconds for some more.
/// Both are kept to once a day, and whole parts of the history at a time, so that a position may stay a week longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionRetention {
    /// Every position is kept for so many days, 1 to 36,500.
    #[schema(minimum = 1, maximum = 36500)]
    pub raw_days: u32,
    /// After that the first position of each device in so many seconds is kept, 1 to 86,400. Default: 60.
    #[schema(minimum = 1, maximum = 86400)]
    #[serde(default = "one_minute")]
    pub thinned_seconds: u32,
    /// For so many days more, 0 to 36,500; then it is dropped. Default: 0.
    #[schema(minimum = 0, maximum = 36500)]
    #[serde(default)]
    pub thinned_days: u32,
}

fn one_minute() -> u32 {
    60
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            milestones: MilestonePolicy::default(),
            hub_radius_m: 150.0,
            approach_radius_m: 1_000.0,
            grace_seconds: crate::lifecycle::DEFAULT_GRACE_SECONDS,
            alert_limit_device_seconds: 900,
            alert_limit_carrier_seconds: 86_400,
            reorder_window_seconds: None,
            offline_seconds: None,
            idle_seconds: None,
            link_days: 30,
            position_retention: None,
        }
    }
}
