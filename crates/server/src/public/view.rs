//! What a tracking page shows, picked field by field: never a last name, an address, a phone number, a driver, a device,
//! or anybody's free words.

use serde::Serialize;
use tracklane_core::Timestamp;
use tracklane_core::id::LocationId;
use tracklane_core::lifecycle::{FactKind, Place, Status};
use tracklane_core::model::{DeviceLatest, Location, LocationType};
use tracklane_core::position::Point;
use tracklane_core::time::TzConfidence;
use tracklane_engine::shipments::{EventView, PublicView, ShipmentDetail};

use super::words;

/// What a tracking page shows.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PublicTracking {
    /// The token of the link.
    pub token: String,
    /// The sender's own reference (order number).
    pub reference: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// Where it stands, in words.
    pub status_text: &'static str,
    /// The finer status, where it is one of the documented ones.
    pub substatus: Option<&'static str>,
    /// Since when it stands there.
    pub since: Timestamp,
    /// Delivery is promised from this instant on.
    pub eta_from: Option<Timestamp>,
    /// Delivery is promised up to this instant.
    pub eta_to: Option<Timestamp>,
    /// The first name of the recipient.
    pub recipient_first_name: Option<String>,
    /// Whose page it is.
    pub tenant_name: String,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
    /// What happened, newest first.
    pub timeline: Vec<PublicStep>,
    /// Where it is; only while the own fleet carries it.
    pub position: Option<PublicPosition>,
    /// Where it goes; only together with the position.
    pub destination: Option<Point>,
    /// The time zone of the destination, IANA name.
    pub time_zone: Option<String>,
    /// When anything of this was last changed.
    pub updated_at: Timestamp,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PublicStep {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The offset of the local time that the source stated, in seconds east of UTC.
    pub offset_seconds: Option<i32>,
    /// How sure that offset is.
    pub tz_confidence: TzConfidence,
    /// The status it led to.
    pub status: Option<Status>,
    /// The finer status, where it is one of the documented ones.
    pub substatus: Option<&'static str>,
    /// What happened, in words.
    pub text: &'static str,
    /// In which city.
    pub place: Option<String>,
}

/// Where a shipment is.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PublicPosition {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// When it was there.
    pub fix_time: Timestamp,
    /// Its course over ground, in degrees clockwise from north.
    pub course_deg: Option<f32>,
}

impl From<&DeviceLatest> for PublicPosition {
    fn from(latest: &DeviceLatest) -> Self {
        let DeviceLatest { point, fix_time, course_deg, .. } = latest;
        Self { lat: point.lat, lon: point.lon, fix_time: *fix_time, course_deg: *course_deg }
    }
}

impl PublicTracking {
    /// What the holder of `token` is shown.
    pub fn new(token: &str, found: &PublicView) -> Self {
        let PublicView { tenant, detail, position } = found;
        let shipment = &detail.shipment;
        let substatus = documented(shipment.status, shipment.substatus.as_deref());
        let destination = detail.destination.as_ref();
        let first_name = detail.recipient.as_ref().map(|recipient| recipient.first_name().to_owned());
        Self {
            token: token.to_owned(),
            reference: shipment.reference.clone(),
            status: shipment.status,
            status_text: words::status(shipment.status, substatus),
            substatus,
            since: shipment.status_since,
            eta_from: shipment.eta_from,
            eta_to: shipment.eta_to,
            recipient_first_name: first_name.filter(|name| !name.is_empty()),
            tenant_name: tenant.name.clone(),
            delivered_at: shipment.delivered_at,
            timeline: detail.events.iter().rev().filter_map(|view| step(detail, view)).collect(),
            position: position.as_ref().map(PublicPosition::from),
            destination: position.as_ref().and_then(|_| destination?.address.point),
            time_zone: destination.and_then(|place| place.time_zone.clone()),
            updated_at: shipment.updated_at,
        }
    }
}

/// A fact as the public may see it; none for those that did not happen, changed nothing or say nothing of the status.
fn step(detail: &ShipmentDetail, view: &EventView) -> Option<PublicStep> {
    let EventView { event, flags } = view;
    if flags.retracted || flags.out_of_order || !matches!(event.kind, FactKind::Scan | FactKind::Correction) {
        return None;
    }
    let status = event.status?;
    let substatus = documented(status, event.substatus.as_deref());
    Some(PublicStep {
        occurred_at: event.occurred_at,
        offset_seconds: event.offset_seconds,
        tz_confidence: event.tz_confidence,
        status: Some(status),
        substatus,
        text: words::status(status, substatus),
        place: event.place.as_ref().and_then(|place| city(detail, place)),
    })
}

/// A sub-status that is on the list. Others are words of a carrier or an operator, and may say anything.
fn documented(status: Status, substatus: Option<&str>) -> Option<&'static str> {
    status.substatuses().iter().copied().find(|known| Some(*known) == substatus)
}

/// The city of a place: stated, or that of the hub it names.
fn city(detail: &ShipmentDetail, place: &Place) -> Option<String> {
    let named = |id: LocationId| {
        let ends = [detail.origin.as_ref(), detail.destination.as_ref()];
        let is_it = |location: &&Location| location.id == id && location.location_type != LocationType::Address;
        ends.into_iter().flatten().find(is_it).and_then(|location| location.address.city.clone())
    };
    place.city.clone().or_else(|| place.location_id.and_then(named))
}
