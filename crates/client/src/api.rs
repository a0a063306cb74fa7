//! The calls, by resource. Lists that are long come as streams; see [`Client::list`].

use std::fmt::Display;

use bytes::Bytes;
use futures::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use tracklane_api_types::{
    FeatureCollection, LoggedEvent, LoginAnswer, LoginRequest, Me, Page, PositionInput, PositionsAnswer,
};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, EndpointId, ShipmentId};
use tracklane_core::lifecycle::{EventFlags, TrackingEvent};
use tracklane_core::model::{
    ApiKey, Customer, Device, DeviceLatest, Driver, Endpoint, Leg, Location, Package, Shipment, Tenant, TrackingLink,
    Zone,
};

use crate::error::Error;
use crate::pages::PAGE_SIZE;
use crate::requests::{
    NewApiKey, NewCustomer, NewDevice, NewDriver, NewEndpoint, NewFact, NewLocation, NewShipment, NewZone,
};
use crate::transport::Client;

/// A shipment with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentDetail {
    /// The shipment.
    pub shipment: Shipment,
    /// Its parcels.
    pub packages: Vec<Package>,
    /// Its stretches, in order.
    pub legs: Vec<Leg>,
    /// Its facts, by when they happened.
    pub events: Vec<EventView>,
    /// Its public links.
    pub links: Vec<TrackingLink>,
    /// Who sends.
    pub sender: Option<Customer>,
    /// Who receives.
    pub recipient: Option<Customer>,
    /// Where it starts.
    pub origin: Option<Location>,
    /// Where it ends.
    pub destination: Option<Location>,
}

/// One fact and how the fold took it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventView {
    /// The fact.
    pub event: TrackingEvent,
    /// How the fold took it.
    pub flags: EventFlags,
}

/// What a write made of a shipment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShipmentChange {
    /// The shipment as it is now.
    pub shipment: Shipment,
    /// The facts that the write stated.
    pub events: Vec<EventView>,
}

/// A public link as it is handed on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LinkAnswer {
    /// The page.
    pub url: String,
}

/// The secret of an endpoint.
#[derive(Clone, Deserialize)]
pub struct SecretAnswer {
    /// `whsec_` and base64: see [`crate::webhook::Secret`].
    pub secret: String,
}

/// A new API key with its secret, shown this once.
#[derive(Clone, Deserialize)]
pub struct CreatedApiKey {
    /// The key as the server keeps it.
    pub api_key: ApiKey,
    /// What to send as the token; shown this once.
    pub secret: String,
}

#[derive(Serialize)]
struct Assignment {
    driver_id: DriverId,
}

#[derive(Serialize)]
struct Nothing {}

impl Client {
    /// Logs in; the answer holds the token for [`Client::with_token`].
    ///
    /// # Errors
    /// 401 for a wrong address or password; else as every call.
    pub async fn login(&self, email: &str, password: &str) -> Result<LoginAnswer, Error> {
        let body = LoginRequest { email: email.to_owned(), password: password.to_owned() };
        // A login is not repeated under a key: the server keeps no answers of people who are not logged in.
        self.send(self.request(Method::POST, "v1/login")?.with_json(&body)?).await?.json()
    }

    /// Who calls.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn me(&self) -> Result<Me, Error> {
        self.get("v1/me", &[]).await
    }

    /// The caller's tenant.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn tenant(&self) -> Result<Tenant, Error> {
        self.get("v1/tenant", &[]).await
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_customer(&self, customer: &NewCustomer) -> Result<Customer, Error> {
        self.post("v1/customers", customer).await
    }

    /// Makes a location.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_location(&self, location: &NewLocation) -> Result<Location, Error> {
        self.post("v1/locations", location).await
    }

    /// Makes a driver.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_driver(&self, driver: &NewDriver) -> Result<Driver, Error> {
        self.post("v1/drivers", driver).await
    }

    /// Makes a device.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_device(&self, device: &NewDevice) -> Result<Device, Error> {
        self.post("v1/devices", device).await
    }

    /// Makes a zone.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_zone(&self, zone: &NewZone) -> Result<Zone, Error> {
        self.post("v1/zones", zone).await
    }

    /// Makes an API key for a program.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_api_key(&self, key: &NewApiKey) -> Result<CreatedApiKey, Error> {
        self.post("v1/api-keys", key).await
    }

    /// Makes a shipment.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_shipment(&self, shipment: &NewShipment) -> Result<ShipmentDetail, Error> {
        self.post("v1/shipments", shipment).await
    }

    /// One shipment with everything that belongs to it.
    ///
    /// # Errors
    /// 404 when there is no such shipment; else as every call.
    pub async fn shipment(&self, id: ShipmentId) -> Result<ShipmentDetail, Error> {
        self.get(&format!("v1/shipments/{id}"), &[]).await
    }

    /// The shipments that the query asks for, newest first.
    pub fn shipments(&self, query: &[(&str, String)]) -> impl Stream<Item = Result<Shipment, Error>> + Send + use<> {
        self.list("v1/shipments", query)
    }

    /// States a fact about a shipment.
    ///
    /// # Errors
    /// 409 with the allowed list when the status may not follow the present one; else as every call.
    pub async fn record_fact(&self, id: ShipmentId, fact: &NewFact) -> Result<ShipmentChange, Error> {
        self.post(&format!("v1/shipments/{id}/events"), fact).await
    }

    /// Gives a shipment's fleet leg to a driver.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn assign(&self, id: ShipmentId, driver_id: DriverId) -> Result<ShipmentChange, Error> {
        self.post(&format!("v1/shipments/{id}/assign"), &Assignment { driver_id }).await
    }

    /// Makes a public link.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_link(&self, id: ShipmentId) -> Result<LinkAnswer, Error> {
        self.post(&format!("v1/shipments/{id}/links"), &Nothing {}).await
    }

    /// Sends one position. When this answers, the position is durable.
    ///
    /// # Errors
    /// 422 when the position breaks a rule; else as every call.
    pub async fn send_position(&self, position: &PositionInput<'_>) -> Result<PositionsAnswer, Error> {
        // No idempotency key: device and fix time already make a repeated position a duplicate.
        self.send(self.request(Method::POST, "v1/positions")?.with_json(position)?).await?.json()
    }

    /// Sends up to 10,000 positions, one line of JSON each. When this answers, the accepted ones are durable.
    ///
    /// # Errors
    /// As every call; rows that break a rule are told in the answer, not as an error.
    pub async fn send_positions(&self, positions: &[PositionInput<'_>]) -> Result<PositionsAnswer, Error> {
        let mut body = Vec::with_capacity(positions.len() * 160);
        for position in positions {
            serde_json::to_writer(&mut body, position)?;
            body.push(b'\n');
        }
        let request = self.request(Method::POST, "v1/positions/batch")?;
        self.send(request.with_body("application/x-ndjson", Bytes::from(body))).await?.json()
    }

    /// Sends one position as OsmAnd and Traccar Client do: `form` holds the fields of their query. Without the caller's token:
    /// the device speaks for itself.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn send_osmand(&self, form: &str) -> Result<(), Error> {
        let request = self.request(Method::POST, "osmand")?.without_token();
        let body = Bytes::copy_from_slice(form.as_bytes());
        self.send(request.with_body("application/x-www-form-urlencoded", body)).await.map(drop)
    }

    /// One page of the event log, oldest first, of these types (such as `zone.*`), behind the entry `after`. The page says
    /// where to go on: see [`Page::next_cursor`].
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn events(&self, types: &[&str], after: Option<&str>) -> Result<Page<LoggedEvent>, Error> {
        let mut query = vec![("types", types.join(",")), ("limit", PAGE_SIZE.to_string())];
        query.extend(after.map(|after| ("after", after.to_owned())));
        self.get("v1/events", &query).await
    }

    /// The newest position of every device, or of those that the query asks for.
    pub fn latest(&self, query: &[(&str, String)]) -> impl Stream<Item = Result<DeviceLatest, Error>> + Send + use<> {
        self.list("v1/positions/latest", query)
    }

    /// Where a device was, from one instant up to but not including another, as GeoJSON points.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn device_positions(
        &self,
        id: DeviceId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<FeatureCollection, Error> {
        let query = [
            ("from", from.to_string()),
            ("to", to.to_string()),
            ("limit", limit.to_string()),
            ("points", "true".to_owned()),
        ];
        self.get(&format!("v1/devices/{id}/positions"), &query).await
    }

    /// Makes a webhook endpoint.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn create_endpoint(&self, endpoint: &NewEndpoint) -> Result<Endpoint, Error> {
        self.post("v1/endpoints", endpoint).await
    }

    /// The secret that signs an endpoint's messages.
    ///
    /// # Errors
    /// As every call: see [`Error`].
    pub async fn endpoint_secret(&self, id: EndpointId) -> Result<SecretAnswer, Error> {
        self.get(&format!("v1/endpoints/{id}/secret"), &[]).await
    }

    /// The path of one record, such as `v1/zones/zon_...`, for the untyped calls.
    pub fn path_of(resource: &str, id: impl Display) -> String {
        format!("v1/{resource}/{id}")
    }
}
