//! Geofences.

use axum::extract::{DefaultBodyLimit, Request, State};
use serde::Deserialize;
use tracklane_api_types::Page;
use tracklane_core::Timestamp;
use tracklane_core::id::{DeviceId, Id as _, LocationId, ZoneId};
use tracklane_core::model::{Zone, ZoneKind};
use tracklane_engine::Cursor;
use tracklane_engine::records::{ImportWords, NewZone, ZoneFilter, ZoneImport, read_geojson, read_kml};
use tracklane_engine::tracking::{VisitsQuery, ZoneExplanation, ZoneOccupant, ZoneVisits};

use crate::paging::{DEFAULT_LIMIT, Listed, Listing, MAX_LIMIT, list_query};
use crate::permissions::{Allowed, ZoneVisitsRead, ZonesWrite};
use crate::problem::{Problem, Problems, Result};
use crate::query::{Id, Query};
use crate::{App, json};

/// Which zones are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ZonesQuery {
    /// Of this kind.
    kind: Option<ZoneKind>,
    /// Around this location.
    location_id: Option<LocationId>,
    /// With this reference.
    reference: Option<String>,
    /// Whose name or reference contains this text, in any case.
    q: Option<String>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(ZonesQuery);

impl ZonesQuery {
    fn filter(&self) -> ZoneFilter {
        ZoneFilter {
            kind: self.kind,
            location_id: self.location_id,
            reference: self.reference.clone(),
            name: None,
            q: self.q.clone(),
        }
    }
}

crud! {
    zones of Zone, made from NewZone, named by ZoneId, listed by ZonesQuery,
    under "/v1/zones" and "/v1/zones/{id}", tag "Zones", called "zone" and "zones",
    read with ZonesRead "zones:read", written with ZonesWrite "zones:write"
}

/// The media types of KML.
const KML: [&str; 3] = ["application/vnd.google-earth.kml+xml", "application/xml", "text/xml"];

/// How an import is to be read.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// True to say what would become of each row, and write nothing.
    dry_run: bool,
    /// GeoJSON: the property with the name; `name` when left out.
    name_property: Option<String>,
    /// GeoJSON: the property with the reference; `reference` when left out, or else the feature's `id`.
    reference_property: Option<String>,
    /// The radius of points that state none themselves, in metres.
    #[param(minimum = 1, maximum = 1000000)]
    radius_m: Option<f64>,
    /// The width of lines that state none themselves, in metres.
    #[param(minimum = 1, maximum = 100000)]
    width_m: Option<f64>,
}

/// Import zones
///
/// A GeoJSON `FeatureCollection` or KML, at most 10,000 zones and 8 MiB. A row changes the zone with its reference, or,
/// without one, the drawn zone with its name; where there is none, it makes one. Each row is taken or refused by itself. A zone
/// that is uploaded again is still the same: no device enters it because of that. Features may carry `radius_m`, `width_m`,
/// `rules`, `schedule` and `speed_limit` as properties, placemarks the first two as extended data.
#[utoipa::path(post, path = "/v1/zones/import", tag = "Zones", operation_id = "import_zones", params(ImportQuery),
    request_body(content(
        (serde_json::Value = "application/geo+json"),
        (serde_json::Value = "application/json"),
        (String = "application/vnd.google-earth.kml+xml"),
    )),
    security(("bearer" = ["zones:write"])), responses((status = 200, body = ZoneImport), Problems))]
pub async fn import(
    State(app): State<App>,
    who: Allowed<ZonesWrite>,
    Query(query): Query<ImportQuery>,
    mut request: Request,
) -> Result<axum::Json<ZoneImport>> {
    let known = ["application/geo+json", "application/json"].into_iter().chain(KML).collect::<Vec<_>>();
    json::require_media_type(request.headers(), &known)?;
    let media_type = json::media_type(request.headers()).to_ascii_lowercase();
    DefaultBodyLimit::max(app.settings.batch_limit_bytes).apply(&mut request);
    let body = json::read(request, &app).await?;
    let ImportQuery { dry_run, name_property: name, reference_property: reference, radius_m, width_m } = query;
    let words = ImportWords { name, reference, radius_m, width_m };
    let rows = if KML.contains(&media_type.as_str()) {
        let text = std::str::from_utf8(&body).map_err(|_| Problem::malformed("#", "must be UTF-8"))?;
        read_kml(text, &words)?
    } else {
        let document =
            serde_json::from_slice(&body).map_err(|error| Problem::malformed("#", format!("must be JSON: {error}")))?;
        read_geojson(&document, &words)?
    };
    Ok(axum::Json(app.engine.records.zones.import(&who.caller, rows, dry_run).await?))
}

/// Which visits are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ZoneVisitsQuery {
    /// From this instant on.
    from: Timestamp,
    /// Before this instant; at most 31 days after `from`.
    to: Timestamp,
    /// Of this device alone.
    device_id: Option<DeviceId>,
    /// Devices looked at per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<DeviceId>,
}

/// Who was in a zone
///
/// Visits between two times, computed anew from the positions that are known by now, late ones included, by the shape and the
/// rules that the zone has now. What was told at the time stands in `GET /v1/events?zone_id=`.
#[utoipa::path(get, path = "/v1/zones/{id}/visits", tag = "Zones", operation_id = "list_zone_visits",
    params(("id" = ZoneId, Path), ZoneVisitsQuery), security(("bearer" = ["zone_visits:read"])),
    responses((status = 200, body = ZoneVisits), Problems))]
pub async fn visits(
    State(app): State<App>,
    who: Allowed<ZoneVisitsRead>,
    Id(id): Id<ZoneId>,
    Query(query): Query<ZoneVisitsQuery>,
) -> Result<axum::Json<ZoneVisits>> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::malformed("limit", format!("must be from 1 to {MAX_LIMIT}")));
    }
    let ZoneVisitsQuery { from, to, device_id, cursor, .. } = query;
    let query = VisitsQuery { from, to, device_id, after: cursor, limit: limit as usize };
    Ok(axum::Json(app.engine.tracking.zone_visits(&who.caller, id, query).await?))
}

/// Which of those in a zone are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OccupantsQuery {
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(OccupantsQuery);

/// Who is in a zone now
///
/// By device: whom the rules of the zone have confirmed in, and not out again since, however long ago that was and whether or
/// not the device is still heard of.
#[utoipa::path(get, path = "/v1/zones/{id}/occupants", tag = "Zones", operation_id = "list_zone_occupants",
    params(("id" = ZoneId, Path), OccupantsQuery), security(("bearer" = ["zone_visits:read"])),
    responses((status = 200, body = Page<ZoneOccupant>), Problems))]
pub async fn occupants(
    State(app): State<App>,
    who: Allowed<ZoneVisitsRead>,
    Id(id): Id<ZoneId>,
    listing: Listing<OccupantsQuery>,
) -> Result<Listed<ZoneOccupant>> {
    let page = listing.page()?;
    let mut items = app.engine.tracking.zone_occupants(&who.caller, id)?;
    if let Some(Cursor(after)) = page.after {
        items.drain(..items.partition_point(|occupant| occupant.device_id.uuid() <= after));
    }
    Ok(listing.answer(tracklane_engine::Listing::cut(items, page.limit, |occupant| occupant.device_id.uuid())))
}

/// What is to be explained.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExplainQuery {
    /// Of which device.
    device_id: DeviceId,
    /// At what time.
    at: Timestamp,
}

/// Why there was or was not an event
///
/// The positions around a moment, and what each said about the zone: how far from the edge it lay, how certain that was, what
/// held an event back.
#[utoipa::path(get, path = "/v1/zones/{id}/explain", tag = "Zones", operation_id = "explain_zone",
    params(("id" = ZoneId, Path), ExplainQuery), security(("bearer" = ["zone_visits:read"])),
    responses((status = 200, body = ZoneExplanation), Problems))]
pub async fn explain(
    State(app): State<App>,
    who: Allowed<ZoneVisitsRead>,
    Id(id): Id<ZoneId>,
    Query(query): Query<ExplainQuery>,
) -> Result<axum::Json<ZoneExplanation>> {
    let ExplainQuery { device_id, at } = query;
    Ok(axum::Json(app.engine.tracking.explain_zone(&who.caller, id, device_id, at).await?))
}
