//! DeliverTrack's WebSocket: one delivery, live.

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tracklane_core::event::{Event, EventKind, LOCATION_UPDATED, LogPosition};
use tracklane_core::id::ShipmentId;
use tracklane_core::lifecycle::Status;
use tracklane_core::model::DeviceLatest;
use tracklane_engine::live::{Filter, LiveItem};

use super::delivertrack::delivery;
use super::find;
use super::places::Whereabouts;
use super::words::Tongue;
use crate::App;
use crate::live::handshake::Handshake;
use crate::live::listener::{Listener, from_query};
use crate::live::socket::{Dialect, accept};
use crate::problem::{Problem, Problems, Result};
use crate::query::{Id, Query};

/// How the WebSocket may be opened.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrackQuery {
    /// A token or an API key, where no header can be sent. Better take a ticket: addresses are written into logs.
    token: Option<String>,
    /// A ticket, where no header can be sent.
    ticket: Option<String>,
}

/// A [`Listener`] who may also state a token as `?token=`, as clients of that system do.
pub struct Follower(Listener);

impl FromRequestParts<App> for Follower {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if let Some(token) = from_query(parts, "token") {
            let field = HeaderValue::try_from(format!("Bearer {token}"));
            let field = field.map_err(|_| Problem::unauthenticated("the token is not valid"))?;
            parts.headers.insert(AUTHORIZATION, field);
        }
        Listener::from_request_parts(parts, app).await.map(Self)
    }
}

/// Follow a delivery over a WebSocket
///
/// The first message is `delivery.current` with the delivery as it is; then come `status.changed`, `location.updated`,
/// `delivery.completed` and `courier.assigned` as they happen. Whatever the client says is ignored. Close codes are those
/// of `/v1/live`.
#[utoipa::path(get, path = "/ws/track/{id}", tag = "DeliverTrack", operation_id = "track_delivery",
    params(("id" = String, Path, description = "Its id or its reference"), TrackQuery),
    security(("bearer" = ["live:read"])),
    responses((status = 101, description = "A WebSocket"), Problems))]
pub async fn open(
    State(app): State<App>,
    Follower(listener): Follower,
    Query(_query): Query<TrackQuery>,
    Id(id): Id<String>,
    handshake: Result<Handshake>,
) -> Result<Response> {
    let who = listener.principal().clone();
    let id = find(&app, &who, &id).await?;
    // Before the delivery is read, so that nothing falls in between.
    let filter = Filter { shipments: vec![id], ..Filter::default() };
    let subscription = app.engine.live.subscribe(&who.caller, filter, None).await?;
    let delivery = delivery(&app, &who, id).await?;
    let current = json!({ "type": "delivery.current", "delivery_id": id, "delivery": delivery });
    accept(app, handshake, listener, Some(subscription), Track { id, current: Some(current) })
}

struct Track {
    id: ShipmentId,
    /// What is said first.
    current: Option<Value>,
}

impl Dialect for Track {
    fn say(&mut self, item: &LiveItem, _: LogPosition) -> Option<Utf8Bytes> {
        let said = match item {
            LiveItem::Ready => self.current.take(),
            LiveItem::Event { event, .. } => event_words(self.id, event),
            LiveItem::Position(latest) => Some(position_words(self.id, latest)),
        };
        said.map(|said| said.to_string().into())
    }

    fn hear(&mut self, _: &str) -> Result<Option<(Filter, Option<LogPosition>)>> {
        Ok(None)
    }
}

fn event_words(id: ShipmentId, event: &Event) -> Option<Value> {
    let status = |key: &str| {
        let word = event.data.get(key).and_then(Value::as_str)?;
        Some(word.parse::<Status>().map_or(word, |status| Tongue::Deliveries.say(status)))
    };
    let at = event.occurred_at;
    Some(match event.kind {
        EventKind::StatusChanged => json!({
            "type": "status.changed",
            "delivery_id": id,
            "status": status("status"),
            "previous_status": status("previous_status"),
            "timestamp": at,
        }),
        EventKind::ShipmentDelivered => {
            json!({ "type": "delivery.completed", "delivery_id": id, "status": status("status"), "timestamp": at })
        }
        EventKind::DriverAssigned => {
            json!({ "type": "courier.assigned", "delivery_id": id, "courier_id": event.driver_id, "timestamp": at })
        }
        _ => return None,
    })
}

fn position_words(id: ShipmentId, latest: &DeviceLatest) -> Value {
    json!({
        "type": LOCATION_UPDATED,
        "delivery_id": id,
        "courier_id": latest.driver_id,
        "location": Whereabouts::from(latest),
        "timestamp": latest.fix_time,
    })
}
