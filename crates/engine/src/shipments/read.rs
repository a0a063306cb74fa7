//! Reading shipments.

use std::collections::HashMap;

use tracklane_core::id::{CustomerId, LocationId, ShipmentId};
use tracklane_core::lifecycle::{ShipmentState, TrackingEvent, fold};
use tracklane_core::model::{Address, Caller, Customer, Location, Role, Shipment};
use tracklane_store::{
    Db, Listing, Page, customers, legs, locations, packages, shipments, tenants, tracking_events, tracking_links,
};

use super::open::rules;
use super::service::must_see;
use super::{EventView, ShipmentDetail, ShipmentFilter, Shipments};
use crate::error::{Error, Result};

impl Shipments {
    /// A shipment alone.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn get(&self, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await
    }

    /// A shipment with everything that belongs to it.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn detail(&self, caller: &Caller, id: ShipmentId) -> Result<ShipmentDetail> {
        let mut db = self.base.read(caller).await?;
        let shipment = self.seen(&mut db, caller, id).await?;
        let links = match caller.role {
            Role::Driver => Vec::new(),
            _ => tracking_links::list_of_shipment(&mut db, id).await?,
        };
        let (sender, recipient) = people(&mut db, shipment.sender_id, shipment.recipient_id).await?;
        let (sender, recipient) = (sender.map(|who| as_seen(caller, who)), recipient.map(|who| as_seen(caller, who)));
        let (origin, destination) = places(&mut db, shipment.origin_id, shipment.destination_id).await?;
        Ok(ShipmentDetail {
            packages: packages::list_of_shipment(&mut db, id).await?,
            legs: legs::list_of_shipment(&mut db, id).await?,
            events: timeline(&mut db, id).await?,
            links,
            sender,
            recipient,
            origin,
            destination,
            shipment,
        })
    }

    /// The facts of a shipment, by when they happened, with how the fold took each.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for shipments of others.
    pub async fn events(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<EventView>> {
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await?;
        timeline(&mut db, id).await
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
        Ok(shipments::list(&mut db, &filter, page).await?)
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

/// Holds a filter to what the caller may see; false when that is nothing.
fn narrow(caller: &Caller, filter: &mut ShipmentFilter) -> Result<bool> {
    match caller.role {
        Role::Admin | Role::Operator | Role::Viewer => Ok(true),
        Role::Device => Err(Error::Forbidden),
        Role::Driver => {
            let own = caller.driver_id.ok_or(Error::Forbidden)?;
            let asked = filter.driver_id.replace(own);
            Ok(asked.is_none_or(|asked| asked == own))
        }
        Role::Customer => {
            let own = caller.customer_id.ok_or(Error::Forbidden)?;
            let asked = filter.customer_id.replace(own);
            Ok(asked.is_none_or(|asked| asked == own))
        }
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
fn views(facts: Vec<TrackingEvent>, state: &ShipmentState) -> Vec<EventView> {
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

/// A customer as the caller may see them: customers know of each other the first name.
fn as_seen(caller: &Caller, who: Customer) -> Customer {
    if caller.role != Role::Customer || caller.customer_id == Some(who.id) {
        return who;
    }
    let name = who.first_name().to_owned();
    Customer { name, reference: None, email: None, phone: None, language: None, address: Address::default(), ..who }
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
