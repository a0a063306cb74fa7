//! Reading shipments.

use std::collections::HashMap;

use tracklane_core::id::{CustomerId, Id, LocationId, ShipmentId};
use tracklane_core::lifecycle::{ShipmentState, TrackingEvent, fold};
use tracklane_core::model::{Caller, Customer, DeviceLatest, Location, Role, Shipment};
use tracklane_store::{
    Cursor, Db, Listing, Page, customers, legs, locations, packages, shipments, tenants, tracking_events,
    tracking_links,
};

use super::open::rules;
use super::seen::{Shown, carrying_driver, must_see, narrow, party};
use super::{EventView, ShipmentDetail, ShipmentFilter, Shipments};
use crate::error::{Error, Result};

impl Shipments {
    /// A shipment alone.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn get(&self, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        let mut db = self.base.read(caller).await?;
        Ok(self.seen(&mut db, caller, id).await?.seen_by(caller))
    }

    /// A shipment with everything that belongs to it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn detail(&self, caller: &Caller, id: ShipmentId) -> Result<ShipmentDetail> {
        let (this, caller) = (self.clone(), caller.clone());
        self.base.store.reading(Box::pin(async move { this.read_detail(&caller, id).await })).await?
    }

    async fn read_detail(&self, caller: &Caller, id: ShipmentId) -> Result<ShipmentDetail> {
        let mut db = self.base.read(caller).await?;
        let shipment = self.seen(&mut db, caller, id).await?;
        let links = match caller.role {
            Role::Driver => Vec::new(),
            _ => tracking_links::list_of_shipment(&mut db, id).await?,
        };
        let (sender, recipient) = people(&mut db, shipment.sender_id, shipment.recipient_id).await?;
        let (sender, recipient) = (sender.map(|who| party(caller, who)), recipient.map(|who| party(caller, who)));
        let (origin, destination) = places(&mut db, shipment.origin_id, shipment.destination_id).await?;
        Ok(ShipmentDetail {
            packages: packages::list_of_shipment(&mut db, id).await?,
            legs: legs::list_of_shipment(&mut db, id).await?.seen_by(caller),
            events: timeline(&mut db, id).await?.seen_by(caller),
            links,
            sender,
            recipient,
            origin,
            destination,
            shipment: shipment.seen_by(caller),
        })
    }

    /// The facts of a shipment, by when they happened, with how the fold took each.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn events(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<EventView>> {
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await?;
        Ok(timeline(&mut db, id).await?.seen_by(caller))
    }

    /// A page of [`Shipments::events`]. A fact that is told late may come to stand on a page that was read before.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a cursor that names none of the facts.
    pub async fn page_of_events(&self, caller: &Caller, id: ShipmentId, page: Page) -> Result<Listing<EventView>> {
        let mut items = self.events(caller, id).await?;
        if let Some(Cursor(after)) = page.after {
            let place = items.iter().position(|view| view.event.id.uuid() == after);
            items.drain(..=place.ok_or_else(|| Error::no_such("/cursor"))?);
        }
        Ok(Listing::cut(items, page.limit, |view| view.event.id.uuid()))
    }

    /// Where a shipment is: the newest position of the driver who has it; none unless one of the own fleet does.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn position(&self, caller: &Caller, id: ShipmentId) -> Result<Option<DeviceLatest>> {
        let mut db = self.base.read(caller).await?;
        let shipment = self.seen(&mut db, caller, id).await?;
        let legs = legs::list_of_shipment(&mut db, id).await?;
        let latest = carrying_driver(&shipment, &legs).and_then(|driver| self.base.memory.latest_of_driver(driver));
        Ok(latest.map(|latest| latest.seen_by(caller)))
    }

    /// A page of shipments, newest first. Drivers see what they carry now, customers what they send or receive.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for devices.
    pub async fn list(&self, caller: &Caller, filter: &ShipmentFilter, page: Page) -> Result<Listing<Shipment>> {
        let mut filter = filter.clone();
        if !narrow(caller, &mut filter)? {
            return Ok(Listing { items: Vec::new(), next: None });
        }
        let mut db = self.base.read(caller).await?;
        let Listing { items, next } = shipments::list(&mut db, &filter, page).await?;
        Ok(Listing { items: items.seen_by(caller), next })
    }

    /// Reads a shipment that the caller may see.
    pub(super) async fn seen(&self, db: &mut Db, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        let shipment = shipments::get(db, id).await?.ok_or(Error::NotFound)?;
        let legs = match caller.role {
            Role::Driver => legs::list_of_shipment(db, id).await?,
            _ => Vec::new(),
        };
        must_see(caller, &shipment, &legs)?;
        Ok(shipment)
    }
}

/// The facts of a shipment as the fold takes them.
async fn timeline(db: &mut Db, id: ShipmentId) -> Result<Vec<EventView>> {
    let tenant = tenants::own(db).await?.ok_or(Error::NotFound)?;
    let facts = tracking_events::list_of_shipment(db, id).await?;
    let state = fold(&facts, rules(&tenant));
    Ok(views(facts, &state))
}

/// Puts facts in the order of the timeline, each with how the fold took it.
pub(super) fn views(facts: Vec<TrackingEvent>, state: &ShipmentState) -> Vec<EventView> {
    let timeline = state.timeline.iter().enumerate();
    let taken: HashMap<_, _> = timeline.map(|(place, (id, flags))| (*id, (place, *flags))).collect();
    let of = |id| taken.get(&id).copied().unwrap_or_default();
    let mut views: Vec<_> = facts.into_iter().map(|event| EventView { flags: of(event.id).1, event }).collect();
    views.sort_by_key(|view| of(view.event.id).0);
    views
}

async fn people(
    db: &mut Db,
    sender: Option<CustomerId>,
    recipient: Option<CustomerId>,
) -> Result<(Option<Customer>, Option<Customer>)> {
    let ids: Vec<_> = [sender, recipient].into_iter().flatten().collect();
    let found = customers::get_many(db, &ids).await?;
    let pick = |id: Option<CustomerId>| id.and_then(|id| found.iter().find(|customer| customer.id == id)).cloned();
    Ok((pick(sender), pick(recipient)))
}

async fn places(
    db: &mut Db,
    origin: Option<LocationId>,
    destination: Option<LocationId>,
) -> Result<(Option<Location>, Option<Location>)> {
    let ids: Vec<_> = [origin, destination].into_iter().flatten().collect();
    let found = locations::get_many(db, &ids).await?;
    let pick = |id: Option<LocationId>| id.and_then(|id| found.iter().find(|location| location.id == id)).cloned();
    Ok((pick(origin), pick(destination)))
}
