//! Webhook targets. Their secrets come in sealed and are never part of the record.

use tracklane_core::Timestamp;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{Endpoint, EndpointState};

use crate::db::{Db, Row, Value, args};
use crate::error::Result;
use crate::page::{Listing, Page};
use crate::table::{Table, from_json, to_json};

const TABLE: Table = Table {
    name: "endpoints",
    fixed: "failing_since, secret, previous_secret, previous_secret_until, created_at, version",
    changing: "url, description, event_types, state, disabled_reason, updated_at",
};

fn values(endpoint: &Endpoint) -> Result<Vec<Value>> {
    Ok(args![
        &endpoint.url,
        &endpoint.description,
        to_json(&endpoint.event_types)?,
        endpoint.state,
        &endpoint.disabled_reason,
        endpoint.updated_at,
    ])
}

fn read(row: &Row) -> Result<Endpoint> {
    Ok(Endpoint {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        url: row.get("url")?,
        description: row.opt("description")?,
        event_types: from_json(row, "event_types")?,
        state: row.get("state")?,
        disabled_reason: row.opt("disabled_reason")?,
        failing_since: row.opt("failing_since")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        version: row.get("version")?,
    })
}

fn read_secrets(row: &Row) -> Result<EndpointSecrets> {
    Ok(EndpointSecrets {
        current: row.get("secret")?,
        previous: row.opt("previous_secret")?,
        previous_until: row.opt("previous_secret_until")?,
    })
}

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
    let fixed = args![
        endpoint.failing_since,
        &secrets.current,
        &secrets.previous,
        secrets.previous_until,
        endpoint.created_at,
        endpoint.version,
    ];
    TABLE.insert(db, endpoint.id, endpoint.tenant_id, fixed, values(endpoint)?).await
}

/// The endpoint with this id.
pub async fn get(db: &mut Db, id: EndpointId) -> Result<Option<Endpoint>> {
    TABLE.get(db, id, read).await
}

/// The endpoint with this id and its secrets, for the delivery worker.
pub async fn find_any_tenant(db: &mut Db, id: EndpointId) -> Result<Option<(Endpoint, EndpointSecrets)>> {
    let select = TABLE.select_any_tenant(db)?.is("id", Some(id));
    select.one(db, |row| Ok((read(row)?, read_secrets(row)?))).await
}

/// Every endpoint that is not disabled, of every tenant, in no order: messages to paused ones wait.
pub async fn enabled_any_tenant(db: &mut Db) -> Result<Vec<Endpoint>> {
    TABLE.select_any_tenant(db)?.and("state <> 'disabled'").many(db, read).await
}

/// The endpoints of the tenant.
pub async fn list(db: &mut Db, filter: &EndpointFilter, page: Page) -> Result<Listing<Endpoint>> {
    TABLE.select(db)?.is("state", filter.state).page(db, page, read).await
}

/// Changes an endpoint.
pub async fn update(db: &mut Db, endpoint: &Endpoint) -> Result<bool> {
    TABLE.update(db, endpoint.id, endpoint.tenant_id, endpoint.version, values(endpoint)?).await
}

/// Removes an endpoint with its messages and attempts; false when there is none.
pub async fn delete(db: &mut Db, id: EndpointId) -> Result<bool> {
    TABLE.delete(db, id).await
}

/// The secrets of an endpoint.
pub async fn secrets(db: &mut Db, id: EndpointId) -> Result<Option<EndpointSecrets>> {
    TABLE.get(db, id, read_secrets).await
}

/// Sets the secrets of an endpoint; false when there is none.
pub async fn set_secrets(db: &mut Db, id: EndpointId, secrets: &EndpointSecrets) -> Result<bool> {
    let sql = "UPDATE endpoints SET secret = $3, previous_secret = $4, previous_secret_until = $5 \
               WHERE tenant_id = $1 AND id = $2";
    let args = args![db.tenant()?, id, &secrets.current, &secrets.previous, secrets.previous_until];
    Ok(db.run(sql, args).await? > 0)
}

/// Notes that an attempt succeeded (none) or failed at `at`: the first failure after a success is the one kept. Does not
/// touch the version. Answers since when every attempt has failed.
pub async fn note_attempt_any_tenant(
    db: &mut Db,
    id: EndpointId,
    failed_at: Option<Timestamp>,
) -> Result<Option<Timestamp>> {
    db.check_system()?;
    let sql = "UPDATE endpoints SET failing_since = CASE WHEN $2 IS NULL THEN NULL ELSE COALESCE(failing_since, $2) END \
               WHERE id = $1 RETURNING failing_since";
    Ok(db.one(sql, args![id, failed_at], |row| row.opt("failing_since")).await?.flatten())
}

/// Disables an active endpoint; false when there is none or it is not active. The version grows.
pub async fn disable_any_tenant(db: &mut Db, id: EndpointId, reason: &str, at: Timestamp) -> Result<bool> {
    db.check_system()?;
    let sql = "UPDATE endpoints SET state = $2, disabled_reason = $3, updated_at = $4, version = version + 1 \
               WHERE id = $1 AND state = $5";
    let args = args![id, EndpointState::Disabled, reason, at, EndpointState::Active];
    Ok(db.run(sql, args).await? > 0)
}
