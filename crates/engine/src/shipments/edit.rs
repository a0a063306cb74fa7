//! Changing a shipment, its packages and its legs.

use tracklane_core::event::EventKind;
use tracklane_core::id::{LegId, PackageId, ShipmentId};
use tracklane_core::model::{Caller, Leg, LegState, Package, Shipment};
use tracklane_core::time::to_micros;
use tracklane_store::{Db, customers, legs, locations, packages};

use super::create::{Way, build_package, check_references, lay_out};
use super::open::Open;
use super::seen::Shown;
use super::{NewLeg, NewPackage, ShipmentEdit, Shipments, log, route};
use crate::base::must_operate;
use crate::error::{Error, Result};

impl Shipments {
    /// Changes what may be changed about a shipment, if it still has the version that the caller saw.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::VersionMismatch`], [`Error::Conflict`] when the reference is
    /// taken, [`Error::Forbidden`] for all but admins and operators.
    pub async fn update(
        &self,
        caller: &Caller,
        id: ShipmentId,
        expected_version: i64,
        edit: ShipmentEdit,
    ) -> Result<Shipment> {
        must_operate(caller)?;
        edit.check()?;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        must_match(open.shipment.version, Some(expected_version))?;
        check_ends(&mut tx, &edit).await?;
        let before = open.shipment.clone();
        let changed = take(&mut open.shipment, edit);
        let moved = route::follow(&mut open.legs, &before, &open.shipment);
        open.write_legs(&mut tx, &moved).await?;
        self.tell_update(&mut tx, &mut open, &changed).await?;
        self.base.audit(&mut tx, caller, "shipment.updated", id.to_string()).await?;
        self.close(tx, &mut open).await?;
        Ok(open.shipment)
    }

    /// The packages of a shipment, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn packages(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<Package>> {
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await?;
        Ok(packages::list_of_shipment(&mut db, id).await?)
    }

    /// One package of a shipment.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn package(&self, caller: &Caller, id: ShipmentId, package: PackageId) -> Result<Package> {
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await?;
        parcel(&mut db, id, package).await
    }

    /// Adds a package.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::Conflict`] when the tracking number is taken or there are 100
    /// already, [`Error::Forbidden`].
    pub async fn add_package(&self, caller: &Caller, id: ShipmentId, input: NewPackage) -> Result<Package> {
        must_operate(caller)?;
        input.check()?;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        if packages::list_of_shipment(&mut tx, id).await?.len() >= 100 {
            return Err(Error::Conflict("a shipment has at most 100 packages".to_owned()));
        }
        let package = build_package(&self.base.env, &open.shipment, input);
        packages::insert(&mut tx, &package).await?;
        self.tell_update(&mut tx, &mut open, &["packages"]).await?;
        self.close(tx, &mut open).await?;
        Ok(package)
    }

    /// Changes a package, if it still has the version that the caller saw.
    ///
    /// # Errors
    /// [`Error::VersionMismatch`], and those of [`Shipments::add_package`].
    pub async fn update_package(
        &self,
        caller: &Caller,
        id: ShipmentId,
        package: PackageId,
        expected_version: i64,
        input: NewPackage,
    ) -> Result<Package> {
        must_operate(caller)?;
        input.check()?;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        let mut package = parcel(&mut tx, id, package).await?;
        must_match(package.version, Some(expected_version))?;
        (package.tracking_number, package.description) = (input.tracking_number, input.description);
        (package.weight_kg, package.metadata) = (input.weight_kg, input.metadata);
        if !packages::update(&mut tx, &package).await? {
            return Err(Error::VersionMismatch);
        }
        package.version += 1;
        self.tell_update(&mut tx, &mut open, &["packages"]).await?;
        self.close(tx, &mut open).await?;
        Ok(package)
    }

    /// Removes a package; with an expected version, only if it still has that one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VersionMismatch`], [`Error::Conflict`] when a fact is about it,
    /// [`Error::Forbidden`].
    pub async fn remove_package(
        &self,
        caller: &Caller,
        id: ShipmentId,
        package: PackageId,
        expected_version: Option<i64>,
    ) -> Result<()> {
        must_operate(caller)?;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        let package = parcel(&mut tx, id, package).await?;
        must_match(package.version, expected_version)?;
        packages::delete(&mut tx, package.id).await?;
        self.tell_update(&mut tx, &mut open, &["packages"]).await?;
        self.close(tx, &mut open).await
    }

    /// The legs of a shipment, in order.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn legs(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<Leg>> {
        let mut db = self.base.read(caller).await?;
        self.seen(&mut db, caller, id).await?;
        Ok(legs::list_of_shipment(&mut db, id).await?.seen_by(caller))
    }

    /// One leg of a shipment.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn leg(&self, caller: &Caller, id: ShipmentId, leg: LegId) -> Result<Leg> {
        self.legs(caller, id).await?.into_iter().find(|known| known.id == leg).ok_or(Error::NotFound)
    }

    /// Adds a leg behind those of the present direction.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::Conflict`] when the shipment has ended or has 40 legs,
    /// [`Error::Forbidden`].
    pub async fn add_leg(&self, caller: &Caller, id: ShipmentId, input: NewLeg) -> Result<Leg> {
        must_operate(caller)?;
        input.check()?;
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        must_run(&open)?;
        if open.legs.len() >= 40 {
            return Err(Error::Conflict("a shipment has at most 40 legs".to_owned()));
        }
        check_references(&mut tx, &input, "").await?;
        let back = open.legs.iter().any(|leg| leg.is_return && leg.state == LegState::Active);
        let way = if back { Way::Back } else { Way::Out };
        let added = lay_out(env, &mut tx, &open.shipment, &open.legs, vec![input], way).await?;
        for leg in &added {
            legs::insert(&mut tx, leg).await?;
        }
        open.legs.extend(added.iter().cloned());
        self.tell_update(&mut tx, &mut open, &["legs"]).await?;
        self.close(tx, &mut open).await?;
        added.into_iter().next().ok_or_else(|| Error::internal("a leg was added and is not there"))
    }

    /// Changes a leg that is not over, if it still has the version that the caller saw.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::VersionMismatch`], [`Error::Conflict`] when the leg is over,
    /// [`Error::Forbidden`].
    pub async fn update_leg(
        &self,
        caller: &Caller,
        id: ShipmentId,
        leg: LegId,
        expected_version: i64,
        input: NewLeg,
    ) -> Result<Leg> {
        must_operate(caller)?;
        input.check()?;
        let env = &self.base.env;
        let mut tx = self.base.begin(caller).await?;
        let mut open = self.open(&mut tx, caller, id).await?;
        let mut leg = open.legs.iter().find(|known| known.id == leg).cloned().ok_or(Error::NotFound)?;
        must_match(leg.version, Some(expected_version))?;
        if matches!(leg.state, LegState::Done | LegState::Cancelled) {
            return Err(Error::Conflict("the leg is over".to_owned()));
        }
        check_references(&mut tx, &input, "").await?;
        let before = leg.driver_id;
        (leg.mode, leg.driver_id) = (input.mode, input.driver_id);
        (leg.carrier, leg.tracking_number) = (input.carrier, input.tracking_number);
        (leg.origin_id, leg.destination_id) = (input.origin_id, input.destination_id);
        open.save_leg(env, &mut tx, &leg).await?;
        let now = env.now();
        let data = log::updated(&open.shipment, &["legs"]);
        open.tell(env, &mut tx, EventKind::ShipmentUpdated, now, data).await?;
        open.tell_driver(env, &mut tx, leg.id, before, leg.driver_id).await?;
        self.close(tx, &mut open).await?;
        open.legs.into_iter().find(|known| known.id == leg.id).ok_or(Error::NotFound)
    }

    /// Writes the shipment and tells which parts of it changed.
    async fn tell_update(&self, db: &mut Db, open: &mut Open, changed: &[&str]) -> Result<()> {
        let env = &self.base.env;
        open.write(env, db).await?;
        let data = log::updated(&open.shipment, changed);
        open.tell(env, db, EventKind::ShipmentUpdated, env.now(), data).await
    }
}

/// Refuses changes to what has ended.
pub(super) fn must_run(open: &Open) -> Result<()> {
    if open.state.status.is_terminal() {
        return Err(Error::Conflict(format!("the shipment has ended: it is {}", open.state.status)));
    }
    Ok(())
}

fn must_match(version: i64, expected: Option<i64>) -> Result<()> {
    if expected.is_none_or(|expected| expected == version) { Ok(()) } else { Err(Error::VersionMismatch) }
}

async fn parcel(db: &mut Db, shipment: ShipmentId, id: PackageId) -> Result<Package> {
    let found = packages::get(db, id).await?;
    found.filter(|package| package.shipment_id == shipment).ok_or(Error::NotFound)
}

async fn check_ends(db: &mut Db, edit: &ShipmentEdit) -> Result<()> {
    for (id, pointer) in [(edit.sender_id, "/sender_id"), (edit.recipient_id, "/recipient_id")] {
        if let Some(id) = id {
            customers::get(db, id).await?.ok_or_else(|| Error::no_such(pointer))?;
        }
    }
    for (id, pointer) in [(edit.origin_id, "/origin_id"), (edit.destination_id, "/destination_id")] {
        if let Some(id) = id {
            locations::get(db, id).await?.ok_or_else(|| Error::no_such(pointer))?;
        }
    }
    Ok(())
}

/// Takes an edit over, and answers the names of the fields that changed.
fn take(shipment: &mut Shipment, mut edit: ShipmentEdit) -> Vec<&'static str> {
    (edit.eta_from, edit.eta_to) = (edit.eta_from.map(to_micros), edit.eta_to.map(to_micros));
    let mut changed = Vec::new();
    macro_rules! take {
        ($($field:ident),*) => {
            $(if shipment.$field != edit.$field {
                shipment.$field = edit.$field;
                changed.push(stringify!($field));
            })*
        };
    }
    take!(reference, sender_id, recipient_id, origin_id, destination_id, milestones, metadata, eta_from, eta_to);
    changed
}
