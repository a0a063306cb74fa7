//! Typed places.

use tracklane_core::id::LocationId;
use tracklane_core::model::{Location, LocationType};

use crate::db::Db;
use crate::error::Result;
use crate::page::{Listing, Page};

/// Which locations are asked for; none of a field means any.
#[derive(Debug, Clone, Default)]
pub struct LocationFilter {
    /// Of this type.
    pub location_type: Option<LocationType>,
    /// With exactly this reference.
    pub reference: Option<String>,
    /// In this country.
    pub country: Option<String>,
    /// Whose name, reference or city contains this, whatever the case.
    pub q: Option<String>,
}

/// Adds a location.
pub async fn insert(db: &mut Db, location: &Location) -> Result<()> {
    todo!()
}

/// The location with this id.
pub async fn get(db: &mut Db, id: LocationId) -> Result<Option<Location>> {
    todo!()
}

/// Those of these locations that exist, in no order.
pub async fn get_many(db: &mut Db, ids: &[LocationId]) -> Result<Vec<Location>> {
    todo!()
}

/// The locations of the tenant.
pub async fn list(db: &mut Db, filter: &LocationFilter, page: Page) -> Result<Listing<Location>> {
    todo!()
}

/// Changes a location.
pub async fn update(db: &mut Db, location: &Location) -> Result<bool> {
    todo!()
}

/// Removes a location and the zones around it; false when there is none.
///
/// # Errors
/// [`Error::ForeignKey`](crate::Error::ForeignKey) when a shipment or leg still names it.
pub async fn delete(db: &mut Db, id: LocationId) -> Result<bool> {
    todo!()
}
