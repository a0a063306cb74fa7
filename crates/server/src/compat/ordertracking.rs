//! Order-Tracking: orders, their way, and the drivers who bring them.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;
use tracklane_core::id::{DriverId, ShipmentId};
use tracklane_core::lifecycle::{FactKind, Place};
use tracklane_core::model::Shipment;
use tracklane_core::position::Attributes;
use tracklane_engine::dispatch::AvailableDriver;
use tracklane_engine::shipments::{EventView, NewShipment};

use super::courier::{self, CourierLocation, LocationAnswer};
use super::goods::{goods_names, new_goods, shown_goods};
use super::places::{self, Coordinates, Whereabouts};
use super::words::Tongue;
use super::{Ctx, create as make, detail, find, renamed, whereabouts};
use crate::App;
use crate::conditional::Created;
use crate::json::Json;
use crate::permissions::{Allowed, DriversRead, PositionsWrite, ShipmentsCreate, ShipmentsRead, ShipmentsWrite};
use crate::problem::{Problems, Result};
use crate::query::Id;

const TONGUE: Tongue = Tongue::Orders;

/// Under which key of the metadata the items of an order are kept.
const ITEMS: &str = "items";

/// One thing that was ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderItem {
    /// What; `productName` is a synonym.
    #[serde(alias = "productName")]
    pub name: String,
    /// How many; one when left out.
    #[serde(default = "one")]
    #[schema(value_type = i64, minimum = 0, maximum = 4_294_967_295_i64)]
    pub quantity: u32,
    /// What one costs, in the caller's currency.
    #[serde(default)]
    pub price: Option<f64>,
    /// The caller's number for it.
    #[serde(default)]
    pub product_id: Option<String>,
}

fn one() -> u32 {
    1
}

/// Their names of our fields.
const NAMES: &[(&str, &str)] = goods_names! {
    "/customerId" "/driverId" "/pickupAddress" "/pickupLocation" "/deliveryAddress" "/deliveryLocation"
    "/estimatedDelivery",
    ("/reference", "/orderNumber"),
    ("/metadata", "/items"),
};

new_goods! {
    /// A new order. `reference` is a synonym of `orderNumber`.
    NewOrder in "camelCase", reference order_number or "reference", driver driver_id or "courierId",
    /// What was ordered.
    items: Vec<OrderItem>,
}

impl From<NewOrder> for NewShipment {
    fn from(order: NewOrder) -> Self {
        let mut metadata = Attributes::new();
        if !order.items.is_empty() {
            metadata.insert(ITEMS.to_owned(), serde_json::to_value(&order.items).unwrap_or_default());
        }
        Self { metadata, ..order.to_shipment() }
    }
}

shown_goods! {
    /// An order.
    Order in "camelCase", words of TONGUE, reference order_number, driver driver_id,
    /// What was ordered.
    items: Vec<OrderItem> = items,
}

/// The items that an order was made with; metadata that was written otherwise may hold anything.
fn items(shipment: &Shipment) -> Vec<OrderItem> {
    let kept = shipment.metadata.get(ITEMS).cloned();
    kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

/// Make an order
#[utoipa::path(post, path = "/api/orders", tag = "Order-Tracking", operation_id = "create_order",
    request_body = NewOrder, security(("bearer" = ["shipments:create"])),
    responses((status = 201, body = Order, description = "It was made"), Problems))]
pub async fn create(
    State(app): State<App>,
    who: Allowed<ShipmentsCreate>,
    context: Ctx,
    Json(input): Json<NewOrder>,
) -> Result<Created<Order>> {
    let body = Order::from(&make(&app, &context, &who, input.into(), NAMES).await?);
    Ok(Created { location: format!("/api/orders/{}", body.id), version: None, body })
}

/// Read an order
///
/// By its id or its number.
#[utoipa::path(get, path = "/api/orders/{id}", tag = "Order-Tracking", operation_id = "get_order",
    params(("id" = String, Path, description = "Its id or its number")), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = Order, description = "The order"), Problems))]
pub async fn get(State(app): State<App>, who: Allowed<ShipmentsRead>, Id(id): Id<String>) -> Result<axum::Json<Order>> {
    Ok(axum::Json(Order::from(&detail(&app, &who, &id).await?)))
}

/// Where an order stands and is.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderTracking {
    /// Its id.
    pub order_id: ShipmentId,
    /// The caller's own number.
    pub order_number: Option<String>,
    /// Where it stands.
    pub status: &'static str,
    /// Who brings it.
    pub driver_id: Option<DriverId>,
    /// Where the driver is, while they carry it.
    pub driver_location: Option<Whereabouts>,
    /// To where.
    pub delivery_location: Option<Coordinates>,
    /// Up to when it is promised.
    pub estimated_delivery: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// Since when it stands there.
    pub last_updated: Timestamp,
}

async fn tracking(app: &App, who: &Allowed<ShipmentsRead>, id: &str) -> Result<axum::Json<OrderTracking>> {
    let detail = detail(app, who, id).await?;
    let at = whereabouts(app, who, detail.shipment.id).await?;
    let shipment = &detail.shipment;
    Ok(axum::Json(OrderTracking {
        order_id: shipment.id,
        order_number: shipment.reference.clone(),
        status: TONGUE.say(shipment.status),
        driver_id: shipment.driver_id,
        driver_location: at,
        delivery_location: detail.destination.as_ref().and_then(places::point),
        estimated_delivery: shipment.eta_to,
        delivered_at: shipment.delivered_at,
        last_updated: shipment.status_since,
    }))
}

/// Track an order
///
/// By its id or its number.
#[utoipa::path(get, path = "/api/orders/{id}/tracking", tag = "Order-Tracking", operation_id = "get_order_tracking",
    params(("id" = String, Path, description = "Its id or its number")), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = OrderTracking, description = "Where it stands and is"), Problems))]
pub async fn get_tracking(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<String>,
) -> Result<axum::Json<OrderTracking>> {
    tracking(&app, &who, &id).await
}

/// Track an order as a customer
///
/// The same as `/api/orders/{id}/tracking`.
#[utoipa::path(get, path = "/api/tracking/{id}", tag = "Order-Tracking", operation_id = "track_order",
    params(("id" = String, Path, description = "Its id or its number")), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = OrderTracking, description = "Where it stands and is"), Problems))]
pub async fn track(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<String>,
) -> Result<axum::Json<OrderTracking>> {
    tracking(&app, &who, &id).await
}

/// What happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHistory {
    /// Its id.
    pub order_id: ShipmentId,
    /// What happened, oldest first.
    pub history: Vec<OrderStep>,
}

/// One thing that happened to an order.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderStep {
    /// The status it led to.
    pub status: &'static str,
    /// When.
    pub timestamp: Timestamp,
    /// What was said about it.
    pub description: Option<String>,
    /// In which city.
    pub place: Option<String>,
    /// Where.
    pub location: Option<Coordinates>,
}

fn step(view: &EventView) -> Option<OrderStep> {
    let EventView { event, flags } = view;
    let counts = matches!(event.kind, FactKind::Scan | FactKind::Correction);
    if !counts || flags.retracted || flags.out_of_order {
        return None;
    }
    let Place { city, point, .. } = event.place.clone().unwrap_or_default();
    Some(OrderStep {
        status: TONGUE.say(event.status?),
        timestamp: event.occurred_at,
        description: event.raw_text.clone(),
        place: city,
        location: point.map(Coordinates::from),
    })
}

/// Read what happened to an order
///
/// By its id or its number.
#[utoipa::path(get, path = "/api/history/{id}", tag = "Order-Tracking", operation_id = "get_order_history",
    params(("id" = String, Path, description = "Its id or its number")), security(("bearer" = ["shipments:read"])),
    responses((status = 200, body = OrderHistory, description = "What happened"), Problems))]
pub async fn history(
    State(app): State<App>,
    who: Allowed<ShipmentsRead>,
    Id(id): Id<String>,
) -> Result<axum::Json<OrderHistory>> {
    let order_id = find(&app, &who, &id).await?;
    let events = app.engine.shipments.events(&who.caller, order_id).await?;
    Ok(axum::Json(OrderHistory { order_id, history: events.iter().filter_map(step).collect() }))
}

/// Send where a driver is
///
/// When it is answered, it is durable. One per second. Drivers send their own; one who carries no device gets one.
#[utoipa::path(post, path = "/api/drivers/{id}/location", tag = "Order-Tracking", operation_id = "send_driver_location",
    params(("id" = DriverId, Path)), request_body = CourierLocation, security(("bearer" = ["positions:write"])),
    responses((status = 202, body = LocationAnswer, description = "It is durable"), Problems))]
pub async fn send_location(
    State(app): State<App>,
    who: Allowed<PositionsWrite>,
    context: Ctx,
    Id(id): Id<DriverId>,
    Json(input): Json<CourierLocation>,
) -> Result<(StatusCode, axum::Json<LocationAnswer>)> {
    let answer = courier::keep(&app, &context, &who.caller, Some(id), &input).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(answer)))
}

/// A driver who could take an order.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreeDriver {
    /// Their id.
    pub id: DriverId,
    /// Name.
    pub name: String,
    /// Always `available`.
    pub status: &'static str,
    /// Where they are, if they were heard of recently.
    pub location: Option<Whereabouts>,
    /// How many orders they have on the way.
    pub active_orders: usize,
}

impl From<&AvailableDriver> for FreeDriver {
    fn from(available: &AvailableDriver) -> Self {
        Self {
            id: available.driver.id,
            name: available.driver.name.clone(),
            status: "available",
            location: available.position.as_ref().map(Whereabouts::from),
            active_orders: available.active_legs,
        }
    }
}

/// List available drivers
///
/// Those on duty; those with the fewest orders on the way come first.
#[utoipa::path(get, path = "/api/drivers/available", tag = "Order-Tracking", operation_id = "list_available_drivers",
    security(("bearer" = ["drivers:read"])),
    responses((status = 200, body = Vec<FreeDriver>, description = "Who could take an order"), Problems))]
pub async fn available(State(app): State<App>, who: Allowed<DriversRead>) -> Result<axum::Json<Vec<FreeDriver>>> {
    let available = app.engine.dispatch.available_drivers(&who.caller).await?;
    Ok(axum::Json(available.iter().map(FreeDriver::from).collect()))
}

/// Which order is to be brought by whom.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderAssignment {
    /// The order, by its id or its number.
    pub order_id: String,
    /// Who brings it; the nearest driver on duty when left out.
    #[serde(default)]
    pub driver_id: Option<DriverId>,
}

/// Give an order to a driver
///
/// Without `driverId`, to the nearest one on duty whose position is known.
#[utoipa::path(post, path = "/api/drivers/assign", tag = "Order-Tracking", operation_id = "assign_order",
    request_body = OrderAssignment, security(("bearer" = ["shipments:write"])),
    responses((status = 200, body = Order, description = "The order as it is now"), Problems))]
pub async fn assign(
    State(app): State<App>,
    who: Allowed<ShipmentsWrite>,
    Json(input): Json<OrderAssignment>,
) -> Result<axum::Json<Order>> {
    let id = find(&app, &who, &input.order_id).await?;
    let assigned = match input.driver_id {
        Some(driver) => app.engine.shipments.assign(&who.caller, id, driver).await,
        None => app.engine.dispatch.assign_nearest(&who.caller, id).await,
    };
    assigned.map_err(|error| renamed(error, &[("/driver_id", "/driverId")]))?;
    Ok(axum::Json(Order::from(&app.engine.shipments.detail(&who.caller, id).await?)))
}
