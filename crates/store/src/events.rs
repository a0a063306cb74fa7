//! The event log. Its order is the order in which entries became visible: whoever reads on from the last place they saw
//! misses nothing, even when a transaction that began early commits late.

use tracklane_core::Timestamp;
use tracklane_core::event::{Event, EventKind, LogPosition};
use tracklane_core::id::{EventId, ShipmentId};

use crate::db::Db;
use crate::error::Result;

/// Which events are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of one of these types; empty means any.
    pub kinds: Vec<EventKind>,
    /// About this shipment.
    pub shipment_id: Option<ShipmentId>,
    /// Written from this instant on.
    pub recorded_from: Option<Timestamp>,
    /// Written before this instant.
    pub recorded_to: Option<Timestamp>,
}

/// Appends an event to its tenant's log. Where it is about a shipment, it gets the next number of that shipment, whose row
/// is locked until the end of the transaction; otherwise the number 0. Works under both scopes.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when the tenant has no such shipment.
pub async fn append(db: &mut Db, event: &mut Event) -> Result<()> {
    todo!()
}

/// At most `limit` entries of every tenant behind `position`, oldest first.
pub async fn after_any_tenant(db: &mut Db, position: LogPosition, limit: u32) -> Result<Vec<(LogPosition, Event)>> {
    todo!()
}

/// At most `limit` entries of the tenant behind `position`, oldest first.
pub async fn list(
    db: &mut Db,
    filter: &EventFilter,
    position: LogPosition,
    limit: u32,
) -> Result<Vec<(LogPosition, Event)>> {
    todo!()
}

/// The entry with this id and its place.
pub async fn get(db: &mut Db, id: EventId) -> Result<Option<(LogPosition, Event)>> {
    todo!()
}

/// The place of the newest visible entry of any tenant; the beginning when there is none.
pub async fn head_any_tenant(db: &mut Db) -> Result<LogPosition> {
    todo!()
}
