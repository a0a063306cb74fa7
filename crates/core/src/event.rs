//! The event log: what everybody who must be told reads. Written in the same transaction as the change it tells of.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{DeviceId, DriverId, EndpointId, EventId, ShipmentId, TenantId, ZoneId};
use crate::invalid::Invalid;
use crate::lifecycle::{Reason, SourceKind, Status};
use crate::position::{Attributes, Mark, Point};
use crate::time::Timestamp;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal, alias [$($alias:literal),*];)*) => {
        /// What happened. The closed list of event types.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, utoipa::ToSchema)]
        pub enum EventKind {
            $($(#[$doc])* $name,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name used in the API, on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The names that the source systems gave to the same event; filters accept them.
            pub fn aliases(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($alias),*],)* }
            }
        }
    };
}

kinds! {
    /// A shipment was created.
    ShipmentCreated = "shipment.created", alias ["delivery.created"];
    /// Something about a shipment other than its status changed.
    ShipmentUpdated = "shipment.updated", alias [];
    /// A fact was recorded (also one that moved nothing).
    FactRecorded = "shipment.fact_recorded", alias [];
    /// The status or sub-status of a shipment changed.
    StatusChanged = "shipment.status_changed", alias ["status.changed"];
    /// A shipment was delivered, for the first time.
    ShipmentDelivered = "shipment.delivered", alias ["delivery.completed"];
    /// A leg got a driver.
    DriverAssigned = "driver.assigned", alias [];
    /// A leg lost its driver.
    DriverUnassigned = "driver.unassigned", alias [];
    /// A device went into a zone.
    ZoneEntered = "zone.entered", alias [];
    /// A device came out of a zone.
    ZoneExited = "zone.exited", alias [];
    /// A device has been in a zone for as long as its rules ask.
    ZoneDwelled = "zone.dwelled", alias [];
    /// A device has been faster than a zone allows, for as long as its limit asks.
    ZoneSpeeding = "zone.speeding", alias [];
    /// A device raised an alarm.
    DeviceAlarm = "device.alarm", alias [];
    /// Nothing was heard of a device for too long.
    DeviceOffline = "device.offline", alias [];
    /// A device that had fallen silent was heard of again.
    DeviceOnline = "device.online", alias [];
    /// A webhook endpoint was disabled by Tracklane.
    EndpointDisabled = "endpoint.disabled", alias [];
    /// A test message that a tenant asked for.
    EndpointTest = "endpoint.test", alias [];
}

/// The name under which live streams carry positions. Positions are not in the event log: they conflate, events do not.
pub const LOCATION_UPDATED: &str = "location.updated";

impl EventKind {
    /// The kind with this name or alias.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text || kind.aliases().contains(&text))
    }

    /// True when a subscription to `filter` (a name, an alias, or a prefix with `.*`) wants this kind.
    pub fn matches(self, filter: &str) -> bool {
        let names = std::iter::once(self.as_str()).chain(self.aliases().iter().copied());
        filter.strip_suffix(".*").map_or_else(
            || names.clone().any(|name| name == filter),
            |prefix| names.clone().any(|name| name.split_once('.').is_some_and(|(group, _)| group == prefix)),
        )
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("unknown event type {text:?}")))
    }
}

/// One entry of the event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Whose event.
    pub tenant_id: TenantId,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "shipment.status_changed")]
    pub kind: EventKind,
    /// When it happened (for facts: `occurred_at`).
    pub occurred_at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// The shipment it is about.
    pub shipment_id: Option<ShipmentId>,
    /// Its number among the events of that shipment, from 1, without gaps; 0 when it is about none.
    pub sequence: i64,
    /// The driver it is about.
    pub driver_id: Option<DriverId>,
    /// The device it is about.
    pub device_id: Option<DeviceId>,
    /// The zone it is about.
    pub zone_id: Option<ZoneId>,
    /// The endpoint it is about.
    pub endpoint_id: Option<EndpointId>,
    /// What there is to say: see the payload types of this module.
    #[schema(value_type = Object)]
    pub data: Attributes,
}

impl Event {
    /// What there is to say, with all that it is about beside it: what is sent to others.
    pub fn data_with_subjects(&self) -> Attributes {
        let mut data = self.data.clone();
        let about: [(&str, Option<Value>); 7] = [
            ("event_id", Some(json!(self.id))),
            ("sequence", self.shipment_id.map(|_| json!(self.sequence))),
            ("shipment_id", self.shipment_id.map(|id| json!(id))),
            ("driver_id", self.driver_id.map(|id| json!(id))),
            ("device_id", self.device_id.map(|id| json!(id))),
            ("zone_id", self.zone_id.map(|id| json!(id))),
            ("endpoint_id", self.endpoint_id.map(|id| json!(id))),
        ];
        for (name, value) in about {
            if let Some(value) = value {
                data.insert(name.to_owned(), value);
            }
        }
        data
    }
}

/// The `data` of [`EventKind::StatusChanged`] and [`EventKind::ShipmentDelivered`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StatusChange {
    /// The tenant's own reference of the shipment.
    pub reference: Option<String>,
    /// The status now.
    pub status: Status,
    /// The finer status now.
    pub substatus: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
    /// The status before.
    pub previous_status: Status,
    /// The finer status before.
    pub previous_substatus: Option<String>,
    /// True the first time that the shipment is in this status.
    pub first_entry: bool,
    /// True when the fact is fresh enough to alert somebody (tenant setting). Late facts correct; they do not alert.
    pub alert: bool,
    /// True when the change comes from a correction or a retraction.
    pub correction: bool,
    /// What kind of source the deciding fact is from.
    pub source: Option<SourceKind>,
    /// Failed attempts that count.
    pub attempts: u32,
    /// A source said that it will be late.
    pub delayed: bool,
    /// It is on its way back.
    pub return_leg: bool,
}

/// The `data` of the `zone.*` events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneCrossing {
    /// The zone's name.
    pub zone_name: String,
    /// Where: for an entry and an exit where the edge was crossed, interpolated between the two fixes.
    pub point: Point,
    /// The time of the fix that proved it: `occurred_at` or later.
    pub proved_at: Timestamp,
    /// True when a fix proved it that came after later ones, or when it is too old to alert anybody.
    pub late: bool,
    /// True when it is fresh enough to alert somebody: no older than the tenant allows (`alert_limit_device_seconds`).
    pub alert: bool,
    /// True when no fix lay in the zone: the way between two fixes leads through it.
    pub inferred: bool,
    /// For how many seconds the device had been inside; of `zone.exited` and `zone.dwelled`, when the entry is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside_s: Option<u64>,
    /// How fast; of `zone.speeding`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speeding: Option<ZoneSpeeding>,
}

/// Too fast in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneSpeeding {
    /// The zone's limit, in metres per second.
    pub limit_mps: f32,
    /// The highest speed since it began, in metres per second.
    pub peak_mps: f32,
}

/// The `data` of [`EventKind::DeviceAlarm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceAlarm {
    /// The word for it: one of `sensor::ALARMS`, or the device's own.
    pub alarm: String,
    /// Where the device was: the position that came with it or, where that is not believed, the last one that was.
    pub point: Option<Point>,
    /// True when it came late: something newer was known of the device.
    pub late: bool,
    /// Why the position that came with it is not believed, if it is not.
    pub mark: Option<Mark>,
    /// True when it was fresh enough, as it came in, to alert somebody (tenant setting).
    pub alert: bool,
}

/// The `data` of [`EventKind::DeviceOffline`] and [`EventKind::DeviceOnline`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeviceSilence {
    /// When it was last heard of before it fell silent.
    pub heard_at: Timestamp,
}

/// A place in the event log, for cursors and for resuming a live stream. The order of places is the order in which
/// entries became visible, which is not the order of their ids: see the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct LogPosition {
    /// The transaction that wrote the entry (0 on SQLite, where sequence order is commit order).
    pub transaction: i64,
    /// The entry's sequence number.
    pub number: i64,
}

impl std::fmt::Display for LogPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.transaction, self.number)
    }
}

impl std::str::FromStr for LogPosition {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parsed = text.split_once('-').and_then(|(transaction, number)| {
            let place = Self { transaction: transaction.parse().ok()?, number: number.parse().ok()? };
            (place.transaction >= 0 && place.number >= 0).then_some(place)
        });
        parsed.ok_or_else(|| Invalid::one("", "must be an event position as given in an event's id field"))
    }
}
