//! Who may come in: people and API keys. Secrets are not part of these records; the store keeps their hashes apart.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{ApiKeyId, CustomerId, DeviceId, DriverId, TenantId, UserId};
use crate::lifecycle::Actor;
use crate::time::Timestamp;

/// What somebody may do. The table of permissions stands in the server, in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in the tenant.
    Admin,
    /// Everything but users, keys and the tenant itself.
    Operator,
    /// Reads.
    Viewer,
    /// Own work: own position, own shipments, their facts.
    Driver,
    /// Sends positions.
    Device,
    /// Own shipments: creates and reads them.
    Customer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [Self::Admin, Self::Operator, Self::Viewer, Self::Driver, Self::Device, Self::Customer];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Viewer => "viewer",
            Self::Driver => "driver",
            Self::Device => "device",
            Self::Customer => "customer",
        }
    }
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}; known are admin, operator, viewer, driver, device, customer")]
pub struct ParseRoleError(pub String);

impl FromStr for Role {
    type Err = ParseRoleError;
    fn from_str(text: &str) -> Result<Self, ParseRoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| ParseRoleError(text.to_owned()))
    }
}

/// A person who logs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their tenant.
    pub tenant_id: TenantId,
    /// What they log in with, lower-case, unique in the installation.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// For the role `driver`: which driver they are.
    pub driver_id: Option<DriverId>,
    /// For the role `customer`: which customer they are.
    pub customer_id: Option<CustomerId>,
    /// True when they may not log in any more; their tokens stop working at once.
    pub disabled: bool,
    /// When they were made.
    pub created_at: Timestamp,
    /// Grows with each write.
    pub version: i64,
}

/// A key for programs. The secret is shown once, when the key is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// What it is for.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// What it may do of that: scopes such as `shipments:read`; empty means all that the role may.
    pub scopes: Vec<String>,
    /// For the role `driver`: which driver it acts for.
    pub driver_id: Option<DriverId>,
    /// For the role `customer`: which customer it acts for.
    pub customer_id: Option<CustomerId>,
    /// For the role `device`: which device it acts for; none means every device of the tenant.
    pub device_id: Option<DeviceId>,
    /// Requests per minute; none means the installation's default.
    pub requests_per_minute: Option<u32>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who calls, as established by the server (or by the binary itself): every engine call takes one. It fixes the tenant
/// and, for the narrow roles, whose own things may be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose data the call may see: no call sees two.
    pub tenant_id: TenantId,
    /// Who it is, for facts and for the audit log.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
    /// For the role `driver`.
    pub driver_id: Option<DriverId>,
    /// For the role `customer`.
    pub customer_id: Option<CustomerId>,
    /// For the role `device`.
    pub device_id: Option<DeviceId>,
}

impl Caller {
    /// Tracklane itself, acting inside one tenant.
    pub fn system(tenant_id: TenantId) -> Self {
        Self { tenant_id, actor: Actor::System, role: Role::Admin, driver_id: None, customer_id: None, device_id: None }
    }
}
