//! Ids and enums as columns: ids as UUIDs, enums as the words of the API.

use tracklane_core::event::EventKind;
use tracklane_core::id::{
    ApiKeyId, AttemptId, AuditId, CustomerId, DeviceId, DriverId, EndpointId, EventId, Id, LegId, LinkId, LocationId,
    MessageId, PackageId, ShipmentId, TenantId, TrackingEventId, UserId, VehicleId, ZoneId,
};
use tracklane_core::lifecycle::{Actor, FactKind, Reason, SourceKind, Status};
use tracklane_core::milestone::MilestonePolicy;
use tracklane_core::model::{
    AttemptOutcome, DutyState, EndpointState, LegMode, LegState, LocationType, MessageState, MovementKind, Role,
    ZoneKind,
};
use tracklane_core::time::TzConfidence;
use uuid::Uuid;

use crate::db::{Column, Row, Value, corrupt};
use crate::error::Result;

macro_rules! ids {
    ($($id:ty),* $(,)?) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Uuid(Some(id.uuid()))
            }
        }

        impl From<Option<$id>> for Value {
            fn from(id: Option<$id>) -> Self {
                Self::Uuid(id.map(Id::uuid))
            }
        }

        impl Column for $id {
            fn read(row: &Row, name: &str) -> Result<Option<Self>> {
                Ok(Uuid::read(row, name)?.map(Id::from_uuid))
            }
        }
    )*};
}

ids!(
    ApiKeyId,
    AttemptId,
    AuditId,
    CustomerId,
    DeviceId,
    DriverId,
    EndpointId,
    EventId,
    LegId,
    LinkId,
    LocationId,
    MessageId,
    PackageId,
    ShipmentId,
    TenantId,
    TrackingEventId,
    UserId,
    VehicleId,
    ZoneId,
);

macro_rules! words {
    ($($word:ty),* $(,)?) => {$(
        impl From<$word> for Value {
            fn from(word: $word) -> Self {
                Self::Text(Some(word.as_str().to_owned()))
            }
        }

        impl From<Option<$word>> for Value {
            fn from(word: Option<$word>) -> Self {
                Self::Text(word.map(|word| word.as_str().to_owned()))
            }
        }

        impl Column for $word {
            fn read(row: &Row, name: &str) -> Result<Option<Self>> {
                let Some(text) = String::read(row, name)? else {
                    return Ok(None);
                };
                let known = <$word>::ALL.iter().copied().find(|word| word.as_str() == text);
                known.map(Some).ok_or_else(|| corrupt(name, &format!("unknown word {text:?}")))
            }
        }
    )*};
}

words!(
    AttemptOutcome,
    DutyState,
    EndpointState,
    EventKind,
    FactKind,
    LegMode,
    LegState,
    LocationType,
    MessageState,
    MilestonePolicy,
    MovementKind,
    Reason,
    Role,
    SourceKind,
    Status,
    TzConfidence,
    ZoneKind,
);

/// An actor as the two columns `actor_type` and `actor_id`.
pub(crate) fn actor_values(actor: Option<Actor>) -> [Value; 2] {
    let (word, id) = match actor {
        None => (None, None),
        Some(Actor::User(id)) => (Some("user"), Some(id.uuid())),
        Some(Actor::ApiKey(id)) => (Some("api_key"), Some(id.uuid())),
        Some(Actor::Driver(id)) => (Some("driver"), Some(id.uuid())),
        Some(Actor::Device(id)) => (Some("device"), Some(id.uuid())),
        Some(Actor::System) => (Some("system"), None),
    };
    [word.into(), id.into()]
}

/// The actor in the columns `actor_type` and `actor_id`.
pub(crate) fn actor(row: &Row) -> Result<Option<Actor>> {
    let Some(word) = row.opt::<String>("actor_type")? else {
        return Ok(None);
    };
    let actor = match word.as_str() {
        "user" => Actor::User(row.get("actor_id")?),
        "api_key" => Actor::ApiKey(row.get("actor_id")?),
        "driver" => Actor::Driver(row.get("actor_id")?),
        "device" => Actor::Device(row.get("actor_id")?),
        "system" => Actor::System,
        other => return Err(corrupt("actor_type", &format!("unknown word {other:?}"))),
    };
    Ok(Some(actor))
}
