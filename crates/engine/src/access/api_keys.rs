//! Keys for programs: `tlk_`, the id's 26 characters, `_`, 43 characters of base64url. The store keeps a hash alone.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{ApiKeyId, CustomerId, DeviceId, DriverId};
use tracklane_core::model::{ApiKey, Caller, Role};
use tracklane_store::api_keys::ApiKeyFilter;
use tracklane_store::{Listing, Page};

use super::service::Access;
use crate::error::Result;

/// What is said about a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is for, 1 to 200 characters.
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// What it may do of that: scopes such as `shipments:read`; empty means all that the role may.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Needed for the role `driver`, and for no other: which driver it acts for.
    #[serde(default)]
    pub driver_id: Option<DriverId>,
    /// Needed for the role `customer`, and for no other: which customer it acts for.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// For the role `device` only: which device it acts for; none means every device of the tenant.
    #[serde(default)]
    pub device_id: Option<DeviceId>,
    /// Requests per minute, 1 to 1,000,000; none means the installation's default.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000000)]
    pub requests_per_minute: Option<u32>,
    /// When it stops working; in the future.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A key just made, with the only sight of its secret.
#[derive(Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CreatedApiKey {
    /// The key.
    pub api_key: ApiKey,
    /// What a program sends as `Authorization: Bearer`. Shown once.
    pub secret: String,
}

impl Access {
    /// Makes a key.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `Invalid` for broken rules.
    pub async fn create_api_key(&self, caller: &Caller, new: NewApiKey) -> Result<CreatedApiKey> {
        let _ = (caller, new);
        todo!()
    }

    /// The key with this id, revoked or not.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`.
    pub async fn api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKey> {
        let _ = (caller, id);
        todo!()
    }

    /// The keys of the tenant, newest first.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls.
    pub async fn api_keys(&self, caller: &Caller, filter: &ApiKeyFilter, page: Page) -> Result<Listing<ApiKey>> {
        let _ = (caller, filter, page);
        todo!()
    }

    /// Revokes a key: it stops working at once. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`.
    pub async fn revoke_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<()> {
        let _ = (caller, id);
        todo!()
    }
}
