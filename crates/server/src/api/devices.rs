//! What sends positions, its credential, and where it was.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracklane_api_types::{Credential, Feature, FeatureCollection, Geometry, Page, SentAway, UnknownDevice};
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, DriverId, VehicleId};
use tracklane_core::model::{Device, Presence};
use tracklane_core::position::Position;
use tracklane_engine::access::WhySentAway;
use tracklane_engine::records::{DeviceFilter, NewDevice, StoredDeviceFilter};

use crate::App;
use crate::paging::list_query;
use crate::permissions::{Allowed, DevicesRead, DevicesWrite, PositionsRead};
use crate::problem::{Problem, Problems, Result};
use crate::query::{Id, Ids, Query};

/// Which devices are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DevicesQuery {
    /// These, at most 200: several by repeating the parameter or with commas.
    #[param(value_type = Vec<DeviceId>)]
    id: Ids<DeviceId>,
    /// Carried by this driver, or one of these; `courier_id` is a synonym.
    #[serde(alias = "courier_id")]
    #[param(value_type = Vec<DriverId>)]
    driver_id: Ids<DriverId>,
    /// In this vehicle.
    vehicle_id: Option<VehicleId>,
    /// With exactly this identifier.
    identifier: Option<String>,
    /// Disabled, or not.
    disabled: Option<bool>,
    /// Whose name or identifier contains this text, in any case.
    q: Option<String>,
    /// That are so by now: heard of lately, standing for a while, silent for too long, never heard of.
    state: Option<Presence>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(DevicesQuery);

impl DevicesQuery {
    fn filter(&self) -> DeviceFilter {
        let stored = StoredDeviceFilter {
            driver_ids: self.driver_id.0.clone(),
            vehicle_id: self.vehicle_id,
            identifier: self.identifier.clone(),
            disabled: self.disabled,
            q: self.q.clone(),
            ids: (!self.id.0.is_empty()).then(|| self.id.0.clone()),
        };
        DeviceFilter { stored, state: self.state }
    }
}

crud! {
    devices of Device, made from NewDevice, named by DeviceId, listed by DevicesQuery,
    under "/v1/devices" and "/v1/devices/{id}", tag "Devices", called "device" and "devices",
    read with DevicesRead "devices:read", written with DevicesWrite "devices:write"
}

/// List devices that were sent away
///
/// Who knocked and may not come in, over any of the device protocols, since the server started: the last one first, at most
/// 1,000 in all. A device belongs to a tenant here when the tenant has it, or when it came in where that tenant's devices
/// alone may; the others are shown to those who run the installation. Whoever may come in by now is not listed.
#[utoipa::path(get, path = "/v1/devices/unknown", tag = "Devices", operation_id = "unknown_devices",
    security(("bearer" = ["devices:read"])), responses((status = 200, body = Page<UnknownDevice>), Problems))]
pub async fn unknown(State(app): State<App>, who: Allowed<DevicesRead>) -> Result<axum::Json<Page<UnknownDevice>>> {
    let nobodys = app.engine.records.tenants.runs_installation(&who.caller).await?;
    let found = app.engine.access.unknown_devices(&who.caller, nobodys);
    let shown = |device: tracklane_engine::access::UnknownDevice| UnknownDevice {
        protocol: device.protocol.to_owned(),
        identifier: device.identifier,
        reason: match device.why {
            WhySentAway::Unknown => SentAway::Unknown,
            WhySentAway::Disabled => SentAway::Disabled,
            WhySentAway::Credential => SentAway::Credential,
        },
        first_seen_at: device.first_seen_at,
        last_seen_at: device.last_seen_at,
        count: device.count,
    };
    let items = found.into_iter().map(shown).collect();
    Ok(axum::Json(Page { items, next_cursor: None, has_more: false }))
}

/// Give a device a credential
///
/// The answer shows it this once. The one before stops working. From now on the device must send it.
#[utoipa::path(post, path = "/v1/devices/{id}/credential", tag = "Devices", operation_id = "set_device_credential",
    params(("id" = DeviceId, Path)), security(("bearer" = ["devices:write"])),
    responses((status = 200, body = Credential), Problems))]
pub async fn set_credential(
    State(app): State<App>,
    who: Allowed<DevicesWrite>,
    Id(id): Id<DeviceId>,
) -> Result<axum::Json<Credential>> {
    let credential = app.engine.access.set_device_credential(&who.caller, id).await?;
    Ok(axum::Json(Credential { credential }))
}

/// Take a device's credential away
///
/// It is believed without one again.
#[utoipa::path(delete, path = "/v1/devices/{id}/credential", tag = "Devices", operation_id = "clear_device_credential",
    params(("id" = DeviceId, Path)), security(("bearer" = ["devices:write"])),
    responses((status = 204), Problems))]
pub async fn clear_credential(
    State(app): State<App>,
    who: Allowed<DevicesWrite>,
    Id(id): Id<DeviceId>,
) -> Result<StatusCode> {
    app.engine.access.clear_device_credential(&who.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which part of a device's history is asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// From this fix time on; a day before `to` when left out.
    from: Option<Timestamp>,
    /// Up to but not including this fix time; now when left out.
    to: Option<Timestamp>,
    /// Positions at most; 1,000 when left out.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<usize>,
    /// True for a point per position, with everything known of it, instead of one line.
    points: Option<bool>,
    /// Whether positions that are not believed are part of it; left out, points have them and a line does not.
    marked: Option<bool>,
}

/// Where a device was
///
/// GeoJSON, oldest first: one line with the `times` of its coordinates, or a point per position.
#[utoipa::path(get, path = "/v1/devices/{id}/positions", tag = "Positions", operation_id = "device_positions",
    params(("id" = DeviceId, Path), HistoryQuery), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = FeatureCollection, content_type = "application/geo+json"), Problems))]
pub async fn positions(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    Id(id): Id<DeviceId>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response> {
    let limit = query.limit.unwrap_or(1_000);
    if !(1..=10_000).contains(&limit) {
        return Err(Problem::malformed("limit", "must be from 1 to 10000"));
    }
    let (from, to) = super::tracks::span(&app, query.from, query.to)?;
    // One more than asked for tells whether there is more.
    let points_wanted = query.points == Some(true);
    let marked = query.marked.unwrap_or(points_wanted);
    let mut found = app.engine.tracking.history(&who.caller, id, from, to, limit + 1, marked).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let features = if points_wanted { points(&found) } else { vec![line(id, &found)] };
    let collection = FeatureCollection { kind: "FeatureCollection".to_owned(), features, has_more };
    let media = HeaderValue::from_static("application/geo+json");
    let mut response = axum::Json(collection).into_response();
    response.headers_mut().insert(CONTENT_TYPE, media);
    Ok(response)
}

fn coordinates(position: &Position) -> Vec<f64> {
    let point = position.fix.point;
    let mut coordinates = vec![point.lon, point.lat];
    coordinates.extend(position.fix.altitude_m.map(f64::from));
    coordinates
}

fn line(id: DeviceId, positions: &[Position]) -> Feature {
    let geometry = match positions {
        [] => None,
        [only] => Some(Geometry::Point { coordinates: coordinates(only) }),
        several => Some(Geometry::LineString { coordinates: several.iter().map(coordinates).collect() }),
    };
    let times: Vec<Timestamp> = positions.iter().map(|position| position.fix_time).collect();
    feature(geometry, json!({ "device_id": id, "times": times }))
}

fn points(positions: &[Position]) -> Vec<Feature> {
    let point = |position: &Position| {
        let properties = json!({
            "device_id": position.device_id,
            "time": position.fix_time,
            "received_at": position.received_at,
            "speed_mps": position.fix.speed_mps,
            "course_deg": position.fix.course_deg,
            "accuracy_m": position.fix.accuracy_m,
            "valid": position.fix.valid,
            "mark": position.mark,
            "attributes": position.attributes,
        });
        feature(Some(Geometry::Point { coordinates: coordinates(position) }), properties)
    };
    positions.iter().map(point).collect()
}

fn feature(geometry: Option<Geometry>, properties: Value) -> Feature {
    let properties = match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    };
    Feature { kind: "Feature".to_owned(), geometry, properties }
}
