//! The first start.

use tracklane_core::id::TenantId;
use tracklane_core::model::{Caller, Role, Tenant, TenantSettings, User};
use tracklane_store::{Scope, tenants, users};

use super::passwords;
use super::service::Access;
use super::users::NewUser;
use crate::error::{Error, Result};

/// The short name of the tenant that the first start makes.
const DEFAULT_TENANT: &str = "default";

/// How to log in for the first time.
#[derive(Clone, PartialEq)]
pub struct FirstLogin {
    /// The tenant that was made.
    pub tenant: Tenant,
    /// Its admin.
    pub user: User,
    /// The admin's password. Shown once.
    pub password: String,
}

impl Access {
    /// Makes the tenant `default` and an admin with this e-mail address, if the installation has no user at all yet;
    /// otherwise answers none. A `password` of none means a generated one that can be read out.
    ///
    /// # Errors
    /// `Invalid` for a bad address or password; or when the store does not answer.
    pub async fn bootstrap(&self, email: &str, password: Option<&str>) -> Result<Option<FirstLogin>> {
        let base = &self.0.base;
        if self.has_users().await? {
            return Ok(None);
        }
        let password = password.map_or_else(|| passwords::generate(&base.env), str::to_owned);
        let tenant = self.default_tenant().await?;
        let admin = NewUser {
            email: email.to_owned(),
            name: "Admin".to_owned(),
            role: Role::Admin,
            driver_id: None,
            customer_id: None,
            disabled: false,
            password: Some(password.clone()),
        };
        match self.create_user(&Caller::system(tenant.id), admin).await {
            Ok(user) => Ok(Some(FirstLogin { tenant, user, password })),
            // Another process starts at the same time and was faster.
            Err(Error::Invalid(_)) if self.has_users().await? => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn has_users(&self) -> Result<bool> {
        let mut db = self.0.base.store.read(Scope::System).await?;
        Ok(users::count_any_tenant(&mut db).await? > 0)
    }

    /// The tenant `default`; made if an earlier start has not come that far.
    async fn default_tenant(&self) -> Result<Tenant> {
        let base = &self.0.base;
        let mut tx = base.store.begin(Scope::System).await?;
        if let Some(tenant) = tenants::find_by_slug_any_tenant(&mut tx, DEFAULT_TENANT).await? {
            return Ok(tenant);
        }
        let tenant = Tenant {
            id: TenantId::new(&base.env),
            name: "Default".to_owned(),
            slug: DEFAULT_TENANT.to_owned(),
            settings: TenantSettings::default(),
            created_at: base.env.now(),
            version: 1,
        };
        tenants::insert_any_tenant(&mut tx, &tenant).await?;
        tx.commit().await?;
        Ok(tenant)
    }
}
