//! Server-sent events: the same stream for whoever cannot or will not speak WebSocket.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tokio::time::{Interval, interval_at};
use tracklane_core::event::LogPosition;
use tracklane_core::id::{DriverId, ShipmentId, TenantId, ZoneId};
use tracklane_engine::live::{Filter, LiveItem, Subscription, Viewport};

use super::listener::Listener;
use super::seats::Seat;
use crate::App;
use crate::problem::{Problem, Problems, Result};
use crate::query::{Box4, Query};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// After how long a client that lost the connection comes back.
pub const RETRY: Duration = Duration::from_secs(3);
/// How often something is said, if only that we are still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SseQuery {
    /// These shipments: their events, and where they are while the own fleet carries them.
    shipments: Vec<ShipmentId>,
    /// These drivers: their events and positions; `couriers` is a synonym.
    #[serde(alias = "couriers")]
    drivers: Vec<DriverId>,
    /// These zones: their events.
    zones: Vec<ZoneId>,
    /// Positions in this part of the map: west,south,east,north in degrees.
    #[param(value_type = Option<String>, example = "-8.7,41.1,-8.5,41.2")]
    viewport: Option<Box4>,
    /// Everything that the caller may see.
    all: Option<bool>,
    /// Only these types: names, their aliases, or a prefix with `.*`; `location.updated` stands for positions.
    events: Vec<String>,
    /// The `id` of the last event heard; the header `Last-Event-ID` comes before it.
    #[param(example = "0-42")]
    resume: Option<String>,
    /// A ticket, where no header can be sent.
    ticket: Option<String>,
}

impl SseQuery {
    fn filter(&self) -> Result<Filter> {
        let all = self.all.unwrap_or(false);
        let named = [self.shipments.is_empty(), self.drivers.is_empty(), self.zones.is_empty()].contains(&false);
        if !(all || named || self.viewport.is_some()) {
            return Err(Problem::malformed("all", "name shipments, drivers, zones or a viewport, or say all=true"));
        }
        Ok(Filter {
            shipments: self.shipments.clone(),
            drivers: self.drivers.clone(),
            zones: self.zones.clone(),
            viewport: self.viewport.map(|Box4([west, south, east, north])| Viewport { west, south, east, north }),
            all,
            events: self.events.clone(),
        })
    }

    fn resume(&self, headers: &HeaderMap) -> Result<Option<LogPosition>> {
        let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
        let (name, given) = match header.filter(|text| !text.is_empty()) {
            Some(text) => ("Last-Event-ID", Some(text)),
            None => ("resume", self.resume.as_deref()),
        };
        let place = given.map(str::parse::<LogPosition>).transpose();
        place.map_err(|_| Problem::malformed(name, "must be the id of an event, such as 0-42"))
    }
}

/// Listen by server-sent events
///
/// `event` carries an event of the log, with its place as `id`; `position` the newest position of a device; `ready` says
/// that everything before was told. A client that comes back with `Last-Event-ID`, as browsers do by themselves, misses no
/// event. The stream ends when the credentials expire or are revoked.
#[utoipa::path(get, path = "/v1/live/sse", tag = "Live", operation_id = "live_events",
    params(SseQuery, ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event heard")),
    security(("bearer" = ["live:read"])),
    responses((status = 200, description = "A stream", content_type = "text/event-stream"), Problems))]
pub async fn open(
    State(app): State<App>,
    listener: Listener,
    Query(query): Query<SseQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let filter = query.filter()?;
    // Known from the start, so that a client that breaks off before its first event can resume too.
    let from = match query.resume(&headers)? {
        Some(place) => place,
        None => app.engine.log.head().await?,
    };
    let seat = listener.take_seat().ok_or_else(too_many)?;
    let subscription = app.engine.live.subscribe(listener.caller(), filter, Some(from)).await?;
    let period = listener.check_every();
    let check = interval_at(tokio::time::Instant::now() + period, period);
    let feed = Feed { app, listener, subscription, check, first: Some(from), _seat: seat };
    Ok(answer(unfold(feed, |mut feed| async { feed.next().await.map(|frame| (Ok(frame), feed)) })))
}

/// A stream of frames as an answer that nothing in between holds back.
pub fn answer(frames: impl Stream<Item = Result<Frame, Infallible>> + Send + 'static) -> Response {
    let frames = Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    (StatusCode::OK, [(ACCEL_BUFFERING, HeaderValue::from_static("no"))], frames).into_response()
}

/// Every seat is taken.
pub fn too_many() -> Problem {
    Problem::quota("streams", "too many live streams are open", 30)
}

struct Feed {
    app: App,
    listener: Listener,
    subscription: Subscription,
    check: Interval,
    /// The place to resume from, until it is told.
    first: Option<LogPosition>,
    _seat: Seat<TenantId>,
}

impl Feed {
    /// The next frame; none when the stream ends.
    async fn next(&mut self) -> Option<Frame> {
        if let Some(place) = self.first.take() {
            return Some(Frame::default().id(place.to_string()).retry(RETRY));
        }
        loop {
            let item = tokio::select! {
                biased;
                () = self.app.closing.cancelled() => return None,
                _ = self.check.tick() => {
                    if self.listener.may_stay().await {
                        continue;
                    }
                    return None;
                }
                item = self.subscription.next() => item,
            };
            return match item {
                Ok(LiveItem::Ready) => Some(Frame::default().event("ready").data("{}")),
                Ok(LiveItem::Event { position, event }) => {
                    let text = self.app.live.texts.event(position, &event);
                    Some(Frame::default().event("event").id(position.to_string()).data(text.inner()))
                }
                Ok(LiveItem::Position(latest)) => {
                    Some(Frame::default().event("position").data(self.app.live.texts.position(&latest).inner()))
                }
                Err(error) => {
                    tracing::warn!("a live stream broke off: {error}");
                    None
                }
            };
        }
    }
}
