//! Typed places.

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, TenantId};
use crate::model::Address;
use crate::time::Timestamp;

/// What kind of place a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocationType {
    /// Where shipments change vehicles.
    Hub,
    /// Where goods are kept.
    Warehouse,
    /// Where goods are sold.
    Store,
    /// Where recipients fetch goods themselves.
    Locker,
    /// Where ships, planes or trains are loaded.
    Port,
    /// A customer's door.
    Address,
}

impl LocationType {
    /// Every type.
    pub const ALL: [Self; 6] = [Self::Hub, Self::Warehouse, Self::Store, Self::Locker, Self::Port, Self::Address];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Warehouse => "warehouse",
            Self::Store => "store",
            Self::Locker => "locker",
            Self::Port => "port",
            Self::Address => "address",
        }
    }
}

/// A hub, warehouse, store, locker, port or door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// The tenant's own reference, unique in the tenant.
    pub reference: Option<String>,
    /// Name.
    pub name: String,
    /// What kind of place it is.
    pub location_type: LocationType,
    /// Address with its point.
    pub address: Address,
    /// Time zone, IANA name.
    pub time_zone: Option<String>,
    /// Radius of its zone in metres, 20 to 5,000; none means the tenant's setting.
    pub radius_m: Option<f64>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}
