//! What is said about a shipment: facts, corrections, retractions.

use axum::extract::State;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::id::ShipmentId;
use tracklane_engine::shipments::{EventView, NewCorrection, NewFact, NewRetraction, ShipmentChange};

use super::shipments::tagged;
use crate::App;
use crate::conditional::{Created, Tagged};
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, FactsCorrect, FactsWrite, ShipmentsRead};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Which facts are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactsQuery {
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(FactsQuery);

/// List the facts of a shipment
///
/// By when they happened, the first one first, with how the fold took each. What is told late may come to stand on a page
/// that was read before.
#[utoipa::path(get, path = "/v1/shipments/{id}/events", tag = "Shipments", operation_id = "list_facts",
    params(("id" = ShipmentId, Path), FactsQuery), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Page<EventView>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<ShipmentId>,
    listing: Listing<FactsQuery>,
) -> Result<Listed<EventView>> {
    let found = app.engine.shipments.page_of_events(&who.caller, id, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// State a fact
///
/// A scan says where the shipment stands; the status must be able to follow the present one, otherwise the answer is 409
/// with `allowed`. A note says something worth keeping. It may have happened before the shipment was entered. The answer
/// is the shipment with this fact; the same fact told again is counted, and answered as it was kept.
#[utoipa::path(post, path = "/v1/shipments/{id}/events", tag = "Shipments", operation_id = "record_fact",
    params(("id" = ShipmentId, Path)), request_body = NewFact, security(("bearer" = ["facts:write"])),
    responses((status = 201, body = ShipmentChange), Problems))]
pub async fn record(
    State(app): State<App>,
    who: Allowed<FactsWrite>,
    Id(id): Id<ShipmentId>,
    Json(fact): Json<NewFact>,
) -> Result<Created<ShipmentChange>> {
    let change = app.engine.shipments.record(&who.caller, id, fact).await?;
    Ok(Created { location: format!("/v1/shipments/{id}"), version: Some(change.shipment.version), body: change })
}

/// Correct the status
///
/// Says what is true, with a reason, whatever was before. The only thing that reopens a shipment that has ended.
#[utoipa::path(post, path = "/v1/shipments/{id}/corrections", tag = "Shipments", operation_id = "correct_shipment",
    params(("id" = ShipmentId, Path)), request_body = NewCorrection, security(("bearer" = ["facts:correct"])),
    responses((status = 200, body = ShipmentChange), Problems))]
pub async fn correct(
    State(app): State<App>,
    who: Allowed<FactsCorrect>,
    Id(id): Id<ShipmentId>,
    Json(correction): Json<NewCorrection>,
) -> Result<Tagged<ShipmentChange>> {
    tagged(app.engine.shipments.correct(&who.caller, id, correction).await?)
}

/// Take a fact back
///
/// It did not happen. It stays in the timeline, flagged.
#[utoipa::path(post, path = "/v1/shipments/{id}/retractions", tag = "Shipments", operation_id = "retract_fact",
    params(("id" = ShipmentId, Path)), request_body = NewRetraction, security(("bearer" = ["facts:correct"])),
    responses((status = 200, body = ShipmentChange), Problems))]
pub async fn retract(
    State(app): State<App>,
    who: Allowed<FactsCorrect>,
    Id(id): Id<ShipmentId>,
    Json(retraction): Json<NewRetraction>,
) -> Result<Tagged<ShipmentChange>> {
    tagged(app.engine.shipments.retract(&who.caller, id, retraction).await?)
}
