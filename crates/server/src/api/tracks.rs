//! What a device did: whether it is heard of, its trips and stops, what it measured.

use axum::extract::State;
use jiff::ToSpan;
use serde::Deserialize;
use tracklane_api_types::{MovementEntry, MovementList, SensorReading, SensorReadings};
use tracklane_core::Timestamp;
use tracklane_core::id::DeviceId;
use tracklane_core::model::{DeviceStatus, Movement, MovementKind};

use crate::App;
use crate::permissions::{Allowed, PositionsRead};
use crate::problem::{Problem, Problems, Result};
use crate::query::{Id, Query};

/// Attributes that one question names at most.
const MAX_NAMES: usize = 20;

/// Read whether a device is heard of
///
/// `online`, `idle` while it stands, `offline` when nothing was heard for too long, `unknown` before the first message; since when
/// it stands, and the alarms that it raises. What is too long is a setting of the server.
#[utoipa::path(get, path = "/v1/devices/{id}/status", tag = "Positions", operation_id = "device_status",
    params(("id" = DeviceId, Path)), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = DeviceStatus), Problems))]
pub async fn status(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    Id(id): Id<DeviceId>,
) -> Result<axum::Json<DeviceStatus>> {
    Ok(axum::Json(app.engine.tracking.status(&who.caller, id)?))
}

/// Which part of a device's time is asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MovementsQuery {
    /// What ends after this time; a day before `to` when left out.
    from: Option<Timestamp>,
    /// What begins before this time; now when left out.
    to: Option<Timestamp>,
    /// Entries at most; 200 when left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// List a device's trips
///
/// And the gaps between them: silences after which it turned up elsewhere. Oldest first; what goes on comes last, as it would
/// end with the last position. Positions that come late change what is listed, some seconds later.
#[utoipa::path(get, path = "/v1/devices/{id}/trips", tag = "Positions", operation_id = "device_trips",
    params(("id" = DeviceId, Path), MovementsQuery), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = MovementList), Problems))]
pub async fn trips(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    Id(id): Id<DeviceId>,
    Query(query): Query<MovementsQuery>,
) -> Result<axum::Json<MovementList>> {
    movements(&app, &who, id, &[MovementKind::Trip, MovementKind::Gap], &query).await
}

/// List a device's stops
///
/// With their dwell. Oldest first; one that goes on comes last, as it would end with the last position.
#[utoipa::path(get, path = "/v1/devices/{id}/stops", tag = "Positions", operation_id = "device_stops",
    params(("id" = DeviceId, Path), MovementsQuery), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = MovementList), Problems))]
pub async fn stops(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    Id(id): Id<DeviceId>,
    Query(query): Query<MovementsQuery>,
) -> Result<axum::Json<MovementList>> {
    movements(&app, &who, id, &[MovementKind::Stop], &query).await
}

async fn movements(
    app: &App,
    who: &Allowed<PositionsRead>,
    id: DeviceId,
    kinds: &[MovementKind],
    query: &MovementsQuery,
) -> Result<axum::Json<MovementList>> {
    let limit = query.limit.unwrap_or(200);
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::malformed("limit", "must be from 1 to 1000"));
    }
    let span = span(app, query.from, query.to)?;
    let found = app.engine.tracking.movements(&who.caller, id, kinds, span, limit).await?;
    let mut items: Vec<_> = found.ended.iter().map(|movement| entry(movement, false)).collect();
    items.extend(found.ongoing.iter().map(|movement| entry(movement, true)));
    Ok(axum::Json(MovementList { items, has_more: found.has_more }))
}

fn entry(movement: &Movement, ongoing: bool) -> MovementEntry {
    let Movement { kind, driver_id, started_at, ended_at, start, end, distance_m, .. } = *movement;
    let duration_s = ended_at.duration_since(started_at).as_secs_f64();
    MovementEntry { kind, driver_id, started_at, ended_at, duration_s, ongoing, start, end, distance_m }
}

/// Which readings of a device are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SensorsQuery {
    /// Of these attributes, at most 20; of every one when left out.
    name: Vec<String>,
    /// From this time on; a day before `to` when left out.
    from: Option<Timestamp>,
    /// Up to but not including this time; now when left out.
    to: Option<Timestamp>,
    /// Readings at most; 1,000 when left out.
    #[param(minimum = 1, maximum = 10000)]
    limit: Option<usize>,
}

/// Read what a device measured
///
/// Every attribute that came with its positions, or those named: `battery_percent`, `ignition`, `odometer_m`, `temperature_c`, or
/// the device's own.
#[utoipa::path(get, path = "/v1/devices/{id}/sensors", tag = "Positions", operation_id = "device_sensors",
    params(("id" = DeviceId, Path), SensorsQuery), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = SensorReadings), Problems))]
pub async fn sensors(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    Id(id): Id<DeviceId>,
    Query(query): Query<SensorsQuery>,
) -> Result<axum::Json<SensorReadings>> {
    let limit = query.limit.unwrap_or(1_000);
    if !(1..=10_000).contains(&limit) {
        return Err(Problem::malformed("limit", "must be from 1 to 10000"));
    }
    if query.name.len() > MAX_NAMES {
        return Err(Problem::malformed("name", format!("must be at most {MAX_NAMES} names")));
    }
    let span = span(&app, query.from, query.to)?;
    let found = app.engine.tracking.readings(&who.caller, id, &query.name, span, limit).await?;
    let items = found.items.into_iter().map(|reading| SensorReading {
        time: reading.time,
        received_at: reading.received_at,
        name: reading.name,
        value: reading.value,
    });
    Ok(axum::Json(SensorReadings { items: items.collect(), has_more: found.next.is_some(), next: found.next }))
}

/// The time that is asked for: up to now and a day back where nothing is said.
pub(super) fn span(app: &App, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<(Timestamp, Timestamp)> {
    let to = to.unwrap_or_else(|| app.env.now());
    let from = from.unwrap_or_else(|| to.checked_sub(24.hours()).unwrap_or(Timestamp::MIN));
    if from > to {
        return Err(Problem::malformed("from", "must not be after to"));
    }
    Ok((from, to))
}
