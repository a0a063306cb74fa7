//! The envelope of every list.

use serde::{Deserialize, Serialize};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The entries of this page.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page, with the same filter; none on the last page.
    pub next_cursor: Option<String>,
    /// True when there is a next page.
    pub has_more: bool,
}
