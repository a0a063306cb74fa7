//! A tenant's webhook targets.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tracklane_core::event::EventKind;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{Caller, Endpoint, EndpointState};
use tracklane_core::{Invalid, Timestamp};
use tracklane_notify::webhook::{Guard, Secret};
use tracklane_store::endpoints::{self, EndpointFilter, EndpointSecrets};
use tracklane_store::{Listing, Page, Scope};

use super::service::{Inner, Webhooks};
use crate::base::{must_operate, must_see_all};
use crate::check;
use crate::error::{Error, Result};

/// How many event types an endpoint may name.
const MOST_TYPES: usize = 100;

/// What a tenant says about an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    /// Where messages go: http or https, at most 2,048 characters, never a private address unless the installation allows it.
    #[schema(max_length = 2048)]
    pub url: String,
    /// What it is for, 1 to 500 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    pub description: Option<String>,
    /// Which event types it wants: exact names, their aliases, or a prefix with `.*`; empty means all.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub event_types: Vec<String>,
    /// `active`, or `paused`: then messages wait. Sent back, `disabled` stays; `active` switches a disabled endpoint on
    /// again.
    #[serde(default = "active")]
    pub state: EndpointState,
}

fn active() -> EndpointState {
    EndpointState::Active
}

impl From<&Endpoint> for NewEndpoint {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            event_types: endpoint.event_types.clone(),
            state: endpoint.state,
        }
    }
}

/// The signing secrets of an endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EndpointSecret {
    /// The present one, `whsec_..`.
    pub secret: String,
    /// Until when messages are signed with the one before it, too; none when there is none.
    pub previous_until: Option<Timestamp>,
}

impl Webhooks {
    /// Makes an endpoint with a secret of its own.
    ///
    /// # Errors
    /// `Invalid` for a URL that may not be called, unknown event types (the valid ones are listed), and so on.
    pub async fn create(&self, caller: &Caller, new: NewEndpoint) -> Result<Endpoint> {
        must_operate(caller)?;
        new.check(&self.0.guard, EndpointState::Active)?;
        let base = &self.0.base;
        let now = base.env.now();
        let endpoint = Endpoint {
            id: EndpointId::new(&base.env),
            tenant_id: caller.tenant_id,
            url: new.url,
            description: new.description,
            event_types: new.event_types,
            state: new.state,
            disabled_reason: None,
            failing_since: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let current = seal_secret(&self.0, endpoint.id, &Secret::generate(&base.env))?;
        let secrets = EndpointSecrets { current, previous: None, previous_until: None };
        let mut tx = base.begin(caller).await?;
        endpoints::insert(&mut tx, &endpoint, &secrets).await?;
        base.audit(&mut tx, caller, "endpoint.created", endpoint.id.to_string()).await?;
        tx.commit().await?;
        Ok(endpoint)
    }

    /// The endpoint with this id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, caller: &Caller, id: EndpointId) -> Result<Endpoint> {
        must_see_all(caller)?;
        let mut db = self.0.base.read(caller).await?;
        endpoints::get(&mut db, id).await?.ok_or(Error::NotFound)
    }

    /// The endpoints of the tenant, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self, caller: &Caller, filter: &EndpointFilter, page: Page) -> Result<Listing<Endpoint>> {
        must_see_all(caller)?;
        let mut db = self.0.base.read(caller).await?;
        Ok(endpoints::list(&mut db, filter, page).await?)
    }

    /// Changes an endpoint whose version is still `version`.
    ///
    /// # Errors
    /// `NotFound`; `VersionMismatch`; `Invalid`.
    pub async fn update(&self, caller: &Caller, id: EndpointId, version: i64, new: NewEndpoint) -> Result<Endpoint> {
        must_operate(caller)?;
        let base = &self.0.base;
        let mut tx = base.store.begin(Scope::System).await?;
        let found = endpoints::find_any_tenant(&mut tx, id).await?.map(|(endpoint, _)| endpoint);
        let mut endpoint = found.filter(|found| found.tenant_id == caller.tenant_id).ok_or(Error::NotFound)?;
        if endpoint.version != version {
            return Err(Error::VersionMismatch);
        }
        new.check(&self.0.guard, endpoint.state)?;
        // A new address, or being switched on again, is a new beginning.
        if new.url != endpoint.url || (new.state == EndpointState::Active && endpoint.state != EndpointState::Active) {
            endpoint.failing_since = endpoints::note_attempt_any_tenant(&mut tx, id, None).await?;
        }
        base.narrow(&mut tx, caller).await?;
        if new.state != EndpointState::Disabled {
            endpoint.disabled_reason = None;
        }
        (endpoint.url, endpoint.description) = (new.url, new.description);
        (endpoint.event_types, endpoint.state) = (new.event_types, new.state);
        endpoint.updated_at = base.env.now();
        if !endpoints::update(&mut tx, &endpoint).await? {
            return Err(Error::VersionMismatch);
        }
        base.audit(&mut tx, caller, "endpoint.updated", id.to_string()).await?;
        tx.commit().await?;
        // What has waited during a pause is due.
        self.0.wake.notify_one();
        endpoint.version += 1;
        Ok(endpoint)
    }

    /// Removes an endpoint with its messages.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, caller: &Caller, id: EndpointId) -> Result<()> {
        must_operate(caller)?;
        let mut tx = self.0.base.begin(caller).await?;
        if !endpoints::delete(&mut tx, id).await? {
            return Err(Error::NotFound);
        }
        self.0.base.audit(&mut tx, caller, "endpoint.deleted", id.to_string()).await?;
        Ok(tx.commit().await?)
    }

    /// The signing secret of an endpoint.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn secret(&self, caller: &Caller, id: EndpointId) -> Result<EndpointSecret> {
        must_operate(caller)?;
        let mut db = self.0.base.read(caller).await?;
        let sealed = endpoints::secrets(&mut db, id).await?.ok_or(Error::NotFound)?;
        let secret = read_secret(&self.0, id, &sealed.current)?.reveal();
        let now = self.0.base.env.now();
        Ok(EndpointSecret { secret, previous_until: sealed.previous_until.filter(|until| *until > now) })
    }

    /// Gives an endpoint a new secret; the one before signs too for a day (a setting).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn rotate_secret(&self, caller: &Caller, id: EndpointId) -> Result<EndpointSecret> {
        must_operate(caller)?;
        let base = &self.0.base;
        let secret = Secret::generate(&base.env);
        let both = SignedDuration::from_secs(base.settings.webhooks.rotation_seconds);
        let until = base.env.now().saturating_add(both).unwrap_or(Timestamp::MAX);
        let mut tx = base.begin(caller).await?;
        let before = endpoints::secrets(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let secrets = EndpointSecrets {
            current: seal_secret(&self.0, id, &secret)?,
            previous: Some(before.current),
            previous_until: Some(until),
        };
        if !endpoints::set_secrets(&mut tx, id, &secrets).await? {
            return Err(Error::NotFound);
        }
        base.audit(&mut tx, caller, "endpoint.secret_rotated", id.to_string()).await?;
        tx.commit().await?;
        Ok(EndpointSecret { secret: secret.reveal(), previous_until: Some(until) })
    }
}

impl NewEndpoint {
    /// Checks every field, for an endpoint that is in the state `now`.
    fn check(&self, guard: &Guard, now: EndpointState) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if let Err(blocked) = guard.check_url(&self.url) {
            invalid.add("/url", blocked.to_string());
        }
        if let Some(description) = &self.description {
            check::prose(&mut invalid, "/description", description, 500);
        }
        check_types(&mut invalid, "/event_types", &self.event_types);
        let state = self.state != EndpointState::Disabled || now == EndpointState::Disabled;
        invalid.require(state, "/state", "must be active or paused");
        invalid.into_result()
    }
}

/// Event types as tenants write them must name at least one type each.
pub(super) fn check_types(invalid: &mut Invalid, pointer: &str, types: &[String]) {
    invalid.require(types.len() <= MOST_TYPES, pointer, format!("must have at most {MOST_TYPES} entries"));
    for (index, filter) in types.iter().enumerate().take(MOST_TYPES) {
        if !EventKind::ALL.iter().any(|kind| kind.matches(filter)) {
            invalid.add(&format!("{pointer}/{index}"), format!("must be one of {}", valid_types()));
        }
    }
}

/// Everything that may stand in a list of event types.
fn valid_types() -> String {
    let mut names = Vec::new();
    for kind in EventKind::ALL {
        names.push(kind.as_str().to_owned());
        names.extend(kind.aliases().iter().map(|alias| (*alias).to_owned()));
    }
    let groups: Vec<String> =
        names.iter().filter_map(|name| name.split_once('.')).map(|(g, _)| format!("{g}.*")).collect();
    names.extend(groups);
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn context(id: EndpointId) -> String {
    format!("endpoint secret:{id}")
}

fn seal_secret(inner: &Inner, id: EndpointId, secret: &Secret) -> Result<Vec<u8>> {
    inner.base.secrets.seal(&inner.base.env, &context(id), secret.bytes())
}

/// Opens the sealed secret of an endpoint.
pub(super) fn read_secret(inner: &Inner, id: EndpointId, sealed: &[u8]) -> Result<Secret> {
    let bytes = inner.base.secrets.unseal(&context(id), sealed)?;
    Secret::from_bytes(&bytes).map_err(|error| Error::Internal(Box::new(error)))
}
