//! What callers say when they make something. The server checks every field; here only the shape is fixed.

use serde::Serialize;
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DriverId, LocationId};
use tracklane_core::lifecycle::{Reason, Status};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{Address, LocationType, Role, SpeedLimit, ZoneRules, ZoneSchedule};
use tracklane_core::position::Attributes;

/// A sender or recipient.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewCustomer {
    /// The tenant's own reference, unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number, E.164.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// A hub, warehouse, store, locker, port or door.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewLocation {
    /// The tenant's own reference, unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// What kind of place it is.
    pub location_type: LocationType,
    /// Address; without its point nothing can arrive there by position.
    pub address: Address,
    /// Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius_m: Option<f64>,
}

/// Who carries.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewDriver {
    /// The tenant's own reference, unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Name.
    pub name: String,
}

/// What sends positions.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewDevice {
    /// How it names itself, unique in the installation.
    pub identifier: String,
    /// Name; the identifier when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The driver who carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_id: Option<DriverId>,
    /// The highest speed that is believed of it, in metres per second; 0 for any; none for the server's setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_speed_mps: Option<f32>,
}

/// A geofence.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewZone {
    /// The tenant's own reference, unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// GeoJSON geometry: `Polygon`, `MultiPolygon`, a `Point` together with `radius_m` for a circle, or a `LineString`
    /// together with `width_m` for a corridor.
    pub geometry: serde_json::Value,
    /// Radius of a circle, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub radius_m: Option<f64>,
    /// Width of a corridor, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width_m: Option<f64>,
    /// What it asks for before it tells an event; none for the defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<ZoneRules>,
    /// When it tells events; none for always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ZoneSchedule>,
    /// How fast one may go in it; none for any speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed_limit: Option<SpeedLimit>,
}

/// A parcel of a new shipment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewPackage {
    /// Tracking number, unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// What is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Weight in kilograms, 0 to 100,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_kg: Option<f64>,
}

/// A new shipment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewShipment {
    /// The tenant's own reference (order number), unique in the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Who sends, as a new customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<NewCustomer>,
    /// Who sends, as a known customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_id: Option<CustomerId>,
    /// Who receives, as a new customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<NewCustomer>,
    /// Who receives, as a known customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_id: Option<CustomerId>,
    /// Where it starts, as a new location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<NewLocation>,
    /// Where it starts, as a known location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_id: Option<LocationId>,
    /// Where it ends, as a new location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<NewLocation>,
    /// Where it ends, as a known location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_id: Option<LocationId>,
    /// Its parcels, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<NewPackage>,
    /// One fleet leg with this driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver_id: Option<DriverId>,
    /// How far positions alone may move it; the tenant's setting when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milestones: Option<MilestonePolicy>,
    /// Free data; an object.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub metadata: Attributes,
}

/// A fact that somebody states.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewFact {
    /// The status it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The finer status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substatus: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The words of whoever says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_text: Option<String>,
    /// When it happened; now when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
}

/// A webhook target.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewEndpoint {
    /// Where messages go.
    pub url: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which event types it wants; empty means all.
    pub event_types: Vec<String>,
}

/// A key for a program.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewApiKey {
    /// What it is for.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// Requests per minute; none means the installation's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
}
