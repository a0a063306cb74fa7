//! What opens a live stream.

use serde::{Deserialize, Serialize};
use tracklane_core::Timestamp;

/// A short-lived ticket for a WebSocket from a browser, which cannot send an `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ticket {
    /// What to send as `?ticket=`; works once.
    pub ticket: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}
