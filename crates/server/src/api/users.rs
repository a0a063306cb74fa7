//! People who log in.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::id::UserId;
use tracklane_core::model::{Role, User};
use tracklane_engine::access::{NewUser, UserFilter};

use crate::App;
use crate::conditional::{Created, IfMatch, IfNoneMatch, MergePatch, Tagged};
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, UsersRead, UsersWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Which users are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// With this role.
    role: Option<Role>,
    /// Disabled, or not.
    disabled: Option<bool>,
    /// Whose name or e-mail address contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(UsersQuery);

/// List users
#[utoipa::path(get, path = "/v1/users", tag = "Users", operation_id = "list_users", params(UsersQuery),
    security(("bearer" = ["users:read"])), responses((status = 200, body = Page<User>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<UsersRead>,
    listing: Listing<UsersQuery>,
) -> Result<Listed<User>> {
    let query = &listing.query;
    let filter = UserFilter { role: query.role, disabled: query.disabled, q: query.q.clone() };
    let found = app.engine.access.users(&who.caller, &filter, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Make a user
#[utoipa::path(post, path = "/v1/users", tag = "Users", operation_id = "create_user", request_body = NewUser,
    security(("bearer" = ["users:write"])), responses((status = 201, body = User), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<UsersWrite>,
    Json(input): Json<NewUser>,
) -> Result<Created<User>> {
    let user = app.engine.access.create_user(&who.caller, input).await?;
    Ok(Created { location: format!("/v1/users/{}", user.id), version: Some(user.version), body: user })
}

/// Read a user
#[utoipa::path(get, path = "/v1/users/{id}", tag = "Users", operation_id = "get_user",
    params(("id" = UserId, Path), ("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
    security(("bearer" = ["users:read"])),
    responses((status = 200, body = User), (status = 304, description = "The caller has this version"), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<UsersRead>,
    Id(id): Id<UserId>,
    known: IfNoneMatch,
) -> Result<Response> {
    let user = app.engine.access.user(&who.caller, id).await?;
    Ok(known.answer(&user.version.to_string(), &user))
}

/// Change a user
///
/// A new `password` ends all sessions of the user.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "Users", operation_id = "change_user",
    params(("id" = UserId, Path), ("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
    request_body(content = NewUser, content_type = "application/merge-patch+json"),
    security(("bearer" = ["users:write"])), responses((status = 200, body = User), Problems))]
pub async fn change(
    State(app): State<App>,
    who: Allowed<UsersWrite>,
    Id(id): Id<UserId>,
    based_on: IfMatch,
    patch: MergePatch,
) -> Result<Tagged<User>> {
    let access = &app.engine.access;
    let current = access.user(&who.caller, id).await?;
    let version = based_on.check(current.version)?;
    let user = access.update_user(&who.caller, id, version, patch.onto(&NewUser::from(&current))?).await?;
    Ok(Tagged(user.version, user))
}

/// Delete a user
#[utoipa::path(delete, path = "/v1/users/{id}", tag = "Users", operation_id = "delete_user",
    params(("id" = UserId, Path)), security(("bearer" = ["users:write"])),
    responses((status = 204), Problems))]
pub async fn remove(State(app): State<App>, who: Allowed<UsersWrite>, Id(id): Id<UserId>) -> Result<StatusCode> {
    app.engine.access.delete_user(&who.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
