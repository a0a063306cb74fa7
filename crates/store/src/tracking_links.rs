//! Public tracking links. Only a hash of the token is kept.

use tracklane_core::Timestamp;
use tracklane_core::id::{LinkId, ShipmentId};
use tracklane_core::model::TrackingLink;

use crate::db::Db;
use crate::error::Result;

/// Adds a link with the hash of its token.
pub async fn insert(db: &mut Db, link: &TrackingLink, token_hash: &[u8]) -> Result<()> {
    todo!()
}

/// The link with this id.
pub async fn get(db: &mut Db, id: LinkId) -> Result<Option<TrackingLink>> {
    todo!()
}

/// The link whose token has this hash, revoked and expired ones included.
pub async fn find_by_token_hash_any_tenant(db: &mut Db, token_hash: &[u8]) -> Result<Option<TrackingLink>> {
    todo!()
}

/// The links of a shipment, newest first.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<TrackingLink>> {
    todo!()
}

/// Revokes a link; false when there is none or it was revoked before.
pub async fn revoke(db: &mut Db, id: LinkId, at: Timestamp) -> Result<bool> {
    todo!()
}
