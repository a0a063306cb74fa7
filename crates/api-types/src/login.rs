//! Logging in, and who one is.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DeviceId, DriverId};
use tracklane_core::model::{ApiKey, Role, Tenant, User};

/// Who wants in.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// E-mail address, in any case.
    #[schema(max_length = 254)]
    pub email: String,
    /// Password.
    #[schema(max_length = 1000, format = Password)]
    pub password: String,
}

impl std::fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginRequest").finish_non_exhaustive()
    }
}

/// A new password for oneself.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password until now.
    #[schema(max_length = 1000, format = Password)]
    pub present_password: String,
    /// The password from now on.
    #[schema(min_length = 10, max_length = 200, format = Password)]
    pub new_password: String,
}

/// A successful login.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginAnswer {
    /// The token for `Authorization: Bearer`.
    pub token: String,
    /// When the token stops working.
    pub expires_at: Timestamp,
    /// Who logged in.
    pub user: User,
    /// Their tenant.
    pub tenant: Tenant,
}

/// Who calls, and what they may do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Me {
    /// The person, when a person calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The API key, when a program calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKey>,
    /// The role.
    pub role: Role,
    /// The tenant.
    pub tenant: Tenant,
    /// For the role `driver`: which driver this is.
    pub driver_id: Option<DriverId>,
    /// For the role `customer`: which customer this is.
    pub customer_id: Option<CustomerId>,
    /// For the role `device`: which device this is.
    pub device_id: Option<DeviceId>,
    /// What the caller may do, as scopes such as `shipments:read`.
    pub permissions: Vec<String>,
}
