use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;
use tracklane_core::event::{Event, LogPosition};
use tracklane_core::id::TenantId;
use tracklane_core::model::{Caller, DeviceLatest};
use tracklane_store::events::{self, EventFilter};

use super::filter::{Filter, Sieve};
use super::hub::Hub;
use super::mailbox::{Mailbox, Parcel};
use super::ring::Placed;
use super::sight::Sight;
use crate::error::{Error, Result};

/// How many events are taken up in one go.
const TURN: usize = 256;

/// What a subscriber hears.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveItem {
    /// Everything that had happened before the subscription was handed out; from here on it is live.
    Ready,
    /// Something happened.
    Event {
        /// Where it stands in the log: what to resume from.
        position: LogPosition,
        /// What happened.
        event: Arc<Event>,
    },
    /// A device moved.
    Position(Arc<DeviceLatest>),
}

/// One subscriber's end of the stream. Dropping it ends the subscription.
pub struct Subscription {
    hub: Arc<Hub>,
    tenant: TenantId,
    sight: Sight,
    mailbox: Arc<Mailbox>,
    grown: watch::Receiver<LogPosition>,
    /// Wanted events that were taken up and not handed out yet.
    events: VecDeque<Placed>,
    /// How far the log was taken up.
    place: LogPosition,
    /// A position that was taken up and not handed out yet.
    parcel: Option<Parcel>,
    /// Where the log stood when the subscription began; none after `Ready`.
    ready_at: Option<LogPosition>,
}

impl Subscription {
    pub(super) fn new(
        hub: Arc<Hub>,
        tenant: TenantId,
        sight: Sight,
        mailbox: Arc<Mailbox>,
        from: LogPosition,
        head: LogPosition,
    ) -> Self {
        let grown = hub.grown.subscribe();
        let (events, parcel) = (VecDeque::new(), None);
        Self { hub, tenant, sight, mailbox, grown, events, place: from, parcel, ready_at: Some(head) }
    }

    /// Waits for the next thing to hear. Safe to drop and call again: nothing is lost.
    ///
    /// # Errors
    /// When the store does not answer; calling again goes on where it stopped. `Unavailable` when the engine shuts down.
    pub async fn next(&mut self) -> Result<LiveItem> {
        loop {
            if let Some((position, event)) = self.next_event().await? {
                return Ok(LiveItem::Event { position, event });
            }
            if self.ready_at.is_some_and(|head| self.place >= head) {
                self.ready_at = None;
                return Ok(LiveItem::Ready);
            }
            if let Some(latest) = self.next_position().await? {
                return Ok(LiveItem::Position(latest));
            }
            // Before the look, so that what comes during it wakes us.
            self.grown.borrow_and_update();
            if self.take_up_events().await? {
                continue;
            }
            let stop = self.hub.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return Err(Error::Unavailable("the server is shutting down".to_owned())),
                _ = self.grown.changed() => {}
                () = self.mailbox.filled.notified() => {}
            }
        }
    }

    /// Changes what is wanted, from here on.
    ///
    /// # Errors
    /// `Invalid` for a bad filter; the one before stays.
    pub fn set_filter(&mut self, filter: Filter) -> Result<()> {
        filter.check()?;
        self.mailbox.sieve.store(Arc::new(Sieve::from(filter)));
        // What was taken up for the old filter and is not handed out yet is taken up anew for the new one.
        if let Some((first, _)) = self.events.front() {
            self.place = LogPosition { number: first.number - 1, ..*first };
            self.events.clear();
        }
        self.mailbox.clear();
        self.parcel = None;
        Ok(())
    }

    /// The next of the events taken up that the caller may see. An event leaves the queue only when it is decided on, so
    /// that a dropped call loses none.
    async fn next_event(&mut self) -> Result<Option<Placed>> {
        while let Some((_, event)) = self.events.front() {
            let sees = self.sight.sees_event(event).await?;
            let next = self.events.pop_front();
            if sees {
                return Ok(next);
            }
        }
        Ok(None)
    }

    /// The next of the waiting positions that the caller may see.
    async fn next_position(&mut self) -> Result<Option<Arc<DeviceLatest>>> {
        loop {
            if self.parcel.is_none() {
                self.parcel = self.mailbox.take();
            }
            let Some(parcel) = &self.parcel else { return Ok(None) };
            let sees = self.sight.sees_position(&parcel.shipments).await?;
            let parcel = self.parcel.take();
            if sees {
                return Ok(parcel.map(|parcel| parcel.latest));
            }
        }
    }

    /// Takes up what the log has behind our place. Answers whether there was anything to move over.
    async fn take_up_events(&mut self) -> Result<bool> {
        let sieve = self.mailbox.sieve.load_full();
        let from_memory = self.hub.ring.after(self.place, self.tenant, TURN, |event| sieve.wants_event(event));
        if let Some((found, reached)) = from_memory {
            let moved = reached > self.place;
            self.events.extend(found);
            self.place = reached;
            return Ok(moved);
        }
        // Whatever was seen by now, by the ring or when we began, is visible to the read that follows.
        let seen = self.hub.ring.head().max(self.ready_at.unwrap_or_default());
        let mut db = self.hub.base.read(&Caller::system(self.tenant)).await?;
        let found = events::list(&mut db, &EventFilter::default(), self.place, TURN as u32).await?;
        drop(db);
        let last = found.last().map(|(place, _)| *place);
        let complete = found.len() < TURN;
        let wanted = found.into_iter().filter(|(_, event)| sieve.wants_event(event));
        self.events.extend(wanted.map(|(place, event)| (place, Arc::new(event))));
        let reached = last.unwrap_or(self.place).max(if complete { seen } else { self.place });
        let moved = reached > self.place;
        self.place = reached;
        Ok(moved)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(self.tenant, &self.mailbox);
    }
}
