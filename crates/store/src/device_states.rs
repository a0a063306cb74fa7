//! What the position pipeline must find again after a restart: per device the newest position, and its own notes.

use tracklane_core::id::{DeviceId, TenantId};
use tracklane_core::model::DeviceLatest;
use tracklane_core::ports::Lsn;

use crate::db::Db;
use crate::error::Result;

/// The state of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceState {
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Which device.
    pub device_id: DeviceId,
    /// Its newest position. The driver is the one who carries the device when this is read, whatever was written.
    pub latest: Option<DeviceLatest>,
    /// What the pipeline notes for itself (zone states, motion), in a form of its own.
    pub notes: Vec<u8>,
    /// The last record of the history that this state holds.
    pub applied_lsn: Lsn,
}

/// Writes the states of many devices, over those that are kept. States of devices that are gone are left out.
pub async fn upsert_many_any_tenant(db: &mut Db, states: &[DeviceState]) -> Result<()> {
    todo!()
}

/// The states of at most `limit` devices with an id greater than `after`, by device id: call again with the last one's id
/// until a page comes back short.
pub async fn load_any_tenant(db: &mut Db, after: Option<DeviceId>, limit: u32) -> Result<Vec<DeviceState>> {
    todo!()
}

/// The state of one device of the tenant.
pub async fn get(db: &mut Db, device_id: DeviceId) -> Result<Option<DeviceState>> {
    todo!()
}
