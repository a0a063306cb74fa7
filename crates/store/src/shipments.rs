//! What is tracked.

use tracklane_core::Timestamp;
use tracklane_core::id::{CustomerId, DriverId, LocationId, ShipmentId};
use tracklane_core::lifecycle::Status;
use tracklane_core::model::Shipment;

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which shipments are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct ShipmentFilter {
    /// In one of these statuses; empty means any.
    pub statuses: Vec<Status>,
    /// With this sub-status.
    pub substatus: Option<String>,
    /// With this present driver.
    pub driver_id: Option<DriverId>,
    /// With this sender or recipient.
    pub customer_id: Option<CustomerId>,
    /// With this sender.
    pub sender_id: Option<CustomerId>,
    /// With this recipient.
    pub recipient_id: Option<CustomerId>,
    /// From here.
    pub origin_id: Option<LocationId>,
    /// To here.
    pub destination_id: Option<LocationId>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// One of whose packages or legs has exactly this tracking number.
    pub tracking_number: Option<String>,
    /// Said to be late, or not.
    pub delayed: Option<bool>,
    /// On the way back, or not.
    pub return_leg: Option<bool>,
    /// Still waited for, or not.
    pub active: Option<bool>,
    /// Made from this instant on.
    pub created_from: Option<Timestamp>,
    /// Made before this instant.
    pub created_to: Option<Timestamp>,
    /// Last changed from this instant on.
    pub updated_from: Option<Timestamp>,
    /// Last changed before this instant.
    pub updated_to: Option<Timestamp>,
    /// Whose reference or a tracking number contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a shipment.
pub async fn insert(db: &mut Db, shipment: &Shipment) -> Result<()> {
    todo!()
}

/// The shipment with this id.
pub async fn get(db: &mut Db, id: ShipmentId) -> Result<Option<Shipment>> {
    todo!()
}

/// The shipment with this id, locked until the end of the transaction: whoever else locks it waits.
pub async fn lock(db: &mut Db, id: ShipmentId) -> Result<Option<Shipment>> {
    todo!()
}

/// Those of these shipments that exist, in no order.
pub async fn get_many(db: &mut Db, ids: &[ShipmentId]) -> Result<Vec<Shipment>> {
    todo!()
}

/// The shipments of the tenant.
pub async fn list(db: &mut Db, filter: &ShipmentFilter, page: Page) -> Result<Listing<Shipment>> {
    todo!()
}

/// Changes a shipment. `sequence` is not written: it belongs to [`events::append`](crate::events::append), which does
/// not touch the version.
pub async fn update(db: &mut Db, shipment: &Shipment) -> Result<bool> {
    todo!()
}

/// How many shipments of the tenant are in each status, where there are any.
pub async fn count_by_status(db: &mut Db) -> Result<Vec<(Status, i64)>> {
    todo!()
}
