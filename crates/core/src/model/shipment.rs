//! What is tracked from origin to destination, its parcels, its stretches and its public links.

use serde::{Deserialize, Serialize};

use crate::id::{CustomerId, DriverId, LegId, LinkId, LocationId, PackageId, ShipmentId, TenantId};
use crate::lifecycle::{Reason, Status};
use crate::milestone::MilestonePolicy;
use crate::position::Attributes;
use crate::time::Timestamp;

/// A shipment with the state that its facts fold to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shipment {
    /// Its id.
    pub id: ShipmentId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The tenant's own reference (order number), unique in the tenant.
    pub reference: Option<String>,
    /// Who sends.
    pub sender_id: Option<CustomerId>,
    /// Who receives.
    pub recipient_id: Option<CustomerId>,
    /// Where it starts.
    pub origin_id: Option<LocationId>,
    /// Where it ends.
    pub destination_id: Option<LocationId>,
    /// How far positions alone may move it.
    pub milestones: MilestonePolicy,
    /// Free data of the tenant; an object.
    #[schema(value_type = Object)]
    pub metadata: Attributes,

    /// Where it stands: the fold of its facts.
    pub status: Status,
    /// The finer status.
    pub substatus: Option<String>,
    /// Why, if the deciding fact says.
    pub reason: Option<Reason>,
    /// When the deciding fact happened.
    pub status_since: Timestamp,
    /// Failed attempts that count.
    pub attempts: u32,
    /// A source said that it will be late.
    pub delayed: bool,
    /// It is on its way back under a leg of its own.
    pub return_leg: bool,

    /// Delivery is promised from this instant on.
    pub eta_from: Option<Timestamp>,
    /// Delivery is promised up to this instant.
    pub eta_to: Option<Timestamp>,
    /// When it was picked up.
    pub picked_up_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,

    /// The driver of the present fleet leg.
    pub driver_id: Option<DriverId>,
    /// The number of the newest event of this shipment in the event log.
    pub sequence: i64,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The shipment it belongs to.
    pub shipment_id: ShipmentId,
    /// Tracking number, unique in the tenant.
    pub tracking_number: Option<String>,
    /// What is in it.
    pub description: Option<String>,
    /// Weight in kilograms, 0 to 100,000.
    pub weight_kg: Option<f64>,
    /// Free data of the tenant ("fragile"); an object.
    #[schema(value_type = Object)]
    pub metadata: Attributes,
    /// When the record was made.
    pub created_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// Under whom a leg runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegMode {
    /// The tenant's own drivers: positions.
    Fleet,
    /// A parcel or freight carrier: scans.
    Carrier,
}

impl LegMode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Fleet, Self::Carrier];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Carrier => "carrier",
        }
    }
}

/// Where a leg stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Its turn has not come.
    Planned,
    /// It is the present one.
    Active,
    /// It is over.
    Done,
    /// It will not happen.
    Cancelled,
}

impl LegState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Planned, Self::Active, Self::Done, Self::Cancelled];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One stretch under one carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Leg {
    /// Its id.
    pub id: LegId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The shipment it belongs to.
    pub shipment_id: ShipmentId,
    /// Its place in the order of the legs, from 1.
    pub position: i32,
    /// Under whom it runs.
    pub mode: LegMode,
    /// Where it stands.
    pub state: LegState,
    /// True for the way back.
    pub is_return: bool,
    /// Where it starts.
    pub origin_id: Option<LocationId>,
    /// Where it ends.
    pub destination_id: Option<LocationId>,
    /// Mode `fleet`: who drives.
    pub driver_id: Option<DriverId>,
    /// Since when that driver has it: what their position was before proves nothing about it.
    pub driver_since: Option<Timestamp>,
    /// Mode `carrier`: which carrier.
    pub carrier: Option<String>,
    /// Mode `carrier`: under which number.
    pub tracking_number: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// A public tracking link. The token itself is not kept: it is derived from the id with the installation's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrackingLink {
    /// Its id.
    pub id: LinkId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The shipment it shows.
    pub shipment_id: ShipmentId,
    /// When it stops working; none means some days after the shipment has ended (tenant setting).
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
