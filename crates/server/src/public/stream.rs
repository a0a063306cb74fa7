//! What keeps a tracking page up to date. Each message is the whole public view, read anew: what the link may not show any
//! more, the position above all, is gone from the very next one.

use std::net::IpAddr;
use std::time::Duration;

use axum::response::Response;
use axum::response::sse::Event as Frame;
use futures::stream::unfold;
use tokio::time::{Instant, Interval, interval_at, sleep_until};
use tracklane_core::model::Caller;
use tracklane_engine::live::{Filter, LiveItem, Subscription};

use super::read;
use crate::App;
use crate::live::seats::Seat;
use crate::live::sse::{RETRY, answer, too_many};
use crate::problem::Result;

/// How often a new position is worth a message.
const PAUSE: Duration = Duration::from_secs(2);
/// How often the link is looked at again when nothing happens: it may have expired.
const CHECK: Duration = Duration::from_secs(60);

/// Opens a stream.
///
/// # Errors
/// `not-found` for a token that leads nowhere, `quota-exceeded` when the address has too many streams.
pub async fn open(app: App, address: Option<IpAddr>, token: String) -> Result<Response> {
    let shipment = app.engine.shipments.public(&token).await?.detail.shipment;
    let limit = app.settings.limits.public_streams_per_address;
    let seat = match address {
        Some(address) => Some(app.live.public_seats.take(address, limit).ok_or_else(too_many)?),
        None => None,
    };
    let caller = Caller::system(shipment.tenant_id);
    let filter = Filter { shipments: vec![shipment.id], ..Filter::default() };
    let subscription = app.engine.live.subscribe(&caller, filter, None).await?;
    let check = interval_at(Instant::now() + CHECK, CHECK);
    let feed = Feed { app, token, subscription, check, told: None, next_position: Instant::now(), _seat: seat };
    Ok(answer(unfold(feed, |mut feed| async { feed.next().await.map(|frame| (Ok(frame), feed)) })))
}

struct Feed {
    app: App,
    token: String,
    subscription: Subscription,
    check: Interval,
    /// What was told last.
    told: Option<String>,
    /// When the next position is worth a message.
    next_position: Instant,
    _seat: Option<Seat<IpAddr>>,
}

impl Feed {
    /// The next frame; none when the stream ends.
    async fn next(&mut self) -> Option<Frame> {
        if self.told.is_none() {
            return Some(self.news().await?.unwrap_or_default().retry(RETRY));
        }
        loop {
            tokio::select! {
                biased;
                () = self.app.closing.cancelled() => return None,
                _ = self.check.tick() => {}
                item = self.subscription.next() => match item.ok()? {
                    LiveItem::Ready => continue,
                    LiveItem::Event { .. } => {}
                    LiveItem::Position(_) => {
                        sleep_until(self.next_position).await;
                        self.next_position = Instant::now() + PAUSE;
                    }
                },
            }
            if let Some(frame) = self.news().await? {
                return Some(frame);
            }
        }
    }

    /// What the link shows now, if that is not what was told; none when it leads nowhere any more.
    async fn news(&mut self) -> Option<Option<Frame>> {
        let view = read(&self.app, &self.token).await.ok()?;
        let json = serde_json::to_string(&view).ok()?;
        if self.told.as_ref() == Some(&json) {
            return Some(None);
        }
        let frame = Frame::default().event("update").data(&json);
        self.told = Some(json);
        Some(Some(frame))
    }
}
