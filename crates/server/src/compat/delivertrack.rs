//! DeliverTrack: deliveries, their statuses, and where couriers are.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tracklane_api_types::Page;
use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DriverId, ShipmentId};
use tracklane_core::lifecycle::{Place, Reason, Status};
use tracklane_core::model::{Address, Location, Shipment};
use tracklane_core::position::{Attributes, Fix, Point};
use tracklane_engine::access::Principal;
use tracklane_engine::records::NewCustomer;
use tracklane_engine::shipments::{NewFact, NewPackage, NewShipment, ShipmentDetail, ShipmentFilter};

use super::courier::{self, LocationAnswer};
use super::places::{self, Coordinates, Whereabouts};
use super::words::{self, Tongue};
use super::{Ctx, create as make, find, whereabouts};
use crate::App;
use crate::conditional::Created;
use crate::json::Json;
use crate::paging::{Listed, Listing, list_query};
use crate::permissions::{Allowed, FactsWrite, PositionsWrite, ShipmentsCreate, ShipmentsRead};
use crate::problem::{Problems, Result};
use crate::query::Id;

const TONGUE: Tongue = Tongue::Deliveries;

/// Their names of our fields.
const NAMES: &[(&str, &str)] = &[
    ("/recipient_id", "/customer_id"),
    ("/recipient", "/customer"),
    ("/origin/address/point/lat", "/pickup_location/latitude"),
    ("/origin/address/point/lon", "/pickup_location/longitude"),
    ("/origin", "/pickup_address"),
    ("/destination/address/point/lat", "/delivery_location/latitude"),
    ("/destination/address/point/lon", "/delivery_location/longitude"),
    ("/destination", "/delivery_address"),
    ("/legs/0/driver_id", "/courier_id"),
    ("/driver_id", "/courier_id"),
    ("/packages/0/description", "/description"),
    ("/packages/0/weight_kg", "/weight_kg"),
    ("/eta_to", "/estimated_delivery"),
];

/// A customer as a delivery brings them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryCustomer {
    /// Name, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Phone number, E.164; `contact` is a synonym.
    #[serde(default, alias = "contact")]
    #[schema(pattern = r"^\+[1-9][0-9]{6,14}$")]
    pub phone: Option<String>,
    /// E-mail address.
    #[serde(default)]
    #[schema(max_length = 254, pattern = r"^[^@\s]+@[^@\s.]([^@\s]*[^@\s.])?$")]
    pub email: Option<String>,
    /// Address as one line.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub address: Option<String>,
}

impl From<DeliveryCustomer> for NewCustomer {
    fn from(customer: DeliveryCustomer) -> Self {
        Self {
            reference: None,
            name: customer.name,
            email: customer.email,
            phone: customer.phone,
            language: None,
            address: Address { line1: customer.address, ..Address::default() },
        }
    }
}

/// A new delivery.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewDelivery {
    /// The caller's own reference, by which the delivery can be read too; `order_id` is a synonym.
    #[serde(alias = "order_id")]
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Who it is for; customers leave it out or name themselves.
    pub customer_id: Option<CustomerId>,
    /// Who it is for, as a new customer.
    pub customer: Option<DeliveryCustomer>,
    /// Who brings it; `driver_id` is a synonym.
    #[serde(alias = "driver_id")]
    pub courier_id: Option<DriverId>,
    /// From where, as one line.
    #[schema(min_length = 1, max_length = 500)]
    pub pickup_address: Option<String>,
    /// From where.
    pub pickup_location: Option<Coordinates>,
    /// To where, as one line.
    #[schema(min_length = 1, max_length = 500)]
    pub delivery_address: Option<String>,
    /// To where.
    pub delivery_location: Option<Coordinates>,
    /// What is in it; `notes` is a synonym.
    #[serde(alias = "notes")]
    #[schema(min_length = 1, max_length = 500)]
    pub description: Option<String>,
    /// Weight in kilograms; `weight` is a synonym.
    #[serde(alias = "weight")]
    #[schema(minimum = 0, maximum = 100000)]
    pub weight_kg: Option<f64>,
    /// Up to when it is promised.
    pub estimated_delivery: Option<Timestamp>,
    /// Free data.
    #[schema(value_type = Object)]
    pub metadata: Attributes,
}

impl From<NewDelivery> for NewShipment {
    fn from(delivery: NewDelivery) -> Self {
        let NewDelivery { description, weight_kg, .. } = delivery;
        let parcel = NewPackage { description, weight_kg, ..NewPackage::default() };
        let packages = if parcel == NewPackage::default() { Vec::new() } else { vec![parcel] };
        Self {
            reference: delivery.reference,
            recipient_id: delivery.customer_id,
            recipient: delivery.customer.map(NewCustomer::from),
            origin: places::location(delivery.pickup_address, delivery.pickup_location, "Pick-up"),
            destination: places::location(delivery.delivery_address, delivery.delivery_location, "Delivery"),
            driver_id: delivery.courier_id,
            packages,
            eta_to: delivery.estimated_delivery,
            metadata: delivery.metadata,
            ..Self::default()
        }
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Delivery {
    /// Its id.
    pub id: ShipmentId,
    /// The caller's own reference.
    pub reference: Option<String>,
    /// Who it is for.
    pub customer_id: Option<CustomerId>,
    /// Who brings it.
    pub courier_id: Option<DriverId>,
    /// `pending`, `assigned`, `picked_up`, `in_transit`, `out_for_delivery`, `delivered`, `failed`, `cancelled`, or
    /// another word of ours.
    pub status: &'static str,
    /// From where, as one line; not in lists.
    pub pickup_address: Option<String>,
    /// From where; not in lists.
    pub pickup_location: Option<Coordinates>,
    /// To where, as one line; not in lists.
    pub delivery_address: Option<String>,
    /// To where; not in lists.
    pub delivery_location: Option<Coordinates>,
    /// Where the courier is, while they carry it; not in lists.
    pub courier_location: Option<Whereabouts>,
    /// Up to when it is promised.
    pub estimated_delivery: Option<Timestamp>,
    /// When it was picked up.
    pub picked_up_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<&Shipment> for Delivery {
    fn from(shipment: &Shipment) -> Self {
        Self {
            id: shipment.id,
            reference: shipment.reference.clone(),
            customer_id: shipment.recipient_id.or(shipment.sender_id),
            courier_id: shipment.driver_id,
            status: TONGUE.say(shipment.status),
            pickup_address: None,
            pickup_location: None,
            delivery_address: None,
            delivery_location: None,
            courier_location: None,
            estimated_delivery: shipment.eta_to,
            picked_up_at: shipment.picked_up_at,
            delivered_at: shipment.delivered_at,
            created_at: shipment.created_at,
            updated_at: shipment.updated_at,
        }
    }
}

impl Delivery {
    /// A delivery with everything there is to say.
    pub fn whole(detail: &ShipmentDetail, courier_location: Option<Whereabouts>) -> Self {
        let (origin, destination): (Option<&Location>, Option<&Location>) =
            (detail.origin.as_ref(), detail.destination.as_ref());
        Self {
            pickup_address: origin.map(places::line),
            pickup_location: origin.and_then(places::point),
            delivery_address: destination.map(places::line),
            delivery_location: destination.and_then(places::point),
            courier_location,
            ..Self::from(&detail.shipment)
        }
    }
}

/// A delivery as it is now.
pub async fn delivery(app: &App, who: &Principal, id: ShipmentId) -> Result<Delivery> {
    let detail = app.engine.shipments.detail(&who.caller, id).await?;
    Ok(Delivery::whole(&detail, whereabouts(app, who, id).await?))
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
    let body = Delivery::whole(&detail, None);
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

/// Where a courier is.
#[derive(Debug, Clone, PartialEq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourierLocation {
    /// Who; couriers leave it out or name themselves. `driver_id` is a synonym.
    #[serde(default, alias = "driver_id")]
    pub courier_id: Option<DriverId>,
    /// Latitude in degrees, -90 to 90; `lat` is a synonym.
    #[serde(alias = "lat")]
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: f64,
    /// Longitude in degrees, -180 to 180; `lng` and `lon` are synonyms.
    #[serde(alias = "lng", alias = "lon")]
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: f64,
    /// When; now when left out.
    #[serde(default)]
    pub timestamp: Option<Timestamp>,
    /// Speed in metres per second, 0 to 500.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 500)]
    pub speed: Option<f32>,
    /// Course in degrees clockwise from north, 0 to 360; `bearing` is a synonym.
    #[serde(default, alias = "bearing")]
    #[schema(minimum = 0, maximum = 360)]
    pub heading: Option<f32>,
    /// Radius of 68 % confidence in metres.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000000)]
    pub accuracy: Option<f32>,
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
    let fix = Fix {
        point: Point { lat: input.latitude, lon: input.longitude },
        altitude_m: None,
        speed_mps: input.speed,
        course_deg: input.heading,
        accuracy_m: input.accuracy,
        valid: true,
    };
    let answer = courier::keep(&app, &context, &who.caller, input.courier_id, fix, input.timestamp).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(answer)))
}
