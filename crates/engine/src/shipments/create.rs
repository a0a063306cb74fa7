//! Making a shipment, with everything that comes with it, in one transaction.

use tracklane_core::event::EventKind;
use tracklane_core::id::{CustomerId, DriverId, LegId, LocationId, PackageId, ShipmentId};
use tracklane_core::lifecycle::{SourceKind, Status};
use tracklane_core::model::{Caller, Customer, Leg, LegMode, LegState, Location, Package, Role, Shipment, Tenant};
use tracklane_core::time::to_micros;
use tracklane_core::{Env, Invalid};
use tracklane_store::{Db, customers, drivers, legs, locations, packages, shipments, tenants};

use super::open::{Draft, Open, source_of};
use super::seen::may_name;
use super::{NewLeg, NewPackage, NewShipment, ShipmentDetail, Shipments, log};
use crate::error::{Error, Result};
use crate::records::{NewCustomer, NewLocation, Record};

impl Shipments {
    /// Makes a shipment with its customers, locations, packages and legs. Customers make their own: they are the sender.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Forbidden`], [`Error::Conflict`] when a reference or tracking number is taken.
    pub async fn create(&self, caller: &Caller, mut input: NewShipment) -> Result<ShipmentDetail> {
        must_create(caller, &mut input)?;
        input.check()?;
        let work = move |this: Self, caller: Caller| async move { this.create_checked(&caller, input).await };
        let id = self.at_store(caller, work).await?;
        self.detail(caller, id).await
    }

    async fn create_checked(&self, caller: &Caller, mut input: NewShipment) -> Result<ShipmentId> {
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let tenant = tenants::own(&mut tx).await?.ok_or(Error::NotFound)?;
        let parties = Parties::settle(env, &mut tx, caller, &mut input).await?;
        let shipment = build(env, &tenant, &parties, &input);
        shipments::insert(&mut tx, &shipment).await?;
        let mut parcels = Vec::new();
        for new in input.packages {
            let package = build_package(env, &shipment, new);
            packages::insert(&mut tx, &package).await?;
            parcels.push(package);
        }
        let stretches = if input.legs.is_empty() { vec![NewLeg::fleet(input.driver_id)] } else { input.legs };
        let route = lay_out(env, &mut tx, &shipment, &[], stretches, Way::Out).await?;
        for leg in &route {
            legs::insert(&mut tx, leg).await?;
        }
        let id = shipment.id;
        let mut open = Open::new(tenant, shipment, route);
        let data = log::created(&open.shipment, &parcels);
        let now = open.shipment.created_at;
        open.tell(env, &mut tx, EventKind::ShipmentCreated, now, data).await?;
        let mut facts = vec![Draft::scan(Status::Created, now, SourceKind::System, caller.actor)];
        let first = open.legs.first().and_then(|leg| Some((leg.id, leg.driver_id?)));
        if let Some((leg, _)) = first {
            let assigned = Draft::scan(Status::Assigned, now, source_of(caller), caller.actor);
            facts.push(Draft { leg_id: Some(leg), ..assigned });
        }
        open.apply(env, &mut tx, facts).await?;
        if let Some((leg, driver)) = first {
            open.tell_driver(env, &mut tx, leg, None, Some(driver)).await?;
        }
        self.base.audit(&mut tx, caller, "shipment.created", id.to_string()).await?;
        self.close(tx, &mut open).await?;
        Ok(id)
    }
}

/// Refuses callers who make no shipments, and makes a customer the sender of theirs.
fn must_create(caller: &Caller, input: &mut NewShipment) -> Result<()> {
    match caller.role {
        Role::Admin | Role::Operator => return Ok(()),
        Role::Customer => {}
        Role::Viewer | Role::Driver | Role::Device => return Err(Error::Forbidden),
    }
    let own = caller.customer_id.ok_or(Error::Forbidden)?;
    let mut invalid = Invalid::default();
    let sender = input.sender.is_none() && input.sender_id.is_none_or(|id| id == own);
    invalid.require(sender, "/sender_id", "must be yourself, or left out");
    let recipient = input.recipient_id.is_none_or(|id| id == own);
    invalid.require(recipient, "/recipient_id", "must be given in full, as recipient");
    let plain = input.legs.is_empty() && input.driver_id.is_none() && input.milestones.is_none();
    invalid.require(plain, "/legs", "legs, driver_id and milestones are for the carrier to say");
    invalid.into_result()?;
    input.sender_id = Some(own);
    Ok(())
}

/// Who and where, all of them records now.
struct Parties {
    sender_id: Option<CustomerId>,
    recipient_id: Option<CustomerId>,
    origin_id: Option<LocationId>,
    destination_id: Option<LocationId>,
}

impl Parties {
    async fn settle(env: &Env, db: &mut Db, caller: &Caller, input: &mut NewShipment) -> Result<Self> {
        Ok(Self {
            sender_id: person(env, db, caller, input.sender.take(), input.sender_id, "/sender_id").await?,
            recipient_id: person(env, db, caller, input.recipient.take(), input.recipient_id, "/recipient_id").await?,
            origin_id: place(env, db, caller, input.origin.take(), input.origin_id, "/origin_id").await?,
            destination_id: place(env, db, caller, input.destination.take(), input.destination_id, "/destination_id")
                .await?,
        })
    }
}

async fn person(
    env: &Env,
    db: &mut Db,
    caller: &Caller,
    new: Option<NewCustomer>,
    known: Option<CustomerId>,
    pointer: &str,
) -> Result<Option<CustomerId>> {
    if let Some(new) = new {
        let customer = Customer::build(new, caller, env);
        customers::insert(db, &customer).await?;
        return Ok(Some(customer.id));
    }
    if let Some(id) = known {
        customers::get(db, id).await?.ok_or_else(|| Error::no_such(pointer))?;
    }
    Ok(known)
}

async fn place(
    env: &Env,
    db: &mut Db,
    caller: &Caller,
    new: Option<NewLocation>,
    known: Option<LocationId>,
    pointer: &str,
) -> Result<Option<LocationId>> {
    if let Some(new) = new {
        let location = Location::build(new, caller, env);
        locations::insert(db, &location).await?;
        return Ok(Some(location.id));
    }
    if let Some(id) = known {
        let location = locations::get(db, id).await?.ok_or_else(|| Error::no_such(pointer))?;
        if !may_name(db, caller, &location).await? {
            return Err(Error::no_such(pointer));
        }
    }
    Ok(known)
}

fn build(env: &Env, tenant: &Tenant, parties: &Parties, input: &NewShipment) -> Shipment {
    let now = env.now();
    Shipment {
        id: ShipmentId::new(env),
        tenant_id: tenant.id,
        reference: input.reference.clone(),
        sender_id: parties.sender_id,
        recipient_id: parties.recipient_id,
        origin_id: parties.origin_id,
        destination_id: parties.destination_id,
        milestones: input.milestones.unwrap_or(tenant.settings.milestones),
        metadata: input.metadata.clone(),
        status: Status::Created,
        substatus: None,
        reason: None,
        status_since: now,
        attempts: 0,
        delayed: false,
        return_leg: false,
        eta_from: input.eta_from.map(to_micros),
        eta_to: input.eta_to.map(to_micros),
        picked_up_at: None,
        delivered_at: None,
        driver_id: None,
        sequence: 0,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

pub(super) fn build_package(env: &Env, shipment: &Shipment, new: NewPackage) -> Package {
    Package {
        id: PackageId::new(env),
        tenant_id: shipment.tenant_id,
        shipment_id: shipment.id,
        tracking_number: new.tracking_number,
        description: new.description,
        weight_kg: new.weight_kg,
        metadata: new.metadata,
        created_at: env.now(),
        version: 1,
    }
}

/// Which way legs lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// To the recipient.
    Out,
    /// Back to the sender.
    Back,
}

/// Makes legs out of what was said about them: each begins where the one before ends, unless it says otherwise, and the
/// last one ends where the way ends. `before` are the legs that are there already.
pub(super) async fn lay_out(
    env: &Env,
    db: &mut Db,
    shipment: &Shipment,
    before: &[Leg],
    stretches: Vec<NewLeg>,
    way: Way,
) -> Result<Vec<Leg>> {
    let (start, end) = match way {
        Way::Out => (shipment.origin_id, shipment.destination_id),
        Way::Back => (shipment.destination_id, shipment.origin_id),
    };
    let is_return = way == Way::Back;
    let last_before = before.iter().rev().find(|leg| leg.is_return == is_return);
    let mut from = last_before.map_or(start, |leg| leg.destination_id);
    let first = before.iter().map(|leg| leg.position).max().unwrap_or(0) + 1;
    let count = stretches.len();
    let mut route = Vec::new();
    for ((index, new), position) in stretches.into_iter().enumerate().zip(first..) {
        check_references(db, &new, &format!("/legs/{index}")).await?;
        let is_last = index + 1 == count;
        let leg = Leg {
            id: LegId::new(env),
            tenant_id: shipment.tenant_id,
            shipment_id: shipment.id,
            position,
            mode: new.mode,
            state: LegState::Planned,
            is_return,
            origin_id: new.origin_id.or(from),
            destination_id: new.destination_id.or(if is_last { end } else { None }),
            driver_id: new.driver_id,
            driver_since: new.driver_id.map(|_| env.now()),
            carrier: new.carrier,
            tracking_number: new.tracking_number,
            started_at: None,
            ended_at: None,
            created_at: env.now(),
            version: 1,
        };
        from = leg.destination_id;
        route.push(leg);
    }
    Ok(route)
}

/// Checks that the driver and the locations of a leg are there.
pub(super) async fn check_references(db: &mut Db, leg: &NewLeg, under: &str) -> Result<()> {
    if let Some(id) = leg.driver_id {
        must_know_driver(db, id, &format!("{under}/driver_id")).await?;
    }
    for (id, field) in [(leg.origin_id, "origin_id"), (leg.destination_id, "destination_id")] {
        if let Some(id) = id {
            locations::get(db, id).await?.ok_or_else(|| Error::no_such(&format!("{under}/{field}")))?;
        }
    }
    Ok(())
}

pub(super) async fn must_know_driver(db: &mut Db, id: DriverId, pointer: &str) -> Result<()> {
    drivers::get(db, id).await?.ok_or_else(|| Error::no_such(pointer))?;
    Ok(())
}

/// True when a leg can have a driver.
pub(super) fn is_fleet(leg: &Leg) -> bool {
    leg.mode == LegMode::Fleet
}
