use std::collections::VecDeque;
use std::sync::Arc;

use tracklane_core::event::{Event, LogPosition};
use tracklane_core::id::ShipmentId;
use tracklane_core::model::{Caller, DeviceLatest};
use tracklane_core::ports::BoxFuture;
use tracklane_store::events::{self, EventFilter};

use super::broadcast::Batch;
use super::filter::{Filter, Sieve};
use super::hub::Hub;
use super::listeners::Hearing;
use super::mailbox::{Mailbox, Parcel};
use super::ring::Placed;
use super::sight::{Known, Sees, Sight, look_up};
use crate::base::Base;
use crate::error::{Error, Result};
use crate::shipments::seen::Shown;

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

/// What a subscriber hears at once.
#[derive(Debug, Clone)]
pub enum Heard {
    /// One thing.
    Item(LiveItem),
    /// Positions, the same for everybody who hears all of them.
    Positions(Arc<Batch>),
}

/// One subscriber's end of the stream. Dropping it ends the subscription.
pub struct Subscription {
    hub: Arc<Hub>,
    caller: Caller,
    sight: Sight,
    mailbox: Arc<Mailbox>,
    /// A read from the store that is under way: it goes on when the call that began it is dropped.
    reading: Option<BoxFuture<'static, Result<Read>>>,
    /// Wanted events that were taken up and not handed out yet.
    events: VecDeque<Placed>,
    /// How far the log was taken up.
    place: LogPosition,
    /// A position that was taken up and not handed out yet.
    parcel: Option<Parcel>,
    /// Where every position is heard, when all are wanted.
    hearing: Option<Hearing>,
    /// Positions that were taken up together, and how many of them were handed out one by one.
    batch: Option<(Arc<Batch>, usize)>,
    /// Where the log stood when the subscription began; none after `Ready`.
    ready_at: Option<LogPosition>,
}

/// What was read from the store.
enum Read {
    /// What the caller may hear of a shipment.
    Shipment(ShipmentId, Known),
    /// Events of the tenant, and how far they reach.
    Events(Vec<Placed>, LogPosition),
}

impl Subscription {
    pub(super) fn new(
        hub: Arc<Hub>,
        caller: Caller,
        mailbox: Arc<Mailbox>,
        hearing: Option<Hearing>,
        from: LogPosition,
        head: LogPosition,
    ) -> Self {
        Self {
            sight: Sight::new(caller.clone()),
            hub,
            caller,
            mailbox,
            reading: None,
            events: VecDeque::new(),
            place: from,
            parcel: None,
            hearing,
            batch: None,
            ready_at: Some(head),
        }
    }

    /// Waits for the next thing to hear. Safe to drop and call again: nothing is lost.
    ///
    /// # Errors
    /// When the store does not answer; calling again goes on where it stopped. `Unavailable` when the engine shuts down.
    pub async fn next(&mut self) -> Result<LiveItem> {
        loop {
            match self.next_many().await? {
                Heard::Item(item) => return Ok(item),
                Heard::Positions(batch) => self.batch = Some((batch, 0)),
            }
        }
    }

    /// Waits for the next things to hear, together where they are the same for everybody. Otherwise as
    /// [`Subscription::next`].
    ///
    /// # Errors
    /// As for `next`.
    pub async fn next_many(&mut self) -> Result<Heard> {
        loop {
            if let Some(latest) = self.next_of_batch() {
                return Ok(Heard::Item(LiveItem::Position(latest)));
            }
            if let Some(reading) = &mut self.reading {
                let read = reading.await;
                self.reading = None;
                self.take_in(read?);
            }
            if let Some(item) = self.ready_item() {
                return Ok(item);
            }
            if self.reading.is_some() {
                continue;
            }
            if self.take_up_events() {
                continue;
            }
            let stop = self.hub.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return Err(Error::Unavailable("the server is shutting down".to_owned())),
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
        self.hearing = self.hub.change(self.caller.tenant_id, &self.mailbox, Sieve::from(filter));
        self.batch = None;
        // What was taken up for the old filter and is not handed out yet is taken up anew for the new one.
        if let Some((first, _)) = self.events.front() {
            self.place = LogPosition { number: first.number - 1, ..*first };
            self.events.clear();
        }
        self.reading = None;
        self.mailbox.clear();
        self.parcel = None;
        Ok(())
    }

    /// What can be handed out without waiting. Where that hangs on whose a shipment is, a read begins.
    fn ready_item(&mut self) -> Option<Heard> {
        while let Some((_, event)) = self.events.front() {
            let sees = self.sight.event(event);
            if let Sees::Depends(id) = sees {
                self.ask_for(id);
                return None;
            }
            let (position, event) = self.events.pop_front()?;
            if sees == Sees::Yes {
                return Some(Heard::Item(LiveItem::Event { position, event: event.seen_by(&self.caller) }));
            }
        }
        if self.ready_at.is_some_and(|head| self.place >= head) {
            self.ready_at = None;
            return Some(Heard::Item(LiveItem::Ready));
        }
        while let Some(parcel) = self.parcel.take().or_else(|| self.mailbox.take()) {
            match self.sight.position(&parcel.latest, &parcel.shipments) {
                Sees::Yes => return Some(Heard::Item(LiveItem::Position(parcel.latest.seen_by(&self.caller)))),
                Sees::No => {}
                Sees::Depends(id) => {
                    self.parcel = Some(parcel);
                    self.ask_for(id);
                    return None;
                }
            }
        }
        let hearing = self.hearing.as_mut()?;
        hearing.broadcast.take(&mut hearing.place).map(Heard::Positions)
    }

    fn next_of_batch(&mut self) -> Option<Arc<DeviceLatest>> {
        let (batch, told) = self.batch.as_mut()?;
        let latest = batch.positions().get(*told).cloned();
        *told += 1;
        if latest.is_none() {
            self.batch = None;
        }
        latest
    }

    fn ask_for(&mut self, id: ShipmentId) {
        let answer = look_up(self.hub.base.clone(), self.caller.clone(), id);
        self.reading = Some(Box::pin(async move { Ok(Read::Shipment(id, answer.await?)) }));
    }

    fn take_in(&mut self, read: Read) {
        match read {
            Read::Shipment(id, known) => self.sight.learn(id, known),
            Read::Events(found, reached) => self.queue(found, reached),
        }
    }

    /// Takes up what the log has behind our place, out of memory or by a read that begins. Answers whether there is
    /// something to do now.
    fn take_up_events(&mut self) -> bool {
        // What comes from here on is told of anew.
        if let Some(quiet) = self.mailbox.quiet() {
            self.place = self.place.max(quiet);
            return false;
        }
        let sieve = self.mailbox.sieve.load_full();
        let needed = |event: &Event| sieve.wants_event(event) || self.sight.is_moved_by(event);
        if let Some((found, reached)) = self.hub.ring.after(self.place, self.caller.tenant_id, TURN, needed) {
            let moved = reached > self.place;
            if found.len() == TURN {
                self.mailbox.stay_behind();
            }
            self.queue(found, reached);
            return moved;
        }
        // Memory does not go back that far, or knows nothing yet: there is more to look at.
        self.mailbox.stay_behind();
        // Whatever was seen by now, by the ring or when we began, is visible to the read that follows.
        let seen = self.hub.ring.head().max(self.ready_at.unwrap_or_default());
        if seen <= self.place {
            return false;
        }
        self.reading = Some(Box::pin(read_events(self.hub.base.clone(), self.caller.clone(), self.place, seen)));
        true
    }

    /// Queues those events that are wanted.
    fn queue(&mut self, found: Vec<Placed>, reached: LogPosition) {
        let sieve = self.mailbox.sieve.load_full();
        for (place, event) in found {
            if let Some(id) = event.shipment_id.filter(|_| self.sight.is_moved_by(&event)) {
                self.sight.forget(id);
            }
            if sieve.wants_event(&event) {
                self.events.push_back((place, event));
            }
        }
        self.place = reached;
    }
}

/// Events of the caller's tenant behind `from`, out of the store. When there are no more, that reaches up to `seen`.
async fn read_events(base: Arc<Base>, caller: Caller, from: LogPosition, seen: LogPosition) -> Result<Read> {
    let mut db = base.read(&caller).await?;
    let found = events::list(&mut db, &EventFilter::default(), from, TURN as u32).await?;
    let last = found.last().map_or(from, |(place, _)| *place);
    let reached = if found.len() < TURN { last.max(seen) } else { last };
    Ok(Read::Events(found.into_iter().map(|(place, event)| (place, Arc::new(event))).collect(), reached))
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(self.caller.tenant_id, &self.mailbox);
    }
}
