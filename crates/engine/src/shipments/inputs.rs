//! What callers say about shipments: the request bodies of the API.

use serde::{Deserialize, Serialize};
use tracklane_core::id::{CustomerId, DriverId, LegId, LocationId, PackageId, TrackingEventId};
use tracklane_core::lifecycle::{Place, Reason, Status};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{Leg, LegMode, Package, Shipment};
use tracklane_core::position::Attributes;
use tracklane_core::{Invalid, Timestamp};

use crate::check;
use crate::records::{NewCustomer, NewLocation};

/// A new shipment, with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewShipment {
    /// The tenant's own reference (order number), unique in the tenant, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Who sends, as a new customer.
    pub sender: Option<NewCustomer>,
    /// Who sends, as a known customer.
    pub sender_id: Option<CustomerId>,
    /// Who receives, as a new customer.
    pub recipient: Option<NewCustomer>,
    /// Who receives, as a known customer.
    pub recipient_id: Option<CustomerId>,
    /// Where it starts, as a new location.
    pub origin: Option<NewLocation>,
    /// Where it starts, as a known location.
    pub origin_id: Option<LocationId>,
    /// Where it ends, as a new location.
    pub destination: Option<NewLocation>,
    /// Where it ends, as a known location.
    pub destination_id: Option<LocationId>,
    /// Its parcels, at most 100.
    #[schema(max_items = 100)]
    pub packages: Vec<NewPackage>,
    /// Its stretches in order, at most 20. Left out: one fleet leg from origin to destination.
    #[schema(max_items = 20)]
    pub legs: Vec<NewLeg>,
    /// Shorthand for one fleet leg with this driver; not together with `legs`.
    pub driver_id: Option<DriverId>,
    /// How far positions alone may move it; the tenant's setting when left out.
    pub milestones: Option<MilestonePolicy>,
    /// Free data; an object of at most 16 KiB.
    #[schema(value_type = Object)]
    pub metadata: Attributes,
    /// Delivery is promised from this instant on.
    pub eta_from: Option<Timestamp>,
    /// Delivery is promised up to this instant.
    pub eta_to: Option<Timestamp>,
}

impl NewShipment {
    /// Checks every field that can be checked without looking anything up.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        let mut one_of = |new: bool, known: bool, field: &str| {
            invalid.require(
                !(new && known),
                &format!("/{field}"),
                format!("must not be given together with {field}_id"),
            );
        };
        one_of(self.sender.is_some(), self.sender_id.is_some(), "sender");
        one_of(self.recipient.is_some(), self.recipient_id.is_some(), "recipient");
        one_of(self.origin.is_some(), self.origin_id.is_some(), "origin");
        one_of(self.destination.is_some(), self.destination_id.is_some(), "destination");
        let nested = [
            ("/sender", self.sender.as_ref().map(NewCustomer::check)),
            ("/recipient", self.recipient.as_ref().map(NewCustomer::check)),
            ("/origin", self.origin.as_ref().map(NewLocation::check)),
            ("/destination", self.destination.as_ref().map(NewLocation::check)),
        ];
        for (under, outcome) in nested {
            if let Some(Err(inner)) = outcome {
                invalid.nest(under, inner);
            }
        }
        invalid.require(self.packages.len() <= 100, "/packages", "must be at most 100");
        for (index, package) in self.packages.iter().enumerate() {
            if let Err(inner) = package.check() {
                invalid.nest(&format!("/packages/{index}"), inner);
            }
        }
        check_legs(&mut invalid, &self.legs);
        let twice = self.driver_id.is_some() && !self.legs.is_empty();
        invalid.require(!twice, "/driver_id", "must not be given together with legs");
        check::metadata(&mut invalid, "/metadata", &self.metadata);
        check_window(&mut invalid, self.eta_from, self.eta_to);
        invalid.into_result()
    }
}

/// What may be changed about a shipment once it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct ShipmentEdit {
    /// The tenant's own reference (order number), unique in the tenant, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub reference: Option<String>,
    /// Who sends.
    pub sender_id: Option<CustomerId>,
    /// Who receives.
    pub recipient_id: Option<CustomerId>,
    /// Where it starts.
    pub origin_id: Option<LocationId>,
    /// Where it ends.
    pub destination_id: Option<LocationId>,
    /// How far positions alone may move it.
    pub milestones: MilestonePolicy,
    /// Free data; an object of at most 16 KiB.
    #[schema(value_type = Object)]
    pub metadata: Attributes,
    /// Delivery is promised from this instant on.
    pub eta_from: Option<Timestamp>,
    /// Delivery is promised up to this instant.
    pub eta_to: Option<Timestamp>,
}

impl From<&Shipment> for ShipmentEdit {
    fn from(shipment: &Shipment) -> Self {
        Self {
            reference: shipment.reference.clone(),
            sender_id: shipment.sender_id,
            recipient_id: shipment.recipient_id,
            origin_id: shipment.origin_id,
            destination_id: shipment.destination_id,
            milestones: shipment.milestones,
            metadata: shipment.metadata.clone(),
            eta_from: shipment.eta_from,
            eta_to: shipment.eta_to,
        }
    }
}

impl ShipmentEdit {
    /// Checks every field that can be checked without looking anything up.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::reference(&mut invalid, self.reference.as_deref());
        check::metadata(&mut invalid, "/metadata", &self.metadata);
        check_window(&mut invalid, self.eta_from, self.eta_to);
        invalid.into_result()
    }
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewPackage {
    /// Tracking number, unique in the tenant, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub tracking_number: Option<String>,
    /// What is in it, 1 to 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    pub description: Option<String>,
    /// Weight in kilograms, 0 to 100,000.
    #[schema(minimum = 0, maximum = 100000)]
    pub weight_kg: Option<f64>,
    /// Free data ("fragile"); an object of at most 16 KiB.
    #[schema(value_type = Object)]
    pub metadata: Attributes,
}

impl From<&Package> for NewPackage {
    fn from(package: &Package) -> Self {
        Self {
            tracking_number: package.tracking_number.clone(),
            description: package.description.clone(),
            weight_kg: package.weight_kg,
            metadata: package.metadata.clone(),
        }
    }
}

impl NewPackage {
    /// Checks every field.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::optional(&mut invalid, "/tracking_number", self.tracking_number.as_deref(), 100);
        check::optional(&mut invalid, "/description", self.description.as_deref(), 500);
        check::range(&mut invalid, "/weight_kg", self.weight_kg, 0.0, 100_000.0);
        check::metadata(&mut invalid, "/metadata", &self.metadata);
        invalid.into_result()
    }
}

/// A stretch under one carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLeg {
    /// Under whom it runs.
    pub mode: LegMode,
    /// Mode `fleet`: who drives.
    #[serde(default)]
    pub driver_id: Option<DriverId>,
    /// Mode `carrier`: which carrier, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub carrier: Option<String>,
    /// Mode `carrier`: under which number, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub tracking_number: Option<String>,
    /// Where it starts; the end of the leg before, or the shipment's origin, when left out.
    #[serde(default)]
    pub origin_id: Option<LocationId>,
    /// Where it ends; the shipment's destination when left out.
    #[serde(default)]
    pub destination_id: Option<LocationId>,
}

impl From<&Leg> for NewLeg {
    fn from(leg: &Leg) -> Self {
        Self {
            mode: leg.mode,
            driver_id: leg.driver_id,
            carrier: leg.carrier.clone(),
            tracking_number: leg.tracking_number.clone(),
            origin_id: leg.origin_id,
            destination_id: leg.destination_id,
        }
    }
}

impl NewLeg {
    /// A leg under the tenant's own drivers.
    pub fn fleet(driver_id: Option<DriverId>) -> Self {
        Self {
            mode: LegMode::Fleet,
            driver_id,
            carrier: None,
            tracking_number: None,
            origin_id: None,
            destination_id: None,
        }
    }

    /// Checks every field that can be checked without looking anything up.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::optional(&mut invalid, "/carrier", self.carrier.as_deref(), 100);
        check::optional(&mut invalid, "/tracking_number", self.tracking_number.as_deref(), 100);
        match self.mode {
            LegMode::Fleet => {
                let foreign = self.carrier.is_some() || self.tracking_number.is_some();
                invalid.require(!foreign, "/carrier", "a fleet leg has no carrier and no tracking number");
            }
            LegMode::Carrier => {
                invalid.require(self.driver_id.is_none(), "/driver_id", "a carrier leg has no driver");
                invalid.require(self.carrier.is_some(), "/carrier", "a carrier leg names its carrier");
            }
        }
        invalid.into_result()
    }
}

/// The kinds of facts that are stated directly. Corrections and retractions have bodies of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewFactKind {
    /// Something happened that says where the shipment stands; `status` is needed.
    #[default]
    Scan,
    /// Something worth keeping that says nothing about the status; `status` must be left out.
    Note,
}

/// A fact that somebody states.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewFact {
    /// What it is.
    pub kind: NewFactKind,
    /// The status it says.
    pub status: Option<Status>,
    /// The finer status, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub substatus: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
    /// True when the shipment will be late.
    pub delayed: bool,
    /// When it happened, from 1970 on, at most five minutes ahead of our clock; now when left out. It may lie before the
    /// shipment was entered.
    pub occurred_at: Option<Timestamp>,
    /// The offset of the local time that the source stated, in seconds east of UTC, -64,800 to 64,800.
    #[schema(minimum = -64800, maximum = 64800)]
    pub offset_seconds: Option<i32>,
    /// The source's own code, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub raw_code: Option<String>,
    /// The source's own words, 1 to 2,000 characters.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub raw_text: Option<String>,
    /// The package it is about, if one alone.
    pub package_id: Option<PackageId>,
    /// The leg it is about, if one alone.
    pub leg_id: Option<LegId>,
    /// Where.
    pub place: Option<Place>,
}

impl NewFact {
    /// A scan that happens now.
    pub fn scan(status: Status) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// Checks every field that can be checked without looking anything up.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self, now: Timestamp) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        match self.kind {
            NewFactKind::Scan => invalid.require(self.status.is_some(), "/status", "is required for a scan"),
            NewFactKind::Note => {
                invalid.require(self.status.is_none(), "/status", "must be left out of a note");
                let says = self.raw_text.is_some() || self.raw_code.is_some() || self.delayed;
                invalid.require(says, "/raw_text", "a note says something: raw_text, raw_code or delayed");
            }
        }
        check_saying(&mut invalid, self.substatus.as_deref(), self.occurred_at, now);
        let offset = self.offset_seconds.is_none_or(|s| (-64_800..=64_800).contains(&s));
        invalid.require(offset, "/offset_seconds", "must be from -64800 to 64800");
        check::optional(&mut invalid, "/raw_code", self.raw_code.as_deref(), 100);
        if let Some(words) = &self.raw_text {
            check::prose(&mut invalid, "/raw_text", words, 2_000);
        }
        if let Some(place) = &self.place {
            check_place(&mut invalid, place);
        }
        invalid.into_result()
    }
}

/// What an actor says is true, whatever was before. The only thing that reopens a shipment that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    /// The true status.
    pub status: Status,
    /// The finer status, 1 to 100 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
    pub substatus: Option<String>,
    /// Why the shipment is there.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// Why it is corrected, 1 to 2,000 characters.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub reason_text: String,
    /// From when it is true; now when left out.
    #[serde(default)]
    pub occurred_at: Option<Timestamp>,
    /// The fact that was wrong.
    #[serde(default)]
    pub retracts: Option<TrackingEventId>,
}

impl NewCorrection {
    /// Checks every field that can be checked without looking anything up.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self, now: Timestamp) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check_saying(&mut invalid, self.substatus.as_deref(), self.occurred_at, now);
        check::prose(&mut invalid, "/reason_text", &self.reason_text, 2_000);
        invalid.into_result()
    }
}

/// Takes a fact back: it did not happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRetraction {
    /// The fact that did not happen.
    pub event_id: TrackingEventId,
    /// Why it is taken back, 1 to 2,000 characters.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub reason_text: String,
}

impl NewRetraction {
    /// Checks the text.
    ///
    /// # Errors
    /// Names the field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check::prose(&mut invalid, "/reason_text", &self.reason_text, 2_000);
        invalid.into_result()
    }
}

/// Calls a shipment off.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewCancellation {
    /// Why, from the closed list.
    pub reason: Option<Reason>,
    /// Why, in words, 1 to 2,000 characters.
    #[schema(min_length = 1, max_length = 2000, pattern = r"\S")]
    pub text: Option<String>,
}

impl NewCancellation {
    /// Checks the text.
    ///
    /// # Errors
    /// Names the field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        if let Some(text) = &self.text {
            check::prose(&mut invalid, "/text", text, 2_000);
        }
        invalid.into_result()
    }
}

/// Sends a shipment back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewReturn {
    /// Why, from the closed list.
    pub reason: Option<Reason>,
    /// The stretches of the way back, at most 20. Left out: one fleet leg from the destination to the origin.
    #[schema(max_items = 20)]
    pub legs: Vec<NewLeg>,
}

impl NewReturn {
    /// Checks every leg.
    ///
    /// # Errors
    /// Names each field that breaks its rule.
    pub fn check(&self) -> Result<(), Invalid> {
        let mut invalid = Invalid::default();
        check_legs(&mut invalid, &self.legs);
        invalid.into_result()
    }
}

/// A new public tracking link.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewLink {
    /// When it stops working; some days after the shipment has ended when left out (tenant setting).
    pub expires_at: Option<Timestamp>,
}

fn check_legs(invalid: &mut Invalid, legs: &[NewLeg]) {
    invalid.require(legs.len() <= 20, "/legs", "must be at most 20");
    for (index, leg) in legs.iter().enumerate() {
        if let Err(inner) = leg.check() {
            invalid.nest(&format!("/legs/{index}"), inner);
        }
    }
}

fn check_window(invalid: &mut Invalid, from: Option<Timestamp>, to: Option<Timestamp>) {
    let ordered = from.zip(to).is_none_or(|(from, to)| from <= to);
    invalid.require(ordered, "/eta_to", "must not be before eta_from");
}

fn check_saying(invalid: &mut Invalid, substatus: Option<&str>, at: Option<Timestamp>, now: Timestamp) {
    check::optional(invalid, "/substatus", substatus, 100);
    let ahead = at.map_or(0, |at| at.as_second() - now.as_second());
    invalid.require(ahead <= 300, "/occurred_at", "must not lie more than 300 seconds in the future");
    let dated = at.is_none_or(|at| at >= Timestamp::UNIX_EPOCH);
    invalid.require(dated, "/occurred_at", "must not lie before 1970");
}

fn check_place(invalid: &mut Invalid, place: &Place) {
    check::optional(invalid, "/place/name", place.name.as_deref(), 200);
    check::optional(invalid, "/place/city", place.city.as_deref(), 200);
    check::optional(invalid, "/place/state", place.state.as_deref(), 200);
    if let Some(country) = &place.country {
        check::country(invalid, "/place/country", country);
    }
    if let Some(Err(inner)) = place.point.map(tracklane_core::position::Point::check) {
        invalid.nest("/place/point", inner);
    }
}
