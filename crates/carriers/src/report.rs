//! What an answer or a document says, in our words: the one result that carriers, aggregators and documents are read into.
//!
//! A report is about one number. Nothing in it is made up: a time says how sure its offset is, a date stays a date, and a
//! code that no table knows has the status `unknown` and its own words, which never move a shipment.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use tracklane_core::lifecycle::{FactKind, Place, Reason, SourceKind, Status};
use tracklane_core::time::{Timestamp, TzConfidence};

/// What one source says about one number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What kind of source says it.
    pub source: SourceKind,
    /// The source's name: a carrier's id in the registry (`ups`), or the kind of document (`x12_214`).
    pub source_name: String,
    /// Who carries it, where the source speaks for others: an aggregator's word for the carrier, a SCAC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The number that the report is about, as the source writes it; empty when the answer does not say whose it is (DPD), and
    /// so is of the one number that was asked about.
    pub number: String,
    /// What the source calls the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Other numbers of the same goods: a second carrier's after a hand-over, packages, orders, containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// What the source says it is now, where it says so apart from the events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// What happened, oldest first; those without a time come last, in the source's order.
    pub events: Vec<ReportedEvent>,
    /// What is expected, each with who said it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<Estimate>,
    /// Proof of delivery, as far as the source gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

impl Report {
    /// A report that says nothing yet.
    pub fn new(source: SourceKind, source_name: impl Into<String>, number: impl Into<String>) -> Self {
        Self {
            source,
            source_name: source_name.into(),
            carrier: None,
            number: number.into(),
            service: None,
            references: Vec::new(),
            summary: None,
            events: Vec::new(),
            estimates: Vec::new(),
            proof: None,
        }
    }

    /// Brings the events into the order in which they happened. Events of one instant keep the order that they were
    /// given in, so a source that lists the newest first must be turned round before.
    pub fn sort(&mut self) {
        self.events.sort_by_key(|event| event.when.instant().map_or((1, Timestamp::MIN), |at| (0, at)));
    }

    /// The status that the report leaves: of the last event that says a known one, else of the summary. None when it says
    /// nothing that we know. The engine folds all facts of a shipment; this is for showing one answer by itself.
    pub fn status(&self) -> Option<Status> {
        let known = |status: &Status| *status != Status::Unknown;
        let scans = self.events.iter().filter(|event| matches!(event.kind, FactKind::Scan | FactKind::Correction));
        let last = scans.filter_map(|event| event.status.filter(known)).next_back();
        last.or_else(|| self.summary.as_ref().and_then(|summary| summary.status.filter(known)))
    }
}

/// Another number of the same goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// What the number names.
    pub kind: ReferenceKind,
    /// The number, as the source writes it.
    pub value: String,
    /// The source's own word for the kind (a qualifier of a document, say), always kept where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// Whose number it is, for hand-overs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
}

/// What a number names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    /// The tracking number under which another carrier goes on.
    HandOver,
    /// A number that stands for the same parcel at the same carrier.
    Alias,
    /// A number that takes the place of this one (a return, a new label).
    Replacement,
    /// A package of the shipment.
    Package,
    /// The shipment that the package belongs to.
    Shipment,
    /// An order of the buyer.
    PurchaseOrder,
    /// The shipper's reference.
    Shipper,
    /// The recipient's reference.
    Recipient,
    /// A bill of lading.
    BillOfLading,
    /// A booking with the carrier.
    Booking,
    /// The carrier's own reference (a PRO number, a consignment number).
    Carrier,
    /// A container, trailer or other equipment.
    Equipment,
    /// A seal.
    Seal,
    /// A logistic unit (SSCC) or another EPC.
    Unit,
    /// A shipment's or load's position in a plan: stop, load, route.
    Load,
    /// Something else; the qualifier says what.
    Other,
}

impl Reference {
    /// A number of this kind.
    pub fn new(kind: ReferenceKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into(), qualifier: None, carrier: None }
    }
}

/// What the source says it is now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// In our words; `unknown` when no table has the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The finer status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substatus: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The source says that it will be late.
    #[serde(skip_serializing_if = "is_false")]
    pub delayed: bool,
    /// The source's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_code: Option<String>,
    /// The source's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_text: Option<String>,
}

/// One thing that happened, or was said to have happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportedEvent {
    /// What it does to the fold.
    pub kind: FactKind,
    /// The source's id of the event, where it has one; retractions name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// The source's id of the event that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retracts: Option<String>,
    /// When.
    pub when: When,
    /// The status it says: none for notes and retractions, `unknown` when no table has the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The finer status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substatus: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The source says that it will be late.
    #[serde(skip_serializing_if = "is_false")]
    pub delayed: bool,
    /// The source's own code, always kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_code: Option<String>,
    /// The source's own words, always kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_text: Option<String>,
    /// Where, as far as the source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The number of the package, if the event is about one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Who did it, where the source speaks for others or handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
}

impl ReportedEvent {
    /// A scan whose code nobody has looked up yet: status `unknown`.
    pub fn unmapped(when: When, raw_code: Option<String>, raw_text: Option<String>) -> Self {
        Self {
            kind: FactKind::Scan,
            source_id: None,
            retracts: None,
            when,
            status: Some(Status::Unknown),
            substatus: None,
            reason: None,
            delayed: false,
            raw_code,
            raw_text,
            place: None,
            package: None,
            carrier: None,
        }
    }
}

/// When something happened, as exactly as the source says and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "precision", rename_all = "snake_case")]
pub enum When {
    /// A point in time.
    Instant {
        /// The instant.
        at: Timestamp,
        /// The offset that the local time had or is taken to have had, in seconds east of UTC, -64,800 to 64,800.
        offset_seconds: i32,
        /// How sure that offset is; never `unknown`.
        confidence: TzConfidence,
    },
    /// A calendar day at the place; the time of day is not known.
    Day {
        /// The day.
        date: Date,
        /// The offset that the place is taken to have had at the day's start, in seconds east of UTC.
        offset_seconds: i32,
        /// How sure that offset is; never `unknown`.
        confidence: TzConfidence,
    },
    /// The source gives no time that can be read.
    Undated,
}

/// The two clocks of a fact, as [`When::stamp`] sets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When it happened: the start of the day for a day, the time of receipt when nothing is known.
    pub occurred_at: Timestamp,
    /// The offset of the local time, in seconds east of UTC.
    pub offset_seconds: Option<i32>,
    /// How sure we are of it.
    pub tz_confidence: TzConfidence,
    /// True when the source gave a day only: the time of day in `occurred_at` means nothing.
    pub date_only: bool,
}

impl When {
    /// The instant to sort by: the start of the day for a day. None when nothing is known.
    pub fn instant(&self) -> Option<Timestamp> {
        match self {
            Self::Instant { at, .. } => Some(*at),
            Self::Day { date, offset_seconds, .. } => {
                let zone = TimeZone::fixed(Offset::from_seconds(*offset_seconds).unwrap_or(Offset::UTC));
                date.to_zoned(zone).ok().map(|start| start.timestamp())
            }
            Self::Undated => None,
        }
    }

    /// What a fact made of it has on its clocks. The same source text gives the same stamp whenever it is read, unless it
    /// has no time at all, so a fact that is reported again is known again.
    pub fn stamp(&self, received_at: Timestamp) -> Stamp {
        match (self, self.instant()) {
            (Self::Instant { offset_seconds, confidence, .. }, Some(occurred_at)) => Stamp {
                occurred_at,
                offset_seconds: Some(*offset_seconds),
                tz_confidence: *confidence,
                date_only: false,
            },
            (Self::Day { offset_seconds, confidence, .. }, Some(occurred_at)) => Stamp {
                occurred_at,
                offset_seconds: Some(*offset_seconds),
                tz_confidence: *confidence,
                date_only: true,
            },
            _ => Stamp {
                occurred_at: received_at,
                offset_seconds: None,
                tz_confidence: TzConfidence::Unknown,
                date_only: false,
            },
        }
    }
}

/// Something that is expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// What is expected.
    pub of: Expected,
    /// What the word is worth.
    pub basis: Basis,
    /// The start of the window; none when the source gives one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<When>,
    /// The end of the window, or the one time.
    pub until: When,
    /// Who said it: a carrier's or document's name, or the party that the source names.
    pub said_by: String,
    /// When it was said, where the source tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said_at: Option<When>,
    /// Where it is expected, where the source tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The source's own code or word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_code: Option<String>,
}

/// What is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Delivery to the recipient.
    Delivery,
    /// Pick-up at the sender.
    Pickup,
    /// Arrival at a place on the way.
    Arrival,
    /// Departure from a place on the way.
    Departure,
}

/// What the word is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What the service promises, or the plan.
    Planned,
    /// What the source expects now.
    Estimated,
    /// What was agreed with the recipient.
    Appointment,
}

/// Proof of delivery.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Proof {
    /// Who signed or took it, as the source writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// Where it was left ("Front door"), as the source writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<String>,
    /// Signatures, photos and documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ProofFile>,
}

impl Proof {
    /// The proof, if there is any.
    pub fn given(self) -> Option<Self> {
        let empty = self.signed_by.is_none() && self.left_at.is_none() && self.files.is_empty();
        (!empty).then_some(self)
    }
}

/// A signature, photo or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProofFile {
    /// What it shows.
    pub kind: ProofKind,
    /// The file itself, or where it is.
    pub content: ProofContent,
}

/// What a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// The recipient's signature.
    Signature,
    /// A photo of the parcel where it was left.
    Photo,
    /// A letter of proof.
    Document,
}

/// A file, or where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofContent {
    /// The bytes in base64, as the source sends them.
    Base64(String),
    /// An address to fetch it from. Nobody has checked it.
    Url(String),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
