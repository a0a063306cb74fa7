//! The calls.

use std::sync::Arc;

use tracklane_core::id::{DriverId, LegId, LinkId, PackageId, ShipmentId};
use tracklane_core::model::{Caller, Leg, Package, Shipment, TrackingLink};
use tracklane_store::{Listing, Page};

use super::{
    EventView, NewCancellation, NewCorrection, NewFact, NewLeg, NewLink, NewPackage, NewRetraction, NewReturn,
    NewShipment, PublicView, ShipmentDetail, ShipmentEdit, ShipmentFilter,
};
use crate::base::Base;
use crate::error::Result;

/// Shipments. Cheap to clone.
#[derive(Clone)]
pub struct Shipments {
    pub(super) base: Arc<Base>,
}

impl Shipments {
    pub(crate) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Makes a shipment with its customers, locations, packages and legs.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid), [`Error::Forbidden`](crate::Error::Forbidden),
    /// [`Error::Conflict`](crate::Error::Conflict) when a reference or tracking number is taken.
    pub async fn create(&self, caller: &Caller, input: NewShipment) -> Result<ShipmentDetail> {
        todo!()
    }
    /// A shipment with everything that belongs to it.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), also for shipments of others.
    pub async fn detail(&self, caller: &Caller, id: ShipmentId) -> Result<ShipmentDetail> {
        todo!()
    }
    /// A shipment alone.
    pub async fn get(&self, caller: &Caller, id: ShipmentId) -> Result<Shipment> {
        todo!()
    }
    /// A page of shipments, newest first.
    pub async fn list(&self, caller: &Caller, filter: &ShipmentFilter, page: Page) -> Result<Listing<Shipment>> {
        todo!()
    }
    /// Changes what may be changed.
    pub async fn update(
        &self,
        caller: &Caller,
        id: ShipmentId,
        expected_version: i64,
        edit: ShipmentEdit,
    ) -> Result<Shipment> {
        todo!()
    }
    /// The facts of a shipment with how the fold took each.
    pub async fn events(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<EventView>> {
        todo!()
    }
    /// Records a fact.
    pub async fn record(&self, caller: &Caller, id: ShipmentId, fact: NewFact) -> Result<ShipmentDetail> {
        todo!()
    }
    /// Corrects.
    pub async fn correct(&self, caller: &Caller, id: ShipmentId, correction: NewCorrection) -> Result<ShipmentDetail> {
        todo!()
    }
    /// Takes a fact back.
    pub async fn retract(&self, caller: &Caller, id: ShipmentId, retraction: NewRetraction) -> Result<ShipmentDetail> {
        todo!()
    }
    /// Calls off.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: ShipmentId,
        cancellation: NewCancellation,
    ) -> Result<ShipmentDetail> {
        todo!()
    }
    /// Sends back.
    pub async fn send_back(&self, caller: &Caller, id: ShipmentId, way: NewReturn) -> Result<ShipmentDetail> {
        todo!()
    }
    /// Gives the present fleet leg to a driver.
    pub async fn assign(&self, caller: &Caller, id: ShipmentId, driver: DriverId) -> Result<ShipmentDetail> {
        todo!()
    }
    /// Takes the driver off the present fleet leg.
    pub async fn unassign(&self, caller: &Caller, id: ShipmentId) -> Result<ShipmentDetail> {
        todo!()
    }
    /// The packages of a shipment, oldest first.
    pub async fn packages(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<Package>> {
        todo!()
    }
    /// One package.
    pub async fn package(&self, caller: &Caller, id: ShipmentId, package: PackageId) -> Result<Package> {
        todo!()
    }
    /// Adds a package.
    pub async fn add_package(&self, caller: &Caller, id: ShipmentId, input: NewPackage) -> Result<Package> {
        todo!()
    }
    /// Changes a package.
    pub async fn update_package(
        &self,
        caller: &Caller,
        id: ShipmentId,
        package: PackageId,
        expected_version: i64,
        input: NewPackage,
    ) -> Result<Package> {
        todo!()
    }
    /// Removes a package.
    pub async fn remove_package(
        &self,
        caller: &Caller,
        id: ShipmentId,
        package: PackageId,
        expected_version: Option<i64>,
    ) -> Result<()> {
        todo!()
    }
    /// The legs of a shipment, in order.
    pub async fn legs(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<Leg>> {
        todo!()
    }
    /// One leg.
    pub async fn leg(&self, caller: &Caller, id: ShipmentId, leg: LegId) -> Result<Leg> {
        todo!()
    }
    /// Adds a leg at the end.
    pub async fn add_leg(&self, caller: &Caller, id: ShipmentId, input: NewLeg) -> Result<Leg> {
        todo!()
    }
    /// Changes a leg.
    pub async fn update_leg(
        &self,
        caller: &Caller,
        id: ShipmentId,
        leg: LegId,
        expected_version: i64,
        input: NewLeg,
    ) -> Result<Leg> {
        todo!()
    }
    /// The links of a shipment, newest first.
    pub async fn links(&self, caller: &Caller, id: ShipmentId) -> Result<Vec<TrackingLink>> {
        todo!()
    }
    /// Makes a link.
    pub async fn add_link(&self, caller: &Caller, id: ShipmentId, input: NewLink) -> Result<TrackingLink> {
        todo!()
    }
    /// Revokes a link.
    pub async fn revoke_link(&self, caller: &Caller, id: ShipmentId, link: LinkId) -> Result<()> {
        todo!()
    }
    /// The token of a link, to put behind `/t/`.
    pub fn link_token(&self, link: &TrackingLink) -> String {
        self.base.secrets.link_token(link.id)
    }
    /// What the holder of a link sees.
    pub async fn public(&self, token: &str) -> Result<PublicView> {
        todo!()
    }
}
