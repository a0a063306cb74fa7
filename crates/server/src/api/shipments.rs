//! What is tracked: the shipment itself. Its facts, packages, legs and links have files of their own.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tracklane_api_types::{Assignment, Page};
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DriverId, LocationId, ShipmentId};
use tracklane_core::lifecycle::Status;
use tracklane_core::model::{Role, Shipment};
use tracklane_engine::shipments::{
    DetailText, NewCancellation, NewReturn, NewShipment, ShipmentChange, ShipmentDetail, ShipmentEdit, ShipmentFilter,
};

use crate::App;
use crate::conditional::{Created, IfMatch, IfNoneMatch, MergePatch, Tagged, tagged_text};
use crate::edge::Context;
use crate::json::{Json, OptionalJson};
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, ShipmentsCreate, ShipmentsRead, ShipmentsWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Which shipments are asked for. Every condition that is given must hold.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShipmentsQuery {
    /// In one of these statuses; several by repeating the parameter or with commas.
    status: Vec<Status>,
    /// With this sub-status.
    substatus: Option<String>,
    /// Whose present leg has this driver; `courier_id` is a synonym.
    #[serde(alias = "courier_id")]
    driver_id: Option<DriverId>,
    /// Sent or received by this customer.
    customer_id: Option<CustomerId>,
    /// Sent by this customer.
    sender_id: Option<CustomerId>,
    /// Received by this customer.
    recipient_id: Option<CustomerId>,
    /// Starting at this location.
    origin_id: Option<LocationId>,
    /// Ending at this location.
    destination_id: Option<LocationId>,
    /// With exactly this reference.
    reference: Option<String>,
    /// With a package or a leg under exactly this tracking number.
    tracking_number: Option<String>,
    /// Said to be late, or not.
    delayed: Option<bool>,
    /// On the way back, or not.
    return_leg: Option<bool>,
    /// Still waited for, or not.
    active: Option<bool>,
    /// Made at or after this instant.
    created_from: Option<Timestamp>,
    /// Made before this instant.
    created_to: Option<Timestamp>,
    /// Changed at or after this instant.
    updated_from: Option<Timestamp>,
    /// Changed before this instant.
    updated_to: Option<Timestamp>,
    /// Whose reference, tracking number or customer's name contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(ShipmentsQuery);

impl ShipmentsQuery {
    fn filter(&self) -> ShipmentFilter {
        ShipmentFilter {
            statuses: self.status.clone(),
            substatus: self.substatus.clone(),
            driver_id: self.driver_id,
            customer_id: self.customer_id,
            sender_id: self.sender_id,
            recipient_id: self.recipient_id,
            origin_id: self.origin_id,
            destination_id: self.destination_id,
            reference: self.reference.clone(),
            tracking_number: self.tracking_number.clone(),
            delayed: self.delayed,
            return_leg: self.return_leg,
            active: self.active,
            created_from: self.created_from,
            created_to: self.created_to,
            updated_from: self.updated_from,
            updated_to: self.updated_to,
            q: self.q.clone(),
        }
    }
}

/// List shipments
///
/// Drivers and customers see their own.
#[utoipa::path(get, path = "/v1/shipments", tag = "Shipments", operation_id = "list_shipments", params(ShipmentsQuery),
    security(("bearer" = ["shipments:read"])), responses((status = 200, body = Page<Shipment>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    listing: Listing<ShipmentsQuery>,
) -> Result<Listed<Shipment>> {
    let found = app.engine.shipments.list(&who.caller, &listing.query.filter(), listing.page()?).await?;
    Ok(listing.answer(found))
}

/// Create a shipment
///
/// With its customers, locations, packages and legs, new ones or known ones. A customer creates their own, ten an hour;
/// of the known locations they may name stores, lockers, and those of shipments of theirs.
#[utoipa::path(post, path = "/v1/shipments", tag = "Shipments", operation_id = "create_shipment",
    request_body = NewShipment, security(("bearer" = ["shipments:create"])),
    responses((status = 201, body = ShipmentDetail), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<ShipmentsCreate>,
    Extension(context): Extension<Arc<Context>>,
    Json(input): Json<NewShipment>,
) -> Result<Created<ShipmentDetail>> {
    if let (Role::Customer, Some(customer)) = (who.caller.role, who.caller.customer_id) {
        context.note_limit(app.limits.customer_shipment(customer, app.env.now()).await?);
    }
    let detail = app.engine.shipments.create(&who.caller, input).await?;
    let location = format!("/v1/shipments/{}", detail.shipment.id);
    Ok(Created { location, version: Some(detail.shipment.version), body: detail })
}

/// Read a shipment
///
/// With everything that belongs to it. The ETag covers all of it; for `If-Match` it stands for the shipment's version.
/// Customers are not told who drives and who wrote the facts.
#[utoipa::path(get, path = "/v1/shipments/{id}", tag = "Shipments", operation_id = "get_shipment",
    params(("id" = ShipmentId, Path), ("If-None-Match" = Option<String>, Header, description = "An ETag that the caller has")),
    security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = ShipmentDetail), (status = 304, description = "Nothing has changed"), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<ShipmentId>,
    known: IfNoneMatch,
) -> Result<Response> {
    let make = |detail: &ShipmentDetail| {
        let (tag, body) = tagged_text(detail.shipment.version, detail);
        DetailText { tag, body }
    };
    let text = app.engine.shipments.detail_text(&who.caller, id, make).await?;
    Ok(known.answer_text(&text.tag, &text.body))
}

/// Change a shipment
///
/// Its reference, customers, locations, window, milestones and metadata. Its status is changed by facts alone.
#[utoipa::path(patch, path = "/v1/shipments/{id}", tag = "Shipments", operation_id = "change_shipment",
    params(("id" = ShipmentId, Path), ("If-Match" = String, Header, min_length = 1, description = "The ETag that the change is based on, or `*`")),
    request_body(content = ShipmentEdit, content_type = "application/merge-patch+json"),
    security(("bearer" = ["shipments:write"])), responses((status = 200, body = Shipment), Problems))]
pub async fn change(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
    based_on: IfMatch,
    patch: MergePatch,
) -> Result<Tagged<Shipment>> {
    let shipments = &app.engine.shipments;
    let current = shipments.get(&who.caller, id).await?;
    let version = based_on.check(current.version)?;
    let edit = patch.onto(&ShipmentEdit::from(&current))?;
    let shipment = shipments.update(&who.caller, id, version, edit).await?;
    Ok(Tagged(shipment.version, shipment))
}

/// Call a shipment off
#[utoipa::path(post, path = "/v1/shipments/{id}/cancel", tag = "Shipments", operation_id = "cancel_shipment",
    params(("id" = ShipmentId, Path)), request_body = Option<NewCancellation>, security(("bearer" = ["shipments:write"])),
    responses((status = 200, body = ShipmentChange), Problems))]
pub async fn cancel(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
    OptionalJson(input): OptionalJson<NewCancellation>,
) -> Result<Tagged<ShipmentChange>> {
    tagged(app.engine.shipments.cancel(&who.caller, id, input).await?)
}

/// Send a shipment back
///
/// Opens the way back as legs of its own.
#[utoipa::path(post, path = "/v1/shipments/{id}/return", tag = "Shipments", operation_id = "return_shipment",
    params(("id" = ShipmentId, Path)), request_body = Option<NewReturn>, security(("bearer" = ["shipments:write"])),
    responses((status = 200, body = ShipmentChange), Problems))]
pub async fn send_back(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
    OptionalJson(input): OptionalJson<NewReturn>,
) -> Result<Tagged<ShipmentChange>> {
    tagged(app.engine.shipments.send_back(&who.caller, id, input).await?)
}

/// Give a shipment to a driver
///
/// Its present fleet leg.
#[utoipa::path(post, path = "/v1/shipments/{id}/assign", tag = "Shipments", operation_id = "assign_shipment",
    params(("id" = ShipmentId, Path)), request_body = Assignment, security(("bearer" = ["shipments:write"])),
    responses((status = 200, body = ShipmentChange), Problems))]
pub async fn assign(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
    Json(input): Json<Assignment>,
) -> Result<Tagged<ShipmentChange>> {
    tagged(app.engine.shipments.assign(&who.caller, id, input.driver_id).await?)
}

/// Take a shipment from its driver
#[utoipa::path(post, path = "/v1/shipments/{id}/unassign", tag = "Shipments", operation_id = "unassign_shipment",
    params(("id" = ShipmentId, Path)), security(("bearer" = ["shipments:write"])),
    responses((status = 200, body = ShipmentChange), Problems))]
pub async fn unassign(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Id(id): Id<ShipmentId>,
) -> Result<Tagged<ShipmentChange>> {
    tagged(app.engine.shipments.unassign(&who.caller, id).await?)
}

/// A change with the version of its shipment.
pub fn tagged(change: ShipmentChange) -> Result<Tagged<ShipmentChange>> {
    Ok(Tagged(change.shipment.version, change))
}
