//! Geofences.

use tracklane_core::id::{LocationId, ZoneId};
use tracklane_core::model::{Zone, ZoneKind};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which zones are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct ZoneFilter {
    /// Of this kind.
    pub kind: Option<ZoneKind>,
    /// Around this location.
    pub location_id: Option<LocationId>,
    /// Whose name contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a zone.
pub async fn insert(db: &mut Db, zone: &Zone) -> Result<()> {
    todo!()
}

/// The zone with this id.
pub async fn get(db: &mut Db, id: ZoneId) -> Result<Option<Zone>> {
    todo!()
}

/// The zones around a location, oldest first.
pub async fn list_of_location(db: &mut Db, location_id: LocationId) -> Result<Vec<Zone>> {
    todo!()
}

/// Every zone of every tenant, in no order.
pub async fn load_all_any_tenant(db: &mut Db) -> Result<Vec<Zone>> {
    todo!()
}

/// The zones of the tenant.
pub async fn list(db: &mut Db, filter: &ZoneFilter, page: Page) -> Result<Listing<Zone>> {
    todo!()
}

/// Changes a zone.
pub async fn update(db: &mut Db, zone: &Zone) -> Result<bool> {
    todo!()
}

/// Removes a zone; false when there is none.
pub async fn delete(db: &mut Db, id: ZoneId) -> Result<bool> {
    todo!()
}
