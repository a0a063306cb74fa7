//! Geofences.

mod rules;
mod schedule;

pub use rules::{Confirm, Need, SpeedLimit, ZoneRules};
pub use schedule::{DayTime, ScheduleWindow, Weekday, ZoneSchedule};

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, TenantId, ZoneId};
use crate::time::Timestamp;

/// What a zone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// Drawn by the tenant.
    Custom,
    /// Around a location; made by Tracklane.
    Hub,
    /// The wide zone around a destination; made by Tracklane.
    Approach,
}

impl ZoneKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Custom, Self::Hub, Self::Approach];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Hub => "hub",
            Self::Approach => "approach",
        }
    }
}

/// A geofence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Zone {
    /// Its id.
    pub id: ZoneId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The tenant's own reference, unique in the tenant: imports find the zone by it.
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// What it is for.
    pub kind: ZoneKind,
    /// The location it surrounds.
    pub location_id: Option<LocationId>,
    /// GeoJSON geometry: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a circle, or a `LineString`
    /// together with `width_m` for a corridor.
    #[schema(value_type = Object)]
    pub geometry: serde_json::Value,
    /// Radius of a circle, in metres, 1 to 1,000,000; none for everything else.
    pub radius_m: Option<f64>,
    /// Width of a corridor in all, in metres, 1 to 100,000; none for everything else.
    pub width_m: Option<f64>,
    /// What it asks for before it tells an event; none for the defaults.
    pub rules: Option<ZoneRules>,
    /// When it tells events; none for always.
    pub schedule: Option<ZoneSchedule>,
    /// How fast one may go in it; none for any speed.
    pub speed_limit: Option<SpeedLimit>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}
