//! Public tracking links. Only a hash of the token is kept.

use tracklane_core::Timestamp;
use tracklane_core::id::{LinkId, ShipmentId};
use tracklane_core::model::TrackingLink;

use crate::db::{Db, Row, args};
use crate::error::Result;
use crate::table::Table;

const TABLE: Table = Table {
    name: "tracking_links",
    fixed: "shipment_id, token_hash, expires_at, revoked_at, created_at",
    changing: "",
};

fn read(row: &Row) -> Result<TrackingLink> {
    Ok(TrackingLink {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        shipment_id: row.get("shipment_id")?,
        expires_at: row.opt("expires_at")?,
        revoked_at: row.opt("revoked_at")?,
        created_at: row.get("created_at")?,
    })
}

/// Adds a link with the hash of its token.
pub async fn insert(db: &mut Db, link: &TrackingLink, token_hash: &[u8]) -> Result<()> {
    let fixed = args![link.shipment_id, token_hash, link.expires_at, link.revoked_at, link.created_at];
    TABLE.insert(db, link.id, link.tenant_id, fixed, Vec::new()).await
}

/// The link with this id.
pub async fn get(db: &mut Db, id: LinkId) -> Result<Option<TrackingLink>> {
    TABLE.get(db, id, read).await
}

/// The link whose token has this hash, revoked and expired ones included.
pub async fn find_by_token_hash_any_tenant(db: &mut Db, token_hash: &[u8]) -> Result<Option<TrackingLink>> {
    TABLE.select_any_tenant(db)?.is("token_hash", Some(token_hash)).one(db, read).await
}

/// The links of a shipment, newest first.
pub async fn list_of_shipment(db: &mut Db, shipment_id: ShipmentId) -> Result<Vec<TrackingLink>> {
    TABLE.select(db)?.is("shipment_id", Some(shipment_id)).ordered(db, "id DESC", read).await
}

/// Revokes a link; false when there is none or it was revoked before.
pub async fn revoke(db: &mut Db, id: LinkId, at: Timestamp) -> Result<bool> {
    let sql = "UPDATE tracking_links SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL";
    Ok(db.run(sql, args![db.tenant()?, id, at]).await? > 0)
}
