//! The stretches of a shipment.

use axum::extract::State;
use axum::response::Response;
use tracklane_api_types::Page;
use tracklane_core::id::{LegId, ShipmentId};
use tracklane_core::model::Leg;
use tracklane_engine::shipments::NewLeg;

use crate::App;
use crate::conditional::{Created, IfMatch, IfNoneMatch, MergePatch, Tagged};
use crate::json::Json;
use crate::permissions::{Allowed, ShipmentsRead, ShipmentsWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// List the legs of a shipment
///
/// All of them, in order.
#[utoipa::path(get, path = "/v1/shipments/{id}/legs", tag = "Shipments", operation_id = "list_legs",
    params(("id" = ShipmentId, Path)), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Page<Leg>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<ShipmentId>,
) -> Result<axum::Json<Page<Leg>>> {
    let items = app.engine.shipments.legs(&who.caller, id).await?;
    Ok(axum::Json(Page { items, next_cursor: None, has_more: false }))
}

/// Add a leg at the end
#[utoipa::path(post, path = "/v1/shipments/{id}/legs", tag = "Shipments", operation_id = "add_leg",
    params(("id" = ShipmentId, Path)), request_body = NewLeg, security(("bearer" = ["shipments:write"])),
    responses((status = 201, body = Leg), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
    Json(input): Json<NewLeg>,
) -> Result<Created<Leg>> {
    let leg = app.engine.shipments.add_leg(&who.caller, id, input).await?;
    let location = format!("/v1/shipments/{id}/legs/{}", leg.id);
    Ok(Created { location, version: Some(leg.version), body: leg })
}

/// Read a leg
#[utoipa::path(get, path = "/v1/shipments/{id}/legs/{leg_id}", tag = "Shipments", operation_id = "get_leg",
    params(("id" = ShipmentId, Path), ("leg_id" = LegId, Path),
        ("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
    security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Leg), (status = 304, description = "The caller has this version"), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id((id, leg)): Id<(ShipmentId, LegId)>,
    known: IfNoneMatch,
) -> Result<Response> {
    let leg = app.engine.shipments.leg(&who.caller, id, leg).await?;
    Ok(known.answer(&leg.version.to_string(), &leg))
}

/// Change a leg
///
/// One that is planned or active.
#[utoipa::path(patch, path = "/v1/shipments/{id}/legs/{leg_id}", tag = "Shipments", operation_id = "change_leg",
    params(("id" = ShipmentId, Path), ("leg_id" = LegId, Path),
        ("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
    request_body(content = NewLeg, content_type = "application/merge-patch+json"),
    security(("bearer" = ["shipments:write"])), responses((status = 200, body = Leg), Problems))]
pub async fn change(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id((id, leg)): Id<(ShipmentId, LegId)>,
    based_on: IfMatch,
    patch: MergePatch,
) -> Result<Tagged<Leg>> {
    let shipments = &app.engine.shipments;
    let current = shipments.leg(&who.caller, id, leg).await?;
    let version = based_on.check(current.version)?;
    let leg = shipments.update_leg(&who.caller, id, leg, version, patch.onto(&NewLeg::from(&current))?).await?;
    Ok(Tagged(leg.version, leg))
}
