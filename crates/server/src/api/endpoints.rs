//! Webhook targets. What was sent to them stands in `messages`.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::id::EndpointId;
use tracklane_core::model::{Endpoint, EndpointState, Message};
use tracklane_engine::webhooks::{EndpointFilter, EndpointSecret, NewEndpoint, Replay, Replayed};

use crate::App;
use crate::conditional::{Created, IfMatch, IfNoneMatch, MergePatch, Tagged};
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, EndpointsRead, EndpointsWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Which endpoints are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndpointsQuery {
    /// In this state.
    state: Option<EndpointState>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(EndpointsQuery);

/// List webhook endpoints
#[utoipa::path(get, path = "/v1/endpoints", tag = "Webhooks", operation_id = "list_endpoints", params(EndpointsQuery),
    security(("bearer" = ["endpoints:read"])), responses((status = 200, body = Page<Endpoint>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<EndpointsRead>,
    listing: Listing<EndpointsQuery>,
) -> Result<Listed<Endpoint>> {
    let filter = EndpointFilter { state: listing.query.state };
    let found = app.engine.webhooks.list(&who.caller, &filter, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Make a webhook endpoint
///
/// It has a secret of its own from the start.
#[utoipa::path(post, path = "/v1/endpoints", tag = "Webhooks", operation_id = "create_endpoint",
    request_body = NewEndpoint, security(("bearer" = ["endpoints:write"])),
    responses((status = 201, body = Endpoint), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Json(input): Json<NewEndpoint>,
) -> Result<Created<Endpoint>> {
    let endpoint = app.engine.webhooks.create(&who.caller, input).await?;
    let location = format!("/v1/endpoints/{}", endpoint.id);
    Ok(Created { location, version: Some(endpoint.version), body: endpoint })
}

/// Read a webhook endpoint
#[utoipa::path(get, path = "/v1/endpoints/{id}", tag = "Webhooks", operation_id = "get_endpoint",
    params(("id" = EndpointId, Path), ("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
    security(("bearer" = ["endpoints:read"])),
    responses((status = 200, body = Endpoint), (status = 304, description = "The caller has this version"), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<EndpointsRead>,
    Id(id): Id<EndpointId>,
    known: IfNoneMatch,
) -> Result<Response> {
    let endpoint = app.engine.webhooks.get(&who.caller, id).await?;
    Ok(known.answer(&endpoint.version.to_string(), &endpoint))
}

/// Change a webhook endpoint
///
/// `"state": "paused"` lets messages wait; `active` also switches on again what was disabled for failing.
#[utoipa::path(patch, path = "/v1/endpoints/{id}", tag = "Webhooks", operation_id = "change_endpoint",
    params(("id" = EndpointId, Path), ("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
    request_body(content = NewEndpoint, content_type = "application/merge-patch+json"),
    security(("bearer" = ["endpoints:write"])), responses((status = 200, body = Endpoint), Problems))]
pub async fn change(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<EndpointId>,
    based_on: IfMatch,
    patch: MergePatch,
) -> Result<Tagged<Endpoint>> {
    let webhooks = &app.engine.webhooks;
    let current = webhooks.get(&who.caller, id).await?;
    let version = based_on.check(current.version)?;
    let endpoint = webhooks.update(&who.caller, id, version, patch.onto(&NewEndpoint::from(&current))?).await?;
    Ok(Tagged(endpoint.version, endpoint))
}

/// Delete a webhook endpoint
///
/// With its messages.
#[utoipa::path(delete, path = "/v1/endpoints/{id}", tag = "Webhooks", operation_id = "delete_endpoint",
    params(("id" = EndpointId, Path)), security(("bearer" = ["endpoints:write"])), responses((status = 204), Problems))]
pub async fn remove(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<EndpointId>,
) -> Result<StatusCode> {
    app.engine.webhooks.delete(&who.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the signing secret
#[utoipa::path(get, path = "/v1/endpoints/{id}/secret", tag = "Webhooks", operation_id = "get_endpoint_secret",
    params(("id" = EndpointId, Path)), security(("bearer" = ["endpoints:write"])),
    responses((status = 200, body = EndpointSecret), Problems))]
pub async fn secret(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<EndpointId>,
) -> Result<axum::Json<EndpointSecret>> {
    Ok(axum::Json(app.engine.webhooks.secret(&who.caller, id).await?))
}

/// Rotate the signing secret
///
/// The one before signs too for a while, so that receivers can change over.
#[utoipa::path(post, path = "/v1/endpoints/{id}/rotate-secret", tag = "Webhooks", operation_id = "rotate_endpoint_secret",
    params(("id" = EndpointId, Path)), security(("bearer" = ["endpoints:write"])),
    responses((status = 200, body = EndpointSecret), Problems))]
pub async fn rotate_secret(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<EndpointId>,
) -> Result<axum::Json<EndpointSecret>> {
    Ok(axum::Json(app.engine.webhooks.rotate_secret(&who.caller, id).await?))
}

/// Send a test message
#[utoipa::path(post, path = "/v1/endpoints/{id}/test", tag = "Webhooks", operation_id = "test_endpoint",
    params(("id" = EndpointId, Path)), security(("bearer" = ["endpoints:write"])),
    responses((status = 201, body = Message), Problems))]
pub async fn test(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<EndpointId>,
) -> Result<Created<Message>> {
    let message = app.engine.webhooks.test(&who.caller, id).await?;
    Ok(Created { location: format!("/v1/messages/{}", message.id), version: None, body: message })
}

/// Send the events of a time range again
#[utoipa::path(post, path = "/v1/endpoints/{id}/replay", tag = "Webhooks", operation_id = "replay_endpoint",
    params(("id" = EndpointId, Path)), request_body = Replay, security(("bearer" = ["endpoints:write"])),
    responses((status = 200, body = Replayed), Problems))]
pub async fn replay(
    State(app): State<App>,
    who: Allowed<EndpointsWrite>,
    Id(id): Id<EndpointId>,
    Json(input): Json<Replay>,
) -> Result<axum::Json<Replayed>> {
    Ok(axum::Json(app.engine.webhooks.replay(&who.caller, id, &input).await?))
}
