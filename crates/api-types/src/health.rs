//! Whether the server is well.

use serde::{Deserialize, Serialize};

/// The state of the whole and of each part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// True when every part is well.
    pub ready: bool,
    /// Each part, by name.
    pub parts: Vec<PartHealth>,
}

/// The state of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartHealth {
    /// Its name: `store`, `history`, `pipeline`, `webhooks`.
    pub name: String,
    /// True when it is well.
    pub ready: bool,
    /// What is wrong, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
