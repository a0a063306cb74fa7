//! The own tenant, and, for those who run the installation, all of them.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::model::{Caller, Tenant};
use tracklane_engine::TrackingRules;
use tracklane_engine::records::NewTenant;

use crate::App;
use crate::conditional::{Created, IfMatch, IfNoneMatch, MergePatch, Tagged};
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, TenantRead, TenantWrite, TenantsRead, TenantsWrite};
use crate::problem::{Kind, Problem, Problems, Result};

/// Read the own tenant
#[utoipa::path(get, path = "/v1/tenant", tag = "Tenants", operation_id = "get_tenant",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
    security(("bearer" = ["tenant:read"])),
    responses((status = 200, body = Tenant), (status = 304, description = "The caller has this version"), Problems))]
pub async fn get(State(app): State<App>, who: Allowed<TenantRead>, known: IfNoneMatch) -> Result<Response> {
    let tenant = app.engine.records.tenants.own(&who.caller).await?;
    Ok(known.answer(&tenant.version.to_string(), &tenant))
}

/// Change the own tenant
#[utoipa::path(patch, path = "/v1/tenant", tag = "Tenants", operation_id = "change_tenant",
    params(("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
    request_body(content = NewTenant, content_type = "application/merge-patch+json"),
    security(("bearer" = ["tenant:write"])), responses((status = 200, body = Tenant), Problems))]
pub async fn change(
    State(app): State<App>,
    who: Allowed<TenantWrite>,
    based_on: IfMatch,
    patch: MergePatch,
) -> Result<Tagged<Tenant>> {
    let tenants = &app.engine.records.tenants;
    let current = tenants.own(&who.caller).await?;
    let version = based_on.check(current.version)?;
    let tenant = tenants.update(&who.caller, version, patch.onto(&NewTenant::from(&current))?).await?;
    Ok(Tagged(tenant.version, tenant))
}

/// Read how positions are dealt with
///
/// What the server is set to, by section and name of its configuration. Where the tenant's settings say something of their own
/// (`reorder_window_seconds`, `offline_seconds`, `idle_seconds`), that holds for the tenant's devices.
#[utoipa::path(get, path = "/v1/tenant/tracking", tag = "Tenants", operation_id = "get_tracking_rules",
    security(("bearer" = ["tenant:read"])), responses((status = 200, body = TrackingRules), Problems))]
pub async fn tracking(State(app): State<App>, _: Allowed<TenantRead>) -> Result<axum::Json<TrackingRules>> {
    Ok(axum::Json(app.engine.tracking.rules()))
}

/// Which tenants are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenantsQuery {
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(TenantsQuery);

/// List the tenants of the installation
///
/// For admins of the tenant that was made first: they run the installation.
#[utoipa::path(get, path = "/v1/tenants", tag = "Tenants", operation_id = "list_tenants", params(TenantsQuery),
    security(("bearer" = ["tenants:read"])), responses((status = 200, body = Page<Tenant>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<TenantsRead>,
    listing: Listing<TenantsQuery>,
) -> Result<Listed<Tenant>> {
    must_run_installation(&app, &who.caller).await?;
    let found = app.engine.records.tenants.list(&who.caller, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Make a tenant
///
/// For admins of the tenant that was made first: they run the installation. Its first admin is made on the machine:
/// `tracklane admin create-user --tenant`.
#[utoipa::path(post, path = "/v1/tenants", tag = "Tenants", operation_id = "create_tenant", request_body = NewTenant,
    security(("bearer" = ["tenants:write"])), responses((status = 201, body = Tenant), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<TenantsWrite>,
    Json(input): Json<NewTenant>,
) -> Result<Created<Tenant>> {
    must_run_installation(&app, &who.caller).await?;
    let tenant = app.engine.records.tenants.create(&who.caller, input).await?;
    Ok(Created { location: "/v1/tenant".to_owned(), version: Some(tenant.version), body: tenant })
}

async fn must_run_installation(app: &App, caller: &Caller) -> Result<()> {
    if app.engine.records.tenants.runs_installation(caller).await? {
        return Ok(());
    }
    Err(Problem::new(Kind::Forbidden, "only admins of the tenant that was made first run the installation"))
}
