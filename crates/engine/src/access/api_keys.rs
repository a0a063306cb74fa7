//! Keys for programs: `tlk_`, the id's 26 characters, `_`, 43 characters of base64url. The store keeps a hash alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tracklane_core::id::{ApiKeyId, CustomerId, DeviceId, DriverId};
use tracklane_core::model::{ApiKey, Caller, Role};
use tracklane_core::time::to_micros;
use tracklane_core::{Invalid, Timestamp};
use tracklane_store::api_keys::{self, ApiKeyFilter};
use tracklane_store::{Db, Listing, Page, devices};

use super::authenticate::hash_secret;
use super::principal::Scope;
use super::service::Access;
use super::users::{check_narrow_role, must_exist_customer, must_exist_driver};
use crate::base::must_administer;
use crate::check;
use crate::error::{Error, Result};
use crate::shared::ended::Ended;

/// What is said about a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is for, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it may do at most.
    pub role: Role,
    /// What it may do of that: at most 100 scopes such as `shipments:read`; empty means all that the role may.
    #[serde(default)]
    #[schema(max_items = 100)]
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
        must_administer(caller)?;
        let base = &self.0.base;
        let now = base.env.now();
        new.check(now)?;
        let api_key = ApiKey {
            id: ApiKeyId::new(&base.env),
            tenant_id: caller.tenant_id,
            name: new.name,
            role: new.role,
            scopes: new.scopes,
            driver_id: new.driver_id,
            customer_id: new.customer_id,
            device_id: new.device_id,
            requests_per_minute: new.requests_per_minute,
            expires_at: new.expires_at.map(to_micros),
            revoked_at: None,
            last_used_at: None,
            created_at: now,
        };
        let secret = URL_SAFE_NO_PAD.encode(base.env.random::<32>());
        let mut tx = base.begin(caller).await?;
        must_exist_driver(&mut tx, api_key.driver_id).await?;
        must_exist_customer(&mut tx, api_key.customer_id).await?;
        must_exist_device(&mut tx, api_key.device_id).await?;
        api_keys::insert(&mut tx, &api_key, &hash_secret(&secret)).await?;
        base.audit(&mut tx, caller, "api_key.created", api_key.id.to_string()).await?;
        tx.commit().await?;
        let secret = join_secret(api_key.id, &secret);
        Ok(CreatedApiKey { api_key, secret })
    }

    /// The key with this id, revoked or not.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`.
    pub async fn api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKey> {
        must_administer(caller)?;
        let mut db = self.0.base.read(caller).await?;
        api_keys::get(&mut db, id).await?.ok_or(Error::NotFound)
    }

    /// The keys of the tenant, newest first.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls.
    pub async fn api_keys(&self, caller: &Caller, filter: &ApiKeyFilter, page: Page) -> Result<Listing<ApiKey>> {
        must_administer(caller)?;
        let mut db = self.0.base.read(caller).await?;
        Ok(api_keys::list(&mut db, filter, page).await?)
    }

    /// Revokes a key: it stops working at once. Revoking it again changes nothing.
    ///
    /// # Errors
    /// `Forbidden` unless an admin calls; `NotFound`.
    pub async fn revoke_api_key(&self, caller: &Caller, id: ApiKeyId) -> Result<()> {
        must_administer(caller)?;
        let base = &self.0.base;
        let mut tx = base.begin(caller).await?;
        if api_keys::get(&mut tx, id).await?.is_none() {
            return Err(Error::NotFound);
        }
        if api_keys::revoke(&mut tx, id, base.env.now()).await? {
            base.audit(&mut tx, caller, "api_key.revoked", id.to_string()).await?;
        }
        tx.commit().await?;
        self.forget(Ended::ApiKey(id)).await;
        Ok(())
    }
}

impl NewApiKey {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    fn check(&self, now: Timestamp) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::name(&mut invalid, &self.name);
        invalid.require(self.scopes.len() <= 100, "/scopes", "must be at most 100");
        for (index, scope) in self.scopes.iter().enumerate().take(100) {
            if let Err(error) = scope.parse::<Scope>() {
                invalid.add(&format!("/scopes/{index}"), error.to_string());
            }
        }
        check_narrow_role(&mut invalid, self.role, self.driver_id.is_some(), self.customer_id.is_some());
        let device = self.device_id.is_none() || self.role == Role::Device;
        invalid.require(device, "/device_id", "must be left out for this role");
        let rate = self.requests_per_minute.is_none_or(|rate| (1..=1_000_000).contains(&rate));
        invalid.require(rate, "/requests_per_minute", "must be from 1 to 1000000");
        invalid.require(self.expires_at.is_none_or(|at| at > now), "/expires_at", "must lie in the future");
        invalid.into_result()
    }
}

async fn must_exist_device(db: &mut Db, id: Option<DeviceId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let found = devices::get(db, id).await?;
    found.map(drop).ok_or_else(|| Invalid::one("/device_id", "no such device").into())
}

/// What every key begins with, so that people and scanners recognise one.
const PREFIX: &str = "tlk_";

/// How many characters an id has after its own prefix.
const ID_CHARS: usize = 26;

/// The text that a program sends.
fn join_secret(id: ApiKeyId, secret: &str) -> String {
    let id = id.to_string();
    format!("{PREFIX}{}_{secret}", id.trim_start_matches("key_"))
}

/// The id and the secret of a key's text; none when it is no key.
pub(super) fn split_secret(text: &str) -> Option<(ApiKeyId, &str)> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_at_checked(ID_CHARS)?;
    let secret = secret.strip_prefix('_')?;
    Some((format!("key_{id}").parse().ok()?, secret))
}

#[cfg(test)]
mod tests {
    use tracklane_core::id::Id as _;

    use super::*;

    #[test]
    fn a_secret_is_split_as_it_was_joined() {
        let id = ApiKeyId::from_uuid(uuid::Uuid::from_u128(u128::MAX / 3));
        let text = join_secret(id, "-_a_b");
        assert_eq!(split_secret(&text), Some((id, "-_a_b")));
        for bad in ["", "tlk_", "tlk_x_y", &text[1..], &text.to_uppercase(), &text.replace("_-", "--")] {
            assert_eq!(split_secret(bad), None, "{bad}");
        }
        assert_eq!(split_secret("tlk_éééééééééééééééééééééééééé_x"), None);
    }
}
