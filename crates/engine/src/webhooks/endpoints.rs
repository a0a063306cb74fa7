//! A tenant's webhook targets.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{Caller, Endpoint};
use tracklane_store::endpoints::EndpointFilter;
use tracklane_store::{Listing, Page};

use super::service::Webhooks;
use crate::error::Result;

/// What a tenant says about an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    /// Where messages go: http or https, at most 2,048 characters, never a private address unless the installation allows it.
    #[schema(max_length = 2048)]
    pub url: String,
    /// What it is for, 1 to 500 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Which event types it wants: exact names, their aliases, or a prefix with `.*`; empty means all.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// True when it gets no messages for now; they wait. False switches a disabled endpoint on again.
    #[serde(default)]
    pub paused: bool,
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
        let _ = (caller, new);
        todo!()
    }

    /// The endpoint with this id.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, caller: &Caller, id: EndpointId) -> Result<Endpoint> {
        let _ = (caller, id);
        todo!()
    }

    /// The endpoints of the tenant, newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn list(&self, caller: &Caller, filter: &EndpointFilter, page: Page) -> Result<Listing<Endpoint>> {
        let _ = (caller, filter, page);
        todo!()
    }

    /// Changes an endpoint whose version is still `version`.
    ///
    /// # Errors
    /// `NotFound`; `VersionMismatch`; `Invalid`.
    pub async fn update(&self, caller: &Caller, id: EndpointId, version: i64, new: NewEndpoint) -> Result<Endpoint> {
        let _ = (caller, id, version, new);
        todo!()
    }

    /// Removes an endpoint with its messages.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, caller: &Caller, id: EndpointId) -> Result<()> {
        let _ = (caller, id);
        todo!()
    }

    /// The signing secret of an endpoint.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn secret(&self, caller: &Caller, id: EndpointId) -> Result<EndpointSecret> {
        let _ = (caller, id);
        todo!()
    }

    /// Gives an endpoint a new secret; the one before signs too for a day (a setting).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn rotate_secret(&self, caller: &Caller, id: EndpointId) -> Result<EndpointSecret> {
        let _ = (caller, id);
        todo!()
    }
}
