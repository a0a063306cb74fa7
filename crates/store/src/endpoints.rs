//! Webhook targets. Their secrets come in sealed and are never part of the record.

use tracklane_core::Timestamp;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{Endpoint, EndpointState};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which endpoints are asked for.
#[derive(Debug, Clone, Default)]
pub struct EndpointFilter {
    /// In this state; none means any.
    pub state: Option<EndpointState>,
}

/// The signing secrets of an endpoint, sealed with the installation's key.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointSecrets {
    /// The present one.
    pub current: Vec<u8>,
    /// The one before it.
    pub previous: Option<Vec<u8>>,
    /// Until when messages are signed with the one before it, too.
    pub previous_until: Option<Timestamp>,
}

/// Adds an endpoint with its secrets.
pub async fn insert(db: &mut Db, endpoint: &Endpoint, secrets: &EndpointSecrets) -> Result<()> {
    todo!()
}

/// The endpoint with this id.
pub async fn get(db: &mut Db, id: EndpointId) -> Result<Option<Endpoint>> {
    todo!()
}

/// The endpoint with this id and its secrets, for the delivery worker.
pub async fn find_any_tenant(db: &mut Db, id: EndpointId) -> Result<Option<(Endpoint, EndpointSecrets)>> {
    todo!()
}

/// Every endpoint in state `active`, of every tenant, in no order.
pub async fn active_any_tenant(db: &mut Db) -> Result<Vec<Endpoint>> {
    todo!()
}

/// The endpoints of the tenant.
pub async fn list(db: &mut Db, filter: &EndpointFilter, page: Page) -> Result<Listing<Endpoint>> {
    todo!()
}

/// Changes an endpoint.
pub async fn update(db: &mut Db, endpoint: &Endpoint) -> Result<bool> {
    todo!()
}

/// Removes an endpoint with its messages and attempts; false when there is none.
pub async fn delete(db: &mut Db, id: EndpointId) -> Result<bool> {
    todo!()
}

/// The secrets of an endpoint.
pub async fn secrets(db: &mut Db, id: EndpointId) -> Result<Option<EndpointSecrets>> {
    todo!()
}

/// Sets the secrets of an endpoint; false when there is none.
pub async fn set_secrets(db: &mut Db, id: EndpointId, secrets: &EndpointSecrets) -> Result<bool> {
    todo!()
}

/// Notes that an attempt succeeded (none) or failed at `at`: the first failure after a success is the one kept. Does not
/// touch the version. Answers since when every attempt has failed.
pub async fn note_attempt_any_tenant(
    db: &mut Db,
    id: EndpointId,
    failed_at: Option<Timestamp>,
) -> Result<Option<Timestamp>> {
    todo!()
}

/// Disables an active endpoint; false when there is none or it is not active. The version grows.
pub async fn disable_any_tenant(db: &mut Db, id: EndpointId, reason: &str, at: Timestamp) -> Result<bool> {
    todo!()
}
