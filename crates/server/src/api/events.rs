//! The event log, and the audit log.

use axum::extract::State;
use serde::Deserialize;
use tracklane_api_types::{LoggedEvent, Page};
use tracklane_core::Timestamp;
use tracklane_core::event::{EventKind, LogPosition};
use tracklane_core::id::{DeviceId, ShipmentId, ZoneId};
use tracklane_core::lifecycle::Actor;
use tracklane_core::model::AuditEntry;
use tracklane_engine::log::{AuditFilter, EventFilter};

use crate::App;
use crate::paging::{DEFAULT_LIMIT, Listed, Listing, MAX_LIMIT, list_query};
use crate::permissions::{Allowed, AuditRead, EventsRead};
use crate::problem::{Problem, Problems, Result};
use crate::query::Query;

/// Which events are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Behind this entry: the `id` of the last one seen; from the beginning when left out.
    #[param(example = "0-42")]
    after: Option<String>,
    /// Of these types: names, their aliases, or a prefix with `.*`; several by repeating the parameter or with commas.
    types: Vec<String>,
    /// About this shipment.
    shipment_id: Option<ShipmentId>,
    /// About this zone.
    zone_id: Option<ZoneId>,
    /// About this device.
    device_id: Option<DeviceId>,
    /// Happened from this instant on.
    occurred_from: Option<Timestamp>,
    /// Happened before this instant.
    occurred_to: Option<Timestamp>,
    /// Written from this instant on.
    recorded_from: Option<Timestamp>,
    /// Written before this instant.
    recorded_to: Option<Timestamp>,
    /// Entries at most; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Read the event log
///
/// Oldest first. `next_cursor` is what to send as `after` for more, now or later: it is there even on the last page, as
/// long as the page holds anything.
#[utoipa::path(get, path = "/v1/events", tag = "Events", operation_id = "list_events", params(EventsQuery),
    security(("bearer" = ["events:read"])), responses((status = 200, body = Page<LoggedEvent>), Problems))]
pub async fn list(
    State(app): State<App>,
    who: Allowed<EventsRead>,
    Query(query): Query<EventsQuery>,
) -> Result<axum::Json<Page<LoggedEvent>>> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Problem::malformed("limit", format!("must be from 1 to {MAX_LIMIT}")));
    }
    let after = query.after.as_deref().unwrap_or("0-0").parse::<LogPosition>();
    let after = after.map_err(|_| Problem::malformed("after", "must be the id of an entry, such as 0-42"))?;
    let filter = EventFilter {
        kinds: kinds(&query.types)?,
        shipment_id: query.shipment_id,
        zone_id: query.zone_id,
        device_id: query.device_id,
        occurred_from: query.occurred_from,
        occurred_to: query.occurred_to,
        recorded_from: query.recorded_from,
        recorded_to: query.recorded_to,
    };
    // One more than asked for tells whether there is more.
    let mut found = app.engine.log.events(&who.caller, &filter, after, limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let items: Vec<_> = found.into_iter().map(|(place, event)| LoggedEvent { id: place.to_string(), event }).collect();
    let next_cursor = items.last().map(|entry| entry.id.clone());
    Ok(axum::Json(Page { items, next_cursor, has_more }))
}

/// The kinds that filters name.
fn kinds(filters: &[String]) -> Result<Vec<EventKind>> {
    let mut kinds = Vec::new();
    for filter in filters {
        let before = kinds.len();
        kinds.extend(EventKind::ALL.iter().filter(|kind| kind.matches(filter)));
        if kinds.len() == before {
            let known: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let detail = format!("unknown event type {filter:?}; known are {}", known.join(", "));
            return Err(Problem::malformed("types", detail));
        }
    }
    Ok(kinds)
}

/// Which lines of the audit log are asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Of this action, `customer.updated`, or of a group of them, `customer.*`.
    action: Option<String>,
    /// About the thing with this id.
    target: Option<String>,
    /// By the user, key, driver or device with this id.
    actor_id: Option<String>,
    /// From this instant on.
    from: Option<Timestamp>,
    /// Before this instant.
    to: Option<Timestamp>,
    /// Entries per page; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}
list_query!(AuditQuery);

/// Read the audit log
///
/// Who changed what, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "Events", operation_id = "list_audit", params(AuditQuery),
    security(("bearer" = ["audit:read"])), responses((status = 200, body = Page<AuditEntry>), Problems))]
pub async fn audit(
    State(app): State<App>,
    who: Allowed<AuditRead>,
    listing: Listing<AuditQuery>,
) -> Result<Listed<AuditEntry>> {
    let query = &listing.query;
    let filter = AuditFilter {
        action: query.action.clone(),
        target: query.target.clone(),
        actor: query.actor_id.as_deref().map(actor).transpose()?,
        from: query.from,
        to: query.to,
    };
    let found = app.engine.log.audit(&who.caller, &filter, listing.page()?).await?;
    Ok(listing.answer(found))
}

/// The actor with this id.
fn actor(id: &str) -> Result<Actor> {
    let user = || id.parse().map(Actor::User);
    let key = || id.parse().map(Actor::ApiKey);
    let driver = || id.parse().map(Actor::Driver);
    let device = || id.parse().map(Actor::Device);
    let found = user().or_else(|_| key()).or_else(|_| driver()).or_else(|_| device());
    found.map_err(|_| Problem::malformed("actor_id", "must be the id of a user, an API key, a driver or a device"))
}
