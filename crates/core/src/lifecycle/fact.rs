//! Facts: append-only, two clocks, never edited.

use serde::{Deserialize, Serialize};

use super::{Reason, Status};
use crate::id::{ApiKeyId, DeviceId, DriverId, LegId, LocationId, PackageId, ShipmentId, TrackingEventId, UserId};
use crate::position::Point;
use crate::time::{Timestamp, TzConfidence};

/// What a fact does to the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Something was seen to happen: a scan, a tap, a milestone, a command.
    Scan,
    /// An actor says what is true, with a reason. The only fact that reopens a terminal status.
    Correction,
    /// An actor says that the fact named in `retracts` did not happen.
    Retraction,
    /// Something worth keeping that says nothing about the status (a note, an appointment, a departure of the carrier).
    Note,
}

impl FactKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Scan, Self::Correction, Self::Retraction, Self::Note];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Correction => "correction",
            Self::Retraction => "retraction",
            Self::Note => "note",
        }
    }
}

/// Where a fact comes from. The order of the list is the order of trust, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Made by Tracklane itself (expiry, creation).
    System,
    /// An aggregator that read a carrier for us.
    Aggregator,
    /// A business document: EDI, EPCIS, DCSA.
    Document,
    /// The carrier itself.
    Carrier,
    /// A zone milestone from a device's positions.
    Device,
    /// A driver's tap.
    Driver,
    /// An operator or an API client of the tenant.
    Operator,
}

impl SourceKind {
    /// Every source, least trusted first.
    pub const ALL: [Self; 7] =
        [Self::System, Self::Aggregator, Self::Document, Self::Carrier, Self::Device, Self::Driver, Self::Operator];

    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Aggregator => "aggregator",
            Self::Document => "document",
            Self::Carrier => "carrier",
            Self::Device => "device",
            Self::Driver => "driver",
            Self::Operator => "operator",
        }
    }

    /// The trust a fact of this source starts with, 0 to 100. Higher wins a tie of time.
    pub fn default_trust(self) -> u8 {
        match self {
            Self::System => 10,
            Self::Aggregator => 30,
            Self::Document => 40,
            Self::Carrier => 50,
            Self::Device => 60,
            Self::Driver => 70,
            Self::Operator => 80,
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// A person who logged in.
    User(UserId),
    /// An API client.
    ApiKey(ApiKeyId),
    /// A driver.
    Driver(DriverId),
    /// A device.
    Device(DeviceId),
    /// Tracklane itself.
    System,
}

/// Where a fact happened, as far as the source says. A city is not a coordinate: the point is never made up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// A location of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    /// What the source calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub city: Option<String>,
    /// State or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub state: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// The point, when the source measured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
}

/// One fact about a shipment, package or leg. Append-only: a change of mind is another fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrackingEvent {
    /// Its id.
    pub id: TrackingEventId,
    /// The shipment it is about.
    pub shipment_id: ShipmentId,
    /// The leg it is about, if one alone.
    pub leg_id: Option<LegId>,
    /// The package it is about, if one alone.
    pub package_id: Option<PackageId>,
    /// What it does to the fold.
    pub kind: FactKind,
    /// The status it says; none for notes and retractions.
    pub status: Option<Status>,
    /// The finer status.
    pub substatus: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
    /// True when the source says that the shipment will be late.
    pub delayed: bool,
    /// The source's own code, always kept.
    pub raw_code: Option<String>,
    /// The source's own words, always kept. For a correction: the actor's explanation.
    pub raw_text: Option<String>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The offset of the local time that the source stated, in seconds east of UTC, -64,800 to 64,800.
    pub offset_seconds: Option<i32>,
    /// How sure we are of that offset.
    pub tz_confidence: TzConfidence,
    /// When we received it.
    pub received_at: Timestamp,
    /// What kind of source said it.
    pub source: SourceKind,
    /// The source's name, for carriers and documents.
    pub source_name: Option<String>,
    /// Trust in the source, 0 to 100. Higher wins a tie of time.
    pub source_trust: u8,
    /// Order of receipt within the shipment, from 1.
    pub seq: i64,
    /// Who did it, where somebody of ours did.
    pub actor: Option<Actor>,
    /// Where.
    pub place: Option<Place>,
    /// The fact that a retraction (or a correction) takes back.
    pub retracts: Option<TrackingEventId>,
    /// How often the same fact came in, itself included.
    pub copies: u32,
}

/// How the fold took one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventFlags {
    /// It was received after a fact that happened later.
    pub late_event: bool,
    /// It contradicts what is already known and changed nothing.
    pub out_of_order: bool,
    /// It was taken back by a later retraction or correction.
    pub retracted: bool,
}

impl TrackingEvent {
    /// True when `other` says the same: same shipment, source, time, status, code and place. Such a fact is counted,
    /// not stored twice. Corrections and retractions are never duplicates: each is an act of its own.
    pub fn is_duplicate_of(&self, other: &Self) -> bool {
        matches!((self.kind, other.kind), (FactKind::Scan, FactKind::Scan) | (FactKind::Note, FactKind::Note))
            && self.shipment_id == other.shipment_id
            && self.leg_id == other.leg_id
            && self.package_id == other.package_id
            && (self.source, &self.source_name) == (other.source, &other.source_name)
            && self.tz_confidence == other.tz_confidence
            && (self.occurred_at == other.occurred_at || self.tz_confidence == TzConfidence::Unknown)
            && (self.status, &self.substatus, self.reason) == (other.status, &other.substatus, other.reason)
            && self.delayed == other.delayed
            && (&self.raw_code, &self.raw_text) == (&other.raw_code, &other.raw_text)
            && self.place == other.place
    }
}
