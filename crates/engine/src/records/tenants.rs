//! The companies that use the installation.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracklane_core::Invalid;
use tracklane_core::id::TenantId;
use tracklane_core::model::{Caller, Role, Tenant, TenantSettings};
use tracklane_store::{Listing, Page, Scope, tenants};

use crate::base::{Base, must_administer};
use crate::check;
use crate::error::{Error, Result};

/// What is said about a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Its name, shown on tracking pages, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Its short name in URLs and topics, unique: lower-case letters, digits and hyphens, 1 to 40.
    #[schema(pattern = "^[a-z0-9-]{1,40}$")]
    pub slug: String,
    /// What it sets.
    #[serde(default)]
    pub settings: TenantSettings,
}

impl From<&Tenant> for NewTenant {
    fn from(tenant: &Tenant) -> Self {
        Self { name: tenant.name.clone(), slug: tenant.slug.clone(), settings: tenant.settings.clone() }
    }
}

impl NewTenant {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::name(&mut invalid, &self.name);
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let slug = (1..=40).contains(&self.slug.len()) && self.slug.bytes().all(letters);
        invalid.require(slug, "/slug", "must be 1 to 40 lower-case letters, digits and hyphens");
        check_settings(&mut invalid, &self.settings);
        invalid.into_result()
    }
}

fn check_settings(invalid: &mut Invalid, settings: &TenantSettings) {
    let mut whole = |field: &str, value: i64, low: i64, high: i64| {
        let rule = format!("must be from {low} to {high}");
        invalid.require((low..=high).contains(&value), &format!("/settings/{field}"), rule);
    };
    whole("grace_seconds", settings.grace_seconds, 0, 2_592_000);
    whole("alert_limit_device_seconds", settings.alert_limit_device_seconds, 0, 86_400);
    whole("alert_limit_carrier_seconds", settings.alert_limit_carrier_seconds, 0, 2_592_000);
    whole("link_days", i64::from(settings.link_days), 1, 365);
    let mut optional = |field: &str, value: Option<u32>, low: i64, high: i64| {
        if let Some(value) = value {
            whole(field, value.into(), low, high);
        }
    };
    optional("reorder_window_seconds", settings.reorder_window_seconds, 0, 3_600);
    optional("offline_seconds", settings.offline_seconds, 10, 31_536_000);
    optional("idle_seconds", settings.idle_seconds, 0, 31_536_000);
    if let Some(retention) = settings.position_retention {
        whole("position_retention/raw_days", retention.raw_days.into(), 1, 36_500);
        whole("position_retention/thinned_seconds", retention.thinned_seconds.into(), 1, 86_400);
        whole("position_retention/thinned_days", retention.thinned_days.into(), 0, 36_500);
    }
    check::range(invalid, "/settings/hub_radius_m", Some(settings.hub_radius_m), 20.0, 5_000.0);
    check::range(invalid, "/settings/approach_radius_m", Some(settings.approach_radius_m), 50.0, 50_000.0);
    let wider = settings.approach_radius_m >= settings.hub_radius_m;
    invalid.require(wider, "/settings/approach_radius_m", "must not be smaller than hub_radius_m");
}

/// The companies that use the installation. Cheap to clone.
#[derive(Clone)]
pub struct Tenants {
    base: Arc<Base>,
}

impl Tenants {
    pub(super) fn new(base: &Arc<Base>) -> Self {
        Self { base: base.clone() }
    }

    /// Makes a tenant. Whether the caller may is for the server to say: it knows who runs the installation.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Conflict`] when the slug is taken.
    pub async fn create(&self, caller: &Caller, input: NewTenant) -> Result<Tenant> {
        must_administer(caller)?;
        input.check()?;
        let tenant = Tenant {
            id: TenantId::new(&self.base.env),
            name: input.name,
            slug: input.slug,
            settings: input.settings,
            created_at: self.base.env.now(),
            version: 1,
        };
        let mut tx = self.base.store.begin(Scope::System).await?;
        tenants::insert_any_tenant(&mut tx, &tenant).await?;
        self.base.narrow(&mut tx, caller).await?;
        self.base.audit(&mut tx, caller, "tenant.created", tenant.id.to_string()).await?;
        tx.commit().await?;
        self.base.memory.zones.resize(&tenant);
        Ok(tenant)
    }

    /// Every tenant of the installation, newest first. Whether the caller may ask is for the server to say.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for all but admins.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listing<Tenant>> {
        must_administer(caller)?;
        let mut db = self.base.store.read(Scope::System).await?;
        Ok(tenants::list_any_tenant(&mut db, page).await?)
    }

    /// The tenant with this short name or id, for the binary's own settings and for topics: nobody else may ask.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn find(&self, name: &str) -> Result<Option<TenantId>> {
        let mut db = self.base.store.read(Scope::System).await?;
        let found = match name.parse() {
            Ok(id) => tenants::get_any_tenant(&mut db, id).await?,
            Err(_) => tenants::find_by_slug_any_tenant(&mut db, name).await?,
        };
        Ok(found.map(|tenant| tenant.id))
    }

    /// True when the caller is an admin of the tenant that was made first: those run the installation.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn runs_installation(&self, caller: &Caller) -> Result<bool> {
        if caller.role != Role::Admin {
            return Ok(false);
        }
        // Newest first, so the first one made is the last one listed. Ids sort by the time they were made.
        let mut db = self.base.store.read(Scope::System).await?;
        let mut page = Page::first(200);
        loop {
            let listing = tenants::list_any_tenant(&mut db, page).await?;
            if listing.items.iter().any(|tenant| tenant.id < caller.tenant_id) {
                return Ok(false);
            }
            match listing.next {
                Some(after) => page.after = Some(after),
                None => return Ok(true),
            }
        }
    }

    /// The caller's own tenant.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn own(&self, caller: &Caller) -> Result<Tenant> {
        let mut db = self.base.read(caller).await?;
        tenants::own(&mut db).await?.ok_or(Error::NotFound)
    }

    /// Changes the caller's own tenant, if it still has the version that the caller saw.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::Invalid`], [`Error::VersionMismatch`], [`Error::Conflict`] when the slug is taken.
    pub async fn update(&self, caller: &Caller, expected_version: i64, input: NewTenant) -> Result<Tenant> {
        must_administer(caller)?;
        input.check()?;
        let mut tx = self.base.begin(caller).await?;
        let mut tenant = tenants::own(&mut tx).await?.ok_or(Error::NotFound)?;
        if tenant.version != expected_version {
            return Err(Error::VersionMismatch);
        }
        (tenant.name, tenant.slug, tenant.settings) = (input.name, input.slug, input.settings);
        if !tenants::update(&mut tx, &tenant).await? {
            return Err(Error::VersionMismatch);
        }
        tenant.version += 1;
        self.base.audit(&mut tx, caller, "tenant.updated", tenant.id.to_string()).await?;
        tx.commit().await?;
        self.base.memory.zones.resize(&tenant);
        Ok(tenant)
    }
}
