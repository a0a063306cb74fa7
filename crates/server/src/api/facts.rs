//! What is said about a shipment: facts, corrections, retractions.

use axum::extract::State;
use tracklane_api_types::Page;
use tracklane_core::id::ShipmentId;
use tracklane_engine::shipments::{EventView, NewCorrection, NewFact, NewRetraction, ShipmentDetail};

use super::shipments::tagged;
use crate::App;
use crate::conditional::{Created, Tagged};
use crate::json::Json;
use crate::permissions::{Allowed, FactsCorrect, FactsWrite, ShipmentsRead};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// List the facts of a shipment
///
/// All of them, by when they happened, with how the fold took each.
#[utoipa::path(get, path = "/v1/shipments/{id}/events", tag = "Shipments", operation_id = "list_facts",
    params(("id" = ShipmentId, Path)), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Page<EventView>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<ShipmentId>,
) -> Result<axum::Json<Page<EventView>>> {
    let items = app.engine.shipments.events(&who.caller, id).await?;
    Ok(axum::Json(Page { items, next_cursor: None, has_more: false }))
}

/// State a fact
///
/// A scan says where the shipment stands; the status must be able to follow the present one, otherwise the answer is 409
/// with `allowed`. A note says something worth keeping.
#[utoipa::path(post, path = "/v1/shipments/{id}/events", tag = "Shipments", operation_id = "record_fact",
    params(("id" = ShipmentId, Path)), request_body = NewFact, security(("bearer" = ["facts:write"])),
    responses((status = 201, body = ShipmentDetail), Problems))]
pub async fn record(
    State(app): State<App>,
    who: Allowed<FactsWrite>,
    Id(id): Id<ShipmentId>,
    Json(fact): Json<NewFact>,
) -> Result<Created<ShipmentDetail>> {
    let detail = app.engine.shipments.record(&who.caller, id, fact).await?;
    Ok(Created { location: format!("/v1/shipments/{id}"), version: Some(detail.shipment.version), body: detail })
}

/// Correct the status
///
/// Says what is true, with a reason, whatever was before. The only thing that reopens a shipment that has ended.
#[utoipa::path(post, path = "/v1/shipments/{id}/corrections", tag = "Shipments", operation_id = "correct_shipment",
    params(("id" = ShipmentId, Path)), request_body = NewCorrection, security(("bearer" = ["facts:correct"])),
    responses((status = 200, body = ShipmentDetail), Problems))]
pub async fn correct(
    State(app): State<App>,
    who: Allowed<FactsCorrect>,
    Id(id): Id<ShipmentId>,
    Json(correction): Json<NewCorrection>,
) -> Result<Tagged<ShipmentDetail>> {
    tagged(app.engine.shipments.correct(&who.caller, id, correction).await?)
}

/// Take a fact back
///
/// It did not happen. It stays in the timeline, flagged.
#[utoipa::path(post, path = "/v1/shipments/{id}/retractions", tag = "Shipments", operation_id = "retract_fact",
    params(("id" = ShipmentId, Path)), request_body = NewRetraction, security(("bearer" = ["facts:correct"])),
    responses((status = 200, body = ShipmentDetail), Problems))]
pub async fn retract(
    State(app): State<App>,
    who: Allowed<FactsCorrect>,
    Id(id): Id<ShipmentId>,
    Json(retraction): Json<NewRetraction>,
) -> Result<Tagged<ShipmentDetail>> {
    tagged(app.engine.shipments.retract(&who.caller, id, retraction).await?)
}
