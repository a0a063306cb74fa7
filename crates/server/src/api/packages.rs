//! The parcels of a shipment.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tracklane_api_types::Page;
use tracklane_core::id::{PackageId, ShipmentId};
use tracklane_core::model::Package;
use tracklane_engine::shipments::NewPackage;

use crate::App;
use crate::conditional::{Created, Expected, IfMatch, IfNoneMatch, MergePatch, Tagged};
use crate::json::Json;
use crate::permissions::{Allowed, ShipmentsRead, ShipmentsWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// List the packages of a shipment
///
/// All of them, oldest first.
#[utoipa::path(get, path = "/v1/shipments/{id}/packages", tag = "Shipments", operation_id = "list_packages",
    params(("id" = ShipmentId, Path)), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Page<Package>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<ShipmentId>,
) -> Result<axum::Json<Page<Package>>> {
    let items = app.engine.shipments.packages(&who.caller, id).await?;
    Ok(axum::Json(Page { items, next_cursor: None, has_more: false }))
}

/// Add a package
#[utoipa::path(post, path = "/v1/shipments/{id}/packages", tag = "Shipments", operation_id = "add_package",
    params(("id" = ShipmentId, Path)), request_body = NewPackage, security(("bearer" = ["shipments:write"])),
    responses((status = 201, body = Package), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
    Json(input): Json<NewPackage>,
) -> Result<Created<Package>> {
    let package = app.engine.shipments.add_package(&who.caller, id, input).await?;
    let location = format!("/v1/shipments/{id}/packages/{}", package.id);
    Ok(Created { location, version: Some(package.version), body: package })
}

/// Read a package
#[utoipa::path(get, path = "/v1/shipments/{id}/packages/{package_id}", tag = "Shipments", operation_id = "get_package",
    params(("id" = ShipmentId, Path), ("package_id" = PackageId, Path),
        ("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
    security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Package), (status = 304, description = "The caller has this version"), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id((id, package)): Id<(ShipmentId, PackageId)>,
    known: IfNoneMatch,
) -> Result<Response> {
    let package = app.engine.shipments.package(&who.caller, id, package).await?;
    Ok(known.answer(&package.version.to_string(), &package))
}

/// Change a package
#[utoipa::path(patch, path = "/v1/shipments/{id}/packages/{package_id}", tag = "Shipments",
    operation_id = "change_package",
    params(("id" = ShipmentId, Path), ("package_id" = PackageId, Path),
        ("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
    request_body(content = NewPackage, content_type = "application/merge-patch+json"),
    security(("bearer" = ["shipments:write"])), responses((status = 200, body = Package), Problems))]
pub async fn change(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id((id, package)): Id<(ShipmentId, PackageId)>,
    based_on: IfMatch,
    patch: MergePatch,
) -> Result<Tagged<Package>> {
    let shipments = &app.engine.shipments;
    let current = shipments.package(&who.caller, id, package).await?;
    let version = based_on.check(current.version)?;
    let input = patch.onto(&NewPackage::from(&current))?;
    let package = shipments.update_package(&who.caller, id, package, version, input).await?;
    Ok(Tagged(package.version, package))
}

/// Remove a package
#[utoipa::path(delete, path = "/v1/shipments/{id}/packages/{package_id}", tag = "Shipments",
    operation_id = "remove_package",
    params(("id" = ShipmentId, Path), ("package_id" = PackageId, Path),
        ("If-Match" = Option<String>, Header, description = "Remove this version only")),
    security(("bearer" = ["shipments:write"])), responses((status = 204), Problems))]
pub async fn remove(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id((id, package)): Id<(ShipmentId, PackageId)>,
    Expected(version): Expected,
) -> Result<StatusCode> {
    app.engine.shipments.remove_package(&who.caller, id, package, version).await?;
    Ok(StatusCode::NO_CONTENT)
}
