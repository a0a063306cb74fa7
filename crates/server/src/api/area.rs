//! Who was in an area.

use axum::extract::State;
use serde::Deserialize;
use tracklane_api_types::{AreaVisitor, AreaVisitors};
use tracklane_core::Timestamp;
use tracklane_core::id::ZoneId;
use tracklane_engine::tracking::{Area, AreaPlace, BoundingBox};

use crate::App;
use crate::permissions::{Allowed, PositionsRead};
use crate::problem::{Problem, Problems, Result};
use crate::query::{Box4, Query};

/// Who is looked for: in which area, when.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// In this box: west,south,east,north in degrees; west may be greater than east across the antimeridian.
    #[param(value_type = Option<String>, example = "-8.7,41.1,-8.5,41.2")]
    bbox: Option<Box4>,
    /// In this zone, instead of a box.
    zone_id: Option<ZoneId>,
    /// From this fix time on; a day before `to` when left out.
    from: Option<Timestamp>,
    /// Up to but not including this fix time; now when left out.
    to: Option<Timestamp>,
    /// Devices at most; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Who was in an area
///
/// The devices that sent positions from a box or a zone between two times, with the first and the last of them. Positions that
/// are not believed do not count. Drivers find their own devices.
#[utoipa::path(get, path = "/v1/positions/search", tag = "Positions", operation_id = "search_positions",
    params(SearchQuery), security(("bearer" = ["positions:read"])),
    responses((status = 200, body = AreaVisitors), Problems))]
pub async fn search(
    State(app): State<App>,
    who: Allowed<PositionsRead>,
    Query(query): Query<SearchQuery>,
) -> Result<axum::Json<AreaVisitors>> {
    let area = match (query.bbox, query.zone_id) {
        (Some(Box4([west, south, east, north])), None) => Area::Box(BoundingBox { west, south, east, north }),
        (None, Some(zone)) => Area::Zone(zone),
        (None, None) => return Err(Problem::malformed("bbox", "must be given, or zone_id")),
        (Some(_), Some(_)) => return Err(Problem::malformed("zone_id", "must not be given together with bbox")),
    };
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::malformed("limit", "must be from 1 to 200"));
    }
    let span = super::tracks::span(&app, query.from, query.to)?;
    let Ok(after) = query.cursor.as_deref().map(str::parse::<AreaPlace>).transpose() else {
        return Err(Problem::malformed("cursor", "must be a next_cursor as given in the page before"));
    };
    let found = app.engine.tracking.search(&who.caller, area, span, limit, after).await?;
    let items = found.items.into_iter().map(|visitor| AreaVisitor {
        device_id: visitor.device_id,
        driver_id: visitor.driver_id,
        first_at: visitor.first_at,
        last_at: visitor.last_at,
        first: visitor.first,
        last: visitor.last,
        positions: visitor.positions,
    });
    let next_cursor = found.next.map(|place| place.to_string());
    Ok(axum::Json(AreaVisitors { items: items.collect(), has_more: next_cursor.is_some(), next_cursor }))
}
