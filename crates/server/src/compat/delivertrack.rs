//! DeliverTrack: deliveries, their statuses, and where couriers are.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DriverId, ShipmentId};
use tracklane_core::lifecycle::{Place, Reason, Status};
use tracklane_core::model::Shipment;
use tracklane_core::position::{Attributes, Point};
use tracklane_engine::access::Principal;
use tracklane_engine::shipments::{NewFact, NewPackage, NewShipment, ShipmentFilter};

use super::courier::{self, CourierLocation, LocationAnswer};
use super::goods::{goods_names, new_goods, shown_goods};
use super::places::{Coordinates, Whereabouts};
use super::words::{self, Tongue};
use super::{Ctx, create as make, find, whereabouts};
use crate::App;
use crate::conditional::Created;
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, FactsWrite, PositionsWrite, ShipmentsCreate, ShipmentsRead};
use crate::problem::{Problems, Result};
use crate::query::Id;

/// Their names of our fields.
const NAMES: &[(&str, &str)] = goods_names! {
    "/customer_id" "/courier_id" "/pickup_address" "/pickup_location" "/delivery_address" "/delivery_location"
    "/estimated_delivery",
    ("/packages/0/description", "/description"),
    ("/packages/0/weight_kg", "/weight_kg"),
};

new_goods! {
    /// A new delivery. `order_id` is a synonym of `reference`, `driver_id` one of `courier_id`.
    NewDelivery in "snake_case", reference reference or "order_id", driver courier_id or "driver_id",
    /// What is in it; `notes` is a synonym.
    #[serde(alias = "notes")]
    #[schema(min_length = 1, max_length = 500)]
    description: Option<String>,
    /// Weight in kilograms; `weight` is a synonym.
    #[serde(alias = "weight")]
    #[schema(minimum = 0, maximum = 100000)]
    weight_kg: Option<f64>,
    /// Free data.
    #[schema(value_type = Object)]
    metadata: Attributes,
}

impl From<NewDelivery> for NewShipment {
    fn from(delivery: NewDelivery) -> Self {
        let shipment = delivery.to_shipment();
        let NewDelivery { description, weight_kg, metadata, .. } = delivery;
        let parcel = NewPackage { description, weight_kg, ..NewPackage::default() };
        let packages = if parcel == NewPackage::default() { Vec::new() } else { vec![parcel] };
        Self { packages, metadata, ..shipment }
    }
}

shown_goods! {
    /// A delivery.
    Delivery in "snake_case", words of Tongue::Deliveries, reference reference, driver courier_id,
    /// Where the courier is, while they carry it; not in lists.
    courier_location: Option<Whereabouts> = |_: &Shipment| None,
    /// When it was picked up.
    picked_up_at: Option<Timestamp> = |shipment: &Shipment| shipment.picked_up_at,
}

/// A delivery as it is now.
pub async fn delivery(app: &App, who: &Principal, id: ShipmentId) -> Result<Delivery> {
    let detail = app.engine.shipments.detail(&who.caller, id).await?;
    Ok(Delivery { courier_location: whereabouts(app, who, id).await?, ..Delivery::from(&detail) })
}

/// Make a delivery
#[utoipa::path(post, path = "/deliveries", tag = "DeliverTrack", operation_id = "create_delivery",
    request_body = NewDelivery, security(("bearer" = ["shipments:create"])),
    responses((status = 201, body = Delivery, description = "It was made"), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<ShipmentsCreate>,
    context: Ctx,
    Json(input): Json<NewDelivery>,
) -> Result<Created<Delivery>> {
    let detail = make(&app, &context, &who, input.into(), NAMES).await?;
    let body = Delivery::from(&detail);
    Ok(Created { location: format!("/deliveries/{}", body.id), version: None, body })
}

/// Which deliveries are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// In one of these statuses, in either system's words; several by repeating the parameter or with commas.
    status: Vec<String>,
    /// For this customer.
    customer_id: Option<CustomerId>,
    /// Brought by this courier; `driver_id` is a synonym.
    #[serde(alias = "driver_id")]
    courier_id: Option<DriverId>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(DeliveriesQuery);

/// List deliveries
///
/// Newest first. Couriers and customers see their own.
#[utoipa::path(get, path = "/deliveries", tag = "DeliverTrack", operation_id = "list_deliveries",
    params(DeliveriesQuery), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Page<Delivery>, description = "One page"), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    listing: Listing<DeliveriesQuery>,
) -> Result<Listed<Delivery>> {
    let filter = ShipmentFilter {
        statuses: words::asked(&listing.query.status)?,
        customer_id: listing.query.customer_id,
        driver_id: listing.query.courier_id,
        ..ShipmentFilter::default()
    };
    let found = app.engine.shipments.list(&who.caller, &filter, listing.page()?).await?;
    let items = found.items.iter().map(Delivery::from).collect();
    Ok(listing.answer(tracklane_engine::Listing { items, next: found.next }))
}

/// Read a delivery
///
/// By its id or its reference.
#[utoipa::path(get, path = "/deliveries/{id}", tag = "DeliverTrack", operation_id = "get_delivery",
    params(("id" = String, Path, description = "Its id or its reference")), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Delivery, description = "The delivery"), Problems))]
pub async fn get(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<String>,
) -> Result<axum::Json<Delivery>> {
    let id = find(&app, &who, &id).await?;
    delivery(&app, &who, id).await.map(axum::Json)
}

/// A new status of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryStatus {
    /// The status, in either system's words.
    pub status: String,
    /// For `assigned`: to whom; `driver_id` is a synonym.
    #[serde(default, alias = "driver_id")]
    pub courier_id: Option<DriverId>,
    /// Why, from the list of reasons.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Anything else; `note` and `comment` are synonyms.
    #[serde(default, alias = "note", alias = "comment")]
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub notes: Option<String>,
    /// Where.
    #[serde(default)]
    pub location: Option<Coordinates>,
    /// When; now when left out.
    #[serde(default)]
    pub timestamp: Option<Timestamp>,
}

/// Set the status of a delivery
///
/// A step that the lifecycle does not allow is answered with 409 and the `allowed` statuses.
#[utoipa::path(put, path = "/deliveries/{id}/status", tag = "DeliverTrack", operation_id = "set_delivery_status",
    params(("id" = String, Path, description = "Its id or its reference")), request_body = DeliveryStatus,
    security(("bearer" = ["facts:write"])),
    responses((status = 200, body = Delivery, description = "The delivery as it is now"), Problems))]
pub async fn set_status(
    State(app): State<App>,
    who: Allowed<FactsWrite>,
    Id(id): Id<String>,
    Json(input): Json<DeliveryStatus>,
) -> Result<axum::Json<Delivery>> {
    let status = words::written(&input.status)?;
    let id = find(&app, &who, &id).await?;
    let shipments = &app.engine.shipments;
    let change = match (status, input.courier_id) {
        (Status::Assigned, Some(courier)) => shipments.assign(&who.caller, id, courier).await,
        _ => {
            let fact = NewFact {
                reason: input.reason,
                raw_text: input.notes,
                occurred_at: input.timestamp,
                place: input.location.map(|at| Place { point: Some(Point::from(at)), ..Place::default() }),
                ..NewFact::scan(status)
            };
            shipments.record(&who.caller, id, fact).await
        }
    };
    let names = [
        ("/driver_id", "/courier_id"),
        ("/raw_text", "/notes"),
        ("/occurred_at", "/timestamp"),
        ("/place/point/lat", "/location/latitude"),
        ("/place/point/lon", "/location/longitude"),
    ];
    change.map_err(|error| super::renamed(error, &names))?;
    delivery(&app, &who, id).await.map(axum::Json)
}

/// Send where a courier is
///
/// When it is answered, it is durable. One per second. A courier who carries no device gets one.
#[utoipa::path(post, path = "/locations", tag = "DeliverTrack", operation_id = "send_courier_location",
    request_body = CourierLocation, security(("bearer" = ["positions:write"])),
    responses((status = 202, body = LocationAnswer, description = "It is durable"), Problems))]
pub async fn send_location(
    State(app): State<App>,
    who: Allowed<PositionsWrite>,
    context: Ctx,
    Json(input): Json<CourierLocation>,
) -> Result<(StatusCode, axum::Json<LocationAnswer>)> {
    let answer = courier::keep(&app, &context, &who.caller, None, &input).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(answer)))
}
