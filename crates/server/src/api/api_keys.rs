//! Keys for programs. A key is never changed: make another one, then revoke the old one.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::id::ApiKeyId;
use tracklane_core::model::ApiKey;
use tracklane_engine::access::{ApiKeyFilter, CreatedApiKey, NewApiKey};

use crate::App;
use crate::conditional::Created;
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, ApiKeysRead, ApiKeysWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Which keys are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApiKeysQuery {
    /// Revoked, or not.
    revoked: Option<bool>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(ApiKeysQuery);

/// List API keys
#[utoipa::path(get, path = "/v1/api-keys", tag = "API keys", operation_id = "list_api_keys", params(ApiKeysQuery),
    security(("bearer" = ["api_keys:read"])), responses((status = 200, body = Page<ApiKey>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ApiKeysRead>,
    listing: Listing<ApiKeysQuery>,
) -> Result<Listed<ApiKey>> {
    let filter = ApiKeyFilter { revoked: listing.query.revoked };
    let found = app.engine.access.api_keys(&who.caller, &filter, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Make an API key
///
/// The answer shows the secret this once.
#[utoipa::path(post, path = "/v1/api-keys", tag = "API keys", operation_id = "create_api_key", request_body = NewApiKey,
    security(("bearer" = ["api_keys:write"])), responses((status = 201, body = CreatedApiKey), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<ApiKeysWrite>,
    Json(input): Json<NewApiKey>,
) -> Result<Created<CreatedApiKey>> {
    let created = app.engine.access.create_api_key(&who.caller, input).await?;
    Ok(Created { location: format!("/v1/api-keys/{}", created.api_key.id), version: None, body: created })
}

/// Read an API key
#[utoipa::path(get, path = "/v1/api-keys/{id}", tag = "API keys", operation_id = "get_api_key",
    params(("id" = ApiKeyId, Path)), security(("bearer" = ["api_keys:read"])),
    responses((status = 200, body = ApiKey), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<ApiKeysRead>,
    Id(id): Id<ApiKeyId>,
) -> Result<axum::Json<ApiKey>> {
    Ok(axum::Json(app.engine.access.api_key(&who.caller, id).await?))
}

/// Revoke an API key
///
/// It stops working at once.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "API keys", operation_id = "revoke_api_key",
    params(("id" = ApiKeyId, Path)), security(("bearer" = ["api_keys:write"])), responses((status = 204), Problems))]
pub async fn revoke(State(app): State<App>, who: Allowed<ApiKeysWrite>, Id(id): Id<ApiKeyId>) -> Result<StatusCode> {
    app.engine.access.revoke_api_key(&who.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
