//! Who changed what, when.

use serde::{Deserialize, Serialize};

use crate::id::{AuditId, TenantId};
use crate::lifecycle::Actor;
use crate::position::Attributes;
use crate::time::Timestamp;

/// One line of the audit log. Never changed, never deleted by the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Its tenant.
    pub tenant_id: TenantId,
    /// Who did it.
    pub actor: Actor,
    /// What was done, as `thing.verb`: `customer.updated`, `api_key.revoked`.
    pub action: String,
    /// The id of the thing it was done to, in its text form.
    pub target: Option<String>,
    /// What there is to say; an object, without secrets.
    #[schema(value_type = Object)]
    pub data: Attributes,
    /// When it was done.
    pub at: Timestamp,
}
