//! What was erased: noted in the manifest, left out of every read from then on, and gone from the files when they are
//! written anew.

use serde::{Deserialize, Serialize};
use tracklane_core::ports::Lsn;
use uuid::Uuid;

use crate::row::Key;

/// Everything of a device, or of a tenant, before a record of the log is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub tenant: Uuid,
    /// None: all devices of the tenant.
    pub device: Option<Uuid>,
    /// The first record that is not erased.
    pub before: Lsn,
}

impl Tombstone {
    pub(crate) fn covers(&self, key: Key) -> bool {
        self.tenant.as_u128() == key.tenant && self.device.is_none_or(|device| device.as_u128() == key.device)
    }

    /// Whether it makes another one superfluous.
    fn includes(&self, other: &Self) -> bool {
        let devices = self.device.is_none() || self.device == other.device;
        self.tenant == other.tenant && devices && self.before >= other.before
    }
}

/// The first record of a device that is not erased.
pub(crate) fn erased_before(tombstones: &[Tombstone], key: Key) -> Lsn {
    tombstones.iter().filter(|stone| stone.covers(key)).map(|stone| stone.before).max().unwrap_or(0)
}

/// Adds a tombstone, and takes those away that it includes.
pub(crate) fn add(tombstones: &mut Vec<Tombstone>, new: Tombstone) {
    tombstones.retain(|old| !new.includes(old));
    tombstones.push(new);
}
